//! What stands beside a policy: exceptions, decisions and VEX, wherever their texts come from. What is wrong with one of
//! them becomes a problem: it decides nothing.

use std::fmt::Display;

use stanchion_formats::vex;
use stanchion_model::inventory::{Problem, ProblemKind};

use crate::claims::Claims;
use crate::clock::Calendar;
use crate::exceptions::Exceptions;
use crate::file::{Fault, Policy, digest};

/// The folder of VEX documents beside a policy.
pub const VEX: &str = "vex";
/// Most VEX documents beside one policy.
pub const MOST_VEX: usize = 1000;
/// Largest VEX document, in bytes.
pub const MOST_VEX_BYTES: usize = 64 << 20;

/// What a file beside a policy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Exceptions.
    Exceptions,
    /// Decisions of our own.
    Decisions,
    /// Statements of others.
    Vex,
}

impl Kind {
    /// What follows from it that a file of the kind cannot be read.
    const fn so(self) -> &'static str {
        match self {
            Self::Exceptions => "no exception of it is in force",
            Self::Decisions => "no decision of it is in force",
            Self::Vex => "no statement of it is used",
        }
    }
}

/// All that stands beside a policy, or several.
#[derive(Debug, Default)]
pub struct Beside {
    /// Exceptions.
    pub exceptions: Exceptions,
    /// Decisions and VEX.
    pub claims: Claims,
    /// What is wrong with the files: none of it decides anything.
    pub problems: Vec<Problem>,
}

impl Beside {
    /// Reads exceptions. `name` is the file as it is told of, `prefix` the target's folder relative to the file's.
    pub fn exceptions(&mut self, name: &str, text: &str, prefix: &str, calendar: &Calendar) {
        let faults = self.exceptions.read(name, text, prefix, calendar);
        self.problems.extend(faults.into_iter().map(problem));
    }

    /// Reads decisions of our own; as [`Beside::exceptions`].
    pub fn decisions(&mut self, name: &str, text: &str, prefix: &str, calendar: &Calendar) {
        let faults = self.claims.own(name, text, prefix, calendar);
        self.problems.extend(faults.into_iter().map(problem));
    }

    /// Reads a VEX document. `path` is relative to the policy, which trusts documents by it.
    pub fn vex(&mut self, policy: &Policy, name: &str, path: &str, bytes: &[u8]) {
        let document = match vex::read(bytes) {
            Ok(document) => document,
            Err(error) => return self.unreadable(Kind::Vex, name, &error, None),
        };
        let taken = self
            .claims
            .take(Some(policy), path, &digest(bytes), &document);
        let refused = document
            .refused
            .iter()
            .map(|refused| (refused.line, refused.reason.clone()));
        for (line, reason) in refused.chain(taken.unusable) {
            self.problems.push(Problem {
                path: name.to_owned(),
                line: Some(line),
                kind: ProblemKind::Odd,
                reason: format!("a statement is not used: {reason}"),
                hint: None,
            });
        }
    }

    /// Tells of a file that cannot be read at all.
    pub fn unreadable(&mut self, kind: Kind, name: &str, why: &dyn Display, hint: Option<String>) {
        self.problems.push(Problem {
            path: name.to_owned(),
            line: None,
            kind: ProblemKind::Odd,
            reason: format!("{why:#}; {}", kind.so()),
            hint,
        });
    }
}

/// A fault in a file beside a policy, as a problem of the scan.
pub fn problem(fault: Fault) -> Problem {
    Problem {
        path: fault.place.file.to_string(),
        line: Some(fault.place.line),
        kind: ProblemKind::Odd,
        reason: fault.message,
        hint: fault.hint,
    }
}
