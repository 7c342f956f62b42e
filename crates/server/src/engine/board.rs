//! How far a job is that runs in this program. What stands here is for people who watch; nothing hangs on it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use stanchion_advisories::fetch::Talk;

/// Longest text.
const LONGEST: usize = 300;

/// What runs here and how far it is, by kind and key: of one kind and key one job runs at a time.
#[derive(Debug, Default)]
pub struct Board(Mutex<HashMap<(String, String), String>>);

impl Board {
    /// Says how far a job is.
    pub fn say(&self, kind: &str, key: &str, text: &str) {
        let text = text
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .take(LONGEST)
            .collect();
        self.lock().insert((kind.to_owned(), key.to_owned()), text);
    }

    /// How far a job is, where it runs here and has said so.
    pub fn said(&self, kind: &str, key: &str) -> Option<String> {
        self.lock().get(&(kind.to_owned(), key.to_owned())).cloned()
    }

    /// A job is over.
    pub fn over(&self, kind: &str, key: &str) {
        self.lock().remove(&(kind.to_owned(), key.to_owned()));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What fetching says of itself, as the state of the job that fetches.
pub(super) struct Fetching<'b>(pub(super) &'b Board);

impl Talk for Fetching<'_> {
    fn step(&self, what: &str, done: u64, of: Option<u64>) {
        let text = match of {
            Some(of) if of > 0 => format!("{what}: {} %", done.min(of) * 100 / of),
            _ => what.to_owned(),
        };
        self.0.say("feeds", "", &text);
    }

    fn say(&self, text: &str) {
        self.0.say("feeds", "", text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_short_and_gone_when_the_job_is_over() {
        let board = Board::default();
        Fetching(&board).step("npm", 30, Some(120));
        assert_eq!(board.said("feeds", "").as_deref(), Some("npm: 25 %"));
        board.say("judge", "shop", &format!("a\nb{}", "x".repeat(900)));
        let said = board.said("judge", "shop").unwrap();
        assert!(said.starts_with("a b") && said.len() == LONGEST);
        board.over("feeds", "");
        assert_eq!(board.said("feeds", ""), None);
        assert!(board.said("judge", "shop").is_some());
    }
}
