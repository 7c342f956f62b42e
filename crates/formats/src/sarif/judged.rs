//! For the tests here and of CycloneDX: the shared assessment as a policy has judged it, hostile text in what comes
//! from its files.

use stanchion_model::finding::{Deadline, StatementNote};
use stanchion_model::report::{Assessment, ExceptionNote, PolicyName, Verdict, Violation};

use crate::testing::{HOSTILE, STAMP, assessment};

pub(crate) fn statement(status: &str, standing: &str) -> StatementNote {
    StatementNote {
        status: status.into(),
        author: format!("ana {HOSTILE}"),
        standing: standing.into(),
        place: "vex/a.json:12".into(),
        justification: (status == "not_affected")
            .then(|| "vulnerable_code_not_in_execute_path".into()),
        reason: Some("only the build parses arguments".into()),
        time: Some(STAMP.into()),
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
        compensating_control: Some("a proxy filters requests".into()),
    }
}

/// The second finding is excepted, the third denied though only of medium severity, the fourth closed, the fifth (of the
/// same component) has a proposal, the sixth is excepted, the seventh looked at.
pub(crate) fn judged() -> Assessment {
    let mut assessment = assessment();
    for finding in &mut assessment.findings {
        finding.owner = Some(format!("team {HOSTILE}"));
        finding.product = Some("shop".into());
        finding.exception = None;
        finding.rule = Some("acme/severity".into());
        finding.due = Some("2026-12-12T22:59:59Z".into());
        finding.deadlines = vec![Deadline {
            what: "fix".into(),
            due: finding.due.clone(),
            rule: "acme/severity".into(),
            clock: "detected".into(),
            start: None,
            assumed: false,
            late_days: 0,
        }];
    }
    let all = &mut assessment.findings;
    all[0].state = "overdue".into();
    all[0].due = Some("2026-11-21T22:59:59Z".into());
    all[1].state = "excepted".into();
    all[1].exception = Some("EX-2026-001".into());
    all[1].statements = vec![statement("not_affected", "proposed")];
    all[3].state = "not_affected".into();
    all[3].statements = vec![
        statement("not_affected", "applied"),
        statement("affected", "outvoted"),
    ];
    all[4].statements = vec![
        statement("fixed", "proposed"),
        statement("fixed", "proposed"),
        statement("affected", "proposed"),
    ];
    all[5].state = "excepted".into();
    all[5].exception = Some("EX-2026-002".into());
    all[6].state = "in_triage".into();
    all[6].statements = vec![statement("under_investigation", "applied")];
    let denied = |at: usize| Violation {
        rule: "acme/release".into(),
        finding: Some(assessment.findings[at].key.clone()),
        reason: "nothing late is released".into(),
    };
    let whole = |rule: &str| Violation {
        rule: rule.into(),
        finding: None,
        reason: format!("run `stanchion db update` {HOSTILE}"),
    };
    assessment.verdict = Verdict {
        gate: "release".into(),
        policy: PolicyName {
            name: "acme".into(),
            version: Some("2026.11".into()),
            digest: Some("ab".repeat(32)),
        },
        denied: true,
        violations: vec![denied(0), denied(2), whole("evidence/database")],
        undecided: vec![denied(3), denied(5), whole("evidence/unresolved")],
        incomplete: false,
    };
    assessment.exceptions = vec![
        note("EX-2026-001", "applied", 1, None),
        note(
            "EX-2026-002",
            "applied",
            1,
            Some("it is for some versions, and the version found is not known"),
        ),
        note("", "malformed", 0, Some(HOSTILE)),
        note("EX-2026-004", "expired", 0, Some("it ended 3 days ago")),
        note("EX-2026-005", "not_yet", 0, Some("it begins later")),
    ];
    assessment
}
