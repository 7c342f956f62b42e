//! What people say about findings: decisions of our own, and VEX of others.
//!
//! A statement of somebody else is a proposal unless the policy trusts the document by its path; a name that a document
//! gives itself is never a reason. Of several statements that count, the most specific author's wins, and of theirs
//! the newest; that they differ is told.

mod triage;

use std::collections::{HashMap, HashSet};

use globset::GlobMatcher;
use jiff::Timestamp;
use stanchion_model::finding::Finding;
use stanchion_model::inventory::{Inventory, Origin};
use stanchion_model::purl::Purl;
use stanchion_model::vex::{Identifier, Justification, Statement, Status, VexDocument, VexProduct};

use crate::clock::Calendar;
use crate::file::{Fault, Place, Policy, TrustedVex};
use crate::pattern::{Meant, PurlPattern, bare, covers, glob};

pub use triage::{FILE, MOST_BYTES, SCHEMA, decisions};

/// Who says something, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Somebody whom the policy does not trust: a proposal.
    Proposal,
    /// A document that the policy trusts about everything.
    Trusted,
    /// A document that the policy trusts about these packages.
    TrustedAbout,
    /// A decision of our own.
    Own,
}

/// One status for some packages.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Ids of the vulnerability.
    pub ids: Vec<String>,
    /// What is said.
    pub status: Status,
    /// Why not affected.
    pub justification: Option<Justification>,
    /// Why, in words.
    pub reason: Option<String>,
    /// What to do, or what was done instead.
    pub action: Option<String>,
    /// Who, as they call themselves.
    pub author: String,
    /// When.
    pub time: Option<Timestamp>,
    /// How much it counts.
    pub rank: Rank,
    /// Where it stands.
    pub place: Place,
    targets: Vec<Target>,
    scope: Scope,
}

/// Where a decision of our own holds.
#[derive(Clone, Debug, Default)]
struct Scope {
    product: Option<String>,
    paths: Vec<GlobMatcher>,
    prefix: String,
}

/// A package, in a product or by itself.
#[derive(Clone, Debug)]
struct Target {
    what: PurlPattern,
    /// The product it must be in, by purl; or any.
    within: Vec<PurlPattern>,
    /// Names of the product where it has no purl.
    names: Vec<String>,
}

/// What a claim says about one finding.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The claim.
    pub claim: &'a Claim,
    /// Its number.
    pub at: usize,
}

/// All claims, ready to be asked.
#[derive(Debug, Default)]
pub struct Claims {
    claims: Vec<Claim>,
    by_id: HashMap<String, Vec<u32>>,
}

/// What became of a document's statements when they were taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Statements without any product that can be met by purl, with line and reason.
    pub unusable: Vec<(u32, String)>,
}

impl Claims {
    /// Takes in a document. `path` is relative to the policy file, `sha256` that of its bytes.
    pub fn take(
        &mut self,
        policy: Option<&Policy>,
        path: &str,
        sha256: &str,
        document: &VexDocument,
    ) -> Taken {
        let trust = policy.map_or(&[][..], |policy| &policy.vex);
        let trust: Vec<&TrustedVex> = trust
            .iter()
            .filter(|entry| trusts(entry, path, sha256))
            .collect();
        let mut taken = Taken::default();
        for statement in &document.statements {
            if let Err(reason) = self.statement(&trust, path, document, statement) {
                taken.unusable.push((statement.line, reason));
            }
        }
        taken
    }

