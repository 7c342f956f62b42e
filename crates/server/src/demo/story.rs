//! What people of the company decided and said, as the file beside this one has it. Days count back from today.

use std::sync::LazyLock;

use serde::Deserialize;

static TEXT: &str = include_str!("story.toml");

/// All of it; the reason where the file does not read, which a test sees to.
pub(super) static STORY: LazyLock<Result<Story, String>> =
    LazyLock::new(|| toml::from_str(TEXT).map_err(|error| format!("story.toml: {error}")));

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Story {
    pub(super) person: Vec<Person>,
    pub(super) service: Vec<Service>,
    pub(super) exception: Vec<Exception>,
    pub(super) decision: Vec<Decision>,
    pub(super) note: Vec<Note>,
    pub(super) external: Vec<External>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) display: String,
    pub(super) role: String,
    /// Their role holds on this tag alone.
    pub(super) tag: Option<String>,
    /// Their role holds on this product alone.
    pub(super) product: Option<String>,
    /// The role of the policy that they stand behind.
    pub(super) policy: Option<String>,
    /// A visitor may look with their eyes: what the button calls them.
    pub(super) look: Option<String>,
    /// What they see.
    pub(super) sees: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) display: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exception {
    pub(super) product: String,
    pub(super) vulnerability: Option<String>,
    pub(super) rule: Option<String>,
    pub(super) purl: String,
    pub(super) by: String,
    pub(super) asked: i64,
    pub(super) decided: Option<i64>,
    pub(super) decider: Option<String>,
    /// Its last day.
    pub(super) ends: i64,
    /// Why it was refused.
    pub(super) refused: Option<String>,
    pub(super) reason: String,
    pub(super) control: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    pub(super) product: String,
    pub(super) vulnerability: String,
    pub(super) purl: String,
    pub(super) by: String,
    pub(super) day: i64,
    pub(super) withdrawn: Option<i64>,
    pub(super) status: String,
    pub(super) justification: Option<String>,
    pub(super) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    pub(super) product: String,
    pub(super) vulnerability: String,
    pub(super) by: String,
    pub(super) day: i64,
    pub(super) text: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct External {
    pub(super) product: String,
    pub(super) tool: String,
    pub(super) rule: String,
    pub(super) title: String,
    pub(super) severity: String,
    pub(super) cwes: Vec<String>,
    pub(super) path: String,
    pub(super) line: Option<u32>,
    pub(super) day: i64,
    pub(super) closed: Option<i64>,
    pub(super) reason: Option<String>,
}
