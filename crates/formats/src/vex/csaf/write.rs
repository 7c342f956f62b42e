//! Writes CSAF 2.0 by profile `csaf_vex`, so that it passes the mandatory tests of
//! [section 6.1](https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html#61-mandatory-tests).

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;
use stanchion_model::vex::{Justification, Status};

use super::products::{ProductTree, Products};
use crate::advice;
use crate::vex::Publisher;
use crate::vex::reading::{time, told};
use crate::vex::writing::{Losses, Ready, empty, leaves};
use crate::{VERSION, identity, to_writer};

/// What is said where CSAF asks for an action and there is none.
const NO_ACTION: &str = "No action is stated.";

#[derive(Serialize)]
struct Csaf<'a> {
    document: Head<'a>,
    product_tree: ProductTree<'a>,
    vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Serialize)]
struct Head<'a> {
    category: &'static str,
    csaf_version: &'static str,
    lang: &'static str,
    publisher: By<'a>,
    title: String,
    tracking: Tracking<'a>,
}

#[derive(Serialize)]
struct By<'a> {
    category: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuing_authority: Option<&'a str>,
    name: &'a str,
    namespace: &'a str,
}

#[derive(Serialize)]
struct Tracking<'a> {
    current_release_date: &'a str,
    generator: Generator,
    id: String,
    initial_release_date: &'a str,
    revision_history: [Revision<'a>; 1],
    status: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Generator {
    engine: Engine,
}

#[derive(Serialize)]
struct Engine {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Revision<'a> {
    date: &'a str,
    number: &'static str,
    summary: &'static str,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cve: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    flags: Vec<Flag<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ids: Vec<Id<'a>>,
    notes: [Note; 1],
    product_status: ProductStatus,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remediations: Vec<Remediation<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    threats: Vec<Threat<'a>>,
}

#[derive(Serialize)]
struct Flag<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<&'a str>,
    label: &'static str,
    product_ids: Vec<String>,
}

#[derive(Serialize)]
struct Id<'a> {
    system_name: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct Note {
    category: &'static str,
    text: String,
}

#[derive(Serialize, Default)]
struct ProductStatus {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixed: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    known_affected: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    known_not_affected: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    under_investigation: Vec<String>,
}

#[derive(Serialize)]
struct Remediation<'a> {
    category: &'static str,
    details: &'a str,
    product_ids: Vec<String>,
}

#[derive(Serialize)]
struct Threat<'a> {
    category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<&'a str>,
    details: &'a str,
    product_ids: Vec<String>,
}

/// Writes statements as CSAF 2.0.
pub(in crate::vex) fn write(
    ready: &[Ready<'_>],
    publisher: &Publisher<'_>,
    losses: &mut Losses,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut products = Products::default();
    let mut items: Vec<Item<'_>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for one in ready {
        let names = Names::of(one, losses);
        let place = *places.entry(names.first()).or_insert_with(|| {
            items.push(Item::default());
            items.len() - 1
        });
        if let Some(item) = items.get_mut(place) {
            item.add(one, names, &mut products, publisher, losses);
        }
    }
    if items.is_empty() {
        return Err(empty("CSAF", losses));
    }
    if publisher.version != 1 {
        losses.add(format!(
            "CSAF asks for the history of a document; instead of {} it is written as version 1 of one of its own",
            publisher.version
        ));
    }
    let vulnerabilities: Vec<Vulnerability<'_>> =
        items.into_iter().map(|item| item.written(losses)).collect();
    let mut csaf = Csaf {
        document: head(publisher, vulnerabilities.len()),
        product_tree: products.tree(),
        vulnerabilities,
    };
    csaf.document.tracking.id = format!("stanchion-vex-{}", identity::uuid(&csaf)?);
    to_writer(&csaf, out)
}

