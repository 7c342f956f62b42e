//! The company: its products, the packages that they are made of, and which versions it took when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use stanchion_inventory::document;
use stanchion_model::Ecosystem;
use stanchion_model::inventory::{Component, Inventory, Location, Origin, Project, Scope};

use super::DemoError;

/// By ecosystem and name: the licence, versions (the oldest first), and what it needs.
type Catalogue = BTreeMap<
    &'static str,
    BTreeMap<&'static str, (&'static str, Vec<&'static str>, Vec<&'static str>)>,
>;

static CATALOGUE: &str = include_str!("catalogue.json");
static COMPANY: &str = include_str!("company.toml");

/// All of it.
#[derive(Debug)]
pub(super) struct Company {
    pub(super) products: Vec<Made>,
    catalogue: Catalogue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    product: Vec<Made>,
}

/// A product. Days count back from today.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    pub(super) name: String,
    #[serde(default = "own")]
    pub(super) kind: String,
    pub(super) about: String,
    pub(super) created: i64,
    pub(super) retired: Option<i64>,
    pub(super) parent: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) tier: i64,
    pub(super) exposed: bool,
    pub(super) environment: Option<String>,
    #[serde(default)]
    pub(super) data_classes: Vec<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    pub(super) vendor: Option<String>,
    pub(super) version: Option<String>,
    pub(super) cpe: Option<String>,
    /// The first number of its versions.
    #[serde(default)]
    major: i64,
    /// Days between two versions of `main`, besides those that an upgrade brings.
    #[serde(default)]
    every: i64,
    /// The day of the last version.
    #[serde(default)]
    last: i64,
    /// Days between two versions of `release`; none without it.
    release: Option<i64>,
    /// Its versions are put into service.
    #[serde(default)]
    deploys: bool,
    /// What runs somewhere without anybody knowing which version: environment and day.
    #[serde(default)]
    pub(super) runs: Vec<(String, i64)>,
    #[serde(default)]
    project: Vec<Part>,
    /// By package: the version from a day on.
    #[serde(default)]
    pins: BTreeMap<String, Vec<(i64, String)>>,
}

fn own() -> String {
    "own".into()
}

/// A folder with a lockfile.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    root: String,
    ecosystem: String,
    release: Option<String>,
    file: String,
    #[serde(default)]
    direct: Vec<String>,
    #[serde(default)]
    dev: Vec<String>,
    /// Everything of the ecosystem: an image.
    #[serde(default)]
    all: bool,
}

/// A version to be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    /// Days before today.
    pub(super) day: i64,
    pub(super) branch: &'static str,
    pub(super) version: String,
    /// The day whose versions of packages it has.
    pub(super) as_of: i64,
    /// Where it goes into service: environment, and whether it takes the place of what was there.
    pub(super) into: Option<&'static str>,
}

/// How far the branch `release` lags behind.
const LAG: i64 = 40;

/// A number that a text always gives: what makes the data look less even. FNV-1a.
pub(super) fn spread(text: &str) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    ((hash ^ (hash >> 29)) >> 17).cast_signed()
}

impl Company {
    /// As it is written in the files beside this one.
    pub(super) fn read() -> Result<Self, DemoError> {
        let broken = |error: &dyn std::fmt::Display| DemoError::Data(error.to_string());
        let file: File = toml::from_str(COMPANY).map_err(|error| broken(&error))?;
        Ok(Self {
            products: file.product,
            catalogue: serde_json::from_str(CATALOGUE).map_err(|error| broken(&error))?,
        })
    }

    /// The inventory document of a product as it was made on a day.
    pub(super) fn document(
        &self,
        made: &Made,
        version: &str,
        day: i64,
    ) -> Result<Vec<u8>, DemoError> {
        let mut inventory = Inventory {
            target: made.name.clone(),
            files: made.project.len(),
            ..Inventory::default()
        };
        for (number, part) in made.project.iter().enumerate() {
            inventory.projects.push(Project {
                root: part.root.clone(),
                name: made.name.clone(),
                version: Some(version.to_owned()),
                files: vec![part.file.clone()],
            });
            let project = u32::try_from(number).unwrap_or(u32::MAX);
            self.part(made, part, project, day, &mut inventory.components)?;
        }
        let mut bytes = Vec::new();
        document::write(&inventory, &mut bytes)
            .map_err(|error| DemoError::Data(format!("{}: {error}", made.name)))?;
        Ok(bytes)
    }

