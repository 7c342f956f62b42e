//! Names and words that a condition gets wrong, and what was probably meant.

use super::error::ConditionError;
use super::field::Field;
use super::nearest::nearest;
use super::node::{Kind, Node};
use super::types::Checked;

/// What to write in the place of a clock.
pub(super) const NO_CLOCK: &str =
    "a condition has no clock: use f.age_days, f.known_days, f.overdue_days or f.days_left";

/// A literal that a variable with a closed set of words is compared with must be one of them.
pub(super) fn word(field: Field, node: &Node) -> Checked<()> {
    let words = field.words();
    let Kind::Text(value) = &node.kind else {
        return Ok(());
    };
    if words.is_empty() || words.contains(&value.as_str()) {
        return Ok(());
    }
    let message = format!("{} is never '{value}'", field.name());
    let list = words.join(", ");
    let hint = match nearest(value, words.iter().copied()) {
        Some(word) => format!("did you mean '{word}'? The words are {list}"),
        None => format!("the words are {list}"),
    };
    Err(ConditionError::new(node.inner.start, message).hint(hint))
}

#[cold]
pub(super) fn no_such_field(at: usize, full: &str, name: &str) -> ConditionError {
    let error = ConditionError::new(at, format!("there is no `{full}`"));
    let elsewhere = last_part(name);
    let near = nearest(full, Field::ALL.iter().map(|field| field.name()));
    match elsewhere.or(near) {
        Some(known) => error.hint(format!("did you mean {known}?")),
        None => error
            .hint("the variables begin with f. (the finding), p. (its product) or a. (its asset)"),
    }
}

/// The variable whose name without `f.`, `p.` or `a.` is this.
fn last_part(name: &str) -> Option<&'static str> {
    Field::ALL
        .iter()
        .map(|field| field.name())
        .find(|known| known.get(2..) == Some(name))
}

#[cold]
pub(super) fn no_such_name(at: usize, name: &str) -> ConditionError {
    let error = ConditionError::new(at, format!("there is no variable `{name}`"));
    let example = match name {
        "f" => Some("f.severity"),
        "p" => Some("p.tier"),
        "a" => Some("a.exposed"),
        _ => None,
    };
    if let Some(example) = example {
        return ConditionError::new(at, format!("`{name}` needs one of its fields"))
            .hint(format!("such as {example}"));
    }
    if matches!(name, "now" | "today" | "time") {
        return error.hint(NO_CLOCK);
    }
    let by_name = || nearest(name, Field::ALL.iter().map(|field| &field.name()[2..]));
    let word = || Field::ALL.iter().any(|field| field.words().contains(&name));
    if let Some(known) = last_part(name) {
        return error.hint(format!("did you mean {known}?"));
    }
    if word() {
        return error.hint(format!("a word stands in quotes: '{name}'"));
    }
    match by_name().and_then(last_part) {
        Some(known) => error.hint(format!("did you mean {known}?")),
        None => error
            .hint("the variables begin with f. (the finding), p. (its product) or a. (its asset)"),
    }
}
