//! Data as an organisation has it, from a seed: the same for the same size.

use std::collections::HashSet;

use stanchion_store::findings::{self, Finding, Vulnerability, flag};
use stanchion_store::inventories::{self, Inventory, NewComponent};
use stanchion_store::products::{self, Deployment, Latest, Product};
use stanchion_store::{Dialect, Id, Store, StoreError, Tx, params};

/// The time of all of it: 2026-03-01.
pub(crate) const NOW: i64 = 1_772_323_200;
const DAY: i64 = 86_400;
const COMPONENTS: usize = 100;
/// Versions that one transaction writes.
const BATCH: usize = 100;

const ECOSYSTEMS: [(&str, &str); 5] = [
    ("npm", "npm"),
    ("Maven", "maven"),
    ("PyPI", "pypi"),
    ("Go", "golang"),
    ("crates.io", "cargo"),
];
const LICENCES: [&str; 6] = [
    "MIT",
    "Apache-2.0",
    "BSD-3-Clause",
    "ISC",
    "GPL-3.0-only",
    "MIT OR Apache-2.0",
];
const SYLLABLES: [&str; 24] = [
    "log", "net", "core", "json", "http", "lib", "fast", "data", "web", "auth", "sql", "cache",
    "node", "py", "rust", "java", "parse", "stream", "zip", "crypt", "image", "mail", "test",
    "event",
];

/// splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 to 1.
    fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most.max(1) as u64).unwrap_or(0)
    }

    /// Below `most`, the lower the likelier: a power law.
    #[expect(clippy::cast_sign_loss, reason = "a part is never below 0")]
    fn popular(&mut self, most: usize, power: i32) -> usize {
        ((self.part().powi(power) * most as f64) as usize).min(most - 1)
    }

    fn chance(&mut self, percent: f64) -> bool {
        self.part() * 100.0 < percent
    }
}

/// What is written, by its size.
pub(crate) struct Data {
    findings: usize,
    versions: usize,
    packages: usize,
    vulnerabilities: Vec<Weakness>,
}

struct Weakness {
    id: Id,
    severity: i64,
    epss: i64,
    flags: i64,
    vectors: i64,
    kind: i64,
    score: i64,
}

struct Place {
    id: Id,
    product: usize,
    number: usize,
    live: bool,
}

impl Data {
    pub(crate) fn new(findings: usize) -> Self {
        let versions = (findings / 1_000).max(200);
        let count = (findings / 250).clamp(2_000, 60_000);
        let mut dice = Dice(1);
        let vulnerabilities = (0..count)
            .map(|at| {
                let severity = match dice.below(100) {
                    0..=7 => 4,
                    8..=37 => 3,
                    38..=79 => 2,
                    80..=91 => 1,
                    92..=93 => 0,
                    _ => -1,
                };
                let epss = (dice.part().powi(9) * 10_000.0) as i64;
                let kev = dice.chance(if severity >= 3 { 2.0 } else { 0.1 });
                let mut flags = if kev { flag::KEV | flag::EXPLOITED } else { 0 };
                if dice.chance(75.0) {
                    flags |= flag::FIXABLE;
                }
                let mut vectors = 0;
                for _ in 0..=dice.below(2) {
                    vectors |= 1 << dice.popular(17, 2);
                }
                let kind = match dice.below(2_000) {
                    0 => 1,
                    1..=20 => 5,
                    21..=60 => 6,
                    61..=80 => 2,
                    _ => 0,
                };
                let score =
                    (severity.max(2) * 150 + epss / 50 + if kev { 200 } else { 0 }).min(950);
                Weakness {
                    id: findings::vulnerability_id(&name(at)),
                    severity,
                    epss,
                    flags,
                    vectors,
                    kind,
                    score,
                }
            })
            .collect();
        Self {
            findings,
            versions,
            packages: (versions * 2).clamp(2_000, 20_000),
            vulnerabilities,
        }
    }

    pub(crate) fn versions(&self) -> usize {
        self.versions
    }

    pub(crate) fn products(&self) -> usize {
        self.versions / 5
    }

    pub(crate) fn vulnerabilities(&self) -> usize {
        self.vulnerabilities.len()
    }

    pub(crate) fn vulnerability_name(&self, at: usize) -> String {
        name(at % self.vulnerabilities.len())
    }

    #[expect(clippy::unused_self, reason = "asked like the others")]
    pub(crate) fn product_name(&self, at: usize) -> String {
        format!("{}-{at}", SYLLABLES[at % SYLLABLES.len()])
    }

    pub(crate) fn product_id(&self, at: usize) -> Id {
        products::id_of(&self.product_name(at))
    }

    #[expect(clippy::unused_self, reason = "asked like the others")]
    pub(crate) fn owner(&self, at: usize) -> String {
        format!("team:{}", at % 200)
    }

    pub(crate) fn package_name(&self, at: usize) -> String {
        let at = at % self.packages;
        let mut dice = Dice(at as u64);
        format!(
            "{}{}-{at}",
            SYLLABLES[dice.below(SYLLABLES.len())],
            SYLLABLES[dice.below(SYLLABLES.len())]
        )
    }

