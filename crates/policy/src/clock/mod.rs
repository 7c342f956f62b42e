//! Deadlines: how long, from when, and on which calendar.
//!
//! A policy says `due = "3d"` and `clock = "min(kev_added, detected)"`. [`Span`] and [`Deadline`] are how long,
//! [`Clock`] is from when, and [`Calendar`] turns both into an instant. Zone data is compiled in: the same input gives
//! the same answer on every machine.

mod calendar;
mod error;
mod event;
mod months;
mod span;
mod words;

#[cfg(test)]
mod tests;

pub use calendar::{Calendar, Start};
pub use error::ClockError;
pub use event::{Clock, Event};
pub use span::{Deadline, Span, Unit};
