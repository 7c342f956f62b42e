//! Assessments made by hand, for the tests of every report.

use std::sync::Arc;

use stanchion_model::Ecosystem;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{
    Confidence, CvssScore, Deadline, Epss, Evidence, Exploitation, Factor, Finding,
    FindingComponent, Kev, Kind, Ssvc, StatementNote,
};
use stanchion_model::inventory::{
    Component, Inventory, Location, Origin, Problem, ProblemKind, Project, Scope,
};
use stanchion_model::purl::Purl;
use stanchion_model::report::{
    Assessment, DatabaseInfo, ExceptionNote, PolicyName, SourceInfo, Verdict, Violation,
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

fn deadline(what: &str, due: Option<&str>, rule: &str, late_days: u32) -> Deadline {
    Deadline {
        what: what.into(),
        due: due.map(str::to_owned),
        rule: rule.into(),
        clock: "detected".into(),
        start: Some("2026-11-18T00:00:00Z".into()),
        assumed: false,
        late_days,
    }
}

fn statement(status: &str, author: &str, standing: &str) -> StatementNote {
    StatementNote {
        status: status.into(),
        author: author.into(),
        standing: standing.into(),
        place: "vex/web.json:12".into(),
        justification: None,
        reason: None,
        time: Some("2026-11-20T10:00:00Z".into()),
    }
}

fn note(id: &str, status: &str, covers: u32, reason: Option<&str>) -> ExceptionNote {
    ExceptionNote {
        id: id.into(),
        status: status.into(),
        place: "exceptions.toml:4".into(),
        covers,
        reason: reason.map(str::to_owned),
        approver: Some("role:ciso".into()),
        expires: Some("2027-01-31".into()),
        compensating_control: (covers > 0).then(|| "a proxy filters requests".into()),
    }
}

/// A finding of another component of the same project.
fn other(id: &str, name: &str, version: &str, severity: Severity, score: f64) -> Finding {
    let mut finding = finding(id, name, version, severity, score);
    finding.component.purl = Purl::parse(&format!("pkg:npm/{name}@{version}")).unwrap();
    finding.owner = Some("team:web".into());
    finding.product = Some("storefront-web".into());
    finding
}

/// A finding that the policy's own rules made.
fn breach(kind: Kind, rule: &str, name: &str, title: &str) -> Finding {
    let mut finding = other(rule, name, "1.0.0", Severity::Low, 0.0);
    finding.key = format!("api|pkg:npm/{name}|{rule}");
    finding.project = "api".into();
    (finding.kind, finding.severity, finding.score, finding.epss) = (kind, None, None, None);
    (finding.ssvc, finding.published) = (None, None);
    finding.title = title.into();
    finding.rule = Some(rule.into());
    finding.owner = Some("team:api".into());
    finding.product = Some("storefront-api".into());
    finding.aliases.clear();
    finding.cvss.clear();
    finding.factors.clear();
    finding.fixed_in.clear();
    finding.upgrade_to = None;
    finding.evidence.clear();
    finding.cwes.clear();
    finding.vectors.clear();
    finding
}

/// A scan that a policy has judged, with one of each that it can say.
pub(crate) fn judged() -> Assessment {
    let mut assessment = assessment();
    let mut lapsed = assessment.findings.remove(3);
    let unfixed = assessment.findings.remove(2);
    let mut second = assessment.findings.remove(1);
    let mut exploited = assessment.findings.remove(0);
    for finding in [&mut exploited, &mut second, &mut lapsed] {
        finding.owner = Some("team:web".into());
        finding.product = Some("storefront-web".into());
    }
    exploited.state = "overdue".into();
    exploited.due = Some("2026-11-21T22:59:59Z".into());
    exploited.rule = Some("acme/release".into());
    exploited.deadlines = vec![
        deadline("triage", Some("2026-11-18T04:00:00Z"), "acme/exploited", 6),
        deadline("fix", Some("2026-11-21T22:59:59Z"), "acme/exploited", 3),
    ];
    exploited.deadlines[1].clock = "kev_added".into();
    exploited.tasks = vec!["forensic_triage".into()];
    exploited.escalated_to = vec!["team:web".into(), "role:ciso".into()];
    exploited.statements = vec![statement("not_affected", "someone@example.org", "proposed")];
    exploited.statements[0].justification = Some("component_not_present".into());
    second.due = Some("2026-12-12T22:59:59Z".into());
    second.rule = Some("acme/release".into());
    second.deadlines = vec![deadline("fix", second.due.as_deref(), "acme/severity", 0)];
    second.deadlines[0].assumed = true;

    let mut closed = other(
        "CVE-2021-44906",
        "minimist",
        "1.2.5",
        Severity::Critical,
        67.0,
    );
    closed.state = "not_affected".into();
    closed.statements = vec![
        statement("not_affected", "ana@acme.example", "applied"),
        statement("affected", "Upstream Project", "outvoted"),
    ];
    closed.statements[0].justification = Some("vulnerable_code_not_in_execute_path".into());
    closed.statements[0].reason = Some("only the build parses arguments".into());
    let mut excepted = other("CVE-2021-23337", "lodash", "4.17.15", Severity::High, 62.0);
    excepted.state = "excepted".into();
    excepted.exception = Some("EX-2026-001".into());
    excepted.due = Some("2026-11-01T22:59:59Z".into());
    excepted.rule = Some("acme/severity".into());
    excepted.deadlines = vec![deadline(
        "fix",
        excepted.due.as_deref(),
        "acme/severity",
        23,
    )];
    let mut waiting = unfixed;
    waiting.project = "api".into();
    waiting.owner = Some("team:api".into());
    waiting.product = Some("storefront-api".into());
    waiting.rule = Some("acme/severity".into());
    waiting.deadlines = vec![
        deadline(
            "contact",
            Some("2026-11-26T22:59:59Z"),
            "third_party.contact_within",
            0,
        ),
        deadline(
            "reply",
            Some("2026-12-08T22:59:59Z"),
            "third_party.vendor_reply_due",
            0,
        ),
        deadline(
            "review",
            Some("2026-12-24T22:59:59Z"),
            "third_party.no_patch.review_every",
            0,
        ),
        deadline("fix", None, "acme/severity", 0),
    ];
    waiting.statements = vec![statement("affected", "ana@acme.example", "applied")];
    waiting.statements[0].reason = Some("the proxy refuses such frames".into());
    let mut fixed = other("CVE-2022-24999", "qs", "6.7.0", Severity::High, 58.0);
    fixed.state = "fixed".into();
    fixed.statements = vec![statement("fixed", "ana@acme.example", "applied")];
    fixed.statements[0].reason = Some("patched in our fork".into());
    let mut low = other("CVE-2022-25883", "semver", "7.3.4", Severity::Low, 44.0);
    low.state = "in_triage".into();
    low.statements = vec![statement(
        "under_investigation",
        "ana@acme.example",
        "applied",
    )];
    low.rule = Some("acme/low".into());
    low.deadlines = vec![deadline("fix", None, "acme/low", 0)];
    lapsed.due = Some("2027-11-24T22:59:59Z".into());
    lapsed.rule = Some("acme/lapsed".into());
    lapsed.deadlines = vec![deadline("fix", lapsed.due.as_deref(), "acme/lapsed", 0)];
    let licence = breach(
        Kind::Licence,
        "licences/denied",
        "gpl-thing",
        "licence GPL-3.0-only: it is not among those that are allowed",
    );
    let mut source = breach(
        Kind::Check,
        "components/git",
        "from-git",
        "from-git comes from a git repository: https://example.org/o/n",
    );
    source.is_new = Some(true);

    let violation = |rule: &str, finding: Option<&Finding>, reason: &str| Violation {
        rule: rule.into(),
        finding: finding.map(|finding| finding.key.clone()),
        reason: reason.into(),
    };
    let target = |rule: &str, reason: &str| violation(rule, None, reason);
    assessment.verdict = Verdict {
        gate: "release".into(),
        policy: PolicyName {
            name: "acme".into(),
            version: Some("2026.11".into()),
            digest: Some("ab".repeat(32)),
        },
        denied: true,
        violations: vec![
            violation(
                "acme/release",
                Some(&exploited),
                "log4js 2.14.1: CVE-2021-44228 nothing late or critical is released",
            ),
            violation(
                "acme/release",
                Some(&second),
                "log4js 2.14.1: CVE-2021-45046 nothing late or critical is released",
            ),
            violation("licences/denied", Some(&licence), &licence.title),
            violation("components/git", Some(&source), &source.title),
            target(
                "evidence/database",
                "the advisories are of 2026-11-20T00:00:00Z, older than 1d (policy.toml:31); run `stanchion db update`",
            ),
            target(
                "roles/unowned",
                "nobody is responsible for the product \"storefront-jobs\": name them under [roles.responsible]",
            ),
            target(
                "change/loosens-policy",
                "policy.toml:52: sla acme/severity: high from 14d to 30d; it needs the approval of role:ciso",
            ),
        ],
        undecided: vec![
            violation(
                "acme/likely",
                Some(&waiting),
                "ws 7.0.0: CVE-2020-0001 cannot be decided: EPSS is not known",
            ),
            target(
                "evidence/unresolved",
                "api/pom.xml:14: parent com.acme:base:3 is not here",
            ),
        ],
        incomplete: false,
    };
    assessment.exceptions = vec![
        note("EX-2026-001", "applied", 1, None),
        note(
            "EX-2026-002",
            "expired",
            0,
            Some("it ended 3 days ago; renew it or fix what it covers"),
        ),
        note(
            "",
            "malformed",
            0,
            Some("`expires` is \"soon\", which is no day"),
        ),
        note(
            "EX-2026-004",
            "orphaned",
            0,
            Some("the component that it names is not here"),
        ),
        note(
            "EX-2026-005",
            "against_policy",
            0,
            Some("it lasts 400 days, and the policy allows 90 for high"),
        ),
        note(
            "EX-2026-006",
            "out_of_scope",
            0,
            Some("what it names is found, outside of its scope"),
        ),
        note(
            "EX-2026-007",
            "unused",
            0,
            Some("it covers nothing that is found; take it out"),
        ),
        note("EX-2026-008", "not_yet", 0, Some("it begins later")),
        note(
            "EX-2026-009",
            "applied",
            2,
            Some("it is for some versions, and the version found is not known"),
        ),
    ];
    assessment.exceptions[2].expires = None;
    assessment.exceptions[2].approver = None;
    assessment.findings = vec![
        exploited, second, closed, excepted, fixed, low, waiting, lapsed, licence, source,
    ];
    assessment
}

/// What would like to be more than text, in every field that a policy and its files fill.
pub(crate) fn hostile_judged() -> Assessment {
    const EVIL: &str = "</td><script>alert(1)</script>\"' onload=x |`[x](http://evil.example) @octocat www.evil.example\u{202e}\u{1b}[31m\nx";
    let evil = || EVIL.to_owned();
    let mut assessment = judged();
    let verdict = &mut assessment.verdict;
    verdict.gate = evil();
    verdict.policy.name = evil();
    verdict.policy.version = Some(evil());
    verdict.policy.digest = Some(evil());
    for violation in verdict.violations.iter_mut().chain(&mut verdict.undecided) {
        violation.rule = evil();
        violation.reason = evil();
    }
    for note in &mut assessment.exceptions {
        note.place = evil();
        note.approver = Some(evil());
        note.expires = Some(evil());
        note.reason = note.reason.as_ref().map(|_| evil());
        if note.status == "unused" {
            note.status = evil();
        }
        if !note.id.is_empty() {
            note.id = evil();
        }
    }
    for finding in &mut assessment.findings {
        finding.owner = Some(format!("{EVIL}{}", finding.project));
        finding.product = Some(evil());
        finding.rule = Some(evil());
        finding.exception = finding.exception.as_ref().map(|_| evil());
        finding.due = finding.due.as_ref().map(|_| evil());
        finding.tasks = vec![evil()];
        finding.escalated_to = vec![evil()];
        for deadline in &mut finding.deadlines {
            deadline.due = deadline.due.as_ref().map(|_| evil());
            deadline.rule = evil();
            deadline.clock = evil();
            deadline.start = Some(evil());
            if deadline.what != "fix" {
                deadline.what = evil();
            }
        }
        for statement in &mut finding.statements {
            statement.author = evil();
            statement.place = evil();
            statement.justification = Some(evil());
            statement.reason = Some(evil());
            statement.time = Some(evil());
        }
    }
    let mut odd = assessment.findings[6].clone();
    odd.key.push('2');
    odd.state = evil();
    odd.statements = vec![statement(EVIL, EVIL, EVIL)];
    assessment.findings.insert(7, odd);
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
