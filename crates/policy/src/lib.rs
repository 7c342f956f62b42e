//! The policy: how the organisation manages vulnerabilities, enforced, explained, tested and printed from one file.
//!
//! - [`file`](mod@file) is the file as typed values, [`extend`] joins it with what it builds on, [`presets`] ship as data
//! - [`condition`] and [`clock`] are what rules are made of: typed conditions with three answers, and dates
//! - [`judge`] gives findings their dates, owner and state and a gate its verdict; [`exceptions`] and [`claims`]
//!   (decisions and VEX) say what may stay open and what does not matter; [`components`] and [`licences`] what a
//!   product may be made of
//! - [`explain`] says why, [`cases`] tests, [`change`] compares, [`lint`] warns, [`document`] is for people
//! - [`mod@beside`] reads what stands beside a policy; [`bundle`] is a policy with all of it, as one machine hands it to another
//! - [`score`] weighs findings, and [`gate`] judges where there is no policy

pub mod beside;
pub mod bundle;
pub mod cases;
pub mod change;
pub mod claims;
pub mod clock;
pub mod components;
pub mod condition;
pub mod document;
pub mod exceptions;
pub mod explain;
pub mod extend;
pub mod file;
pub mod gate;
pub mod judge;
pub mod licences;
pub mod lint;
pub mod pattern;
pub mod people;
pub mod presets;
pub mod score;
