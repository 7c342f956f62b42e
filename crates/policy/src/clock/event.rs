//! From when a deadline counts: `detected`, or `min(kev_added, detected)`.

use std::fmt;

use jiff::Timestamp;

use super::calendar::{Calendar, Start};
use super::error::{ClockError, shown};
use crate::condition::nearest;

/// Something that happened to a finding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// It was first seen here.
    Detected,
    /// The first source published it.
    Published,
    /// CISA added it to the known exploited vulnerabilities.
    KevAdded,
    /// A version that clears it came out.
    FixAvailable,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Detected,
        Self::Published,
        Self::KevAdded,
        Self::FixAvailable,
    ];

    /// The word in a policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::Published => "published",
            Self::KevAdded => "kev_added",
            Self::FixAvailable => "fix_available",
        }
    }

    fn parse(word: &str) -> Result<Self, ClockError> {
        let known = Self::ALL.into_iter().find(|event| event.as_str() == word);
        known.ok_or_else(|| {
            let error = ClockError::new(format!("`{}` starts no clock", shown(word)));
            match nearest(word, Self::ALL.map(Self::as_str)) {
                Some(known) => error.hint(format!("did you mean {known}?")),
                None => error.hint("write detected, published, kev_added or fix_available"),
            }
        })
    }
}

/// Which of several events counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Pick {
    Only,
    Earliest,
    Latest,
}

/// From when a deadline counts: from one event, or from the earliest or latest of several.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Clock {
    pick: Pick,
    events: Vec<Event>,
}

impl Clock {
    /// From one event.
    pub(super) fn of(event: Event) -> Self {
        Self {
            pick: Pick::Only,
            events: vec![event],
        }
    }

    /// Whether an event can start it.
    pub fn counts_from(&self, event: Event) -> bool {
        self.events.contains(&event)
    }

    /// Whether this clock never starts later than another, whatever happens when; events that never happen included.
    pub fn is_never_later(&self, other: &Self) -> bool {
        // The earliest of more events is never later than the earliest of some of them.
        let earliest = |clock: &Self| clock.pick != Pick::Latest || clock.events.len() == 1;
        earliest(self)
            && earliest(other)
            && other.events.iter().all(|event| self.events.contains(event))
    }

    /// Reads an event, `min(...)` for the earliest of several, or `max(...)` for the latest.
    pub fn parse(text: &str) -> Result<Self, ClockError> {
        let text = text.trim();
        let Some((function, rest)) = text.split_once('(') else {
            return Ok(Self {
                pick: Pick::Only,
                events: vec![Event::parse(text)?],
            });
        };
        let pick = match function.trim_end() {
            "min" => Pick::Earliest,
            "max" => Pick::Latest,
            other => {
                let error = ClockError::new(format!("there is no function `{}`", shown(other)));
                return Err(error.hint("write min(...) for the earliest, max(...) for the latest"));
            }
        };
        if rest.contains('(') {
            let error = ClockError::new("min and max do not stand in each other");
            return Err(error.hint("name the events: min(kev_added, detected)"));
        }
        let Some(inside) = rest
            .strip_suffix(')')
            .filter(|inside| !inside.contains(')'))
        else {
            return Err(ClockError::new(format!(
                "`{}` has no closing bracket at its end",
                shown(text)
            )));
        };
        let mut events = Vec::new();
        for word in inside.split(',') {
            let event = Event::parse(word.trim())?;
            if events.contains(&event) {
                return Err(ClockError::new(format!(
                    "{} is named twice",
                    event.as_str()
                )));
            }
            events.push(event);
        }
        Ok(Self { pick, events })
    }

    /// When it starts, and by which event. Events that are not known are left out while another is; of several at the
    /// same instant the first that is named counts.
    pub fn start(
        &self,
        calendar: &Calendar,
        mut known: impl FnMut(Event) -> Option<Start>,
    ) -> Option<(Start, Event)> {
        let mut picked: Option<(Timestamp, Start, Event)> = None;
        for event in &self.events {
            let Some(start) = known(*event) else {
                continue;
            };
            // A day at the end of time starts after everything else.
            let instant = calendar.instant(start).unwrap_or(Timestamp::MAX);
            let better = match (self.pick, picked) {
                (_, None) => true,
                (Pick::Latest, Some((best, ..))) => instant > best,
                (_, Some((best, ..))) => instant < best,
            };
            if better {
                picked = Some((instant, start, *event));
            }
        }
        picked.map(|(_, start, event)| (start, event))
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.events.iter().map(|event| event.as_str()).collect();
        let names = names.join(", ");
        match self.pick {
            Pick::Only => f.write_str(&names),
            Pick::Earliest => write!(f, "min({names})"),
            Pick::Latest => write!(f, "max({names})"),
        }
    }
}
