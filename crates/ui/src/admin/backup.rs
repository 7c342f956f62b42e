//! Could we start again?

use maud::{Markup, html};

use super::{Part, framed, one_button};
use crate::frame::Around;
use crate::parts::{ago, bytes, cut, moment};

/// The page.
#[derive(Clone, Debug, Default)]
pub struct Backup {
    /// The last copy: when, where, by whom.
    pub last: Option<(i64, String, String)>,
    /// The state is in `PostgreSQL`.
    pub postgres: bool,
    /// The portal's data folder.
    pub data: String,
    /// Copies in its folder: name, bytes, when.
    pub files: Vec<(String, i64, i64)>,
}

impl Backup {
    /// The page.
    pub fn page(&self, around: &Around) -> String {
        let answer = html! {
            @match &self.last {
                Some((at, file, by)) => { "The last copy was taken " (ago(*at, around.now)) " by " (cut(by, 60)) ": " (cut(file, 120)) "." }
                None if self.postgres => "PostgreSQL takes its own copies; the portal does not see them.",
                None => "No: nobody has taken a copy yet.",
            }
        };
        let actions = html! {
            @if !self.postgres { (one_button(around, "/admin/backup", &[], "", "Take a copy now", "")) }
        };
        let body = html! {
            @if self.postgres { (self.other()) } @else { (self.own(around)) }
        };
        framed(
            around,
            Part::Backup,
            "Could we start again?",
            &answer,
            &actions,
            &body,
        )
    }

    fn own(&self, around: &Around) -> Markup {
        let data = quoted(&self.data);
        html! {
            h2 { "Take one each night" }
            p { "On the portal's machine, while everybody works. One file holds the database, the documents, the portal's key, and a hash of each:" }
            pre { code { "stanchion --data-dir " (data) " backup /srv/backup/stanchion-$(date +%F).tar.zst" } }
            p.muted { "Bring the file to another machine: a copy beside the portal burns with it. It holds the portal's key, so keep it as you keep passwords." }
            h2 { "Bring it back" }
            p { "Into an empty folder. Everything is checked before anything is put in place:" }
            pre { code { "stanchion --data-dir /srv/stanchion-new restore /srv/backup/stanchion-2026-11-24.tar.zst\nstanchion --data-dir /srv/stanchion-new serve" } }
            p.muted { "Try it once a quarter. A copy that nobody has brought back is a hope." }
            h2 { "Copies in the portal's own folder" }
            @if self.files.is_empty() { p.muted { "None. “Take a copy now” writes one to " code { (cut(&self.data, 200)) "/backups" } "." } }
            @else { div.scroll { table.stack {
                caption { "In " code { (cut(&self.data, 200)) "/backups" } ". Nothing takes old ones away." }
                thead { tr { th scope="col" { "File" } th.num scope="col" { "Size" } th scope="col" { "Written" } } }
                tbody { @for (name, size, at) in &self.files { tr {
                    td.main { (cut(name, 100)) } td.num { (bytes(*size)) } td { (moment(*at)) span.second { (ago(*at, around.now)) } }
                } } }
            } } }
        }
    }

    fn other(&self) -> Markup {
        html! {
            h2 { "Take one each night" }
            p { "The state is in PostgreSQL. Copy the database with its own tools, and beside it the documents and the portal's key:" }
            pre { code { "pg_dump --format=custom --file=/srv/backup/stanchion-$(date +%F).dump \"$STANCHION_STORE\"\ncp -a " (quoted(&format!("{}/portal.key", self.data))) " " (quoted(&format!("{}/blobs", self.data))) " /srv/backup/" } }
            p.muted { "Where documents are in a bucket, turn its versions on instead of copying " code { "blobs" } ". Copy the database first: documents are there before the row that names them." }
        }
    }
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let plain = !path.is_empty()
        && path
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "/-_.".contains(letter));
    if plain {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_exact_and_quoted() {
        let page = Backup {
            data: "/srv/it's here".into(),
            files: vec![("a<b>.tar.zst".into(), 2_000_000, 0)],
            ..Backup::default()
        }
        .page(&Around::default());
        assert!(
            page.contains("--data-dir '/srv/it'\\''s here' backup"),
            "{page}"
        );
        assert!(page.contains("a&lt;b&gt;.tar.zst") && page.contains("2.0 MB"));
        let page = Backup {
            postgres: true,
            ..Backup::default()
        }
        .page(&Around::default());
        assert!(page.contains("pg_dump") && !page.contains("Take a copy now"));
    }
}
