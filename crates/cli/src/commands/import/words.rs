//! What the words of other platforms mean in ours.

use stanchion_model::text::quoted;

/// Longest reason.
const MOST_REASON: usize = 4000;

/// A status of a decision, with its justification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) status: &'static str,
    pub(super) justification: Option<&'static str>,
    /// What is lost.
    pub(super) lossy: Option<&'static str>,
}

/// A state and a justification of Dependency-Track, which has them from `CycloneDX`; an error is why they cannot be said.
/// `None`: nobody has said anything.
pub(super) fn of_analysis(
    state: &str,
    justification: Option<&str>,
) -> Option<Result<Meaning, String>> {
    let plain = |status| {
        Some(Ok(Meaning {
            status,
            justification: None,
            lossy: None,
        }))
    };
    match state {
        "" | "NOT_SET" => None,
        "IN_TRIAGE" => plain("under_investigation"),
        "EXPLOITABLE" => plain("affected"),
        "RESOLVED" => plain("fixed"),
        "FALSE_POSITIVE" => Some(Ok(Meaning {
            status: "not_affected",
            justification: Some("component_not_present"),
            lossy: Some(
                "FALSE_POSITIVE came as not_affected: something else was taken for the component that is vulnerable",
            ),
        })),
        "NOT_AFFECTED" => Some(justified(justification.unwrap_or_default())),
        other => Some(Err(format!(
            "the state {:?} is not known here",
            quoted(other, 40)
        ))),
    }
}

fn justified(word: &str) -> Result<Meaning, String> {
    let (justification, lossy) = match word {
        "CODE_NOT_PRESENT" => ("vulnerable_code_not_present", None),
        "CODE_NOT_REACHABLE" => ("vulnerable_code_not_in_execute_path", None),
        "REQUIRES_CONFIGURATION" => (
            "vulnerable_code_cannot_be_controlled_by_adversary",
            Some("REQUIRES_CONFIGURATION: it holds while the configuration is as it is"),
        ),
        "REQUIRES_DEPENDENCY" => (
            "vulnerable_code_cannot_be_controlled_by_adversary",
            Some("REQUIRES_DEPENDENCY: it holds while that dependency is not there"),
        ),
        "REQUIRES_ENVIRONMENT" => (
            "vulnerable_code_cannot_be_controlled_by_adversary",
            Some("REQUIRES_ENVIRONMENT: it holds while the environment is as it is"),
        ),
        "PROTECTED_BY_COMPILER"
        | "PROTECTED_AT_RUNTIME"
        | "PROTECTED_AT_PERIMETER"
        | "PROTECTED_BY_MITIGATING_CONTROL" => (
            "inline_mitigations_already_exist",
            Some("the protection may be outside of the product, and less than whole"),
        ),
        "" | "NOT_SET" => {
            return Err(
                "it says NOT_AFFECTED and not why, and a decision needs a justification".into(),
            );
        }
        other => {
            return Err(format!(
                "the justification {:?} is not known here",
                quoted(other, 40)
            ));
        }
    };
    Ok(Meaning {
        status: "not_affected",
        justification: Some(justification),
        lossy,
    })
}

/// What is done about it, in words, by Dependency-Track's response.
pub(super) fn response(word: &str) -> Option<&'static str> {
    Some(match word {
        "CAN_NOT_FIX" => "it cannot be fixed",
        "WILL_NOT_FIX" => "it will not be fixed",
        "UPDATE" => "update",
        "ROLLBACK" => "roll back",
        "WORKAROUND_AVAILABLE" => "a workaround is there",
        _ => return None,
    })
}

/// A severity in our words.
pub(super) fn severity(word: &str) -> &'static str {
    match word.to_ascii_lowercase().as_str() {
        "critical" => "critical",
        "high" => "high",
        "medium" => "medium",
        "low" => "low",
        _ => "none",
    }
}

/// The day of a date or a time; `None` where it is none.
pub(super) fn day(text: &str) -> Option<String> {
    let day = text.trim().get(..10)?;
    day.parse::<jiff::civil::Date>()
        .ok()
        .map(|day| day.to_string())
}

/// The day of a moment in milliseconds since 1970.
pub(super) fn day_of(milliseconds: i64) -> Option<String> {
    jiff::Timestamp::from_millisecond(milliseconds)
        .ok()
        .and_then(|time| day(&time.to_string()))
}

/// Texts as one reason; those that are empty are left out.
pub(super) fn reason<'t>(parts: impl IntoIterator<Item = &'t str>) -> String {
    let mut out = String::new();
    for part in parts {
        let part = part.trim();
        if part.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(part);
    }
    let mut cut = out.len().min(MOST_REASON);
    while !out.is_char_boundary(cut) {
        cut -= 1;
    }
    out.truncate(cut);
    out
}

/// A name that the portal can take: without the space around it, and without what controls a terminal.
pub(super) fn name(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .collect::<String>()
        .trim()
        .to_owned()
}
