//! Home databases of advisories, by the prefix of their ids
//! ([OSV schema](https://ossf.github.io/osv-schema/#id-modified-fields) lists them).

/// Prefix, name, and how much its titles are worth: 0 is curated for people.
const HOMES: &[(&str, &str, u8)] = &[
    ("GHSA-", "GitHub Advisory Database", 0),
    ("RUSTSEC-", "RustSec", 0),
    ("GO-", "Go vulnerability database", 0),
    ("PYSEC-", "PyPA Advisory Database", 1),
    ("MAL-", "OpenSSF malicious packages", 0),
    ("CVE-", "National Vulnerability Database", 1),
    ("BIT-", "Bitnami vulnerability database", 2),
    ("DSA-", "Debian security tracker", 1),
    ("DLA-", "Debian security tracker", 1),
    ("DTSA-", "Debian security tracker", 1),
    ("DEBIAN-CVE-", "Debian security tracker", 1),
    ("USN-", "Ubuntu security notices", 1),
    ("UBUNTU-CVE-", "Ubuntu security notices", 1),
    ("ALPINE-", "Alpine security database", 2),
    ("ALSA-", "AlmaLinux errata", 1),
    ("ALBA-", "AlmaLinux errata", 1),
    ("ALEA-", "AlmaLinux errata", 1),
    ("RHSA-", "Red Hat errata", 1),
    ("RLSA-", "Rocky Linux errata", 1),
    ("SUSE-SU-", "SUSE updates", 1),
    ("openSUSE-SU-", "openSUSE updates", 1),
    ("DRUPAL-", "Drupal security team", 0),
    ("HSEC-", "Haskell security advisories", 0),
    ("RSEC-", "R consortium advisories", 0),
    ("EEF-", "Erlang Ecosystem Foundation", 0),
    ("CGA-", "Chainguard", 1),
    ("MINI-", "MinimOS", 1),
    ("JLSEC-", "Julia security advisories", 0),
    ("GSD-", "Global Security Database", 2),
    ("OSV-", "OSS-Fuzz", 2),
];

fn home(id: &str) -> Option<&'static (&'static str, &'static str, u8)> {
    HOMES.iter().find(|(prefix, ..)| id.starts_with(prefix))
}

/// Who publishes an advisory.
pub(crate) fn name(id: &str) -> &'static str {
    home(id).map_or("OSV", |(_, name, _)| name)
}

/// Lower comes first when a title is chosen.
pub(crate) fn rank(id: &str) -> u8 {
    home(id).map_or(2, |(.., rank)| *rank)
}

/// Where people read it.
pub(crate) fn url(id: &str) -> String {
    if id.starts_with("GHSA-") {
        format!("https://github.com/advisories/{id}")
    } else if id.starts_with("CVE-") {
        format!("https://nvd.nist.gov/vuln/detail/{id}")
    } else if id.starts_with("RUSTSEC-") {
        format!("https://rustsec.org/advisories/{id}.html")
    } else if id.starts_with("GO-") {
        format!("https://pkg.go.dev/vuln/{id}")
    } else {
        format!("https://osv.dev/vulnerability/{id}")
    }
}
