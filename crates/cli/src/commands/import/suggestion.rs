//! The source's policies as a suggestion in our words: a file for a person to read. Nothing of it is in force.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Deserialize;
use stanchion_formats::ignores::quoted;

use super::Run;
use super::source::Form;
use crate::exit::Failure;
use crate::portal::kept;

/// Longest text of the source in a comment.
const MOST_TEXT: usize = 200;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Policy {
    name: Option<String>,
    operator: Option<String>,
    violation_state: Option<String>,
    policy_conditions: Option<Vec<Condition>>,
    projects: Option<Vec<serde::de::IgnoredAny>>,
    tags: Option<Vec<serde::de::IgnoredAny>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Condition {
    subject: Option<String>,
    operator: Option<String>,
    value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Group {
    uuid: String,
    name: Option<String>,
    licenses: Option<Vec<License>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct License {
    license_id: Option<String>,
}

/// What the policies come to.
#[derive(Debug, Default)]
struct Suggestion {
    rules: String,
    deny: BTreeSet<String>,
    review: BTreeSet<String>,
    /// Comments: what cannot be said.
    left: Vec<String>,
}

/// Reads the policies of a Dependency-Track and writes what they come to.
pub(super) fn of_dependency_track(run: &mut Run<'_>) -> Result<(), Failure> {
    let mut groups: Vec<Group> = Vec::new();
    let read = run.source.each(
        "/api/v1/licenseGroup",
        &[],
        Form::List,
        "uuid",
        &mut |value| {
            groups.extend(serde_json::from_value::<Group>(value).ok());
            Ok(())
        },
    )?;
    if let Err(reason) = read {
        run.outcome.not("licence group", "list", &reason);
    }
    let mut policies: Vec<Policy> = Vec::new();
    let mut unread = 0u64;
    let read = run
        .source
        .each("/api/v1/policy", &[], Form::List, "uuid", &mut |value| {
            match serde_json::from_value::<Policy>(value) {
                Ok(policy) => policies.push(policy),
                Err(_) => unread += 1,
            }
            Ok(())
        })?;
    if let Err(reason) = read {
        run.outcome.not("policy", "list", &reason);
    }
    if unread > 0 {
        run.outcome
            .not("policy", "?", &format!("{unread} policies cannot be read"));
    }
    if policies.is_empty() {
        return Ok(());
    }
    let mut suggestion = Suggestion::default();
    for (number, policy) in policies.iter().enumerate() {
        let name = policy.name.as_deref().unwrap_or("?");
        match suggestion.add(number + 1, policy, &groups) {
            Ok(()) => run.outcome.came("policy"),
            Err(reason) => {
                suggestion.left.push(format!("{name}: {reason}"));
                run.outcome.not("policy", name, &reason);
            }
        }
    }
    let text = suggestion.text();
    let file = &run.how.policy_file;
    if run.how.dry_run {
        return Ok(());
    }
    if std::fs::read_to_string(file).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if file.exists() {
        run.context.say(&format!(
            "note: {} is there and was left as it is; remove it to have the suggestion written anew",
            file.display()
        ));
        return Ok(());
    }
    kept::replace(file, text.as_bytes())?;
    run.context.say(&format!(
        "{} holds a suggestion made of {} policies; nothing of it is in force",
        file.display(),
        policies.len()
    ));
    Ok(())
}

impl Suggestion {
    fn add(&mut self, number: usize, policy: &Policy, groups: &[Group]) -> Result<(), String> {
        let fails = policy.violation_state.as_deref() == Some("FAIL");
        let some = |list: &Option<Vec<_>>| list.as_ref().is_some_and(|list| !list.is_empty());
        if some(&policy.projects) || some(&policy.tags) {
            return Err(
                "it is about some projects only; say which with a condition on p.name or p.tags"
                    .into(),
            );
        }
        let conditions = policy.policy_conditions.as_deref().unwrap_or_default();
        if conditions.is_empty() {
            return Err("it has no conditions".into());
        }
        let any = policy.operator.as_deref() != Some("ALL");
        let mut terms = Vec::new();
        let mut licences = BTreeSet::new();
        for condition in conditions {
            match condition.licences(groups)? {
                Some(found) => licences.extend(found),
                None => terms.push(condition.term()?),
            }
        }
        if !licences.is_empty() && !any && conditions.len() > 1 {
            return Err(
                "it joins licences with other conditions, which our licence rules do not".into(),
            );
        }
        if !fails && !terms.is_empty() {
            return Err("it only warns; our gates deny or say nothing".into());
        }
        if fails {
            self.deny.extend(licences);
        } else {
            self.review.extend(licences);
        }
        if terms.is_empty() {
            return Ok(());
        }
        let joined = terms.join(if any { " || " } else { " && " });
        let name = policy.name.as_deref().unwrap_or_default();
        let _ = write!(
            self.rules,
            "\n[[enforce]]\nid = \"imported/{number}\"\nreason = {}\nat = \"build\"\ndeny = {}\n",
            quoted(&plain(&format!("policy {name} of Dependency-Track"))),
            quoted(&format!("({joined}) && !f.excepted"))
        );
        Ok(())
    }

    fn text(&self) -> String {
        let mut out = String::from(
            "# A suggestion, made of the policies of a Dependency-Track. Nothing of it is in force until somebody\n# reads it and puts it into the portal. What could not be said stands at the end.\n\nschema = \"vmpolicy/1\"\n\n[policy]\nid = \"imported\"\nversion = \"1\"\n\n[roles]\naccountable = \"role:ciso\"\n\n[roles.members]\n# Who that is.\n\"role:ciso\" = [\"ciso@example.org\"]\n",
        );
        if !self.deny.is_empty() || !self.review.is_empty() {
            out.push_str("\n[licences]\n");
            for (name, list) in [("deny", &self.deny), ("review", &self.review)] {
                let list: Vec<String> = list
                    .iter()
                    .filter(|id| name == "deny" || !self.deny.contains(*id))
                    .map(|id| quoted(id))
                    .collect();
                if !list.is_empty() {
                    let _ = writeln!(out, "{name} = [{}]", list.join(", "));
                }
            }
        }
        out.push_str(&self.rules);
        if !self.left.is_empty() {
            out.push_str("\n# Not said:\n");
            for line in &self.left {
                let _ = writeln!(out, "# - {}", plain(line));
            }
        }
        out
    }
}

/// A text of the source on one line.
fn plain(text: &str) -> String {
    stanchion_model::text::quoted(text, MOST_TEXT)
}

impl Condition {
    fn parts(&self) -> (&str, &str, &str) {
        (
            self.subject.as_deref().unwrap_or_default(),
            self.operator.as_deref().unwrap_or_default(),
            self.value.as_deref().unwrap_or_default().trim(),
        )
    }

    /// The licences that it forbids; `None` where it is about something else.
    fn licences(&self, groups: &[Group]) -> Result<Option<Vec<String>>, String> {
        let (subject, operator, value) = self.parts();
        match (subject, operator) {
            ("LICENSE" | "LICENSE_GROUP", "IS_NOT") => Err(
                "it allows some licences and forbids all others: write them into licences.allow"
                    .into(),
            ),
            ("LICENSE_GROUP", _) => {
                let group = groups
                    .iter()
                    .find(|group| group.uuid == value)
                    .ok_or("its licence group is not there")?;
                let ids: Vec<String> = group
                    .licenses
                    .iter()
                    .flatten()
                    .filter_map(|license| license.license_id.clone())
                    .filter(|id| is_id(id))
                    .collect();
                if ids.is_empty() {
                    return Err(format!(
                        "its licence group {} has no licence with an SPDX id",
                        plain(group.name.as_deref().unwrap_or_default())
                    ));
                }
                Ok(Some(ids))
            }
            ("LICENSE", _) => Err(
                "its licence is named by a number of Dependency-Track: write its SPDX id into licences.deny"
                    .into(),
            ),
            _ => Ok(None),
        }
    }

    /// The condition as a term of ours.
    fn term(&self) -> Result<String, String> {
        let (subject, operator, value) = self.parts();
        let not = match operator {
            "IS_NOT" | "NO_MATCH" => "!",
            _ => "",
        };
        match subject {
            "SEVERITY" => {
                let word = value.to_ascii_lowercase();
                if !["critical", "high", "medium", "low"].contains(&word.as_str()) {
                    return Err(format!("the severity {} is not one of ours", plain(value)));
                }
                Ok(format!("{not}(f.severity == '{word}')"))
            }
            "VULNERABILITY_ID" => {
                if !is_id(value) {
                    return Err(format!("{} is no id", plain(value)));
                }
                Ok(format!(
                    "{not}(f.id == '{value}' || '{value}' in f.aliases)"
                ))
            }
            "CWE" => {
                let ids: Vec<String> = value
                    .split(',')
                    .map(|id| {
                        let id = id.trim();
                        let number = id.strip_prefix("CWE-").unwrap_or(id);
                        match number.parse::<u32>() {
                            Ok(number) => Ok(format!("'CWE-{number}' in f.cwes")),
                            Err(_) => Err(format!("{} is no CWE", plain(id))),
                        }
                    })
                    .collect::<Result<_, _>>()?;
                let sign = if operator == "CONTAINS_ALL" {
                    " && "
                } else {
                    " || "
                };
                Ok(format!("({})", ids.join(sign)))
            }
            "EPSS" => {
                let number: f64 = value
                    .parse()
                    .ok()
                    .filter(|number| (0.0..=1.0).contains(number))
                    .ok_or_else(|| format!("{} is no probability", plain(value)))?;
                let sign = match operator {
                    "NUMERIC_GREATER_THAN" => ">",
                    "NUMERIC_GREATER_THAN_OR_EQUAL" => ">=",
                    "NUMERIC_LESS_THAN" => "<",
                    "NUMERIC_LESSER_THAN_OR_EQUAL" => "<=",
                    "NUMERIC_EQUAL" => "==",
                    "NUMERIC_NOT_EQUAL" => "!=",
                    other => return Err(format!("{} of EPSS has no word here", plain(other))),
                };
                Ok(format!("f.epss {sign} {number:?}"))
            }
            other => Err(format!(
                "its condition on {} has no word here; packages are named in components.deny",
                plain(other)
            )),
        }
    }
}

/// An id that stands in a condition as it is.
fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._:+".contains(&byte))
}

#[cfg(test)]
mod tests {
    use stanchion_policy::extend::{self, Source};

    use super::*;

    struct Nothing;

    impl Source for Nothing {
        fn policy(&self, _: &str, _: &str) -> Result<(String, String), String> {
            Err("nothing is there".into())
        }
    }

    #[test]
    fn the_suggestion_is_a_policy() {
        let groups: Vec<Group> = serde_json::from_value(serde_json::json!([
            {"uuid": "g", "name": "Copyleft", "licenses": [{"licenseId": "AGPL-3.0-only"}, {"licenseId": "no id '"}, {"name": "x"}]}
        ]))
        .unwrap();
        let policies: Vec<Policy> = serde_json::from_value(serde_json::json!([
            {"name": "a\"\n[x]\u{1b}", "operator": "ANY", "violationState": "FAIL", "policyConditions": [
                {"subject": "SEVERITY", "operator": "IS", "value": "CRITICAL"},
                {"subject": "EPSS", "operator": "NUMERIC_GREATER_THAN", "value": "0.5"}]},
            {"name": "b", "operator": "ALL", "violationState": "FAIL", "policyConditions": [
                {"subject": "CWE", "operator": "CONTAINS_ANY", "value": "CWE-79, 89"},
                {"subject": "VULNERABILITY_ID", "operator": "IS_NOT", "value": "CVE-2021-44228"}]},
            {"name": "c", "operator": "ANY", "violationState": "WARN", "policyConditions": [
                {"subject": "LICENSE_GROUP", "operator": "IS", "value": "g"}]},
            {"name": "d", "operator": "ANY", "violationState": "FAIL", "policyConditions": [
                {"subject": "VULNERABILITY_ID", "operator": "IS", "value": "x' || true || '"}]},
            {"name": "e", "operator": "ANY", "violationState": "INFO", "policyConditions": [
                {"subject": "SEVERITY", "operator": "IS", "value": "LOW"}]},
            {"name": "f"},
        ]))
        .unwrap();
        let mut suggestion = Suggestion::default();
        let mut left = 0;
        for (number, policy) in policies.iter().enumerate() {
            if let Err(reason) = suggestion.add(number, policy, &groups) {
                suggestion.left.push(reason);
                left += 1;
            }
        }
        assert_eq!(left, 3);
        let text = suggestion.text();
        let policy = extend::load("policy.imported.toml", &text, &Nothing)
            .unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
        assert_eq!(policy.enforce.len(), 2, "{text}");
        assert!(text.contains("review = [\"AGPL-3.0-only\"]"), "{text}");
        let rules = text.split("# Not said").next().unwrap();
        assert!(!rules.contains("|| true ||"), "{text}");
    }
}