    fn statement(
        &mut self,
        trust: &[&TrustedVex],
        path: &str,
        document: &VexDocument,
        statement: &Statement,
    ) -> Result<(), String> {
        let mut targets = Vec::new();
        let mut reason = "it names no product by purl".to_owned();
        for product in &statement.products {
            match targets_of(product, document.subject.as_ref()) {
                Ok(more) => targets.extend(more),
                Err(why) => reason = why,
            }
        }
        if targets.is_empty() {
            return Err(reason);
        }
        let ids: Vec<String> = std::iter::once(&statement.vulnerability)
            .chain(&statement.aliases)
            .cloned()
            .collect();
        let time = statement
            .timestamp
            .as_deref()
            .and_then(|time| time.parse().ok());
        // What a document may speak about is decided target by target.
        let mut by_rank: Vec<(Rank, Vec<Target>)> = Vec::new();
        for target in targets {
            let rank = rank(trust, &target);
            match by_rank.iter_mut().find(|(other, _)| *other == rank) {
                Some((_, list)) => list.push(target),
                None => by_rank.push((rank, vec![target])),
            }
        }
        for (rank, targets) in by_rank {
            self.add(Claim {
                ids: ids.clone(),
                status: statement.status,
                justification: statement.justification,
                reason: statement.impact.clone(),
                action: statement.action.clone(),
                author: document
                    .author
                    .clone()
                    .unwrap_or_else(|| "unknown author".into()),
                time,
                rank,
                place: Place {
                    file: path.into(),
                    line: statement.line,
                },
                targets,
                scope: Scope::default(),
            });
        }
        Ok(())
    }

    /// Takes in decisions of our own. Those that cannot be used are told, and decide nothing.
    pub fn own(&mut self, file: &str, text: &str, prefix: &str, calendar: &Calendar) -> Vec<Fault> {
        let (claims, faults) = triage::read(file, text, prefix, calendar);
        for claim in claims {
            self.add(claim);
        }
        faults
    }

    fn add(&mut self, claim: Claim) {
        let at = self.claims.len() as u32;
        for id in &claim.ids {
            let list = self.by_id.entry(id.to_ascii_uppercase()).or_default();
            if list.last() != Some(&at) {
                list.push(at);
            }
        }
        self.claims.push(claim);
    }

    /// Every claim.
    pub fn all(&self) -> &[Claim] {
        &self.claims
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }

    /// What is said about a finding at a time, strongest first. `own` are the purls of the project itself.
    pub fn about<'s>(
        &'s self,
        finding: &Finding,
        bare: &str,
        product: &str,
        own: &[&Purl],
        at: Timestamp,
    ) -> Vec<Said<'s>> {
        if self.claims.is_empty() {
            return Vec::new();
        }
        let ids = std::iter::once(&finding.id).chain(&finding.aliases);
        let mut found: Vec<u32> = ids
            .filter_map(|id| self.by_id.get(id.to_ascii_uppercase().as_str()))
            .flatten()
            .copied()
            .collect();
        found.sort_unstable();
        found.dedup();
        let mut said: Vec<Said<'s>> = found
            .into_iter()
            .map(|at| Said {
                claim: &self.claims[at as usize],
                at: at as usize,
            })
            // What is said from tomorrow on does not hold today.
            .filter(|said| said.claim.time.is_none_or(|time| time <= at))
            .filter(|said| said.claim.holds(finding, bare, product, own))
            .collect();
        said.sort_by(|a, b| {
            b.claim
                .rank
                .cmp(&a.claim.rank)
                .then_with(|| {
                    b.claim
                        .weight(finding, bare)
                        .cmp(&a.claim.weight(finding, bare))
                })
                .then_with(|| b.claim.time.cmp(&a.claim.time))
                .then_with(|| closes_last(a.claim.status).cmp(&closes_last(b.claim.status)))
                .then_with(|| a.claim.place.cmp(&b.claim.place))
        });
        said
    }
}

