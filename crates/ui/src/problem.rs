//! The page for a request that failed.

use maud::html;

use crate::frame::page;

/// A request that failed.
#[derive(Clone, Debug, Default)]
pub struct Problem<'p> {
    /// The HTTP status.
    pub status: u16,
    /// The status in words.
    pub title: &'p str,
    /// What happened.
    pub detail: &'p str,
    /// What to do next.
    pub hint: Option<&'p str>,
    /// The request's name, as in the server's log.
    pub instance: Option<&'p str>,
    /// Places that are wrong: field and what is wrong there.
    pub errors: &'p [(String, String)],
}

impl Problem<'_> {
    /// The page.
    pub fn page(&self) -> String {
        let body = html! {
            h1 { (self.detail) }
            @if !self.errors.is_empty() {
                dl {
                    @for (field, message) in self.errors {
                        dt { (field) }
                        dd { (message) }
                    }
                }
            }
            @if let Some(hint) = self.hint { p { (hint) } }
            p {
                a href="/" { "To the start" }
                @if self.status == 401 { " · " a href="/sign-in" { "Sign in" } }
            }
            p.muted {
                (self.status) " " (self.title)
                @if let Some(instance) = self.instance { " · " code { (instance) } }
            }
        };
        page(self.title, true, None, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_happened_and_what_to_do() {
        let errors = [("name".to_owned(), "is <empty>".to_owned())];
        let page = Problem {
            status: 401,
            title: "Unauthorized",
            detail: "You are not signed in.",
            hint: Some("Sign in."),
            instance: Some("urn:stanchion:request:1"),
            errors: &errors,
        }
        .page();
        for text in [
            "<h1>You are not signed in.</h1>",
            "is &lt;empty&gt;",
            "/sign-in",
            "urn:stanchion:request:1",
        ] {
            assert!(page.contains(text), "{text}");
        }
    }
}
