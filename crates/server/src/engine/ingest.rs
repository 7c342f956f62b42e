//! An inventory comes in: it is kept, matched, judged, remembered, and the verdict given at once.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use stanchion_assess::{Judging, Options};
use stanchion_inventory::{ScanOptions, document};
use stanchion_model::finding::Finding;
use stanchion_model::inventory::{Inventory, Origin, ProblemKind};
use stanchion_model::report::Assessment;
use stanchion_policy::file::Gate;
use stanchion_store::findings::{self, Changes, NewFinding, Replace};
use stanchion_store::products::{self, Branch, Product, Version};
use stanchion_store::sightings::{self, Sightings};
use stanchion_store::{Id, StoreError, Tx, audit, events, inventories, violations};
use stanchion_tree::{Limits, Tree};

use super::bundle::PolicyState;
use super::held::Held;
use super::rows::{self, kind_number};
use super::tell::finding_events;
use super::{Engine, EngineError};

/// Largest document that is taken.
pub const MOST_BYTES: usize = 64 << 20;
/// Longest name of a product, a version, a branch.
const MOST_NAME: usize = 200;

/// A document, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Document<'d> {
    /// Its bytes.
    pub bytes: &'d [u8],
    /// What it is called: how its format is told where its content does not.
    pub name: &'d str,
}

/// What is pushed, and who by.
#[derive(Clone, Debug)]
pub struct Push<'p> {
    /// The product's name.
    pub product: &'p str,
    /// The version's name.
    pub version: &'p str,
    /// The branch's name; `main` without one.
    pub branch: Option<&'p str>,
    /// The document.
    pub document: Document<'p>,
    /// Who sends it.
    pub actor: &'p str,
    /// A product that is not there is made.
    pub may_create: bool,
    /// The time that clocks use; now without one.
    pub as_of: Option<Timestamp>,
    /// The gate.
    pub gate: Gate,
}

/// What became of it.
#[derive(Debug)]
pub struct Pushed {
    /// The answer, as `scan` gives it.
    pub assessment: Assessment,
    /// The product.
    pub product: Product,
    /// The version.
    pub version: Version,
    /// The inventory.
    pub inventory: Id,
    /// The product was made for it.
    pub created: bool,
    /// The same document was there already.
    pub known: bool,
    /// What changed.
    pub changes: Changes,
}

/// The name of a branch where none is given.
pub const MAIN: &str = "main";

/// Whether a text can be a name.
pub fn check_name(what: &str, name: &str) -> Result<(), EngineError> {
    let fault = if name.trim().is_empty() {
        "is empty"
    } else if name.len() > MOST_NAME {
        "is longer than 200 bytes"
    } else if name.chars().any(char::is_control) {
        "holds control characters"
    } else if name.trim() != name {
        "begins or ends with a space"
    } else {
        return Ok(());
    };
    Err(EngineError::Unusable(format!(
        "the name of the {what} {fault}"
    )))
}

/// Reads a document of any format that is taken: `stanchion.inventory/1`, `CycloneDX`, SPDX.
pub fn read_document(given: &Document<'_>) -> Result<(Inventory, &'static str), EngineError> {
    if given.bytes.len() > MOST_BYTES {
        return Err(EngineError::Unusable(
            "the document has more than 64 MiB".into(),
        ));
    }
    let head = given.bytes.get(..200).unwrap_or(given.bytes);
    if memchr(head, document::SCHEMA.as_bytes()) {
        let inventory = document::read(given.bytes)
            .map_err(|error| EngineError::Unusable(format!("{error}; {}", error.hint())))?;
        return Ok((inventory, "stanchion"));
    }
    let format = if memchr(given.bytes, b"CycloneDX") || memchr(given.bytes, b"cyclonedx") {
        "cyclonedx"
    } else {
        "spdx"
    };
    let tree = Tree::of_bytes(given.name, given.bytes.to_vec(), Limits::default());
    let options = ScanOptions::default();
    let inventory = stanchion_inventory::scan(&tree, given.name, &options)
        .map_err(|error| EngineError::Unusable(error.to_string()))?;
    // A document that breaks off is sent again whole: half of it would look like the product.
    let broken = inventory
        .problems
        .iter()
        .find(|problem| problem.kind == ProblemKind::Unreadable);
    if let Some(problem) = broken {
        let line = problem
            .line
            .map_or_else(String::new, |line| format!(", line {line}"));
        return Err(EngineError::Unusable(format!(
            "{}{line}: {}",
            given.name, problem.reason
        )));
    }
    if inventory.files == 0 {
        return Err(EngineError::Unusable(format!(
            "{} is neither CycloneDX nor SPDX nor stanchion.inventory/1",
            given.name
        )));
    }
    Ok((inventory, format))
}

