//! A small organisation: three products below each other, two versions of each, findings of every sort.
#![expect(clippy::unwrap_used, reason = "a test has no other way")]

use stanchion_store::findings::{self, Finding, Vulnerability, flag};
use stanchion_store::inventories::{self, Inventory, NewComponent};
use stanchion_store::products::{self, Deployment, Product};
use stanchion_store::{Id, Store, StoreError, Tx};

/// 2026-03-01.
pub(crate) const NOW: i64 = 1_772_323_200;
pub(crate) const DAY: i64 = 86_400;

/// A product `name` below another, with one live and one old version, each with three components.
fn product(
    tx: &mut Tx<'_>,
    name: &str,
    parent: Option<&str>,
    tags: &[&str],
) -> Result<[Id; 2], StoreError> {
    let id = products::id_of(name);
    products::create(
        tx,
        &Product {
            id,
            name: name.to_owned(),
            kind: "own".into(),
            description: String::new(),
            parent: parent.map(products::id_of),
            owner: Some(format!("team:{name}")),
            tier: Some(2),
            exposed: Some(name.len() > 4),
            environment: None,
            lifecycle: "active".into(),
            data_classes: Vec::new(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            vendor: None,
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
    let branch = products::branch(tx, id, "main", NOW)?;
    let mut versions = [Id::default(); 2];
    for (at, version) in ["1.0", "2.0"].into_iter().enumerate() {
        let made = products::version(tx, &branch, version, version.as_bytes(), NOW)?;
        let document = format!("{name}{version}");
        inventories::put(
            tx,
            &Inventory {
                id: inventories::inventory_id(made.id, &document),
                product: id,
                version: made.id,
                inventory: document.clone(),
                document,
                format: "cyclonedx".into(),
                bytes: 1,
                components: 3,
                problems: 0,
                received: NOW - DAY,
                sent_by: "t".into(),
                snapshot: "s".into(),
                policy: String::new(),
                judged: NOW,
                raw_gone: false,
            },
            &NAMES.map(component),
        )?;
        versions[at] = made.id;
    }
    products::settle(tx, branch.id)?;
    Ok(versions)
}

/// Ecosystem, purl type, name and licence.
const NAMES: [(&str, &str, &str, &str); 3] = [
    ("Maven", "maven", "org.apache/Log4j-Core", "Apache-2.0"),
    ("npm", "npm", "lodash", "MIT"),
    ("npm", "npm", "lodash.merge", "MIT OR Apache-2.0"),
];

fn component((ecosystem, kind, name, licence): (&str, &str, &str, &str)) -> NewComponent {
    NewComponent {
        ecosystem: ecosystem.into(),
        name: name.rsplit('/').next().unwrap_or(name).into(),
        version: "1.0".into(),
        purl: format!("pkg:{kind}/{name}@1.0"),
        direct: Some(name == "lodash"),
        scope: 0,
        licences: vec![licence.into()],
        hashes: vec![format!("{:0>64}", name.len())],
    }
}

fn vulnerability(at: usize) -> Vulnerability {
    Vulnerability {
        id: findings::vulnerability_id(&format!("CVE-2021-{}", 1000 + at)),
        name: format!("CVE-2021-{}", 1000 + at),
        title: format!("Weakness {at}"),
        aliases: vec![format!("GHSA-xxxx-{at:04}-xxxx")],
        severity: 3,
        epss: None,
        percentile: None,
        kev_added: None,
        ransomware: false,
        ssvc: None,
        published: None,
        cwes: vec![format!("CWE-{}", 79 + at % 2)],
    }
}

/// Findings of a version: twelve, all different.
fn rows(product: &str, version: Id) -> Vec<Finding> {
    (0..12_i64)
        .map(|at| {
            let place = usize::try_from(at).unwrap_or(0);
            let component = inventories::component_id(&component(NAMES[place % 3]).purl);
            let state = [0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 4, 5][place];
            let owner = (at % 4 != 0).then(|| format!("team:{}", at % 4));
            Finding {
                id: findings::finding_id(version, &format!("k{at}"), component),
                product: products::id_of(product),
                version,
                component,
                vulnerability: vulnerability(place % 5).id,
                project: String::new(),
                kind: [0, 0, 0, 0, 0, 0, 1, 6, 0, 0, 0, 0][place],
                severity: at % 6 - 1,
                score: 100 * (at % 7) + at,
                state,
                flags: [0, flag::KEV, flag::FIXABLE, flag::KEV | flag::FIXABLE][place % 4]
                    | if owner.is_none() { flag::UNOWNED } else { 0 },
                vectors: 1 << (at % 3),
                epss: at * 900 - 900,
                due: (at % 3 != 0).then_some(NOW + (at - 4) * DAY),
                owner,
                rule: Some(format!("rule-{}", at % 2)),
                exception: (state == 3).then(|| "EX-1".into()),
                upgrade: (at % 4 >= 2).then(|| "2.0".into()),
                first_seen: NOW - at * at * DAY,
                changed: NOW,
                closed: (state >= 4).then_some(NOW),
                reason: None,
            }
        })
        .collect()
}

/// Three products in a row below each other, one of them deployed.
pub(crate) fn fill(store: &Store) {
    store
        .write(|tx| {
            let all: Vec<Vulnerability> = (0..5).map(vulnerability).collect();
            findings::vulnerabilities(tx, all.iter(), NOW)?;
            for (name, parent, tags) in [
                ("Retail", None, &["money"][..]),
                ("My Shop", Some("Retail"), &["money", "web"]),
                ("Pay", Some("My Shop"), &["web"]),
            ] {
                let [old, live] = product(tx, name, parent, tags)?;
                findings::put(tx, &rows(name, old), false)?;
                findings::put(tx, &rows(name, live), true)?;
                if name == "Pay" {
                    products::deploy(
                        tx,
                        &Deployment {
                            id: Id::derive("d", &[]),
                            product: products::id_of(name),
                            version: Some(live),
                            environment: "production".into(),
                            since: NOW,
                            until: None,
                            note: String::new(),
                        },
                        false,
                    )?;
                }
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
}
