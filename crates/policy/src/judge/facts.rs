//! What is known about a finding, as the conditions see it; and what stands for facts that nobody gave.

use std::collections::HashMap;

use jiff::Timestamp;
use stanchion_model::finding::{Exploitation, Finding, Kind};
use stanchion_model::inventory::Inventory;

use crate::condition::{Facts, Field, Fields};
use crate::file::{Policy, Product};
use crate::pattern::{covers, glob};
use crate::people::People;

/// Products by project root, made once.
pub(crate) struct Products<'a> {
    policy: &'a Policy,
    /// By project root: the name, and the policy's entry where there is one.
    by_root: HashMap<&'a str, (&'a str, Option<&'a Product>)>,
    owners: HashMap<&'a str, Option<String>>,
    licences: HashMap<(&'a str, String), &'a [String]>,
}

/// A product's name where its project has none.
const NAMELESS: &str = "this project";

impl<'a> Products<'a> {
    pub(crate) fn new(
        policy: &'a Policy,
        inventory: &'a Inventory,
        prefix: &str,
        licences: bool,
    ) -> Self {
        let globs: Vec<(usize, Vec<globset::GlobMatcher>)> = policy
            .products
            .iter()
            .enumerate()
            .map(|(at, product)| {
                (
                    at,
                    product
                        .paths
                        .iter()
                        .filter_map(|path| glob(path).ok())
                        .collect(),
                )
            })
            .collect();
        let people = People::of(policy);
        let mut by_root = HashMap::new();
        let mut owners = HashMap::new();
        for project in &inventory.projects {
            let whole = format!("{prefix}{}", project.root);
            let whole = if whole.is_empty() {
                "."
            } else {
                whole.trim_end_matches('/')
            };
            let entry = globs
                .iter()
                .find(|(_, globs)| globs.iter().any(|glob| covers(glob, whole)))
                .map(|(at, _)| &policy.products[*at])
                .or_else(|| {
                    policy
                        .products
                        .iter()
                        .find(|product| product.paths.is_empty() && product.name == project.name)
                });
            let name = entry.map_or(project.name.as_str(), |product| product.name.as_str());
            let name = if name.is_empty() { NAMELESS } else { name };
            by_root.insert(project.root.as_str(), (name, entry));
            owners.insert(project.root.as_str(), people.owner(entry, name));
        }
        let licences = if licences {
            inventory
                .components
                .iter()
                .map(|component| {
                    let root = inventory.projects[component.project as usize].root.as_str();
                    (
                        (root, component.purl.to_string()),
                        component.licences.as_slice(),
                    )
                })
                .collect()
        } else {
            HashMap::new()
        };
        Self {
            policy,
            by_root,
            owners,
            licences,
        }
    }

    pub(crate) fn of(&self, root: &str) -> (&'a str, Option<&'a Product>) {
        self.by_root.get(root).copied().unwrap_or((NAMELESS, None))
    }

    pub(crate) fn owner(&self, root: &str) -> Option<&str> {
        self.owners.get(root).and_then(Option::as_deref)
    }

    /// Every product of the target, once.
    pub(crate) fn all(&self) -> Vec<(&'a str, Option<&'a Product>, Option<&str>)> {
        let mut all: Vec<_> = self
            .by_root
            .iter()
            .map(|(root, (name, product))| (*name, *product, self.owner(root)))
            .collect();
        all.sort_by_key(|(name, ..)| *name);
        all.dedup_by_key(|(name, ..)| *name);
        all
    }

    pub(crate) fn names(&self, name: &str) -> bool {
        self.by_root.values().any(|(own, _)| *own == name)
            || self
                .policy
                .products
                .iter()
                .any(|product| product.name == name)
    }
}

/// What holds for the whole scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) as_of: Timestamp,
    /// The database has the list of known exploited vulnerabilities, so that what is not in it is known not to be.
    pub(crate) kev: bool,
}