    pub(crate) fn package_purl(&self, at: usize) -> String {
        let (_, kind) = ECOSYSTEMS[at % self.packages % ECOSYSTEMS.len()];
        format!("pkg:{kind}/{}", self.package_name(at))
    }

    pub(crate) fn purl(&self, at: usize, version: usize) -> String {
        format!("{}@1.{version}.0", self.package_purl(at))
    }

    /// Writes all of it; says how many findings that are.
    pub(crate) fn write(&self, store: &Store) -> usize {
        let run = |what: &mut dyn FnMut(&mut Tx<'_>) -> Result<(), StoreError>| {
            store.write(what).unwrap();
        };
        run(&mut |tx| self.vulnerable(tx));
        run(&mut |tx| self.tree(tx));
        let mut places = self.places();
        for batch in places.chunks(BATCH) {
            run(&mut |tx| {
                for place in batch {
                    self.version(tx, place)?;
                }
                Ok(())
            });
        }
        // Indexes are made when the rows are there, and the rows are written in the order of their key.
        let indexes = store.write(take_indexes).unwrap();
        places.sort_unstable_by_key(|place| place.id);
        let mut written = 0;
        for batch in places.chunks(BATCH) {
            let mut count = 0;
            run(&mut |tx| {
                count = 0;
                for place in batch {
                    let rows = self.rows(place);
                    count += rows.len();
                    findings::put(tx, &rows, place.live)?;
                }
                Ok(())
            });
            written += count;
        }
        for index in &indexes {
            run(&mut |tx| tx.batch(index));
        }
        written
    }

    fn vulnerable(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let all: Vec<Vulnerability> = self
            .vulnerabilities
            .iter()
            .enumerate()
            .map(|(at, one)| Vulnerability {
                id: one.id,
                name: name(at),
                title: format!("Weakness {at}"),
                aliases: vec![format!("GHSA-{at:04}-aaaa-bbbb")],
                severity: one.severity,
                epss: Some(one.epss as f64 / 10_000.0),
                percentile: None,
                kev_added: (one.flags & flag::KEV != 0).then(|| "2025-01-01".to_owned()),
                ransomware: false,
                ssvc: None,
                published: None,
                cwes: vec![format!("CWE-{}", [79, 89, 22, 400, 787, 502][at % 6])],
            })
            .collect();
        findings::vulnerabilities(tx, all.iter(), NOW)
    }

    fn tree(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let mut dice = Dice(2);
        for at in 0..self.products() {
            // The first ten are the roots.
            let parent = (at >= 10).then(|| self.product_id(dice.popular(at, 3)));
            let bought = dice.chance(5.0);
            products::create(
                tx,
                &Product {
                    id: self.product_id(at),
                    name: self.product_name(at),
                    kind: if bought { "bought" } else { "own" }.into(),
                    description: String::new(),
                    parent,
                    owner: (!dice.chance(10.0)).then(|| self.owner(dice.below(200))),
                    tier: Some(1 + i64::try_from(dice.popular(5, 1)).unwrap_or(0)),
                    exposed: Some(dice.chance(30.0)),
                    environment: None,
                    lifecycle: "active".into(),
                    data_classes: Vec::new(),
                    tags: vec![format!("tag-{}", dice.below(20))],
                    vendor: bought.then(|| format!("Vendor {}", at % 50)),
                    bought: None,
                    cpe: None,
                    badge: false,
                    keep_versions: None,
                    keep_days: None,
                    created: NOW,
                    changed: NOW,
                    revision: 1,
                },
            )?;
        }
        Ok(())
    }

    fn places(&self) -> Vec<Place> {
        (0..self.versions)
            .map(|at| {
                let (product, number) = (at / 5, at % 5);
                let product_id = self.product_id(product.min(self.products() - 1));
                let branch = Id::derive("branch", &[&product_id.0, branch(number).as_bytes()]);
                Place {
                    id: Id::derive("version", &[&branch.0, version(number).as_bytes()]),
                    product: product.min(self.products() - 1),
                    number,
                    // The latest of each of two branches.
                    live: number >= 3,
                }
            })
            .collect()
    }

    fn components(&self, place: &Place) -> Vec<(usize, usize)> {
        let mut dice = Dice(u64::from_be_bytes(
            place.id.0[..8].try_into().unwrap_or_default(),
        ));
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        while found.len() < COMPONENTS {
            let one = (dice.popular(self.packages, 2), dice.popular(6, 2));
            if seen.insert(one.0) {
                found.push(one);
            }
        }
        found
    }

