//! Forms that keep what was typed: fields with labels, notes and what was wrong with them.

use maud::{Markup, html};

/// What stands in a form, and what was wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// Fields in their order; a name may stand several times.
    pub values: Vec<(String, String)>,
    /// What was wrong as a whole.
    pub error: Option<String>,
    /// What was wrong with a field.
    pub faults: Vec<(String, String)>,
}

impl Typed {
    /// A form with these values.
    pub fn of<const N: usize>(values: [(&str, String); N]) -> Self {
        Self {
            values: values
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            ..Self::default()
        }
    }

    /// The value of a field; empty where it has none.
    pub fn get(&self, name: &str) -> &str {
        self.values
            .iter()
            .find(|(own, _)| own == name)
            .map_or("", |(_, value)| value)
    }

    /// Whether a field has this value among its own.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values
            .iter()
            .any(|(own, one)| own == name && one == value)
    }

    /// What was wrong with a field.
    fn fault(&self, name: &str) -> Option<&str> {
        self.faults
            .iter()
            .find(|(own, _)| own == name || own.rsplit(['.', '/']).next() == Some(name))
            .map(|(_, fault)| fault.as_str())
    }

    /// What was wrong as a whole, and with fields that the form does not show (`shown` are those it does).
    pub fn wrong(&self, shown: &[&str]) -> Markup {
        let others: Vec<_> = self
            .faults
            .iter()
            .filter(|(name, _)| {
                !shown
                    .iter()
                    .any(|own| own == name || Some(*own) == name.rsplit(['.', '/']).next())
            })
            .collect();
        html! {
            @if self.error.is_some() || !others.is_empty() {
                div.wrong role="alert" {
                    @if let Some(error) = &self.error { (error) }
                    @if !others.is_empty() {
                        ul { @for (name, fault) in others { li { @if !name.is_empty() { (name) ": " } (fault) } } }
                    }
                }
            }
        }
    }
}

/// A field of one line, or of several.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input<'a> {
    /// Its name.
    pub name: &'a str,
    /// What people read.
    pub label: &'a str,
    /// What it is for.
    pub note: &'a str,
    /// The HTML type; empty for `text`, `area` for several lines, `code` for many in fixed width.
    pub kind: &'a str,
    /// It must be filled.
    pub required: bool,
    /// The keyboard is there first.
    pub first: bool,
    /// What may stand there, for the browser's own list.
    pub offers: &'a [String],
    /// At most so many bytes; 0: 10,000.
    pub most: usize,
}

