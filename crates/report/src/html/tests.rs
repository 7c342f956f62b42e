use super::*;
use crate::testing::{assessment, clear, hostile, hostile_judged, judged, many};

fn written(assessment: &Assessment) -> String {
    let mut out = Vec::new();
    write(assessment, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The body without style and script, which no escaping rule of the rest holds for.
fn body(page: &str) -> &str {
    let from = page.find("<body>").unwrap();
    let to = page.rfind("<script>").unwrap();
    &page[from..to]
}

/// Elements that never close.
const VOID: [&str; 6] = ["meta", "link", "br", "input", "hr", "img"];

/// Every tag closes, in the right order.
fn well_formed(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let markup = page.replace(STYLE, "").replace(SCRIPT, "");
    for piece in markup.split('<').skip(1) {
        let tag = piece.split('>').next().unwrap();
        let name = tag
            .split([' ', '/'])
            .find(|part| !part.is_empty())
            .unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{tag}> after {open:?}");
            continue;
        }
        assert_eq!(
            tag.matches('"').count() % 2,
            0,
            "a quote is open in <{tag}>"
        );
        let bare: String = tag.split('"').step_by(2).collect();
        let mut names: Vec<&str> = bare
            .split(' ')
            .skip(1)
            .filter_map(|name| name.strip_suffix('='))
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "an attribute stands twice in <{tag}>");
        if !tag.starts_with('!') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn the_parts_of_a_page() {
    insta::assert_snapshot!(body(&written(&assessment())).replace("><", ">\n<"));
}

/// A policy denies, and nothing was found.
fn denied_as_a_whole() -> Assessment {
    let mut assessment = judged();
    assessment.findings.clear();
    let verdict = &mut assessment.verdict;
    verdict.violations.retain(|one| one.finding.is_none());
    verdict.undecided.retain(|one| one.finding.is_none());
    assessment.exceptions.clear();
    assessment
}

#[test]
fn a_policy_denies_where_nothing_was_found() {
    let page = written(&denied_as_a_whole());
    let body = body(&page);
    assert!(body.contains("<h1>Denied: 3 broken rules in storefront</h1>"));
    assert!(body.contains("No known vulnerability in 3 components of storefront."));
    assert!(body.contains("roles/unowned") && body.contains("There are none."));
}

#[test]
fn the_parts_of_a_judged_page() {
    insta::assert_snapshot!(body(&written(&judged())).replace("><", ">\n<"));
}

#[test]
fn every_tag_closes() {
    for page in [
        assessment(),
        judged(),
        denied_as_a_whole(),
        hostile(),
        hostile_judged(),
        clear(),
        Assessment::default(),
        many(9),
    ] {
        well_formed(&written(&page));
    }
}

#[test]
fn hostile_text_stays_text() {
    for assessment in [hostile(), hostile_judged()] {
        stays_text(&written(&assessment));
    }
}

fn stays_text(page: &str) {
    let body = body(page);
    assert_eq!(page.matches("<script").count(), 1, "only ours");
    assert_eq!(page.matches("<style").count(), 1, "only ours");
    for bad in [
        "<img",
        "<b>@",
        "<hr",
        "<x>",
        "href=\"javascript",
        "\u{202e}",
        "\u{1b}",
        "<svg onload",
    ] {
        assert!(!body.contains(bad), "{bad}");
    }
    // No attribute of an element but those we write.
    for tag in body
        .split('<')
        .skip(1)
        .map(|piece| piece.split('>').next().unwrap())
    {
        let bare: String = tag.split('"').step_by(2).collect();
        assert!(!bare.contains(" on"), "{tag}");
    }
}

#[test]
fn nothing_is_loaded() {
    for page in [assessment(), hostile(), hostile_judged()] {
        let page = written(&page);
        // As text a src= may stand there; as an attribute it may not.
        let bare: String = page
            .replace(SCRIPT, "")
            .split('<')
            .filter_map(|piece| piece.split_once('>'))
            .flat_map(|(tag, _)| {
                tag.split('"')
                    .step_by(2)
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .collect();
        assert!(!bare.contains(" src=") && !bare.contains(" style="));
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
        for link in page.split("<link").skip(1) {
            assert!(link.starts_with(" rel=\"icon\" href=\"data:,\""), "{link}");
        }
        // Links lead outside only over http(s), and tell nobody where from.
        for link in page.split("<a ").skip(1) {
            let tag = link.split('>').next().unwrap();
            let inside = tag.contains("href=\"#");
            let outside =
                tag.contains("href=\"https://") && tag.contains("rel=\"noreferrer noopener\"");
            assert!(inside || outside, "{tag}");
        }
    }
}

#[test]
fn links_inside_lead_somewhere() {
    for page in [
        assessment(),
        judged(),
        denied_as_a_whole(),
        hostile(),
        hostile_judged(),
        many(30),
        clear(),
        Assessment::default(),
    ] {
        let page = written(&page);
        for link in page.split("href=\"#").skip(1) {
            let name = link.split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{name}\"")), "#{name}");
        }
    }
}

#[test]
fn the_policy_names_the_bytes_that_are_there() {
    let page = written(&clear());
    for (tag, directive) in [("style", "style-src"), ("script", "script-src")] {
        let from = page.find(&format!("<{tag}>")).unwrap() + tag.len() + 2;
        let to = from + page[from..].find(&format!("</{tag}>")).unwrap();
        assert!(
            page.contains(&format!("{directive} '{}'", hash(&page[from..to]))),
            "{directive}"
        );
    }
    // FIPS 180-2's "abc", in base64.
    assert_eq!(
        hash("abc"),
        "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
    );
    assert_eq!(
        (base64(b"f"), base64(b"fo"), base64(b"foo")),
        ("Zg==".into(), "Zm8=".into(), "Zm9v".into())
    );
    assert!(SCRIPT.len() < 6_000 && !SCRIPT.contains("</") && !STYLE.contains("</"));
}

#[test]
fn the_same_bytes_every_time() {
    assert_eq!(written(&assessment()), written(&assessment()));
    let mut other = assessment();
    other.timings.push(stanchion_model::report::Timing {
        stage: "x",
        seconds: 1.0,
    });
    assert_eq!(written(&assessment()), written(&other));
}

#[test]
fn empty_and_clear_are_told_apart() {
    let empty = written(&Assessment::default());
    assert!(
        empty.contains("<h1>Nothing was scanned"),
        "{}",
        body(&empty)
    );
    let mut starter = clear();
    starter.database.kind = "starter".into();
    assert!(
        !written(&starter).contains("No known vulnerability"),
        "a starter set clears nothing"
    );
    let fine = written(&clear());
    assert!(fine.contains("<h1>No known vulnerability in 3 components of storefront</h1>"));
    assert!(fine.contains("<title>No known vulnerability in 3 components of storefront</title>"));
    assert!(!fine.contains("id=\"first\"") && !fine.contains("role=\"search\""));
    assert!(
        written(&assessment())
            .contains("<h1>Denied: 1 exploited and 1 critical findings in storefront</h1>")
    );
}

#[test]
fn size_grows_with_findings_and_stays_small() {
    let (small, large) = (written(&many(300)).len(), written(&many(3_000)).len());
    let each = (large - small) / 2_700;
    assert!(each < 4_000, "{each} bytes a finding");
    assert!(large < 12_000_000, "{large}");
    // Every finding is there once as a row of its own.
    assert_eq!(
        written(&many(3_000)).matches(" data-k=\"high").count(),
        3_000 + 2
    );
}

/// [WCAG 2.2 relative luminance](https://www.w3.org/TR/WCAG22/#dfn-relative-luminance).
fn luminance(colour: &str) -> f64 {
    let digits = colour.trim_start_matches('#');
    let digits: String = if digits.len() == 3 {
        digits.chars().flat_map(|c| [c, c]).collect()
    } else {
        digits.into()
    };
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&digits[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

#[test]
fn colours_can_be_read_in_both_themes() {
    let colour = |name: &str, theme: usize| {
        let from = STYLE.find(&format!("--{name}:light-dark(")).unwrap() + name.len() + 14;
        let pair = &STYLE[from..from + STYLE[from..].find(')').unwrap()];
        luminance(pair.split(',').nth(theme).unwrap())
    };
    let ratio = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
    for theme in [0, 1] {
        for ink in ["fg", "mut", "acc", "k", "c", "h", "m", "l", "o"] {
            for paper in ["bg", "sub"] {
                let ratio = ratio(colour(ink, theme), colour(paper, theme));
                assert!(
                    ratio >= 4.5,
                    "--{ink} on --{paper} in theme {theme}: {ratio:.2}"
                );
            }
        }
        for hue in ["k", "c", "h", "m", "l", "o"] {
            let ratio = ratio(colour("on", theme), colour(hue, theme));
            assert!(ratio >= 4.5, "--on on --{hue} in theme {theme}: {ratio:.2}");
        }
    }
}

#[test]
fn a_page_without_a_policy_says_nothing_of_one() {
    let page = written(&assessment());
    let body = body(&page);
    for word in ["overdue", "Due", "Exception", "Owner", "id=\"policy\""] {
        assert!(!body.contains(word), "{word}");
    }
}

#[test]
fn a_judged_page_counts_only_what_is_open() {
    let page = written(&judged());
    let body = body(&page);
    assert!(body.contains("8 findings in 7 of 3 components"));
    assert!(body.contains("5 findings in all."));
    // Closed findings are there, apart from the others.
    let closed = body.find("id=\"closed\"").unwrap();
    assert!(body.find("minimist").unwrap() > closed);
    for word in ["denied", "overdue", "excepted"] {
        assert!(body.contains(&format!("aria-pressed=\"false\" data-k=\"{word}\"")));
        assert!(SCRIPT.contains(&format!("|{word}|")), "the filter knows it");
    }
}
