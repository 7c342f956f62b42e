//! Which scheme orders versions of an ecosystem.
//!
//! The names are those of OSV (<https://ossf.github.io/osv-schema/#defined-ecosystems>), of package
//! URL types (<https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst>), and of the
//! `vers:` notation.

use crate::Scheme;

/// Lower-case names and their scheme, sorted by name.
const NAMES: &[(&str, Scheme)] = &[
    ("actions", Scheme::GitHubActions),
    ("almalinux", Scheme::Rpm),
    ("alpaquita", Scheme::Alpine),
    ("alpine", Scheme::Alpine),
    ("alpm", Scheme::Alpm),
    ("amazon linux", Scheme::Rpm),
    ("android", Scheme::Generic),
    ("apk", Scheme::Alpine),
    ("arch", Scheme::Alpm),
    ("arch linux", Scheme::Alpm),
    ("azure linux", Scheme::Rpm),
    ("bellsoft hardened containers", Scheme::Alpine),
    ("bioconductor", Scheme::Cran),
    ("bitnami", Scheme::Bitnami),
    ("cargo", Scheme::Cargo),
    ("centos", Scheme::Rpm),
    ("chainguard", Scheme::Alpine),
    ("cleanstart", Scheme::Alpine),
    ("composer", Scheme::Packagist),
    ("conan", Scheme::Conan),
    ("conancenter", Scheme::Conan),
    ("conda", Scheme::Conda),
    ("cran", Scheme::Cran),
    ("crates.io", Scheme::Cargo),
    ("dart", Scheme::Pub),
    ("deb", Scheme::Debian),
    ("debian", Scheme::Debian),
    ("docker hardened images", Scheme::SemVer),
    ("dpkg", Scheme::Debian),
    ("echo", Scheme::Debian),
    ("echo npm", Scheme::EchoNpm),
    ("fedora", Scheme::Rpm),
    ("gem", Scheme::RubyGems),
    ("generic", Scheme::Generic),
    ("ghc", Scheme::Hackage),
    ("github actions", Scheme::GitHubActions),
    ("githubactions", Scheme::GitHubActions),
    ("go", Scheme::Go),
    ("golang", Scheme::Go),
    ("hackage", Scheme::Hackage),
    ("hex", Scheme::Hex),
    ("julia", Scheme::Julia),
    ("linux", Scheme::Generic),
    ("mageia", Scheme::Rpm),
    ("maven", Scheme::Maven),
    ("minimos", Scheme::Alpine),
    ("natural", Scheme::Generic),
    ("npm", Scheme::SemVer),
    ("nuget", Scheme::NuGet),
    ("openeuler", Scheme::Rpm),
    ("opensuse", Scheme::Rpm),
    ("oracle linux", Scheme::Rpm),
    ("oss-fuzz", Scheme::Generic),
    ("packagist", Scheme::Packagist),
    ("pacman", Scheme::Alpm),
    ("pep 440", Scheme::Pep440),
    ("pep440", Scheme::Pep440),
    ("photon os", Scheme::Rpm),
    ("pub", Scheme::Pub),
    ("pypi", Scheme::Pep440),
    ("red hat", Scheme::Rpm),
    ("redhat", Scheme::Rpm),
    ("rocky linux", Scheme::Rpm),
    ("root", Scheme::Generic),
    ("rpm", Scheme::Rpm),
    ("rubygems", Scheme::RubyGems),
    ("semver", Scheme::SemVer),
    ("suse", Scheme::Rpm),
    ("swift", Scheme::Swift),
    ("swifturl", Scheme::Swift),
    ("ubuntu", Scheme::Debian),
    ("vscode", Scheme::SemVer),
    ("wolfi", Scheme::Alpine),
];

/// Those who publish packages of other ecosystems, which a suffix names: `Echo:PyPI`, `Root:Alpine:3.18`.
const REPUBLISHERS: [&str; 4] = ["echo", "root", "docker hardened images", "chainguard"];

/// The scheme of an ecosystem, by any of its names.
pub(crate) fn scheme(name: &str) -> Option<Scheme> {
    let mut names = name.split(':').map(str::trim);
    let first = names.next()?;
    if REPUBLISHERS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(first))
        && let Some(of) = names.next().and_then(named)
    {
        let echo = first.eq_ignore_ascii_case("echo") && of == Scheme::SemVer;
        return Some(if echo { Scheme::EchoNpm } else { of });
    }
    named(first)
}

/// The scheme of a name without a suffix.
fn named(name: &str) -> Option<Scheme> {
    // No name of the table is as long, so a long text needs no lower-case copy.
    if name.len() > 40 {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let at = NAMES
        .binary_search_by(|(known, _)| (*known).cmp(name.as_str()))
        .ok()?;
    NAMES.get(at).map(|(_, scheme)| *scheme)
}