fn memchr(bytes: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(bytes, wanted).is_some()
}

/// Everything that an assessment needs and that does not change while it is made.
pub(crate) struct Bench {
    pub(crate) held: Arc<Held>,
    pub(crate) policy: Option<Arc<PolicyState>>,
}

/// The name that first sights of a product are remembered by.
pub(crate) fn sight_name(product: Id) -> String {
    format!("product:{product}")
}

impl Engine {
    /// Takes an inventory in and answers with the assessment.
    pub fn push(&self, push: &Push<'_>) -> Result<Pushed, EngineError> {
        check_name("product", push.product)?;
        check_name("version", push.version)?;
        let branch_name = push.branch.unwrap_or(MAIN);
        check_name("branch", branch_name)?;
        let (inventory, format) = read_document(&push.document)?;
        let document = self.blobs.put(push.document.bytes)?.to_string();
        let own = if format == "stanchion" {
            document.clone()
        } else {
            let mut bytes = Vec::new();
            document::write(&inventory, &mut bytes).map_err(|error| {
                EngineError::Unusable(format!("{}: {error}", push.document.name))
            })?;
            self.blobs.put(&bytes)?.to_string()
        };
        let now = self.now();
        let as_of = match push.as_of {
            Some(as_of) => as_of,
            None => Timestamp::from_second(now).unwrap_or(Timestamp::UNIX_EPOCH),
        };
        // Judged outside of the transaction; done again where the product changed meanwhile.
        for _ in 0..4 {
            let (known, id, sights) = self.store.read(|tx| {
                let known = products::by_name(tx, push.product)?;
                let id = match &known {
                    Some(known) => known.id,
                    None => products::free_id(tx, push.product)?,
                };
                Ok::<_, StoreError>((known, id, sightings::of(tx, &sight_name(id))?))
            })?;
            let created = known.is_none();
            let product = match known {
                Some(known) => known,
                None if push.may_create => Product {
                    id,
                    ..new_product(push.product, now)
                },
                None => {
                    return Err(EngineError::Absent(format!(
                        "there is no product {:?}; make it first, or use a token that may",
                        push.product
                    )));
                }
            };
            if product.kind != "own" {
                return Err(EngineError::Unusable(format!(
                    "{} is bought: it has no versions of its own",
                    product.name
                )));
            }
            let bench = self.bench(&product)?;
            let assessment = Self::assess(inventory.clone(), &bench, push.gate, as_of, &sights)?;
            let written = match self.store.write(|tx| {
                Self::remember(
                    tx,
                    push,
                    &product,
                    created,
                    branch_name,
                    &assessment,
                    &bench,
                    format,
                    (&document, &own),
                    now,
                    as_of,
                    &sights,
                )
            }) {
                // Somebody else made the product meanwhile.
                Err(StoreError::Taken(_)) if created => continue,
                written => written?,
            };
            if let Some((version, inventory, known, changes)) = written {
                return Ok(Pushed {
                    assessment,
                    product,
                    version,
                    inventory,
                    created,
                    known,
                    changes,
                });
            }
        }
        Err(EngineError::Conflict(
            "the product kept changing while this was judged; try again".into(),
        ))
    }

    /// The advisories and the policy for a product.
    pub(crate) fn bench(&self, product: &Product) -> Result<Bench, EngineError> {
        Ok(Bench {
            held: self.held()?,
            policy: self.policy_for(Some(product))?,
        })
    }