/// The facts about a finding before anything is decided, and which of them are assumed.
///
/// What nobody says about a product is taken at its worst: exposed, of the first tier. What SSVC has not decided is
/// taken as CISA does for BOD 26-04: not automatable, total impact, and exploitation as far as KEV tells.
pub(crate) fn facts<'f>(
    finding: &'f Finding,
    products: &'f Products<'_>,
    known: Known,
    seen: Option<Timestamp>,
    vectors: &'f [&'f str],
) -> (Facts<'f>, Fields) {
    let mut facts = Facts::new();
    let mut assumed = Fields::EMPTY;
    let mut assume = |facts: &mut Facts<'f>, field: Field, value: crate::condition::Value<'f>| {
        facts.set(field, value);
        assumed = assumed.with(Fields::of(field));
    };
    facts.set(Field::Id, finding.id.as_str());
    facts.set(Field::Kind, finding.kind.as_str());
    facts.set(
        Field::Severity,
        finding
            .severity
            .map_or("none", stanchion_model::cvss::Severity::as_str),
    );
    facts.set(Field::Score, finding.score);
    let worst = finding
        .cvss
        .iter()
        .map(|cvss| cvss.score)
        .fold(None, |worst: Option<f64>, score| {
            Some(worst.map_or(score, |worst| worst.max(score)))
        });
    facts.set(Field::Cvss, worst);
    facts.set(Field::Epss, finding.epss.map(|epss| epss.probability));
    facts.set(
        Field::EpssPercentile,
        finding.epss.map(|epss| epss.percentile),
    );
    let listed = finding.kev.is_some();
    // What is no vulnerability is in no list of exploited ones.
    if listed || known.kev || !matches!(finding.kind, Kind::Vulnerability | Kind::Malicious) {
        facts.set(Field::Kev, listed);
        facts.set(
            Field::Ransomware,
            finding.kev.as_ref().is_some_and(|kev| kev.ransomware),
        );
    }
    let exploitation = match finding.ssvc.map(|ssvc| ssvc.exploitation) {
        _ if listed => Some("active"),
        Some(Exploitation::Active) => Some("active"),
        Some(Exploitation::Poc) => Some("poc"),
        Some(Exploitation::None) => Some("none"),
        None => None,
    };
    match exploitation {
        Some(word) => facts.set(Field::Exploitation, word),
        None => assume(&mut facts, Field::Exploitation, "none".into()),
    }
    if let Some(ssvc) = finding.ssvc {
        facts.set(Field::Automatable, ssvc.automatable);
        facts.set(Field::TotalImpact, ssvc.total_impact);
    } else {
        assume(&mut facts, Field::Automatable, false.into());
        assume(&mut facts, Field::TotalImpact, true.into());
    }
    facts.set(Field::FixAvailable, !finding.fixed_in.is_empty());
    facts.set(Field::IsNew, finding.is_new);
    facts.set(Field::Direct, finding.direct);
    facts.set(Field::Scope, finding.scope.as_str());
    facts.set(Field::Vectors, vectors);
    facts.set(Field::Cwes, finding.cwes.as_slice());
    facts.set(Field::Aliases, finding.aliases.as_slice());
    facts.set(Field::Ecosystem, finding.component.ecosystem.name());
    facts.set(Field::Name, finding.component.name.as_str());
    facts.set(Field::Version, finding.component.version.as_str());
    facts.set(Field::Path, finding.project.as_str());
    facts.set(
        Field::Confidence,
        match finding.confidence {
            stanchion_model::finding::Confidence::Low => "low",
            stanchion_model::finding::Confidence::Medium => "medium",
            stanchion_model::finding::Confidence::High => "high",
        },
    );
    let days = |time: Timestamp| (known.as_of.as_second() - time.as_second()).max(0) / 86_400;
    let published: Option<Timestamp> = finding
        .published
        .as_deref()
        .and_then(|time| time.parse().ok());
    facts.set(Field::AgeDays, published.map(days));
    facts.set(Field::KnownDays, seen.map(days));
    let (name, product) = products.of(&finding.project);
    let unsaid = product_facts(&mut facts, name, product, products.owner(&finding.project));
    (facts, assumed.with(unsaid))
}

/// What is known about a product; gives the facts that nobody says, which are taken at their worst.
pub(crate) fn product_facts<'f>(
    facts: &mut Facts<'f>,
    name: &'f str,
    product: Option<&'f Product>,
    owner: Option<&'f str>,
) -> Fields {
    let mut assumed = Fields::EMPTY;
    let tier = product.and_then(|product| product.tier);
    let exposed = product.and_then(|product| product.exposed);
    facts.set(Field::ProductName, name);
    facts.set(Field::ProductOwner, owner.unwrap_or_default());
    facts.set(Field::Tier, tier.unwrap_or(1));
    facts.set(Field::Exposed, exposed.unwrap_or(true));
    if tier.is_none() {
        assumed = assumed.with(Fields::of(Field::Tier));
    }
    if exposed.is_none() {
        assumed = assumed.with(Fields::of(Field::Exposed));
    }
    if let Some(product) = product {
        facts.set(Field::ProductEnvironment, product.environment.as_deref());
        facts.set(Field::AssetEnvironment, product.environment.as_deref());
        facts.set(Field::Lifecycle, product.lifecycle.as_deref());
        facts.set(Field::Tags, product.tags.as_slice());
        facts.set(Field::DataClasses, product.data_classes.as_slice());
    }
    assumed
}

/// The facts that take more than a look, where some condition asks for them.
pub(crate) struct Costly {
    purl: Option<String>,
    vectors: Vec<&'static str>,
}

impl Costly {
    pub(crate) fn of(finding: &Finding, used: Fields) -> Self {
        let wanted = used.has(Field::Purl) || used.has(Field::Licences);
        Self {
            purl: wanted.then(|| finding.component.purl.to_string()),
            vectors: if used.has(Field::Vectors) {
                finding.vectors.iter().map(|vector| vector.id()).collect()
            } else {
                Vec::new()
            },
        }
    }

    pub(crate) fn vectors(&self) -> &[&'static str] {
        &self.vectors
    }

    pub(crate) fn add<'f>(
        &'f self,
        facts: &mut Facts<'f>,
        finding: &'f Finding,
        products: &'f Products<'_>,
    ) {
        if let Some(purl) = &self.purl {
            facts.set(Field::Purl, purl.as_str());
            let licences = products
                .licences
                .get(&(finding.project.as_str(), purl.clone()));
            facts.set(
                Field::Licences,
                licences.copied().filter(|list| !list.is_empty()),
            );
        }
    }
}

/// Whether only its maker can fix a finding.
pub(crate) fn is_third_party(finding: &Finding) -> bool {
    finding.fixed_in.is_empty() && matches!(finding.kind, Kind::Vulnerability | Kind::Unsound)
}