fn head<'a>(publisher: &Publisher<'a>, vulnerabilities: usize) -> Head<'a> {
    let role = publisher.role.filter(|role| !role.trim().is_empty());
    // `translator` would ask for the language that was translated from.
    let known = ["coordinator", "discoverer", "other", "user", "vendor"];
    let category = role.filter(|role| known.contains(role));
    let plural = if vulnerabilities == 1 { "y" } else { "ies" };
    Head {
        category: "csaf_vex",
        csaf_version: "2.0",
        lang: "en",
        publisher: By {
            category: category.unwrap_or("other"),
            issuing_authority: role.filter(|_| category.is_none()),
            name: publisher.author,
            namespace: publisher.namespace,
        },
        title: format!("VEX on {vulnerabilities} vulnerabilit{plural}"),
        tracking: Tracking {
            current_release_date: publisher.stamp,
            generator: Generator {
                engine: Engine {
                    name: "stanchion",
                    version: VERSION,
                },
            },
            id: String::new(),
            initial_release_date: publisher.stamp,
            revision_history: [Revision {
                date: publisher.stamp,
                number: "1",
                summary: "Initial version.",
            }],
            status: "final",
            version: "1",
        },
    }
}

/// The names of a vulnerability as CSAF wants them.
struct Names<'a> {
    cve: Option<&'a str>,
    ids: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn of(ready: &'a Ready<'_>, losses: &mut Losses) -> Self {
        let name = ready.vulnerability();
        let all = || std::iter::once(name).chain(ready.aliases.iter().map(String::as_str));
        let cve = all().find(|id| is_cve(id));
        if let Some(cve) = cve.filter(|cve| *cve != name) {
            losses.of(name, &format!("CSAF calls it by its CVE first, {cve}"));
        }
        Self {
            cve,
            ids: all().filter(|id| Some(*id) != cve).collect(),
        }
    }

    /// The name that it goes by.
    fn first(&self) -> &'a str {
        let first = self.cve.or_else(|| self.ids.first().copied());
        first.unwrap_or_default()
    }
}

/// `CVE-2021-44228`, as the schema has it.
fn is_cve(id: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    id.strip_prefix("CVE-")
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(year, number)| {
            year.len() == 4 && digits(year) && number.len() >= 4 && digits(number)
        })
}

/// One vulnerability: the names of all statements on it, and for each product the statement that counts.
#[derive(Default)]
struct Item<'a> {
    cve: Option<&'a str>,
    ids: Vec<&'a str>,
    said: Vec<(String, &'a Ready<'a>)>,
    places: HashMap<String, usize>,
}