    /// Matches and judges. What was never seen is seen now: the portal is who looks.
    pub(crate) fn assess(
        inventory: Inventory,
        bench: &Bench,
        gate: Gate,
        as_of: Timestamp,
        sights: &Sightings,
    ) -> Result<Assessment, EngineError> {
        let options = Options {
            as_of: as_of.to_string(),
            ..Options::default()
        };
        let index = &bench.held.index;
        let Some(policy) = &bench.policy else {
            return Ok(stanchion_assess::assess(inventory, index, &options, None)?);
        };
        let first_seen = |finding: &Finding| {
            Timestamp::from_second(
                first_sight(finding, sights).unwrap_or_else(|| as_of.as_second()),
            )
            .ok()
        };
        let opened = &policy.opened;
        let judging = Judging {
            policy: &opened.policy,
            gate,
            as_of,
            prefix: "",
            exceptions: &opened.exceptions,
            claims: &opened.claims,
            first_seen: &first_seen,
            before: None,
            changed: &[],
            approved_by: &[],
            problems: &opened.problems,
        };
        Ok(stanchion_assess::assess(
            inventory,
            index,
            &options,
            Some(&judging),
        )?)
    }

    /// Writes it all in one transaction; `None` where the product is not as it was read.
    #[expect(
        clippy::too_many_arguments,
        reason = "one transaction writes all of it"
    )]
    fn remember(
        tx: &mut Tx<'_>,
        push: &Push<'_>,
        product: &Product,
        created: bool,
        branch: &str,
        assessment: &Assessment,
        bench: &Bench,
        format: &str,
        (document, own): (&str, &str),
        now: i64,
        as_of: Timestamp,
        sights: &Sightings,
    ) -> Result<Option<(Version, Id, bool, Changes)>, StoreError> {
        match products::by_name(tx, push.product)? {
            Some(current) if current.revision == product.revision && current.id == product.id => {}
            None if created => {
                products::create(tx, product)?;
                events::add(
                    tx,
                    now,
                    &[super::tell::product_event(
                        "product.created",
                        product,
                        push.actor,
                    )],
                )?;
                audit::record(
                    tx,
                    now,
                    push.actor,
                    "product.create",
                    &product.name,
                    None,
                    Some("by push"),
                )?;
            }
            _ => return Ok(None),
        }
        let branch: Branch = products::branch(tx, product.id, branch, now)?;
        let mut key = Vec::new();
        stanchion_versions::Scheme::Generic.key(push.version, &mut key);
        let version = products::version(tx, &branch, push.version, &key, now)?;
        inventories::lock_version(tx, version.id)?;
        let id = inventories::inventory_id(version.id, document);
        let known = inventories::by_id(tx, id)?.is_some() && version.inventory == Some(id);
        let inventory = &assessment.inventory;
        let mut components: Vec<_> = inventory
            .components
            .iter()
            .filter(|component| component.origin != Origin::Own)
            .map(rows::of_component)
            .collect();
        components.sort_by(|a, b| a.purl.cmp(&b.purl));
        let row = inventories::Inventory {
            id,
            product: product.id,
            version: version.id,
            document: document.to_owned(),
            inventory: own.to_owned(),
            format: format.to_owned(),
            bytes: count(push.document.bytes.len()),
            components: count(assessment.component_count()),
            problems: count(assessment.problems.len()),
            received: now,
            sent_by: push.actor.to_owned(),
            snapshot: assessment.database.snapshot.clone(),
            policy: bench
                .policy
                .as_ref()
                .map(|policy| policy.digest.clone())
                .unwrap_or_default(),
            judged: now,
            raw_gone: false,
        };
        inventories::put(tx, &row, &components)?;
        products::settle(tx, branch.id)?;
        let version = products::version_by_id(tx, version.id)?
            .ok_or_else(|| StoreError::Lost("a version that was just written".into()))?;
        let asked = Replace {
            version: version.id,
            live: version.live,
            now,
            actor: push.actor,
            cause: "a new inventory",
            gone: "no longer in the inventory",
        };
        let changes = write_findings(tx, &asked, product, assessment, sights, as_of)?;
        inventories::judged(
            tx,
            id,
            &row.snapshot,
            &row.policy,
            now,
            assessment.verdict.denied,
        )?;
        if !known {
            let event = super::tell::inventory_event(product, &version, push.actor, assessment);
            events::add(tx, now, &[event])?;
            audit::record(
                tx,
                now,
                push.actor,
                "inventory.push",
                &format!("{} {}", product.name, version.name),
                None,
                Some(document),
            )?;
        }
        Ok(Some((version, id, known, changes)))
    }
}

