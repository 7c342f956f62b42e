//! The page of whoever is signed in.

use maud::html;

use crate::frame::{Head, page};

/// The page of whoever is signed in.
#[derive(Clone, Debug, Default)]
pub struct Home<'p> {
    /// As people call them.
    pub display: &'p str,
    /// The name to sign in with.
    pub name: &'p str,
    /// Roles, and where they hold: `admin`, `everywhere`.
    pub roles: &'p [(String, String)],
    /// The token of their forms.
    pub form_token: &'p str,
}

impl Home<'_> {
    /// The page.
    pub fn page(&self) -> String {
        let body = html! {
            h1 { (self.display) }
            p.muted { "Signed in as " (self.name) "." }
            h2 { "What you may do here" }
            @if self.roles.is_empty() {
                p { "You have no role yet. Ask an administrator of the portal for one." }
            } @else {
                div.scroll {
                    table {
                        thead { tr { th scope="col" { "Role" } th scope="col" { "Where" } } }
                        tbody {
                            @for (role, place) in self.roles {
                                tr { td { (role) } td { (place) } }
                            }
                        }
                    }
                }
            }
            h2 { "For programs" }
            p { a href="/api/" { "All operations of the API" } ", with what each asks for and gives." }
        };
        let head = Head::SignedIn {
            display: self.display,
            form_token: self.form_token,
        };
        page("Start", &head, false, None, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_named_with_their_place() {
        let roles = [("viewer".to_owned(), "on tag <b>".to_owned())];
        let home = Home {
            display: "Ann",
            name: "ann",
            roles: &roles,
            form_token: "t0k",
        };
        let page = home.page();
        assert!(page.contains("<td>viewer</td><td>on tag &lt;b&gt;</td>"));
        assert!(page.contains("name=\"form_token\" value=\"t0k\""));
        let none = Home { roles: &[], ..home }.page();
        assert!(none.contains("no role yet"));
    }
}
