//! How fast new advisories become findings: `cargo bench -p stanchion-server --bench rematch -- [INVENTORIES]`.
//!
//! So many inventories of 100 components each; then 100 new advisories that touch a tenth of the inventories, ten findings
//! in each. Prints, for each store, how long it takes to know what is touched, and to have it written; and how long a push
//! of 10,000 components takes to its verdict.

#![allow(missing_docs, reason = "a bench")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and has no other way"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use stanchion_advisories::update::{self, Change};
use stanchion_advisories::{Database, Index, diff, import};
use stanchion_net::Client;
use stanchion_policy::file::Gate;
use stanchion_server::engine::ingest::{Document, Push};
use stanchion_server::engine::keeping::Retention;
use stanchion_server::engine::{Engine, Options, clock};
use stanchion_store::blobs::Blobs;
use stanchion_store::blobs::folder::Folder;
use stanchion_store::testing::stores;

const COMPONENTS: usize = 100;
const HOT: usize = 100;

fn sbom(names: impl Iterator<Item = String>) -> Vec<u8> {
    let components: Vec<String> = names
        .map(|name| format!(r#"{{"type":"library","name":"{name}","version":"1.2.3","purl":"pkg:npm/{name}@1.2.3","licenses":[{{"license":{{"id":"MIT"}}}}]}}"#))
        .collect();
    format!(
        r#"{{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"metadata":{{"component":{{"type":"application","name":"p","version":"1"}}}},"components":[{}]}}"#,
        components.join(",")
    )
    .into_bytes()
}

fn advisory(id: &str, package: &str) -> Change {
    let text = format!(
        r#"{{"id":"{id}","modified":"2026-11-24T00:00:00Z","published":"2026-11-24T00:00:00Z","summary":"x","severity":[{{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}],"affected":[{{"package":{{"ecosystem":"npm","name":"{package}"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}},{{"fixed":"2.0.0"}}]}}]}}]}}"#
    );
    Change {
        source: "npm".into(),
        id: id.into(),
        bytes: Some(text.into_bytes()),
    }
}

fn show(what: &str, took: Duration) {
    println!("  {what:<52} {:>9.1} ms", took.as_secs_f64() * 1e3);
}

fn main() {
    let inventories: usize = std::env::args()
        .find_map(|word| word.parse().ok())
        .unwrap_or(1_000);
    for fresh in stores() {
        println!(
            "{}: {inventories} inventories, {} components",
            fresh.name,
            inventories * COMPONENTS
        );
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::new(
            fresh.store.clone(),
            Blobs::Folder(Folder::open(&folder.path().join("blobs")).unwrap()),
            Options {
                data: folder.path().to_owned(),
                sources: stanchion_advisories::fetch::Settings::default(),
                client: Arc::new(Client::new(stanchion_net::Options {
                    offline: true,
                    ..stanchion_net::Options::default()
                })),
                clock: clock(),
                mail: None,
                retention: Retention::default(),
                public_url: None,
            },
            [0; 32],
        );
        let database = Database::at(folder.path());
        let empty =
            Index::from_bytes(import::build(&[], "2026-11-24T00:00:00Z", &|_, _, _| {}).unwrap())
                .unwrap();
        let others: Vec<Change> = (0..20_000)
            .map(|at| advisory(&format!("GHSA-base-{at}"), &format!("other-{at}")))
            .collect();
        database
            .replace(&update::apply(&empty, &others, "2026-11-24T00:00:00Z").unwrap())
            .unwrap();

        let start = Instant::now();
        for number in 0..inventories {
            let touched = number < inventories / 10;
            let names = (0..COMPONENTS).map(|at| {
                if touched && at < 10 {
                    format!("hot-{}", (number * 10 + at) % HOT)
                } else {
                    // Some are everywhere, most in a few.
                    format!("pkg-{}", (number * 7919 + at * at * 31) % 20_000)
                }
            });
            let document = sbom(names);
            engine
                .push(&Push {
                    product: &format!("product-{}", number % 500),
                    version: &format!("1.{}", number / 500),
                    branch: None,
                    document: Document {
                        bytes: &document,
                        name: "p.cdx.json",
                    },
                    actor: "bench",
                    may_create: true,
                    as_of: None,
                    gate: Gate::Build,
                })
                .unwrap();
        }
        let took = start.elapsed();
        println!(
            "  {:<52} {:>9.1} ms each",
            "push of 100 components, to its verdict",
            took.as_secs_f64() * 1e3 / inventories as f64
        );
        engine.absorb().unwrap();

        let base = database.open().unwrap().unwrap();
        let new: Vec<Change> = (0..HOT)
            .map(|at| advisory(&format!("GHSA-hot-{at}"), &format!("hot-{at}")))
            .collect();
        database
            .replace(&update::apply(&base, &new, "2026-11-24T01:00:00Z").unwrap())
            .unwrap();
        let held = engine.held().unwrap();
        let start = Instant::now();
        let touched = diff::diff(&base, &held.index).unwrap();
        show(
            "what two generations of 20,000 advisories differ in",
            start.elapsed(),
        );
        let start = Instant::now();
        let reach = engine.reach(&touched).unwrap();
        show(
            &format!(
                "known: {} packages touch {} versions",
                touched.packages.len(),
                reach.versions.len()
            ),
            start.elapsed(),
        );
        let start = Instant::now();
        let absorbed = engine.absorb().unwrap();
        show(
            &format!(
                "written: {} findings in {} versions",
                absorbed.appeared, absorbed.versions
            ),
            start.elapsed(),
        );

        for round in 0..3 {
            let document = sbom((0..10_000).map(|at| format!("big-{}", at + round)));
            let start = Instant::now();
            engine
                .push(&Push {
                    product: "large",
                    version: &format!("1.{round}"),
                    branch: None,
                    document: Document {
                        bytes: &document,
                        name: "p.cdx.json",
                    },
                    actor: "bench",
                    may_create: true,
                    as_of: None,
                    gate: Gate::Build,
                })
                .unwrap();
            show(
                &format!("push of 10,000 components, number {}", round + 1),
                start.elapsed(),
            );
        }
    }
}
