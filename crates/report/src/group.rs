//! Findings put together as people act on them: by component, and by the upgrade that clears them.

use std::collections::HashMap;

use stanchion_model::Ecosystem;
use stanchion_model::cvss::Severity;
use stanchion_model::finding::{Finding, Kind};
use stanchion_model::inventory::Location;

use crate::plain::safe;
use crate::ruling::breach;

/// Findings of one component version in one project, worst first; never empty.
pub(crate) struct Group<'a> {
    pub(crate) findings: Vec<&'a Finding>,
}

impl<'a> Group<'a> {
    pub(crate) fn worst(&self) -> &'a Finding {
        self.findings[0]
    }

    pub(crate) fn score(&self) -> Option<f64> {
        self.worst().score
    }

    /// `CVE-2021-44228 and 3 more`.
    pub(crate) fn why(&self) -> String {
        let id = safe(&self.worst().id);
        match self.findings.len() - 1 {
            0 => id,
            others => format!("{id} and {others} more"),
        }
    }

    pub(crate) fn fix(&self) -> Fix<'a> {
        if self.worst().kind == Kind::Malicious {
            return Fix::Remove;
        }
        // Whichever finding knows what clears everything speaks for all; else the worst that has any fix.
        let all = self
            .findings
            .iter()
            .find_map(|finding| finding.upgrade_to.as_deref());
        let some = || {
            self.findings
                .iter()
                .find_map(|finding| finding.fixed_in.first())
        };
        match (all, some) {
            (Some(version), _) => Fix::Whole(version),
            (None, some) => some().map_or(Fix::Unknown, |version| Fix::Part(version)),
        }
    }

    /// Findings that the fix clears for certain: a version between two branches may clear more.
    pub(crate) fn cleared(&self) -> usize {
        match self.fix() {
            Fix::Remove | Fix::Whole(_) => self.findings.len(),
            Fix::Part(version) => self
                .findings
                .iter()
                .filter(|finding| finding.fixed_in.iter().any(|fixed| fixed == version))
                .count(),
            Fix::Unknown => 0,
        }
    }
}

/// What to do about a component.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Fix<'a> {
    /// It is the attack.
    Remove,
    /// This version clears everything known about it.
    Whole(&'a str),
    /// This version clears the worst, and leaves something.
    Part(&'a str),
    /// No version clears it.
    Unknown,
}

impl Fix<'_> {
    pub(crate) fn text(self) -> String {
        match self {
            Self::Remove => "remove it".into(),
            Self::Whole(version) => safe(version),
            Self::Part(version) => format!("{} (in part)", safe(version)),
            Self::Unknown => "none known".into(),
        }
    }
}

/// One group a component and project, in the order of its worst finding.
pub(crate) fn group<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut known = HashMap::new();
    for finding in findings {
        let key = (&finding.project, &finding.component.purl);
        let at = *known.entry(key).or_insert_with(|| {
            groups.push(Group {
                findings: Vec::new(),
            });
            groups.len() - 1
        });
        groups[at].findings.push(finding);
    }
    groups
}

/// Findings by how they are told. A component may stand in each.
pub(crate) struct Split<'a> {
    /// What has a score: it is weighed.
    pub(crate) scored: Vec<Group<'a>>,
    /// What has none, because nothing is wrong with it but that help may not come.
    pub(crate) lapsed: Vec<Group<'a>>,
    /// What the policy does not want to see in a product.
    pub(crate) breaches: Vec<Group<'a>>,
}

impl Split<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.scored.is_empty() && self.lapsed.is_empty() && self.breaches.is_empty()
    }
}

pub(crate) fn split<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Split<'a> {
    let (mut scored, mut lapsed, mut breaches) = (Vec::new(), Vec::new(), Vec::new());
    for finding in findings {
        let part = match (finding.score, breach(finding)) {
            (Some(_), _) => &mut scored,
            (None, Some(_)) => &mut breaches,
            (None, None) => &mut lapsed,
        };
        part.push(finding);
    }
    Split {
        scored: group(scored),
        lapsed: group(lapsed),
        breaches: group(breaches),
    }
}

