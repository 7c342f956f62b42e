//! Assessments made by hand, for the tests of every report.

use std::sync::Arc;

use stanchion_model::Ecosystem;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{
    Confidence, CvssScore, Epss, Evidence, Exploitation, Factor, Finding, FindingComponent, Kev,
    Kind, Ssvc,
};
use stanchion_model::inventory::{
    Component, Inventory, Location, Origin, Problem, ProblemKind, Project, Scope,
};
use stanchion_model::purl::Purl;
use stanchion_model::report::{
    Assessment, DatabaseInfo, PolicyName, SourceInfo, Verdict, Violation,
};
use stanchion_model::threat::ThreatVector;

fn location(path: &str, line: u32) -> Location {
    Location {
        path: Arc::from(path),
        line: Some(line),
    }
}

fn factor(name: &str, value: &str, points: f64, max: f64) -> Factor {
    Factor {
        name: name.into(),
        value: value.into(),
        points,
        max,
        assumed: false,
    }
}

/// A finding of `name version` in an npm project.
pub(crate) fn finding(
    id: &str,
    name: &str,
    version: &str,
    severity: Severity,
    score: f64,
) -> Finding {
    let purl = Purl::parse(&format!("pkg:npm/left@{version}")).unwrap();
    Finding {
        key: format!("web|pkg:npm/{name}|{id}"),
        kind: Kind::Vulnerability,
        id: id.into(),
        aliases: vec!["GHSA-aaaa-bbbb-cccc".into()],
        title: format!("Something in {name} is wrong"),
        component: FindingComponent {
            purl,
            name: name.into(),
            version: version.into(),
            ecosystem: Ecosystem::Npm,
        },
        project: "web".into(),
        direct: Some(false),
        locations: vec![
            location("web/package-lock.json", 12),
            location("web/package-lock.json", 99),
        ],
        paths: vec![vec![
            "web".into(),
            "express@4.0.0".into(),
            format!("{name}@{version}"),
        ]],
        other_paths: 1,
        scope: Scope::Runtime,
        severity: Some(severity),
        cvss: vec![CvssScore {
            version: "3.1".into(),
            vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into(),
            score: 9.8,
            source: "GHSA-aaaa-bbbb-cccc".into(),
        }],
        epss: Some(Epss {
            probability: 0.1234,
            percentile: 0.95,
        }),
        kev: None,
        ssvc: Some(Ssvc {
            exploitation: Exploitation::Poc,
            automatable: true,
            total_impact: false,
        }),
        score: Some(score),
        factors: vec![
            factor("severity", "9.8 (CVSS 3.1)", 44.1, 45.0),
            factor("exploitation", "EPSS 12 %", score - 69.1, 30.0),
            factor("reach", "over the network", 10.0, 10.0),
            factor("exposure", "runtime scope", 15.0, 15.0),
        ],
        confidence: Confidence::High,
        fixed_in: vec!["1.2.3".into()],
        upgrade_to: Some("1.2.3".into()),
        evidence: vec![Evidence {
            source: "GitHub Advisory Database".into(),
            advisory: "GHSA-aaaa-bbbb-cccc".into(),
            range: "< 1.2.3".into(),
            comparator: "SemVer".into(),
            note: None,
            url: Some("https://github.com/advisories/GHSA-aaaa-bbbb-cccc".into()),
        }],
        cwes: vec!["CWE-79".into()],
        vectors: vec![ThreatVector::CrossSiteScripting],
        published: Some("2021-12-10T00:00:00Z".into()),
        is_new: None,
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

fn component(name: &str, licence: Option<&str>) -> Component {
    Component {
        purl: Purl::parse("pkg:npm/left@1.0.0").unwrap(),
        ecosystem: Ecosystem::Npm,
        release: None,
        name: name.into(),
        version: Some("1.0.0".into()),
        origin: Origin::Registry,
        direct: Some(name == "express"),
        scope: Scope::Runtime,
        locations: vec![location("web/package-lock.json", 12)],
        hashes: Vec::new(),
        licences: licence.map(str::to_owned).into_iter().collect(),
        project: 0,
        dependencies: Vec::new(),
        yanked: false,
    }
}

/// A scan of three components that finds nothing.
pub(crate) fn clear() -> Assessment {
    Assessment {
        as_of: "2026-11-24T08:00:00Z".into(),
        inventory: Inventory {
            target: "examples/storefront".into(),
            projects: vec![Project {
                root: "web".into(),
                name: "storefront-web".into(),
                version: Some("1.0.0".into()),
                files: vec!["web/package-lock.json".into()],
            }],
            components: vec![
                component("express", Some("MIT")),
                component("lodash", Some("MIT")),
                component("ws", None),
            ],
            files: 1,
            ..Inventory::default()
        },
        database: DatabaseInfo {
            snapshot: "0123abcd".into(),
            kind: "full".into(),
            updated: Some("2026-11-20T00:00:00Z".into()),
            advisories: 92_326,
            withdrawn: 10,
            merged: 3,
            refused: 1,
            sources: vec![SourceInfo {
                name: "npm".into(),
                records: 92_340,
                newest: Some("2026-11-19".into()),
                fetched: Some("2026-11-20T00:00:00Z".into()),
                failed: None,
            }],
        },
        verdict: Verdict {
            gate: "build".into(),
            policy: PolicyName {
                name: "default".into(),
                ..PolicyName::default()
            },
            ..Verdict::default()
        },
        ..Assessment::default()
    }
}

/// One of each that reports tell apart.
pub(crate) fn assessment() -> Assessment {
    let mut exploited = finding(
        "CVE-2021-44228",
        "log4js",
        "2.14.1",
        Severity::Critical,
        97.0,
    );
    exploited.kev = Some(Kev {
        added: "2021-12-10".into(),
        due: Some("2021-12-24".into()),
        ransomware: true,
    });
    let mut second = finding(
        "CVE-2021-45046",
        "log4js",
        "2.14.1",
        Severity::Critical,
        90.0,
    );
    second.fixed_in = vec!["1.2.2".into(), "1.2.3".into()];
    let mut unfixed = finding("CVE-2020-0001", "ws", "7.0.0", Severity::Medium, 41.0);
    unfixed.component.purl = Purl::parse("pkg:npm/ws@7.0.0").unwrap();
    (unfixed.fixed_in, unfixed.upgrade_to, unfixed.direct) = (Vec::new(), None, Some(true));
    unfixed.confidence = Confidence::Medium;
    unfixed.evidence[0].note = Some("a bound of the range cannot be parsed".into());
    unfixed.factors[2].assumed = true;
    let mut lapsed = finding("RUSTSEC-2024-0001", "atty", "0.2.14", Severity::Low, 0.0);
    lapsed.component.purl = Purl::parse("pkg:cargo/atty@0.2.14").unwrap();
    (lapsed.kind, lapsed.severity, lapsed.score, lapsed.epss) =
        (Kind::Unmaintained, None, None, None);
    (
        lapsed.cvss,
        lapsed.factors,
        lapsed.fixed_in,
        lapsed.upgrade_to,
    ) = (Vec::new(), Vec::new(), Vec::new(), None);
    let violation = |rule: &str, finding: &Finding| Violation {
        rule: rule.into(),
        finding: Some(finding.key.clone()),
        reason: "because".into(),
    };
    let mut assessment = clear();
    assessment.verdict.denied = true;
    assessment.verdict.violations = vec![
        violation("default/exploited", &exploited),
        violation("default/critical-with-fix", &second),
    ];
    assessment.problems = vec![Problem {
        path: "api/pom.xml".into(),
        line: Some(14),
        kind: ProblemKind::Unresolved,
        reason: "parent com.acme:base:3 is not here".into(),
        hint: Some("scan its folder as well".into()),
    }];
    assessment.findings = vec![exploited, second, unfixed, lapsed];
    assessment
}

/// Text that would like to be more than text, in every field that comes from outside.
pub(crate) fn hostile() -> Assessment {
    let evil = "</style><script>alert(1)</script><img src=http://evil.example/x onerror='a()'>\"|`[x](http://evil.example) @octocat www.evil.example\u{202e}\u{1b}[31m";
    let mut bad = finding(
        "CVE-2021-44228",
        evil,
        "1.0\" onload=\"x",
        Severity::Critical,
        97.0,
    );
    bad.title = "=cmd|' /C calc'!A0".into();
    bad.aliases = vec!["\t=1+1".into(), "javascript:alert(1)".into()];
    bad.locations = vec![location("a|b/`<b>`\u{202e}/package-lock.json", 1)];
    bad.paths = vec![vec!["<i>".into(), "@a|b\\@1".into(), evil.into()]];
    bad.project = "-2+3".into();
    bad.fixed_in = vec!["@SUM(1)".into()];
    bad.upgrade_to = Some("\\|1".into());
    bad.cwes = vec!["CWE-<b>".into()];
    bad.evidence[0].url = Some("javascript:alert(1)".into());
    bad.evidence[0].range = "<script>".into();
    bad.evidence[0].note = Some("<!-- --><x>".into());
    bad.cvss[0].vector = "<svg onload=x>".into();
    bad.factors[0].value = "</table>".into();
    let mut alone = bad.clone();
    alone.component.purl = Purl::parse("pkg:npm/other@1").unwrap();
    (alone.kind, alone.score, alone.severity) = (Kind::EndOfLife, None, None);
    let mut assessment = clear();
    assessment.inventory.target = "/tmp/<b>@everyone".into();
    assessment.inventory.projects[0].name = evil.into();
    assessment.inventory.components[0].licences = vec![evil.into()];
    assessment.database.sources[0].name = "<script>".into();
    assessment.verdict.policy.name = "</p><script>".into();
    assessment.problems = vec![Problem {
        path: "`|<b>`".into(),
        line: None,
        kind: ProblemKind::Unreadable,
        reason: evil.into(),
        hint: Some("<hr>".into()),
    }];
    assessment.findings = vec![bad, alone];
    assessment
}

/// So many findings, three to a component.
pub(crate) fn many(number: usize) -> Assessment {
    let mut assessment = clear();
    assessment.findings = (0..u32::try_from(number).unwrap())
        .map(|at| {
            let mut one = finding(
                &format!("CVE-2024-{at:05}"),
                &format!("component-with-a-name-{}", at / 3),
                "1.0.0",
                Severity::High,
                90.0 - f64::from(at) / 100.0,
            );
            one.component.purl = Purl::parse(&format!("pkg:npm/c{}@1.0.0", at / 3)).unwrap();
            one
        })
        .collect();
    assessment
}
