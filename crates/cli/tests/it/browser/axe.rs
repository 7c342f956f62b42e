//! Holds pages against the rules of WCAG 2.2, A and AA, and good practice, with axe-core.
//!
//! `STANCHION_AXE` names a folder with the package in its `node_modules` (`npm install` with
//! `tests/browser/package.json`); without it, it is looked for where `.ci/setup` puts it.

use std::fmt::Write;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::driver::{installed, skipped};
use super::page::Page;

static AXE: LazyLock<Option<String>> = LazyLock::new(|| {
    let folder = installed("STANCHION_AXE", "axe")?;
    std::fs::read_to_string(folder.join("node_modules/axe-core/axe.min.js")).ok()
});

const RUN: &str = "
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const found = await axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']});
return found.violations.map(rule => ({id: rule.id, impact: rule.impact, help: rule.help, url: rule.helpUrl,
  nodes: rule.nodes.slice(0, 5).map(node => ({target: node.target.flat().join(' '), why: node.failureSummary, html: node.html.slice(0, 300)}))}));";

/// A rule that a page breaks.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    /// Such as `color-contrast`.
    pub(crate) rule: String,
    /// `minor`, `moderate`, `serious`, `critical`.
    pub(crate) impact: String,
    /// What the rule asks for.
    pub(crate) help: String,
    /// Where: a selector, and what is wrong there.
    pub(crate) places: Vec<(String, String)>,
}

/// The rules that a page breaks as it is now; `None` where axe-core is not here.
pub(crate) fn violations(page: &Page) -> Option<Vec<Violation>> {
    let Some(axe) = AXE.as_deref() else {
        skipped("axe-core is not here");
        return None;
    };
    if page.script("return typeof window.axe === 'undefined'", &json!([])) == true {
        page.script(axe, &json!([]));
    }
    let found = page.script_later(RUN, &json!([]));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = |node: &Value| {
        let why = text(&node["why"]).replace('\n', "\n      ");
        (
            text(&node["target"]),
            format!("{}\n      {why}", text(&node["html"])),
        )
    };
    let violation = |rule: &Value| Violation {
        rule: text(&rule["id"]),
        impact: text(&rule["impact"]),
        help: format!("{} ({})", text(&rule["help"]), text(&rule["url"])),
        places: rule["nodes"]
            .as_array()
            .into_iter()
            .flatten()
            .map(place)
            .collect(),
    };
    Some(found.as_array().unwrap().iter().map(violation).collect())
}

/// Fails with every rule that the page breaks as it is now.
pub(crate) fn assert_accessible(page: &Page) {
    assert_as(page, "now");
}

fn assert_as(page: &Page, how: &str) {
    let told = broken(page, how);
    assert!(told.is_none(), "{}", told.unwrap_or_default());
}

/// What the page breaks as it is now, in words.
fn broken(page: &Page, how: &str) -> Option<String> {
    let found = violations(page)?;
    if found.is_empty() {
        return None;
    }
    let mut told = format!("{} breaks rules ({how}):\n", page.url());
    for one in &found {
        writeln!(told, "  {} [{}]: {}", one.rule, one.impact, one.help).unwrap();
        for (selector, why) in &one.places {
            writeln!(told, "    {selector}\n      {why}").unwrap();
        }
    }
    Some(told)
}

/// All that the page breaks on a desk in both themes, and on a phone, where nothing may stick out at the side either.
pub(crate) fn faults_everywhere(page: &Page) -> Vec<String> {
    let mut faults = Vec::new();
    page.wide();
    page.dark();
    faults.extend(broken(page, "1440 px, dark"));
    page.light();
    faults.extend(broken(page, "1440 px, light"));
    let outside = |page: &Page| {
        let broad = page.sticking_out();
        (!broad.is_empty()).then(|| format!("{} sticks out:\n  {}", page.url(), broad.join("\n  ")))
    };
    faults.extend(outside(page));
    page.narrow();
    faults.extend(broken(page, "390 px, light"));
    faults.extend(outside(page));
    page.wide();
    faults
}

/// Fails with what [`faults_everywhere`] finds.
pub(crate) fn assert_accessible_everywhere(page: &Page) {
    let faults = faults_everywhere(page);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Fails with what sticks out of the window at the side.
pub(crate) fn assert_inside(page: &Page) {
    let broad = page.sticking_out();
    assert!(
        broad.is_empty(),
        "{} sticks out of the window:\n  {}",
        page.url(),
        broad.join("\n  ")
    );
}
