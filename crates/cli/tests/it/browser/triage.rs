//! Findings by hand: keys, decisions about many at once, what is taken back, views, what was typed after a fault.

use serde_json::{Value, json};

use super::axe::assert_accessible_everywhere;
use super::house::House;
use super::page::Page;
use super::{keys, no_script, with_house};

fn with_findings(test: impl FnOnce(&House, &Page)) {
    with_house(|house| {
        assert!(house.push("shop", "1.0.0", 3).findings > 0);
        house.push("basket", "2.0.0", 3);
        house.person("tess", "Tess", "triager");
        let page = house.page_of("tess");
        page.go("/findings");
        test(house, &page);
    });
}

fn here(page: &Page) -> i64 {
    let script = "return [...document.querySelectorAll('tr[data-row]')].findIndex(row => row.classList.contains('here'))";
    page.script(script, &json!([])).as_i64().unwrap()
}

fn open(house: &House) -> usize {
    let found = house.api("GET", "/api/v1/findings?q=-is:in_triage", &Value::Null);
    found["items"].as_array().unwrap().len()
}

#[test]
fn keys_go_through_a_list_choose_and_decide() {
    with_findings(|house, page| {
        assert_eq!(here(page), -1);
        let mut longest = page.next_paint(|page| page.press("j"));
        assert_eq!(here(page), 0);
        longest = longest.max(page.next_paint(|page| page.press("j")));
        assert_eq!(here(page), 1);
        longest = longest.max(page.next_paint(|page| page.press("k")));
        assert_eq!(here(page), 0);
        longest = longest.max(page.next_paint(|page| page.press("x")));
        page.press("jx");
        assert_eq!(page.at("[data-chosen]").text(), "2");
        longest = longest.max(page.next_paint(|page| page.press("?")));
        assert!(page.has("dialog[open]"));
        assert_accessible_everywhere(page);
        // Keys of the list do nothing behind it.
        page.press("j");
        assert_eq!(here(page), 1);
        page.press(keys::ESCAPE);
        assert!(!page.has("dialog[open]"));
        page.press("/");
        assert_eq!(page.focused().attribute("id").as_deref(), Some("q"));
        // In a field they are letters.
        page.press("jx");
        assert_eq!(page.at("#q").property("value"), "jx");
        page.press(keys::ESCAPE);
        page.script("document.getElementById('q').value = ''", &json!([]));
        longest = longest.max(page.next_paint(|page| page.press("e")));
        assert!(page.has("#decide[open]"));
        assert_eq!(page.focused().name(), "It is");
        assert_accessible_everywhere(page);
        println!("longest from a key to the next paint: {longest:.0} ms");
        let before = open(house);
        page.field("It is").select("somebody is looking into it");
        page.fill("In words", "Looking at who calls it.");
        page.push("Decide");
        page.until("flash", || page.has(".flash").then_some(()));
        page.until("decided", || (open(house) == before - 2).then_some(()));
        page.push("Undo");
        page.until("undone", || (open(house) == before).then_some(()));
        assert_eq!(page.path(), "/findings");
    });
}

#[test]
fn o_opens_a_finding_and_back_finds_the_list() {
    with_findings(|_, page| {
        page.press("jo");
        page.until("finding", || {
            page.path().starts_with("/findings/").then_some(())
        });
        assert_accessible_everywhere(page);
        page.back();
        page.until_path("/findings");
    });
}

#[test]
fn what_was_typed_stays_when_something_is_missing() {
    with_findings(|house, page| {
        let before = open(house);
        page.press("jxe");
        page.field("It is").select("not affected");
        page.fill("In words", "Nobody calls it, says <b>Tess</b>.");
        page.expect("status of 422");
        page.push("Decide");
        page.at("[role=alert]");
        assert_eq!(
            page.field("In words").property("value"),
            "Nobody calls it, says <b>Tess</b>."
        );
        assert!(page.has("#decide[open]"));
        assert_eq!(open(house), before);
        assert_accessible_everywhere(page);
        // So does what was chosen; and a tag that is asked for and not named is told, too.
        assert_eq!(page.at("[data-chosen]").text(), "1");
        page.field("Because")
            .select("the vulnerable code is never reached");
        page.with_text("every product with a tag").click();
        page.push("Decide");
        page.at("[role=alert]");
        assert_eq!(open(house), before);
    });
}

