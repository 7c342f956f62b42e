//! The first page of somebody who may see nothing yet.

use maud::html;

use crate::frame::{Around, Place, top};
use crate::parts::empty;

/// The page of somebody without a role.
pub fn without_role(around: &Around) -> String {
    let body = html! {
        (top("Nothing here is for you yet", &html! { "You are signed in as " (around.name) "." }, &html! {}))
        (empty("You have no role", &html! {
            p { "Ask an administrator of this portal for one; tell them the name that you sign in with: " b { (around.name) } "." }
        }))
    };
    around.page(Place::Today, "Start", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_no_role_hears_whom_to_ask() {
        let around = Around {
            name: "ann<b>".into(),
            ..Around::default()
        };
        let page = without_role(&around);
        assert!(page.contains("ann&lt;b&gt;") && page.contains("You have no role"));
    }
}