    fn part(
        &self,
        made: &Made,
        part: &Part,
        project: u32,
        day: i64,
        all: &mut Vec<Component>,
    ) -> Result<(), DemoError> {
        let unknown = |what: &str| DemoError::Data(format!("{}: {what} is not known", made.name));
        let shelf = self
            .catalogue
            .get(part.ecosystem.as_str())
            .ok_or_else(|| unknown(&part.ecosystem))?;
        let ecosystem =
            Ecosystem::from_word(&part.ecosystem).ok_or_else(|| unknown(&part.ecosystem))?;
        let reach = |roots: &[String]| -> Result<BTreeSet<&'static str>, DemoError> {
            let mut found = BTreeSet::new();
            let mut open: Vec<&str> = roots.iter().map(String::as_str).collect();
            while let Some(name) = open.pop() {
                let (name, (_, _, needs)) =
                    shelf.get_key_value(name).ok_or_else(|| unknown(name))?;
                if found.insert(*name) {
                    open.extend(needs);
                }
            }
            Ok(found)
        };
        let runtime = if part.all {
            shelf.keys().copied().collect()
        } else {
            reach(&part.direct)?
        };
        let dev = reach(&part.dev)?;
        let names: Vec<&'static str> = runtime.union(&dev).copied().collect();
        let start = all.len();
        let number = |name: &str| -> Option<u32> {
            let at = names.binary_search(&name).ok()?;
            u32::try_from(start + at).ok()
        };
        let place = Location {
            path: Arc::from(part.file.as_str()),
            line: None,
        };
        for name in &names {
            let Some((licence, versions, needs)) = shelf.get(name) else {
                continue;
            };
            let version = made.version(name, versions, day);
            let mut dependencies: Vec<u32> = needs.iter().filter_map(|need| number(need)).collect();
            dependencies.sort_unstable();
            let purl = ecosystem
                .purl(name, Some(version), part.release.as_deref(), &[])
                .map_err(|error| DemoError::Data(format!("{name}: {error}")))?;
            let named = |list: &[String]| list.iter().any(|one| one == name);
            all.push(Component {
                purl,
                ecosystem,
                release: part.release.clone(),
                name: (*name).to_owned(),
                version: Some(version.to_owned()),
                origin: Origin::Registry,
                direct: (!part.all).then(|| named(&part.direct) || named(&part.dev)),
                scope: if runtime.contains(name) {
                    Scope::Runtime
                } else {
                    Scope::Dev
                },
                locations: vec![place.clone()],
                hashes: Vec::new(),
                licences: [*licence]
                    .into_iter()
                    .filter(|licence| !licence.is_empty())
                    .map(str::to_owned)
                    .collect(),
                project,
                dependencies,
                yanked: false,
            });
        }
        Ok(())
    }
}

impl Made {
    /// The version of a package that the product had on a day.
    fn version<'v>(&'v self, name: &str, versions: &[&'v str], day: i64) -> &'v str {
        let pinned = self.pins.get(name).and_then(|pins| {
            pins.iter()
                .rev()
                .find(|(from, _)| *from >= day)
                .map(|(_, version)| version.as_str())
        });
        if let Some(version) = pinned {
            return version;
        }
        // Without a reason, an upgrade comes on some day of the last year and a half.
        let late = versions.len() > 1
            && day > 60 + spread(&format!("{} {name}", self.name)).rem_euclid(420);
        let at = if late {
            0
        } else {
            versions.len().saturating_sub(1)
        };
        versions.get(at).copied().unwrap_or("0")
    }

    /// Its versions, in the order of their days.
    pub(super) fn planned(&self) -> Vec<Planned> {
        if self.project.is_empty() {
            return Vec::new();
        }
        let first = self.created - 1;
        let mut days: BTreeSet<i64> =
            std::iter::successors(Some(first), |day| Some(day - self.every.max(1)))
                .take_while(|day| *day >= self.last)
                .collect();
        days.extend(
            self.pins
                .values()
                .flatten()
                .map(|(day, _)| *day)
                .filter(|day| *day < first && *day >= self.last),
        );
        days.insert(self.last);
        let mut planned: Vec<Planned> = days
            .into_iter()
            .rev()
            .enumerate()
            .map(|(number, day)| Planned {
                day,
                branch: "main",
                version: format!("{}.{number}.0", self.major),
                as_of: day,
                into: (self.deploys && number % 3 == 0).then_some(if self.release.is_some() {
                    "staging"
                } else {
                    "production"
                }),
            })
            .collect();
        if let Some(every) = self.release {
            let mains = planned.clone();
            let mut day = first - LAG - 10;
            while day >= self.last - 5 {
                // What `main` was some weeks before, brought to rest.
                let base = mains.iter().rev().find(|main| main.day >= day + LAG);
                if let Some(base) = base {
                    planned.push(Planned {
                        day,
                        branch: "release",
                        version: format!("{}1", base.version.trim_end_matches('0')),
                        as_of: base.day,
                        into: self.deploys.then_some("production"),
                    });
                }
                day -= every;
            }
        }
        planned.sort_by_key(|one| -one.day);
        planned
    }
}