#[test]
fn a_decision_holds_for_what_its_scope_says() {
    with_findings(|house, page| {
        let all = open(house);
        page.go("/findings?q=component:lodash");
        let rows = page.all("tr[data-row]").len();
        page.at("tr[data-row] input[type=checkbox]").click();
        page.at("#decide summary").click();
        page.field("It is").select("somebody is looking into it");
        page.fill("In words", "We look at it everywhere.");
        page.with_text("everywhere you may decide").click();
        page.push("Decide");
        page.until("flash", || page.has(".flash").then_some(()));
        // The same vulnerability in the other product as well, and no other.
        page.until("decided", || (open(house) == all - rows).then_some(()));
    });
}

#[test]
fn a_query_completes_itself_and_is_kept_as_a_view() {
    with_findings(|house, page| {
        page.at("#q").type_in("seve");
        page.until("list", || {
            page.all("[role=option]")
                .iter()
                .any(|one| one.text().contains("severity"))
                .then_some(())
        });
        assert_accessible_everywhere(page);
        page.press(keys::DOWN);
        page.press(keys::ENTER);
        let value = page.at("#q").property("value");
        assert!(value.as_str().unwrap().starts_with("severity"), "{value}");
        page.go("/findings?q=severity%3E%3Dhigh");
        page.with_text("Save this view").click();
        page.fill("Name", "What hurts");
        page.with_text("for everybody").click();
        page.push("Save");
        page.until_text("What hurts");
        house.person("vic", "Vic", "viewer");
        let other = house.page_of("vic");
        other.go("/findings");
        other.follow("What hurts ·");
        other.until_path("/findings?q=severity%3E%3Dhigh");
        // It is not theirs to take away.
        assert!(!other.text().contains("Forget the view"));
        assert!(!other.has("#decide"));
        page.push("Forget the view “What hurts”");
        page.until("view gone", || {
            page.go("/findings");
            (!page.text().contains("What hurts")).then_some(())
        });
    });
}

#[test]
fn a_query_that_cannot_be_read_says_where() {
    with_findings(|_, page| {
        page.expect("status of 4");
        page.go("/findings?q=severty%3Ahigh");
        page.at("[role=alert]");
        assert_eq!(page.at("#q").property("value"), "severty:high");
        assert!(page.text().contains("severity"), "{}", page.text());
        assert_accessible_everywhere(page);
    });
}

#[test]
fn all_of_it_goes_without_scripts() {
    with_house(|house| {
        house.push("shop", "1.0.0", 3);
        house.person("tess", "Tess", "triager");
        let before = open(house);
        no_script(house, |page| {
            house.sign_in(page, "tess");
            page.go("/findings");
            page.at("tr[data-row] input[type=checkbox]").click();
            page.at("#decide summary").click();
            page.field("It is").select("somebody is looking into it");
            page.fill("In words", "Looking.");
            page.push("Decide");
            page.until("flash", || page.has(".flash").then_some(()));
            page.until("decided", || (open(house) == before - 1).then_some(()));
            page.push("Undo");
            page.until("undone", || (open(house) == before).then_some(()));
            page.fill(
                "Are we affected by: an id, a package, a product, a licence, a hash",
                "lodash",
            );
            page.press(keys::ENTER);
            page.until_text("Yes.");
        });
    });
}

#[test]
fn lists_leave_as_files_that_run_nothing() {
    with_house(|house| {
        house.push("=cmd", "1.0.0", 3);
        let answer = house.get("ann", "/findings.csv");
        assert_eq!(answer.status, 200, "{}", answer.head);
        let text = String::from_utf8(answer.body).unwrap();
        assert!(text.contains("'=cmd"), "{text}");
        assert!(
            !text
                .split([',', '\n'])
                .any(|cell| cell.trim_matches('"').starts_with('=')),
            "{text}"
        );
        let answer = house.get("ann", "/findings.json");
        // It comes in parts, as it is read.
        let text = String::from_utf8(answer.body).unwrap();
        assert!(text.contains(r#""product":"=cmd""#), "{text}");
    });
}
