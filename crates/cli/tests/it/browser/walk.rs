//! Every page of the portal, found by following every link from the first: none is dead, each can be used by everybody,
//! each is small, and of each there is a picture.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;

use serde_json::json;

use super::axe::faults_everywhere;
use super::house::House;
use super::page::Page;
use super::pictures;

/// The most that a page and its files may weigh.
const MOST_BYTES: usize = 400_000;
/// Links of one form that are asked for, beyond the one that is looked at.
const SAMPLES: usize = 3;

/// The form of an address: with a star for what a product, a person or a finding is called.
pub(super) fn form_of(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut form = String::new();
    let mut above = "";
    for part in path.split('/').skip(1) {
        let own = matches!(part, "new" | "change" | "hand-in" | "licences" | "decide")
            || !matches!(
                above,
                "products"
                    | "findings"
                    | "exceptions"
                    | "people"
                    | "jobs"
                    | "versions"
                    | "decisions"
            );
        form.push('/');
        form.push_str(if own { part } else { "*" });
        above = part;
    }
    let names: BTreeSet<&str> = query
        .split('&')
        .filter_map(|pair| pair.split('=').next())
        .filter(|name| !name.is_empty())
        .collect();
    for name in names {
        write!(form, " {name}").unwrap();
    }
    form
}

/// Addresses within the portal that the page links to.
pub(super) fn links(page: &Page) -> Vec<String> {
    let script = "return [...document.querySelectorAll('a[href]')].filter(one => one.origin === location.origin)
        .map(one => one.pathname + one.search)";
    let found = page.script(script, &json!([]));
    found
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one.as_str().map(str::to_owned))
        .collect()
}

/// A file to download, and no page.
pub(super) fn is_file(address: &str) -> bool {
    let path = address.split('?').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    path.starts_with("/api/v1/")
        || path.starts_with("/assets/")
        || path.starts_with("/badge")
        || [".csv", ".json", ".toml", ".svg"]
            .iter()
            .any(|end| last.ends_with(end))
}

/// Goes to so many pages of each form that can be reached, and calls `look` there. Returns every link with the page that has it.
pub(super) fn every_page(
    page: &Page,
    samples: usize,
    mut look: impl FnMut(&Page, &str),
) -> BTreeMap<String, String> {
    let mut waiting: VecDeque<(String, String)> = VecDeque::from([("/".into(), "/".into())]);
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    while let Some((address, from)) = waiting.pop_front() {
        let form = form_of(&address);
        let known = seen.entry(form).or_default();
        if is_file(&address) || known.len() == samples || !known.insert(address.clone()) {
            continue;
        }
        assert!(seen.len() < 300, "there are ever more pages: {seen:?}");
        page.go(&address);
        let surprises = page.surprises();
        assert!(
            surprises.is_empty(),
            "{address}, linked from {from}: {surprises:?}"
        );
        look(page, &address);
        page.go(&address);
        for link in links(page) {
            all.entry(link.clone()).or_insert_with(|| address.clone());
            waiting.push_back((link, address.clone()));
        }
    }
    all
}

/// Asks for links as they are, some of each form.
fn none_is_dead(house: &House, who: &str, links: &BTreeMap<String, String>) -> usize {
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for (link, from) in links {
        let count = asked.entry(form_of(link)).or_default();
        if *count == SAMPLES {
            continue;
        }
        *count += 1;
        let answer = house.get(who, link);
        assert_eq!(
            answer.status, 200,
            "{who}: {from} links to {link}: {}",
            answer.head
        );
    }
    asked.values().sum()
}

#[test]
fn every_page_of_the_demonstration_is_whole() {
    let Some(house) = House::demonstration() else {
        return;
    };
    let page = house.look_as("admin");
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    let links = every_page(&page, 1, |page, address| {
        page.forget_files();
        page.go(address);
        let measured = page.measured();
        let name = form_of(address)
            .replace(['/', ' '], "-")
            .replace('*', "one");
        let name = name.trim_matches('-');
        let name = if name.is_empty() { "today" } else { name };
        let heads = page.all("h1").len();
        assert_eq!(
            heads, 1,
            "{address} has {heads} headings of the first order"
        );
        assert!(!page.text().contains("N/A"), "{address}");
        faults.extend(faults_everywhere(page));
        pictures::take(page, name);
        if name == "today" {
            pictures::for_guide(page, "portal");
        }
        let whole = "const [page] = performance.getEntriesByType('navigation');
            return performance.getEntriesByType('resource').reduce((sum, file) => sum + file.decodedBodySize, page.decodedBodySize)";
        let bytes = page.script(whole, &json!([])).as_f64().unwrap_or_default();
        assert!(bytes <= MOST_BYTES as f64, "{address} weighs {bytes} bytes");
        rows.push(format!(
            "| `{address}` | {:.0} | {:.0} | {:.0} | {:.0} |",
            measured.first_byte,
            measured.first_paint,
            measured.bytes / 1_000.0,
            bytes / 1_000.0
        ));
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let asked = none_is_dead(&house, "admin", &links);
    assert!(rows.len() > 20, "{}", rows.len());
    let table = format!(
        "{} pages, {} links asked for\n\n| page | first byte, ms | first paint, ms | kB sent | kB whole |\n|---|--:|--:|--:|--:|\n{}\n",
        rows.len(),
        asked,
        rows.join("\n")
    );
    if let Some(folder) = std::env::var_os("STANCHION_PICTURES") {
        std::fs::write(std::path::Path::new(&folder).join("pages.md"), &table).unwrap();
    }
    println!("{table}");
}

#[test]
fn nobody_is_shown_a_way_that_is_closed_to_them() {
    let Some(house) = House::demonstration() else {
        return;
    };
    for role in ["approver", "triager", "maintainer", "auditor", "viewer"] {
        let page = house.look_as(role);
        let links = every_page(&page, 1, |_, _| {});
        let asked = none_is_dead(&house, role, &links);
        assert!(asked > 20, "{role}: {asked}");
    }
}
