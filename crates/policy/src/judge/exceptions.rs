//! What became of each exception: none is dropped in silence.

use std::collections::HashSet;

use stanchion_model::finding::Finding;
use stanchion_model::report::ExceptionNote;

use super::Setting;
use super::facts::Products;
use crate::exceptions::{Exceptions, Not};
use crate::pattern::{PurlPattern, bare};

/// Counts what each exception covers, and remembers why it does not.
pub(crate) struct Tally<'a> {
    exceptions: &'a Exceptions,
    covers: Vec<u32>,
    fails: Vec<Option<Not>>,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(exceptions: &'a Exceptions) -> Self {
        let count = exceptions.entries().len();
        Self {
            exceptions,
            covers: vec![0; count],
            fails: vec![None; count],
        }
    }

    pub(crate) fn covers(&mut self, at: usize) {
        self.covers[at] = self.covers[at].saturating_add(1);
    }

    pub(crate) fn fails(&mut self, at: usize, not: Not) {
        if self.fails[at].is_none() {
            self.fails[at] = Some(not);
        }
    }

    /// One note for each, in the order of their files.
    pub(crate) fn notes(
        self,
        setting: &Setting<'_>,
        products: &Products<'_>,
        findings: &[Finding],
    ) -> Vec<ExceptionNote> {
        let mut here = Here {
            setting,
            products,
            findings,
            bares: None,
            ids: None,
        };
        self.exceptions
            .entries()
            .iter()
            .zip(self.covers)
            .zip(self.fails)
            .map(|((entry, covers), fail)| {
                let fail = fail.or_else(|| {
                    entry
                        .until()
                        .filter(|until| *until < setting.as_of)
                        .map(Not::Expired)
                });
                let (status, reason) = match (&entry.broken, fail) {
                    (Some(broken), _) => ("malformed", Some(broken.clone())),
                    (None, Some(not)) => {
                        let (status, reason) = told(&not, setting);
                        // Where it covers something, what it does not cover is still told.
                        (if covers > 0 { "applied" } else { status }, Some(reason))
                    }
                    (None, None) if covers > 0 => ("applied", None),
                    (None, None) => here.why_unused(entry),
                };
                ExceptionNote {
                    id: entry.exception.id.clone(),
                    status: status.to_owned(),
                    place: entry.place.to_string(),
                    covers,
                    reason,
                    approver: entry.exception.approver.clone(),
                    expires: entry.exception.expires.clone(),
                    compensating_control: entry.exception.compensating_control.clone(),
                }
            })
            .collect()
    }
}

fn told(not: &Not, setting: &Setting<'_>) -> (&'static str, String) {
    match not {
        Not::Expired(until) => {
            let days = setting
                .policy
                .calendar()
                .days_between(*until, setting.as_of);
            let since = match days {
                0 => "today".to_owned(),
                1 => "yesterday".to_owned(),
                days => format!("{days} days ago"),
            };
            (
                "expired",
                format!("it ended {since}; renew it or fix what it covers"),
            )
        }
        Not::NotYet => ("not_yet", "it begins later".into()),
        Not::Against(reason) => ("against_policy", reason.clone()),
        Not::UnknownVersion => (
            "out_of_scope",
            "it is for some versions, and the version found is not known".into(),
        ),
    }
}

/// What is in the target, made when the first exception asks for it.
struct Here<'s, 'a> {
    setting: &'s Setting<'a>,
    products: &'s Products<'a>,
    findings: &'s [Finding],
    bares: Option<Vec<(String, &'a stanchion_model::purl::Purl)>>,
    ids: Option<HashSet<String>>,
}

impl Here<'_, '_> {
    fn why_unused(&mut self, entry: &crate::exceptions::Entry) -> (&'static str, Option<String>) {
        let scope = &entry.exception.scope;
        if let Some(product) = &scope.product
            && !self.products.names(product)
        {
            return (
                "orphaned",
                Some(format!("the product {product:?} is not here")),
            );
        }
        let inventory = self.setting.inventory;
        let bares = self.bares.get_or_insert_with(|| {
            inventory
                .components
                .iter()
                .map(|component| (bare(&component.purl), &component.purl))
                .collect()
        });
        let named = |pattern: &PurlPattern| match pattern.exact() {
            Some(name) => bares.iter().any(|(bare, _)| bare == name),
            None => bares.iter().any(|(bare, purl)| {
                pattern.meets_bare(bare, purl, None) != crate::pattern::Meant::No
            }),
        };
        if !entry.names_component(&named) {
            return (
                "orphaned",
                Some("the component that it names is not here".into()),
            );
        }
        let findings = self.findings;
        let ids = self.ids.get_or_insert_with(|| {
            findings
                .iter()
                .flat_map(|finding| std::iter::once(&finding.id).chain(&finding.aliases))
                .map(|id| id.to_ascii_uppercase())
                .collect()
        });
        if scope
            .ids
            .iter()
            .any(|id| ids.contains(&id.to_ascii_uppercase()))
        {
            return (
                "out_of_scope",
                Some("what it names is found, outside of its scope".into()),
            );
        }
        (
            "unused",
            Some("it covers nothing that is found; take it out".into()),
        )
    }
}