/// The field with what stands in it.
pub fn input(typed: &Typed, field: &Input<'_>) -> Markup {
    let value = typed.get(field.name);
    let fault = typed.fault(field.name);
    let (note, fault_id, offers) = (
        format!("{}-note", field.name),
        format!("{}-fault", field.name),
        format!("{}-offers", field.name),
    );
    let mut described = Vec::new();
    if !field.note.is_empty() {
        described.push(note.as_str());
    }
    if fault.is_some() {
        described.push(fault_id.as_str());
    }
    let described = (!described.is_empty()).then(|| described.join(" "));
    let most = match field.most {
        0 => 10_000,
        most => most,
    };
    html! {
        div.field .bad[fault.is_some()] {
            label for=(field.name) {
                (field.label)
                @if !field.required && !matches!(field.kind, "search" | "code") { span.muted { " (may be left empty)" } }
            }
            @if !field.note.is_empty() { small #(note) { (field.note) } }
            @if let Some(fault) = fault { span.fault #(fault_id) { (fault) } }
            @if matches!(field.kind, "area" | "code") {
                textarea #(field.name) .code[field.kind == "code"] name=(field.name) required[field.required] autofocus[field.first]
                    maxlength=[(field.kind == "area").then_some(most)] spellcheck=(if field.kind == "area" { "true" } else { "false" })
                    aria-describedby=[described] aria-invalid=[fault.map(|_| "true")] {
                    // A browser takes the first line break of the content away.
                    "\n" (value)
                }
            } @else {
                input #(field.name) name=(field.name) type=(if field.kind.is_empty() { "text" } else { field.kind }) value=(value)
                    required[field.required] autofocus[field.first] maxlength=(most) autocomplete="off" spellcheck="false" autocapitalize="off"
                    list=[(!field.offers.is_empty()).then_some(offers.as_str())] aria-describedby=[described] aria-invalid=[fault.map(|_| "true")];
                @if !field.offers.is_empty() {
                    datalist #(offers) { @for offer in field.offers { option value=(offer) {} } }
                }
            }
        }
    }
}

/// One of several values: value and word.
pub fn select(typed: &Typed, name: &str, label: &str, note: &str, all: &[(&str, &str)]) -> Markup {
    let fault = typed.fault(name);
    let note_id = format!("{name}-note");
    html! {
        div.field .bad[fault.is_some()] {
            label for=(name) { (label) }
            @if !note.is_empty() { small #(note_id) { (note) } }
            @if let Some(fault) = fault { span.fault { (fault) } }
            select #(name) name=(name) aria-describedby=[(!note.is_empty()).then_some(note_id.as_str())] {
                @for (value, word) in all { option value=(value) selected[typed.get(name) == *value] { (word) } }
            }
        }
    }
}

/// One of a few values, all seen at once: value, word, and what it means.
pub fn radios(typed: &Typed, name: &str, legend: &str, all: &[(&str, &str, &str)]) -> Markup {
    let fault = typed.fault(name);
    html! {
        fieldset .bad[fault.is_some()] {
            legend { (legend) }
            @if let Some(fault) = fault { span.fault { (fault) } }
            @for (value, word, about) in all {
                label.pick {
                    input type="radio" name=(name) value=(value) checked[typed.get(name) == *value];
                    span { (word) @if !about.is_empty() { " " span.muted { (about) } } }
                }
            }
        }
    }
}

/// Any of several values: value, word, and what it means.
pub fn checks(typed: &Typed, name: &str, legend: &str, all: &[(&str, &str, &str)]) -> Markup {
    html! {
        fieldset {
            legend { (legend) }
            @for (value, word, about) in all {
                label.pick {
                    input type="checkbox" name=(name) value=(value) checked[typed.has(name, value)];
                    span { (word) @if !about.is_empty() { " " span.muted { (about) } } }
                }
            }
        }
    }
}

/// Values that go along unseen.
pub fn hidden(typed: &Typed, names: &[&str]) -> Markup {
    html! { @for name in names { input type="hidden" name=(name) value=(typed.get(name)); } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_and_what_was_wrong_stands_by_its_field() {
        let typed = Typed {
            faults: vec![
                ("scope.reason".into(), "is too short".into()),
                ("other".into(), "is odd".into()),
            ],
            error: Some("It cannot be used.".into()),
            ..Typed::of([
                ("reason", "<b>because</b>".to_owned()),
                ("state", "on".to_owned()),
            ])
        };
        let field = input(
            &typed,
            &Input {
                name: "reason",
                label: "Reason",
                kind: "area",
                required: true,
                ..Input::default()
            },
        )
        .into_string();
        assert!(
            field.contains("&lt;b&gt;because&lt;/b&gt;")
                && field.contains("is too short")
                && field.contains("aria-invalid=\"true\""),
            "{field}"
        );
        let wrong = typed.wrong(&["reason"]).into_string();
        assert!(
            wrong.contains("It cannot be used.")
                && wrong.contains("other: is odd")
                && !wrong.contains("too short"),
            "{wrong}"
        );
        let picked = select(
            &typed,
            "state",
            "State",
            "",
            &[("off", "Off"), ("on", "On")],
        )
        .into_string();
        assert!(picked.contains("value=\"on\" selected"), "{picked}");
    }
}