    fn version(&self, tx: &mut Tx<'_>, place: &Place) -> Result<(), StoreError> {
        let product = self.product_id(place.product);
        let made = products::branch(tx, product, branch(place.number), NOW)?;
        debug_assert_eq!(made.latest, Latest::Pushed);
        let name = version(place.number);
        products::version(tx, &made, &name, name.as_bytes(), NOW)?;
        let mut dice = Dice(3 + u64::from(place.id.0[0]));
        let components: Vec<NewComponent> = self
            .components(place)
            .into_iter()
            .map(|(package, version)| NewComponent {
                ecosystem: ECOSYSTEMS[package % ECOSYSTEMS.len()].0.into(),
                name: self.package_name(package),
                version: format!("1.{version}.0"),
                purl: self.purl(package, version),
                direct: Some(dice.chance(20.0)),
                scope: if dice.chance(80.0) { 0 } else { 4 },
                licences: vec![LICENCES[package % LICENCES.len()].into()],
                hashes: Vec::new(),
            })
            .collect();
        let document = format!("{:064x}", u128::from_be_bytes(place.id.0));
        let pushed = NOW - i64::from(place.id.0[1]) * DAY;
        inventories::put(
            tx,
            &Inventory {
                id: inventories::inventory_id(place.id, &document),
                product,
                version: place.id,
                inventory: document.clone(),
                document,
                format: "cyclonedx".into(),
                bytes: 1,
                components: 100,
                problems: 0,
                received: pushed,
                sent_by: "generator".into(),
                snapshot: "1".into(),
                policy: String::new(),
                judged: NOW,
                raw_gone: false,
            },
            &components,
        )?;
        if place.live {
            tx.execute(
                "UPDATE version SET latest = 1, live = 1 WHERE id = ?1",
                params![place.id],
            )?;
        }
        if place.number == 4 {
            let environment = ["production", "staging", "test"][place.product % 3];
            let deployment = Deployment {
                id: Id::derive("deployment", &[&place.id.0]),
                product,
                version: Some(place.id),
                environment: environment.into(),
                since: NOW,
                until: None,
                note: String::new(),
            };
            tx.insert(
                "deployment",
                &["id", "product", "version", "environment", "since", "note"],
                params![
                    deployment.id,
                    deployment.product,
                    deployment.version,
                    deployment.environment,
                    deployment.since,
                    deployment.note
                ],
                "",
            )?;
        }
        Ok(())
    }

    fn rows(&self, place: &Place) -> Vec<Finding> {
        let components = self.components(place);
        let mut dice = Dice(u64::from_be_bytes(
            place.id.0[8..].try_into().unwrap_or_default(),
        ));
        let mut rows = Vec::new();
        let mut seen = HashSet::new();
        let product = self.product_id(place.product);
        for _ in 0..(self.findings / self.versions) * 3 {
            if rows.len() == self.findings / self.versions {
                break;
            }
            let (package, version) = components[dice.below(components.len())];
            let at = dice.popular(self.vulnerabilities.len(), 4);
            if !seen.insert((package, at)) {
                continue;
            }
            let weakness = &self.vulnerabilities[at];
            let state = match dice.below(100) {
                0..=54 => 0,
                55..=64 => 1,
                65..=71 => 2,
                72..=79 => 3,
                80..=93 => 4,
                _ => 5,
            };
            let component = inventories::component_id(&self.purl(package, version));
            let owner = (!dice.chance(10.0)).then(|| self.owner(dice.below(200)));
            let mut flags = weakness.flags;
            for (is, bit) in [
                (dice.chance(20.0), flag::DIRECT),
                (dice.chance(20.0), flag::DEVELOPMENT),
                (owner.is_none(), flag::UNOWNED),
            ] {
                if is {
                    flags |= bit;
                }
            }
            let age = (dice.part().powi(2) * 900.0 * DAY as f64) as i64;
            let due = (weakness.severity >= 2)
                .then(|| NOW - 30 * DAY + (dice.part() * 180.0 * DAY as f64) as i64);
            rows.push(Finding {
                id: findings::finding_id(place.id, &format!("{package}:{at}"), component),
                product,
                version: place.id,
                component,
                vulnerability: weakness.id,
                project: String::new(),
                kind: weakness.kind,
                severity: weakness.severity,
                score: weakness.score + i64::try_from(dice.below(50)).unwrap_or(0),
                state,
                flags,
                vectors: weakness.vectors,
                epss: weakness.epss,
                due,
                owner,
                rule: Some(format!("rule-{}", weakness.severity)),
                exception: (state == 3).then(|| format!("EX-{}", dice.below(500))),
                upgrade: (flags & flag::FIXABLE != 0).then(|| "9.9.9".to_owned()),
                first_seen: NOW - age,
                changed: NOW,
                closed: (state >= 4).then_some(NOW),
                reason: None,
            });
        }
        rows.sort_unstable_by_key(|row| row.id);
        rows
    }
}

fn name(at: usize) -> String {
    format!("CVE-20{:02}-{}", 10 + at % 16, 1_000 + at)
}

fn branch(number: usize) -> &'static str {
    if number == 3 { "release" } else { "main" }
}

fn version(number: usize) -> String {
    format!("1.{number}.0")
}

/// Takes the indexes of the findings away, and says how to make them.
fn take_indexes(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'finding' AND sql IS NOT NULL"
        }
        Dialect::Postgres => {
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'finding' AND indexname <> 'finding_pkey'"
        }
    };
    let found: Vec<(String, String)> = tx.all(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (name, _) in &found {
        tx.batch(&format!("DROP INDEX {name}"))?;
    }
    Ok(found.into_iter().map(|(_, sql)| sql).collect())
}