impl<'a> Item<'a> {
    fn add(
        &mut self,
        ready: &'a Ready<'a>,
        names: Names<'a>,
        products: &mut Products<'a>,
        publisher: &Publisher<'_>,
        losses: &mut Losses,
    ) {
        let name = ready.vulnerability();
        self.cve = names.cve;
        for id in names.ids {
            if !self.ids.contains(&id) {
                self.ids.push(id);
            }
        }
        if ready.statement.id.is_some() {
            losses.of(name, "CSAF has no place for the id of a statement");
        }
        if let Some(word) = &ready.statement.original {
            let word = told(word);
            losses.of(name, &format!("CSAF has no place for the word {word}"));
        }
        for chain in ready.products.iter().flat_map(leaves) {
            let id = products.id(&chain, name, losses);
            let Some(place) = self.places.get(&id) else {
                self.places.insert(id.clone(), self.said.len());
                self.said.push((id, ready));
                continue;
            };
            let Some((_, known)) = self.said.get_mut(*place) else {
                continue;
            };
            if same(known, ready) {
                continue;
            }
            let weight = |ready: &Ready<'_>| {
                let stamp = ready.timestamp.unwrap_or(publisher.stamp);
                (time(stamp), Reverse(ready.statement.status))
            };
            let left = if weight(ready) > weight(known) {
                std::mem::replace(known, ready)
            } else {
                ready
            };
            let (status, at) = (left.statement.status.as_str(), left.timestamp);
            let at = at.map(|at| format!(" of {at}")).unwrap_or_default();
            losses.of(
                name,
                &format!(
                    "CSAF holds one statement for a product, the newest; `{status}`{at} is left out"
                ),
            );
        }
        if let Some(stamp) = ready.timestamp
            && ready.statement.status != Status::NotAffected
            && time(stamp) != time(publisher.stamp)
        {
            let status = ready.statement.status.as_str();
            let sentence = format!("CSAF gives `{status}` the time of the document, not {stamp}");
            losses.of(name, &sentence);
        }
    }

    fn written(self, losses: &mut Losses) -> Vulnerability<'a> {
        let name = self.cve.or_else(|| self.ids.first().copied());
        let name = name.unwrap_or_default();
        let (_, url) = advice::source(name);
        let mut flags = Shared::default();
        let mut threats = Shared::default();
        let mut remediations = Shared::default();
        let mut status = ProductStatus::default();
        for (id, ready) in self.said {
            let closed = ready.statement.status == Status::NotAffected;
            if let Some(label) = ready.justification {
                flags.add((label, ready.timestamp), &id);
            }
            if let Some(impact) = ready.impact {
                let alone = closed && ready.justification.is_none();
                threats.add((impact, ready.timestamp.filter(|_| alone)), &id);
            }
            let open = matches!(
                ready.statement.status,
                Status::Affected | Status::UnderInvestigation
            );
            match ready.action {
                Some(action) if open => remediations.add((category(action), action), &id),
                Some(_) => {
                    let status = ready.statement.status.as_str();
                    let sentence = format!("CSAF has no place for an action on `{status}`");
                    losses.of(ready.vulnerability(), &sentence);
                }
                None if ready.statement.status == Status::Affected => {
                    let sentence =
                        "CSAF asks what to do about `affected`; it says that nothing is stated";
                    losses.of(ready.vulnerability(), sentence);
                    remediations.add(("none_available", NO_ACTION), &id);
                }
                None => {}
            }
            match ready.statement.status {
                Status::Affected => status.known_affected.push(id),
                Status::UnderInvestigation => status.under_investigation.push(id),
                Status::Fixed => status.fixed.push(id),
                Status::NotAffected => status.known_not_affected.push(id),
            }
        }
        let ids = self.ids.into_iter().map(|text| Id {
            system_name: advice::source(text).0,
            text,
        });
        Vulnerability {
            cve: self.cve,
            flags: flags
                .into_iter()
                .map(
                    |((label, date), product_ids): ((Justification, _), _)| Flag {
                        date,
                        label: label.as_str(),
                        product_ids,
                    },
                )
                .collect(),
            ids: ids.collect(),
            notes: [Note {
                category: "details",
                text: format!("{name} is described at {url}"),
            }],
            product_status: status,
            remediations: remediations
                .into_iter()
                .map(|((category, details), product_ids)| Remediation {
                    category,
                    details,
                    product_ids,
                })
                .collect(),
            threats: threats
                .into_iter()
                .map(|((details, date), product_ids)| Threat {
                    category: "impact",
                    date,
                    details,
                    product_ids,
                })
                .collect(),
        }
    }
}

/// Whether two statements say the same of a product.
fn same(one: &Ready<'_>, other: &Ready<'_>) -> bool {
    one.statement.status == other.statement.status
        && one.justification == other.justification
        && one.impact == other.impact
        && one.action == other.action
        && one.timestamp == other.timestamp
}

/// The category of an action where one word says it; else that which claims the least.
fn category(action: &str) -> &'static str {
    match action {
        "update" => "vendor_fix",
        "workaround_available" => "workaround",
        "will_not_fix" => "no_fix_planned",
        "can_not_fix" => "none_available",
        _ => "mitigation",
    }
}

/// Products by what is said of them, in the order in which it is first said.
struct Shared<K> {
    all: Vec<(K, Vec<String>)>,
    places: HashMap<K, usize>,
}

impl<K> Default for Shared<K> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<K: Copy + Eq + std::hash::Hash> Shared<K> {
    fn add(&mut self, key: K, id: &str) {
        let place = *self.places.entry(key).or_insert_with(|| {
            self.all.push((key, Vec::new()));
            self.all.len() - 1
        });
        if let Some((_, ids)) = self.all.get_mut(place) {
            ids.push(id.to_owned());
        }
    }

    fn into_iter(self) -> impl Iterator<Item = (K, Vec<String>)> {
        self.all.into_iter()
    }
}
