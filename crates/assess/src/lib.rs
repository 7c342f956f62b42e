//! The pipeline: the only place where the rooms of floor 3 meet.
//!
//! Target → inventory → findings → weighed → judged. The same inputs (inventory, database, as-of time, filters)
//! give the same answer, to the byte, whoever calls.

mod findings;
mod judging;
mod paths;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Instant;

use stanchion_advisories::{Error as DatabaseError, Index};
use stanchion_inventory::ScanOptions;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::Finding;
use stanchion_model::inventory::Inventory;
use stanchion_model::report::{Assessment, Timing};
use stanchion_model::threat::ThreatVector;
use stanchion_policy::components::House;
use stanchion_policy::gate;
use stanchion_tree::{Tree, TreeError};

pub use judging::Judging;

/// Which findings are asked for. Those left out are counted, and no gate judges them.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    /// At least this severe; what has no severity is left out.
    pub min_severity: Option<Severity>,
    /// Used in one of these ways.
    pub vectors: Vec<ThreatVector>,
    /// Some version clears it.
    pub fixable: bool,
    /// Not what only developers and tests use.
    pub no_dev: bool,
}

impl Filters {
    fn keeps(&self, finding: &Finding) -> bool {
        self.min_severity
            .is_none_or(|least| finding.severity.is_some_and(|severity| severity >= least))
            && (self.vectors.is_empty()
                || finding
                    .vectors
                    .iter()
                    .any(|vector| self.vectors.contains(vector)))
            && (!self.fixable || !finding.fixed_in.is_empty())
            && (!self.no_dev || !finding.scope.is_development())
    }
}

/// What a scan is given besides its target.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How the target is read.
    pub scan: ScanOptions,
    /// Which findings are asked for.
    pub filters: Filters,
    /// The time that clocks use, RFC 3339.
    pub as_of: String,
}

/// Reads the target.
pub fn inventory(tree: &Tree, target: &str, options: &Options) -> Result<Inventory, TreeError> {
    stanchion_inventory::scan(tree, target, &options.scan)
}

/// Finds what is wrong with an inventory, weighs and judges it. A database that turns out to be damaged is an
/// error: half an answer would look like a whole one.
pub fn assess(
    mut inventory: Inventory,
    index: &Index,
    options: &Options,
    judging: Option<&Judging<'_>>,
) -> Result<Assessment, DatabaseError> {
    let start = Instant::now();
    let mut problems = std::mem::take(&mut inventory.problems);
    let house = judging.and_then(|judging| House::of(judging.policy));
    let mut found = findings::find(
        &inventory,
        index,
        &options.as_of,
        house.as_ref(),
        &mut problems,
    )?;
    let matching = start.elapsed().as_secs_f64();
    let all = found.len();
    found.retain(|finding| options.filters.keeps(finding));
    let filtered = all - found.len();
    // Worst first; what has no score comes last. The key makes the order total.
    found.sort_unstable_by(|a, b| {
        let score = |finding: &Finding| finding.score.unwrap_or(-1.0);
        score(b)
            .total_cmp(&score(a))
            .then_with(|| a.key.cmp(&b.key))
            .then_with(|| a.component.version.cmp(&b.component.version))
    });
    problems.sort_unstable();
    problems.dedup();
    let database = index.meta()?.info(index.snapshot());
    let mut assessment = Assessment {
        as_of: options.as_of.clone(),
        inventory,
        database,
        findings: found,
        filtered,
        problems,
        ..Assessment::default()
    };
    match judging {
        Some(judging) => judging::judge(judging, &mut assessment),
        None => {
            assessment.verdict = gate::without_policy(gate::DEFAULT.as_str(), &assessment.findings);
        }
    }
    assessment.timings = vec![
        Timing {
            stage: "matching and scoring",
            seconds: matching,
        },
        Timing {
            stage: "judging",
            seconds: start.elapsed().as_secs_f64() - matching,
        },
    ];
    Ok(assessment)
}

/// The keys of everything that is wrong with an inventory: what a change is held against.
pub fn keys(
    inventory: &Inventory,
    index: &Index,
    as_of: &str,
    judging: &stanchion_policy::file::Policy,
) -> Result<HashSet<String>, DatabaseError> {
    let house = House::of(judging);
    let found = findings::find(inventory, index, as_of, house.as_ref(), &mut Vec::new())?;
    Ok(found.into_iter().map(|finding| finding.key).collect())
}
