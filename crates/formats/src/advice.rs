//! What people are told about a finding, in sentences that stand alone.

use std::borrow::Cow;

use stanchion_model::finding::{Finding, Kind};

use crate::text::plain;

/// Home databases of vulnerability ids, by prefix: name, and the address before and behind the id. The first two
/// names are those by which Dependency-Track knows its sources
/// ([its list](https://github.com/DependencyTrack/dependency-track/blob/master/src/main/java/org/dependencytrack/model/Vulnerability.java)).
const SOURCES: &[(&str, &str, &str, &str)] = &[
    ("CVE-", "NVD", "https://nvd.nist.gov/vuln/detail/", ""),
    ("GHSA-", "GITHUB", "https://github.com/advisories/", ""),
    (
        "RUSTSEC-",
        "RustSec",
        "https://rustsec.org/advisories/",
        ".html",
    ),
    (
        "GO-",
        "Go vulnerability database",
        "https://pkg.go.dev/vuln/",
        "",
    ),
];

/// Who publishes an id, and where it is read.
pub(crate) fn source(id: &str) -> (&'static str, String) {
    let (_, name, before, behind) = SOURCES
        .iter()
        .find(|(prefix, ..)| id.starts_with(prefix))
        .copied()
        .unwrap_or(("", "OSV", "https://osv.dev/vulnerability/", ""));
    (
        name,
        format!("{before}{}{behind}", crate::text::uri_path(id)),
    )
}

/// `log4j-core 2.14.1`.
pub(crate) fn component(finding: &Finding) -> String {
    let name = plain(&finding.component.name);
    if finding.component.version.is_empty() {
        name.into_owned()
    } else {
        format!("{name} {}", plain(&finding.component.version))
    }
}

/// A title with a full stop, unless it ends in something of the kind.
pub(crate) fn sentence(title: &str) -> String {
    let title = plain(title.trim());
    if title.ends_with(['.', '!', '?', '…']) {
        title.into_owned()
    } else {
        format!("{title}.")
    }
}

/// What to do.
pub(crate) fn fix(finding: &Finding) -> String {
    let advice = finding.advice();
    let mut letters = advice.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let whole: String = first.into_iter().chain(letters).collect();
    format!("{}.", plain(&whole))
}

/// Why it stands where it does; empty where only the severity speaks.
pub(crate) fn why(finding: &Finding) -> Vec<String> {
    let mut reasons = Vec::new();
    if finding.kind == Kind::Malicious {
        reasons.push("the package was made to do harm".to_owned());
    }
    if let Some(kev) = &finding.kev {
        let ransomware = if kev.ransomware {
            ", also by ransomware"
        } else {
            ""
        };
        reasons.push(format!(
            "known to be exploited{ransomware} (CISA KEV, {})",
            plain(&kev.added)
        ));
    }
    if let Some(epss) = finding.epss {
        reasons.push(format!("EPSS {:.1} %", epss.probability * 100.0));
    }
    reasons
}

/// The shortest way from the project to the component.
pub(crate) fn path(finding: &Finding) -> Option<String> {
    let path = finding.paths.first().filter(|path| path.len() > 1)?;
    let steps: Vec<Cow<'_, str>> = path.iter().map(|step| plain(step)).collect();
    Some(steps.join(" > "))
}

/// A kind in a few words.
pub(crate) const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Vulnerability => "a known vulnerability",
        Kind::Malicious => "a package made to do harm",
        Kind::Unmaintained => "a package that nobody maintains any more",
        Kind::Unsound => "a package that breaks its language's safety promises",
        Kind::Yanked => "a version that its author withdrew",
        Kind::EndOfLife => "a release that is no longer supported",
        Kind::Licence => "a licence that the policy does not allow",
        Kind::Check => "a finding of a check",
        Kind::External => "a finding of another tool",
    }
}