impl Claims {
    /// Which findings the claims are about: the line of each claim, and the finding.
    pub fn matches<'f>(
        &self,
        inventory: &Inventory,
        findings: &'f [Finding],
        at: Timestamp,
    ) -> Vec<(u32, &'f Finding)> {
        let mut matches = Vec::new();
        for finding in findings {
            let project = inventory
                .projects
                .iter()
                .find(|project| project.root == finding.project);
            let name = project.map_or("", |project| project.name.as_str());
            let product = finding.product.as_deref().unwrap_or(name);
            let own = own_purls(inventory, &finding.project);
            for said in self.about(finding, &bare(&finding.component.purl), product, &own, at) {
                matches.push((said.claim.place.line, finding));
            }
        }
        matches.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.key.cmp(&b.1.key)));
        matches
    }

    /// Lines of the claims that name some component of an inventory, in whatever version.
    pub fn naming(&self, inventory: &Inventory) -> HashSet<u32> {
        let bares: HashSet<String> = inventory
            .components
            .iter()
            .map(|component| bare(&component.purl))
            .collect();
        self.claims
            .iter()
            .filter(|claim| {
                claim
                    .targets
                    .iter()
                    .any(|target| target.what.exact().is_some_and(|name| bares.contains(name)))
            })
            .map(|claim| claim.place.line)
            .collect()
    }
}

/// The purls that a project goes by itself.
pub(crate) fn own_purls<'i>(inventory: &'i Inventory, root: &str) -> Vec<&'i Purl> {
    inventory
        .components
        .iter()
        .filter(|component| {
            component.origin == Origin::Own
                && inventory
                    .projects
                    .get(component.project as usize)
                    .is_some_and(|project| project.root == root)
        })
        .map(|component| &component.purl)
        .collect()
}

/// Of two statements that are equal in everything, the one that leaves the finding open comes first.
const fn closes_last(status: Status) -> bool {
    status.closes()
}

impl Claim {
    /// Everything that it says, in a line: two claims with the same line say the same.
    pub fn summary(&self) -> String {
        let paths: Vec<&str> = self
            .scope
            .paths
            .iter()
            .map(|glob| glob.glob().glob())
            .collect();
        let targets: Vec<String> = self
            .targets
            .iter()
            .map(|target| {
                format!(
                    "{} {:?} {:?}",
                    target.what.describe(),
                    target.names,
                    target
                        .within
                        .iter()
                        .map(PurlPattern::describe)
                        .collect::<Vec<_>>()
                )
            })
            .collect();
        format!(
            "{} {} {:?} {} {:?} {}",
            self.ids.join(" "),
            self.status.as_str(),
            self.time,
            targets.join(" "),
            self.scope.product,
            paths.join(" ")
        )
    }

    fn holds(&self, finding: &Finding, bare: &str, product: &str, own: &[&Purl]) -> bool {
        let scope = &self.scope;
        if scope.product.as_ref().is_some_and(|name| name != product) {
            return false;
        }
        if !scope.paths.is_empty() {
            let lies = |path: &str| {
                scope
                    .paths
                    .iter()
                    .any(|glob| covers(glob, &format!("{}{path}", scope.prefix)))
            };
            let all = !finding.locations.is_empty()
                && finding.locations.iter().all(|place| lies(&place.path));
            if !all && !lies(&finding.project) {
                return false;
            }
        }
        self.targets
            .iter()
            .any(|target| target.holds(finding, bare, product, own))
    }

    fn weight(&self, finding: &Finding, bare: &str) -> usize {
        let purl = &finding.component.purl;
        self.targets
            .iter()
            .filter(|target| {
                target
                    .what
                    .meets_bare(bare, purl, Some(&finding.component.version))
                    == Meant::Yes
            })
            .map(|target| {
                target.what.weight()
                    + usize::from(!target.within.is_empty() || !target.names.is_empty())
            })
            .max()
            .unwrap_or(0)
    }
}

impl Target {
    fn holds(&self, finding: &Finding, bare: &str, product: &str, own: &[&Purl]) -> bool {
        if self.what.meets_bare(
            bare,
            &finding.component.purl,
            Some(&finding.component.version),
        ) != Meant::Yes
        {
            return false;
        }
        if self.within.is_empty() && self.names.is_empty() {
            return true;
        }
        self.names.iter().any(|name| name == product)
            || self.within.iter().any(|pattern| {
                own.iter()
                    .any(|purl| pattern.meets(purl, None) == Meant::Yes)
            })
    }
}