/// When a finding was first seen, by its key or by one that it had under another id of the same vulnerability.
fn first_sight(finding: &Finding, sights: &Sightings) -> Option<i64> {
    if let Some(seen) = sights.get(&finding.key) {
        return Some(seen.first);
    }
    let stem = finding.key.strip_suffix(&finding.id)?;
    finding
        .aliases
        .iter()
        .filter_map(|alias| sights.get(&format!("{stem}{alias}")))
        .map(|seen| seen.first)
        .min()
}

/// Puts the findings of an assessment in force, remembers their first sight, and tells of each change.
pub(crate) fn write_findings(
    tx: &mut Tx<'_>,
    asked: &Replace<'_>,
    product: &Product,
    assessment: &Assessment,
    sights: &Sightings,
    as_of: Timestamp,
) -> Result<Changes, StoreError> {
    let mut broken: HashMap<&str, Vec<(String, String)>> = HashMap::new();
    for violation in &assessment.verdict.violations {
        if let Some(key) = &violation.finding {
            broken
                .entry(key)
                .or_default()
                .push((violation.rule.clone(), violation.reason.clone()));
        }
    }
    let new: Vec<NewFinding> = assessment
        .findings
        .iter()
        .map(|finding| {
            let first = first_sight(finding, sights).unwrap_or_else(|| as_of.as_second());
            let violations = broken
                .get(finding.key.as_str())
                .cloned()
                .unwrap_or_default();
            rows::of_finding(finding, product.id, asked.version, first, violations)
        })
        .collect();
    let seen: Vec<(&str, Option<i64>)> = new
        .iter()
        .map(|finding| (finding.key.as_str(), Some(finding.row.first_seen)))
        .collect();
    sightings::record(tx, &sight_name(product.id), asked.now, &seen)?;
    let breaks: Vec<(Id, String)> = new
        .iter()
        .flat_map(|finding| {
            let broken = broken.get(finding.key.as_str()).into_iter().flatten();
            broken.map(|(rule, _)| (finding.row.id, rule.clone()))
        })
        .collect();
    let told: HashMap<Id, NewFinding> = new
        .iter()
        .map(|finding| (finding.row.id, finding.clone()))
        .collect();
    let before = findings::of_version(tx, asked.version)?;
    let changes = findings::replace(
        tx,
        asked,
        kind_number(stanchion_model::finding::Kind::External),
        new,
    )?;
    let breaks: Vec<(Id, &str)> = breaks
        .iter()
        .map(|(finding, rule)| (*finding, rule.as_str()))
        .collect();
    violations::put(tx, asked.version, &breaks)?;
    let events = finding_events(product, asked, &changes, &told, &before);
    events::add(tx, asked.now, &events)?;
    Ok(changes)
}

/// A count as the store has it.
pub(crate) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A product as a push makes it.
pub(crate) fn new_product(name: &str, now: i64) -> Product {
    Product {
        id: products::id_of(name),
        name: name.to_owned(),
        kind: "own".into(),
        description: String::new(),
        parent: None,
        owner: None,
        tier: None,
        exposed: None,
        environment: None,
        lifecycle: "active".into(),
        data_classes: Vec::new(),
        tags: Vec::new(),
        vendor: None,
        bought: None,
        cpe: None,
        badge: false,
        keep_versions: None,
        keep_days: None,
        created: now,
        changed: now,
        revision: 1,
    }
}
