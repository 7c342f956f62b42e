//! Findings made up from a few numbers, for laws and benches.

#![allow(clippy::unwrap_used, reason = "what is made up here can be read")]

use jiff::Timestamp;
use proptest::prelude::*;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{Confidence, Epss, Finding, FindingComponent, Kev, Kind};
use stanchion_model::inventory::{Inventory, Location, Problem, Project, Scope};
use stanchion_model::purl::Purl;
use stanchion_model::report::{DatabaseInfo, ExceptionNote, SourceInfo, Verdict};
use stanchion_policy::claims::Claims;
use stanchion_policy::exceptions::Exceptions;
use stanchion_policy::file::{Gate, Policy};
use stanchion_policy::judge::{self, Setting};

/// What a finding is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spec {
    pub(crate) id: u16,
    pub(crate) package: u8,
    pub(crate) severity: u8,
    pub(crate) kev: bool,
    pub(crate) epss: Option<u8>,
    pub(crate) fixed: bool,
    pub(crate) published: u16,
    pub(crate) new: Option<bool>,
}

pub(crate) fn spec() -> impl Strategy<Value = Spec> {
    (
        any::<u16>(),
        0..4u8,
        0..5u8,
        prop::bool::weighted(0.2),
        prop::option::of(0..100u8),
        any::<bool>(),
        0..400u16,
        prop::option::of(any::<bool>()),
    )
        .prop_map(
            |(id, package, severity, kev, epss, fixed, published, new)| Spec {
                id: id % 12,
                package,
                severity,
                kev,
                epss,
                fixed,
                published,
                new,
            },
        )
}

/// When everything is judged.
pub(crate) const NOW: &str = "2026-01-15T12:00:00Z";

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub(crate) struct World {
    pub(crate) inventory: Inventory,
    pub(crate) findings: Vec<Finding>,
    pub(crate) database: DatabaseInfo,
}

pub(crate) struct Ruled {
    pub(crate) verdict: Verdict,
    pub(crate) exceptions: Vec<ExceptionNote>,
    pub(crate) findings: Vec<Finding>,
}

impl World {
    pub(crate) fn of(specs: &[Spec]) -> Self {
        let project = Project {
            root: String::new(),
            name: "shop".into(),
            version: None,
            files: vec!["package-lock.json".into()],
        };
        Self {
            inventory: Inventory {
                projects: vec![project],
                files: 1,
                ..Inventory::default()
            },
            findings: specs.iter().map(finding).collect(),
            database: DatabaseInfo {
                kind: "full".into(),
                updated: Some("2026-01-15T00:00:00Z".into()),
                sources: vec![SourceInfo {
                    name: "kev".into(),
                    records: 1,
                    newest: None,
                    fetched: None,
                    failed: None,
                }],
                ..DatabaseInfo::default()
            },
        }
    }

    pub(crate) fn judge(
        &self,
        policy: &Policy,
        gate: Gate,
        exceptions: &Exceptions,
        claims: &Claims,
        problems: &[Problem],
    ) -> Ruled {
        let mut findings = self.findings.clone();
        let ruling = judge::judge(
            &Setting {
                policy,
                gate,
                as_of: now(),
                inventory: &self.inventory,
                prefix: "",
                exceptions,
                claims,
                first_seen: &|_| None,
                database: &self.database,
                problems,
            },
            &mut findings,
        );
        Ruled {
            verdict: ruling.verdict,
            exceptions: ruling.exceptions,
            findings,
        }
    }
}

const NAMES: [&str; 4] = ["alpha", "beta", "gamma", "%40acme/delta"];

pub(crate) fn finding(spec: &Spec) -> Finding {
    let purl = Purl::parse(&format!(
        "pkg:npm/{}@1.{}.0",
        NAMES[spec.package as usize % 4],
        spec.id % 3
    ))
    .unwrap();
    let id = format!("CVE-2025-{:04}", spec.id);
    let published = now().as_second() - i64::from(spec.published) * 86_400;
    Finding {
        key: format!(".|{}|{id}", purl.without_version()),
        kind: Kind::Vulnerability,
        id,
        aliases: vec![format!("GHSA-{:04}", spec.id)],
        title: "A title".into(),
        component: FindingComponent {
            name: purl.full_name().into_owned(),
            version: purl.version().unwrap().to_owned(),
            ecosystem: stanchion_model::Ecosystem::of_purl(&purl).0,
            purl,
        },
        project: String::new(),
        direct: Some(true),
        locations: vec![Location {
            path: "package-lock.json".into(),
            line: Some(3),
        }],
        paths: Vec::new(),
        other_paths: 0,
        scope: Scope::Runtime,
        severity: Some(Severity::ALL[spec.severity as usize % 5]),
        cvss: Vec::new(),
        epss: spec.epss.map(|epss| Epss {
            probability: f64::from(epss) / 100.0,
            percentile: 0.5,
        }),
        kev: spec.kev.then(|| Kev {
            added: "2026-01-10".into(),
            due: None,
            ransomware: false,
        }),
        ssvc: None,
        score: Some(50.0),
        factors: Vec::new(),
        confidence: Confidence::High,
        fixed_in: if spec.fixed {
            vec!["2.0.0".into()]
        } else {
            Vec::new()
        },
        upgrade_to: None,
        evidence: Vec::new(),
        cwes: vec!["CWE-79".into()],
        vectors: Vec::new(),
        published: Timestamp::from_second(published)
            .ok()
            .map(|time| time.to_string()),
        is_new: spec.new,
        owner: None,
        due: None,
        state: "open".into(),
        rule: None,
        exception: None,
        product: None,
        deadlines: Vec::new(),
        tasks: Vec::new(),
        escalated_to: Vec::new(),
        statements: Vec::new(),
    }
}
