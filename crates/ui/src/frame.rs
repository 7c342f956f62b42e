//! What is around every page.

use maud::{DOCTYPE, Markup, html};

use crate::assets::{Asset, STYLE};

/// What stands above a page.
pub(crate) enum Head<'h> {
    /// Nothing but the name: nobody is signed in.
    Bare,
    /// Who is signed in, and the token of their forms.
    SignedIn {
        display: &'h str,
        form_token: &'h str,
    },
}

/// A whole page.
pub(crate) fn page(
    title: &str,
    head: &Head<'_>,
    narrow: bool,
    script: Option<&Asset>,
    body: &Markup,
) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) " · Stanchion" }
                link rel="stylesheet" href=(STYLE.path());
                @if let Some(script) = script {
                    script src=(script.path()) defer {}
                }
            }
            body {
                a.skip href="#main" { "To the content" }
                header {
                    a.mark href="/" { "Stanchion" }
                    @if let Head::SignedIn { display, form_token } = head {
                        nav aria-label="Account" {
                            span.muted { (display) }
                            form method="post" action="/sign-out" {
                                input type="hidden" name="form_token" value=(form_token);
                                button.plain type="submit" { "Sign out" }
                            }
                        }
                    }
                }
                main #main .narrow[narrow] { (body) }
            }
        }
    }
    .into_string()
}

/// A field of a form with its label.
pub(crate) struct Field<'f> {
    pub(crate) name: &'f str,
    pub(crate) label: &'f str,
    pub(crate) kind: &'f str,
    pub(crate) note: Option<&'f str>,
    pub(crate) value: &'f str,
    pub(crate) complete: &'f str,
    pub(crate) required: bool,
    pub(crate) first: bool,
    pub(crate) code: bool,
}

impl Default for Field<'_> {
    fn default() -> Self {
        Self {
            name: "",
            label: "",
            kind: "text",
            note: None,
            value: "",
            complete: "off",
            required: true,
            first: false,
            code: false,
        }
    }
}

/// The field.
pub(crate) fn field(field: &Field<'_>) -> Markup {
    let note = format!("{}-note", field.name);
    html! {
        div.field {
            label for=(field.name) { (field.label) }
            @if let Some(text) = field.note {
                small #(note) { (text) }
            }
            input #(field.name) .code[field.code] name=(field.name) type=(field.kind) value=(field.value)
                autocomplete=(field.complete) autocapitalize="off" spellcheck="false"
                aria-describedby=[field.note.map(|_| note.as_str())]
                required[field.required] autofocus[field.first];
        }
    }
}

/// What was wrong with what was sent.
pub(crate) fn wrong(error: Option<&str>) -> Markup {
    html! {
        @if let Some(error) = error {
            p.wrong role="alert" { (error) }
        }
    }
}
