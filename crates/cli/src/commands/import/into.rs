//! The portal's side: sends a thing once, and remembers that it came.

use serde::Serialize;
use stanchion_net::Method;

use super::outcome::Outcome;
use super::state::State;
use crate::exit::Failure;
use crate::portal::connection::{Call, Silence, words};
use crate::portal::{NAME, Portal, api};

/// Where things go.
pub(super) struct Into {
    portal: Portal,
    state: State,
    dry_run: bool,
}

/// A document and where it goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'d> {
    pub(super) product: &'d str,
    pub(super) version: &'d str,
    pub(super) branch: Option<&'d str>,
    pub(super) bytes: &'d [u8],
}

impl Into {
    pub(super) fn new(portal: Portal, state: State, dry_run: bool) -> Self {
        Self {
            portal,
            state,
            dry_run,
        }
    }

    /// Whether a thing came as it is now.
    pub(super) fn has(&self, key: &str, mark: &str) -> bool {
        self.state.has(key, mark)
    }

    /// Makes a product. One that is there is left as it is: whoever keeps it knows better.
    pub(super) fn product(
        &mut self,
        outcome: &mut Outcome,
        key: &str,
        product: &api::NewProduct,
    ) -> Result<bool, Failure> {
        if self.state.knows(key) {
            outcome.unchanged("product");
            return Ok(true);
        }
        self.send(
            outcome,
            "product",
            &product.name,
            key,
            api::PRODUCTS,
            product,
        )
    }

    /// Records a decision.
    pub(super) fn decision(
        &mut self,
        outcome: &mut Outcome,
        name: &str,
        key: &str,
        decision: &api::NewDecision,
    ) -> Result<bool, Failure> {
        self.send(outcome, "decision", name, key, api::DECISIONS, decision)
    }

    /// Asks for an exception.
    pub(super) fn exception(
        &mut self,
        outcome: &mut Outcome,
        name: &str,
        key: &str,
        exception: &api::NewException,
    ) -> Result<bool, Failure> {
        self.send(outcome, "exception", name, key, api::EXCEPTIONS, exception)
    }

    /// Hands a finding of another tool over.
    pub(super) fn finding(
        &mut self,
        outcome: &mut Outcome,
        name: &str,
        key: &str,
        finding: &api::NewFinding,
    ) -> Result<bool, Failure> {
        self.send(outcome, "finding", name, key, api::FINDINGS, finding)
    }

    /// Sends a thing unless it came as it is; whether it is there now.
    fn send(
        &mut self,
        outcome: &mut Outcome,
        kind: &'static str,
        name: &str,
        key: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<bool, Failure> {
        let body = match serde_json::to_string(body) {
            Ok(body) => body,
            Err(error) => {
                outcome.not(kind, name, &error.to_string());
                return Ok(false);
            }
        };
        if self.state.has(key, &body) {
            outcome.unchanged(kind);
            return Ok(true);
        }
        if self.dry_run {
            outcome.came(kind);
            return Ok(true);
        }
        let once = stanchion_model::digest::sha256(format!("{key}\n{body}").as_bytes());
        let mut call = Call {
            again: true,
            ..Call::post(path, body.clone().into_bytes())
        };
        call.headers.push((api::ONCE, once));
        self.taken(outcome, kind, name, key, &body, &call)
    }

    /// Sends a bill of materials. `mark` is what the source says about its last change.
    pub(super) fn document(
        &mut self,
        outcome: &mut Outcome,
        name: &str,
        key: &str,
        mark: &str,
        document: &Document<'_>,
    ) -> Result<bool, Failure> {
        if self.dry_run {
            outcome.came("inventory");
            return Ok(true);
        }
        let body = match zstd::bulk::compress(document.bytes, 6) {
            Ok(body) => body,
            Err(error) => {
                outcome.not(
                    "inventory",
                    name,
                    &format!("it cannot be compressed: {error}"),
                );
                return Ok(false);
            }
        };
        let path = api::with_query(
            api::PUSH,
            &[
                ("product", Some(document.product)),
                ("version", Some(document.version)),
                ("branch", document.branch),
                ("gate", Some("build")),
                ("name", Some("bom.cdx.json")),
            ],
        );
        let call = Call {
            method: Method::Post,
            path: &path,
            headers: vec![
                ("content-type", "application/vnd.cyclonedx+json".into()),
                ("content-encoding", "zstd".into()),
            ],
            body,
            // The assessment is not looked at.
            limit: stanchion_report::json_read::MOST_BYTES as u64,
            again: true,
        };
        self.taken(outcome, "inventory", name, key, mark, &call)
    }

    fn taken(
        &mut self,
        outcome: &mut Outcome,
        kind: &'static str,
        name: &str,
        key: &str,
        mark: &str,
        call: &Call<'_>,
    ) -> Result<bool, Failure> {
        let answer = match self.portal.connection.patiently(call) {
            Ok(answer) => answer,
            Err(Silence::Unusable(reason)) => {
                outcome.not(kind, name, &reason);
                return Ok(false);
            }
            Err(silence) => return Err(silence.into()),
        };
        // There already: made by somebody else, or by a run that was killed before it could remember.
        let there = answer.status == 409 && matches!(kind, "product" | "exception");
        if !answer.is_success() && !there {
            let told = words(&answer);
            outcome.not(
                kind,
                name,
                &format!("{NAME} answered {}{told}", answer.status),
            );
            return Ok(false);
        }
        self.state.put(key, mark)?;
        if there {
            outcome.unchanged(kind);
        } else {
            outcome.came(kind);
        }
        Ok(true)
    }
}
