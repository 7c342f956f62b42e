//! The table of schemes: names, numbers and ecosystems.

use stanchion_versions::{Certainty, Scheme};

#[test]
fn numbers_are_stable() {
    for (at, &scheme) in Scheme::ALL.iter().enumerate() {
        assert_eq!(usize::from(scheme.id()), at + 1);
        assert_eq!(Scheme::from_id(scheme.id()), Some(scheme));
        assert_eq!(
            Scheme::for_ecosystem(scheme.name()),
            Some(scheme),
            "{}",
            scheme.name()
        );
    }
    assert_eq!(Scheme::from_id(0), None);
    assert_eq!(Scheme::from_id(200), None);
    // These are in files: never change them.
    for (scheme, id) in [
        (Scheme::SemVer, 1),
        (Scheme::Pep440, 4),
        (Scheme::Maven, 5),
        (Scheme::Debian, 14),
        (Scheme::Rpm, 16),
        (Scheme::Generic, 19),
        (Scheme::Conda, 23),
    ] {
        assert_eq!(scheme.id(), id);
    }
}

#[test]
fn ecosystems_have_their_scheme() {
    for (name, scheme) in [
        ("npm", Scheme::SemVer),
        ("crates.io", Scheme::Cargo),
        ("Go", Scheme::Go),
        ("golang", Scheme::Go),
        ("PyPI", Scheme::Pep440),
        ("pypi", Scheme::Pep440),
        ("Maven", Scheme::Maven),
        ("Maven:https://repo.example/maven2", Scheme::Maven),
        ("NuGet", Scheme::NuGet),
        ("RubyGems", Scheme::RubyGems),
        ("gem", Scheme::RubyGems),
        ("Packagist", Scheme::Packagist),
        ("Packagist:https://packages.drupal.org/8", Scheme::Packagist),
        ("composer", Scheme::Packagist),
        ("Hex", Scheme::Hex),
        ("Pub", Scheme::Pub),
        ("SwiftURL", Scheme::Swift),
        ("ConanCenter", Scheme::Conan),
        ("GitHub Actions", Scheme::GitHubActions),
        ("githubactions", Scheme::GitHubActions),
        ("Debian:12", Scheme::Debian),
        ("Ubuntu:24.04:LTS", Scheme::Debian),
        ("Echo", Scheme::Debian),
        ("Echo:PyPI", Scheme::Pep440),
        ("Echo:npm", Scheme::EchoNpm),
        ("Root:Alpine:3.18", Scheme::Alpine),
        ("deb", Scheme::Debian),
        ("Alpine:v3.20", Scheme::Alpine),
        ("Wolfi", Scheme::Alpine),
        ("Chainguard", Scheme::Alpine),
        ("Alpaquita:stream", Scheme::Alpine),
        ("MinimOS", Scheme::Alpine),
        ("apk", Scheme::Alpine),
        ("AlmaLinux:9", Scheme::Rpm),
        ("Rocky Linux:9", Scheme::Rpm),
        ("Red Hat:enterprise_linux:9::baseos", Scheme::Rpm),
        ("SUSE:Linux Enterprise Server 15 SP5", Scheme::Rpm),
        ("openSUSE:Tumbleweed", Scheme::Rpm),
        ("Mageia:9", Scheme::Rpm),
        ("openEuler:24.03-LTS", Scheme::Rpm),
        ("Azure Linux:3", Scheme::Rpm),
        ("rpm", Scheme::Rpm),
        ("CRAN", Scheme::Cran),
        ("Bioconductor", Scheme::Cran),
        ("Hackage", Scheme::Hackage),
        ("GHC", Scheme::Hackage),
        ("Bitnami", Scheme::Bitnami),
        ("Julia", Scheme::Julia),
        ("Linux", Scheme::Generic),
        ("OSS-Fuzz", Scheme::Generic),
        ("Android", Scheme::Generic),
        ("VSCode", Scheme::SemVer),
        ("alpm", Scheme::Alpm),
        ("conda", Scheme::Conda),
        ("SEMVER", Scheme::SemVer),
    ] {
        assert_eq!(Scheme::for_ecosystem(name), Some(scheme), "{name}");
    }
    for name in ["", ":", "nope", "npm2", &"x".repeat(1000)] {
        assert_eq!(Scheme::for_ecosystem(name), None, "{name}");
    }
}

#[test]
fn certainty_says_how_a_version_was_read() {
    use Certainty::{Exact, Lenient, Unparsed};
    for (scheme, version, wanted) in [
        (Scheme::SemVer, "1.2.3", Exact),
        (Scheme::SemVer, "1.2.3-rc.1+build.5", Exact),
        (Scheme::SemVer, "v1.2.3", Lenient),
        (Scheme::SemVer, "1.2", Lenient),
        (Scheme::SemVer, "1.2.3.4", Lenient),
        (Scheme::SemVer, "01.2.3", Lenient),
        (Scheme::SemVer, "latest", Unparsed),
        (Scheme::SemVer, "", Unparsed),
        (Scheme::Go, "v1.2.3", Exact),
        (Scheme::Go, "v1", Exact),
        (Scheme::Go, "v2.0.0+incompatible", Exact),
        (Scheme::Go, "1.2.3", Lenient),
        (Scheme::Pep440, "1.0rc1", Exact),
        (Scheme::Pep440, "1.0-bulbasaur", Unparsed),
        (Scheme::NuGet, "1.2.3.4-Beta", Exact),
        (Scheme::RubyGems, "1.2.3.pre", Exact),
        (Scheme::RubyGems, "1.2_3", Lenient),
        (Scheme::GitHubActions, "v4", Exact),
        (Scheme::GitHubActions, "main", Unparsed),
        (
            Scheme::GitHubActions,
            "8ade135a41bc03ea155e62e844d188df1ea18608",
            Unparsed,
        ),
        (Scheme::Debian, "1:1.2-3", Exact),
        (Scheme::Debian, "a1", Lenient),
        (Scheme::Alpine, "1.2.3_rc1-r4", Exact),
        (Scheme::Alpine, "1.2.3-beta", Lenient),
        (Scheme::Alpine, "edge", Unparsed),
        (Scheme::Rpm, "1:2.3-4.el9", Exact),
        (Scheme::Cran, "1.2-3", Exact),
        (Scheme::Cran, "1.x", Unparsed),
        (Scheme::Hackage, "1.2.3.4", Exact),
        (Scheme::Hackage, "1.2a", Unparsed),
        (Scheme::Generic, "2024-05", Lenient),
        (Scheme::Generic, "main", Unparsed),
    ] {
        assert_eq!(scheme.certainty(version), wanted, "{scheme:?} {version:?}");
    }
}
