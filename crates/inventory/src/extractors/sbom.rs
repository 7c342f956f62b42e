//! What documents about products have in common: packages named by purl, and problems told up to a number.

use stanchion_model::Ecosystem;
use stanchion_model::inventory::ProblemKind;
use stanchion_model::purl::{Purl, PurlError};

use crate::found::{Found, Package};

/// Most problems of one sort that are told one by one.
const MOST: usize = 20;

/// Problems of one sort: the first ones each with its line, the rest as a number.
pub(super) struct Several {
    kind: ProblemKind,
    /// What the others are, behind their number.
    others: &'static str,
    count: usize,
}

impl Several {
    pub(super) fn new(kind: ProblemKind, others: &'static str) -> Self {
        Self {
            kind,
            others,
            count: 0,
        }
    }

    pub(super) fn tell(&mut self, line: u32, reason: impl FnOnce() -> String, found: &mut Found) {
        self.count += 1;
        if self.count <= MOST {
            found.problem(self.kind, line, reason());
        }
    }

    pub(super) fn finish(self, found: &mut Found) {
        if let Some(more @ 1..) = self.count.checked_sub(MOST) {
            found.problem(self.kind, 0, format!("{more} more {}", self.others));
        }
    }
}

/// What is wrong with the components of a document.
pub(super) struct Complaints {
    pub(super) nameless: Several,
    pub(super) purl: Several,
    pub(super) version: Several,
    pub(super) distribution: Several,
    pub(super) malformed: Several,
    pub(super) references: Several,
}

impl Complaints {
    pub(super) fn new() -> Self {
        Self {
            nameless: Several::new(
                ProblemKind::Unmatched,
                "components have no purl and are not matched",
            ),
            purl: Several::new(ProblemKind::Unreadable, "purls cannot be read"),
            version: Several::new(
                ProblemKind::Unresolved,
                "components have no version and are not matched",
            ),
            distribution: Several::new(
                ProblemKind::Unresolved,
                "packages are of no known distribution and are not matched",
            ),
            malformed: Several::new(ProblemKind::Unreadable, "entries cannot be read"),
            references: Several::new(
                ProblemKind::Unresolved,
                "references lead to nothing in the document",
            ),
        }
    }

    pub(super) fn finish(self, found: &mut Found) {
        let Self {
            nameless,
            purl,
            version,
            distribution,
            malformed,
            references,
        } = self;
        for several in [nameless, purl, version, distribution, malformed, references] {
            several.finish(found);
        }
    }
}

/// A distribution and its release, as `debian` and `12`.
pub(super) type Distribution<'a> = (&'a str, &'a str);

/// One component as the document names it.
pub(super) struct Named<'a> {
    pub(super) purl: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) version: Option<&'a str>,
    pub(super) line: u32,
}

impl Named<'_> {
    /// The package, with everything told that keeps it from being matched.
    pub(super) fn package(
        &self,
        distribution: Option<Distribution<'_>>,
        complaints: &mut Complaints,
        found: &mut Found,
    ) -> Package {
        let version = self.version.filter(|version| is_version(version));
        let mut package = None;
        if let Some(text) = self.purl {
            match read(text, version, distribution) {
                Ok(purl) => package = Some(Package::from_purl(purl)),
                Err(error) => complaints.purl.tell(
                    self.line,
                    || format!("{text:?} is no purl: {error}"),
                    found,
                ),
            }
        } else {
            complaints.nameless.tell(
                self.line,
                || format!("{} has no purl, so it is not matched", self.name),
                found,
            );
        }
        let package = package.unwrap_or_else(|| {
            Package::new(Ecosystem::Generic, self.name, version.unwrap_or_default())
        });
        if package.ecosystem != Ecosystem::Generic {
            if package.version.is_none() {
                let reason = || match self.version {
                    Some(range) => format!(
                        "{} is not pinned ({range}), so it is not matched",
                        self.name
                    ),
                    None => format!("{} has no version, so it is not matched", self.name),
                };
                complaints.version.tell(self.line, reason, found);
            } else if package.ecosystem.has_releases()
                && package.release.is_none()
                && package.ecosystem != Ecosystem::Arch
            {
                let reason = || {
                    format!(
                        "{} is a package of {}, and its release is not known",
                        self.name, package.ecosystem
                    )
                };
                complaints.distribution.tell(self.line, reason, found);
            }
        }
        package.line(self.line)
    }
}

/// Whether a text is one version, not a range of them.
fn is_version(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty()
        && !text.starts_with(['^', '~', '<', '>', '=', '*', '[', '('])
        && !text.contains([',', '|', ' '])
        && text != "NOASSERTION"
}

fn read(
    text: &str,
    version: Option<&str>,
    distribution: Option<Distribution<'_>>,
) -> Result<Purl, PurlError> {
    let mut purl = Purl::parse_lenient(text.trim())?;
    if let (None, Some(version)) = (purl.version(), version) {
        purl = purl.with_version(version)?;
    }
    if !matches!(purl.purl_type(), "deb" | "apk" | "rpm") {
        return Ok(purl);
    }
    let distro = match (purl.qualifier("distro"), distribution) {
        // Trivy writes Alpine's release without its name, others with a `v`.
        (Some(release), _) if is_bare_release(release) => purl
            .namespace()
            .or(distribution.map(|(name, _)| name))
            .map(|name| format!("{name}-{}", release.trim_start_matches('v'))),
        (None, Some((name, release))) => Some(format!("{}-{release}", name.to_ascii_lowercase())),
        _ => None,
    };
    let Some(distro) = distro else {
        return Ok(purl);
    };
    let mut builder = Purl::build(purl.purl_type(), purl.namespace(), purl.name())
        .with_version(purl.version().unwrap_or_default());
    for (key, value) in purl.qualifiers().filter(|(key, _)| *key != "distro") {
        builder = builder.with_qualifier(key, value);
    }
    builder
        .with_qualifier("distro", distro)
        .with_subpath(purl.subpath().unwrap_or_default())
        .build_lenient()
}

fn is_bare_release(text: &str) -> bool {
    let number = text.strip_prefix('v').unwrap_or(text);
    number.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_are_completed() {
        for (text, version, want) in [
            ("pkg:npm/a", Some("1"), "pkg:npm/a@1"),
            ("pkg:npm/a@2", Some("1"), "pkg:npm/a@2"),
            (
                "pkg:deb/debian/curl@7?arch=amd64",
                None,
                "pkg:deb/debian/curl@7?arch=amd64&distro=debian-12",
            ),
            (
                "pkg:apk/alpine/busybox@1?distro=3.19.1",
                None,
                "pkg:apk/alpine/busybox@1?distro=alpine-3.19.1",
            ),
            (
                "pkg:rpm/redhat/bash@5?distro=rhel-9.2",
                None,
                "pkg:rpm/redhat/bash@5?distro=rhel-9.2",
            ),
        ] {
            assert_eq!(
                read(text, version, Some(("debian", "12")))
                    .unwrap()
                    .to_string(),
                want
            );
        }
        assert!(read("npm/a", None, None).is_err());
    }

    #[test]
    fn ranges_are_no_versions() {
        for (text, want) in [
            ("1.0", true),
            ("dev-main", true),
            ("^1", false),
            (">= 1.0, < 2", false),
            ("", false),
            ("NOASSERTION", false),
        ] {
            assert_eq!(is_version(text), want, "{text}");
        }
    }
}