/// Components (of a project) that the findings are about.
pub(crate) fn components<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> usize {
    group(findings).len()
}

/// Raising (or removing) one component, wherever it stands.
pub(crate) struct Upgrade<'a> {
    pub(crate) fix: Fix<'a>,
    /// The worst finding that it clears; it names the component.
    pub(crate) worst: &'a Finding,
    /// Versions in use now.
    pub(crate) from: Vec<&'a str>,
    /// How many findings it clears.
    pub(crate) cleared: usize,
    /// Indices of the groups it touches.
    pub(crate) groups: Vec<usize>,
}

/// What clears most, first: what is malicious or exploited, then by the number of findings cleared.
pub(crate) fn upgrades<'a>(groups: &[Group<'a>]) -> Vec<Upgrade<'a>> {
    let mut upgrades: Vec<Upgrade<'a>> = Vec::new();
    let mut known = HashMap::new();
    for (at, group) in groups.iter().enumerate() {
        let (fix, worst) = (group.fix(), group.worst());
        if fix == Fix::Unknown || group.score().is_none() {
            continue;
        }
        let key = (worst.component.ecosystem, &worst.component.name, fix);
        let place = *known.entry(key).or_insert_with(|| {
            upgrades.push(Upgrade {
                fix,
                worst,
                from: Vec::new(),
                cleared: 0,
                groups: Vec::new(),
            });
            upgrades.len() - 1
        });
        let upgrade = &mut upgrades[place];
        upgrade.cleared += group.cleared();
        upgrade.groups.push(at);
        if !upgrade.from.contains(&worst.component.version.as_str()) {
            upgrade.from.push(&worst.component.version);
        }
    }
    let urgent = |upgrade: &Upgrade<'_>| {
        (
            upgrade.worst.kind == Kind::Malicious,
            upgrade.worst.kev.is_some(),
        )
    };
    // Groups come worst first, so that a stable sort keeps that order among equals.
    upgrades.sort_by(|a, b| {
        urgent(b)
            .cmp(&urgent(a))
            .then_with(|| b.cleared.cmp(&a.cleared))
    });
    upgrades
}

/// What a finding is counted under. Malicious packages are not counted as critical a second time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub(crate) enum Class {
    Malicious,
    Critical,
    High,
    Medium,
    Low,
    /// Its severity is none, or its kind has none.
    Other,
}

impl Class {
    pub(crate) const ALL: [Self; 6] = [
        Self::Malicious,
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Other,
    ];

    pub(crate) fn of(finding: &Finding) -> Self {
        if finding.kind == Kind::Malicious {
            return Self::Malicious;
        }
        match finding.severity {
            Some(Severity::Critical) => Self::Critical,
            Some(Severity::High) => Self::High,
            Some(Severity::Medium) => Self::Medium,
            Some(Severity::Low) => Self::Low,
            Some(Severity::None) | None => Self::Other,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Malicious => "malicious",
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Other => "without severity",
        }
    }
}

/// A Maven artifact is known by its artifact, everything else by its whole name.
pub(crate) fn short_name(finding: &Finding) -> String {
    let name = finding.component.name.as_str();
    let artifact = name
        .rsplit_once(':')
        .filter(|_| finding.component.ecosystem == Ecosystem::Maven);
    safe(artifact.map_or(name, |(_, artifact)| artifact))
}

/// A step of a path without its version.
pub(crate) fn step_name(step: &str) -> &str {
    let name = match step.rfind('@') {
        Some(at) if at > 0 => &step[..at],
        _ => step,
    };
    name.rsplit_once(':').map_or(name, |(_, artifact)| artifact)
}

/// `web/package-lock.json:8123`.
pub(crate) fn place(location: &Location) -> String {
    match location.line {
        Some(line) => format!("{}:{line}", safe(&location.path)),
        None => safe(&location.path),
    }
}

/// Where the finding's component is named first.
pub(crate) fn first_place(finding: &Finding) -> String {
    finding.locations.first().map_or_else(String::new, place)
}