fn rank(trust: &[&TrustedVex], target: &Target) -> Rank {
    let about = |pattern: &PurlPattern| match (pattern.exact(), target.what.exact()) {
        (_, Some(name)) => {
            Purl::parse_lenient(name).is_ok_and(|purl| pattern.meets(&purl, None) == Meant::Yes)
        }
        _ => false,
    };
    trust
        .iter()
        .map(|entry| match &entry.about {
            None => Rank::Trusted,
            Some(pattern) if about(pattern) => Rank::TrustedAbout,
            Some(_) => Rank::Proposal,
        })
        .max()
        .unwrap_or(Rank::Proposal)
}

fn trusts(entry: &TrustedVex, path: &str, sha256: &str) -> bool {
    entry.sha256.as_ref().is_none_or(|wanted| wanted == sha256)
        && glob(&entry.path).is_ok_and(|glob| glob.is_match(path))
}

/// The packages that a product of a statement means: its innermost components where it names some, else itself. What a
/// document is about as a whole is the product of everything else in it.
fn targets_of(product: &VexProduct, subject: Option<&VexProduct>) -> Result<Vec<Target>, String> {
    if product.subcomponents.is_empty() {
        let own = patterns(product)?;
        if own.is_empty() {
            return Err("its product is named without a purl".into());
        }
        let (mut within, mut names) = (Vec::new(), Vec::new());
        if let Some(of) = subject.filter(|subject| subject.identifiers != product.identifiers) {
            (within, names) = known(of)?;
        }
        return Ok(own
            .into_iter()
            .map(|what| Target {
                what,
                within: within.clone(),
                names: names.clone(),
            })
            .collect());
    }
    let mut leaves = Vec::new();
    leaves_of(product, &mut leaves);
    let mut targets = Vec::new();
    for component in leaves {
        for what in patterns(component)? {
            // A release of a distribution is the product of every package in it, and is named by CPE: the package says
            // which release it is for.
            if what.names_release() {
                targets.push(Target {
                    what,
                    within: Vec::new(),
                    names: Vec::new(),
                });
                continue;
            }
            let (within, names) = known(product)?;
            targets.push(Target {
                what,
                within,
                names,
            });
        }
    }
    if targets.is_empty() {
        return Err("its components are named without a purl".into());
    }
    Ok(targets)
}

/// The purls and names by which a product can be known for ours.
fn known(product: &VexProduct) -> Result<(Vec<PurlPattern>, Vec<String>), String> {
    let (within, names) = (patterns(product)?, names(product));
    if within.is_empty() && names.is_empty() {
        return Err("its product is named by nothing that a project can be known by".into());
    }
    Ok((within, names))
}

fn leaves_of<'p>(product: &'p VexProduct, leaves: &mut Vec<&'p VexProduct>) {
    for component in &product.subcomponents {
        if component.subcomponents.is_empty() {
            leaves.push(component);
        } else {
            leaves_of(component, leaves);
        }
    }
}

fn patterns(product: &VexProduct) -> Result<Vec<PurlPattern>, String> {
    let purls = product
        .identifiers
        .iter()
        .filter_map(|identifier| match identifier {
            Identifier::Purl(purl) => Some(purl),
            _ => None,
        });
    purls
        .map(|purl| {
            PurlPattern::parse(
                &purl.to_string(),
                product
                    .versions
                    .as_deref()
                    .filter(|_| purl.version().is_none()),
            )
        })
        .collect()
}

fn names(product: &VexProduct) -> Vec<String> {
    let names = product
        .identifiers
        .iter()
        .filter_map(|identifier| match identifier {
            Identifier::Other(name) | Identifier::Cpe(name) => Some(name.clone()),
            _ => None,
        });
    names.collect()
}
