//! The verdict where the organisation has no policy of its own.

use stanchion_model::cvss::Severity;
use stanchion_model::finding::{Finding, Kind};
use stanchion_model::report::{PolicyName, Verdict, Violation};

use crate::file::Gate;

/// The same as a policy, for where exceptions and decisions stand beside it.
pub const TEXT: &str = include_str!("presets/default.toml");

/// The gate that a scan stands at unless told otherwise.
pub const DEFAULT: Gate = Gate::Build;

/// Denies what is known exploited, malicious, or critical with a fix.
pub fn without_policy(gate: &str, findings: &[Finding]) -> Verdict {
    let violations: Vec<Violation> = findings
        .iter()
        .filter_map(|finding| {
            let (rule, reason) = broken(finding)?;
            Some(Violation {
                rule: rule.into(),
                finding: Some(finding.key.clone()),
                reason,
            })
        })
        .collect();
    Verdict {
        gate: gate.to_owned(),
        policy: PolicyName {
            name: "default".into(),
            ..PolicyName::default()
        },
        denied: !violations.is_empty(),
        violations,
        ..Verdict::default()
    }
}

fn broken(finding: &Finding) -> Option<(&'static str, String)> {
    let what = format!("{} {}", finding.component.name, finding.component.version);
    if finding.kind == Kind::Malicious {
        return Some((
            "default/malicious",
            format!("{what} is malicious: remove it and rotate every secret it could read"),
        ));
    }
    if let Some(kev) = &finding.kev {
        return Some((
            "default/exploited",
            format!(
                "{what}: {} is exploited, known since {}",
                finding.id, kev.added
            ),
        ));
    }
    let fixed = finding.fixed_in.first()?;
    (finding.severity == Some(Severity::Critical)).then(|| {
        (
            "default/critical-with-fix",
            format!("{what}: {} is critical and {fixed} clears it", finding.id),
        )
    })
}
