//! Facts of each ecosystem's ranges, written from its documentation.

use stanchion_versions::{Scheme, parse_vers};

/// Checks which versions a range has.
fn range(scheme: Scheme, text: &str, within: &[&str], without: &[&str]) {
    let range = scheme
        .parse_range(text)
        .unwrap_or_else(|error| panic!("{scheme:?} {text}: {error}"));
    assert_eq!(range.scheme(), scheme);
    assert_eq!(range.to_string(), text.trim());
    for version in within {
        assert!(
            range.contains(version),
            "{scheme:?} {text} has {version}: {:?}",
            range.intervals()
        );
    }
    for version in without {
        assert!(
            !range.contains(version),
            "{scheme:?} {text} has not {version}: {:?}",
            range.intervals()
        );
    }
}

#[test]
fn npm() {
    let npm = |text: &str, within: &[&str], without: &[&str]| {
        range(Scheme::SemVer, text, within, without);
    };
    npm(
        "^1.2.3",
        &["1.2.3", "1.9.0"],
        &["1.2.2", "2.0.0", "2.0.0-rc.1", "1.3.0-rc.1"],
    );
    npm("^0.2.3", &["0.2.9"], &["0.3.0"]);
    npm("^0.0.3", &["0.0.3"], &["0.0.4"]);
    npm("^0.0", &["0.0.9"], &["0.1.0"]);
    npm("~1.2.3", &["1.2.9"], &["1.3.0"]);
    npm("~1", &["1.9.9"], &["2.0.0"]);
    npm("1.x", &["1.0.0", "1.99.0"], &["0.9.0", "2.0.0"]);
    npm(
        "1.2.x || >=2.0.0 <2.1",
        &["1.2.9", "2.0.5"],
        &["1.3.0", "2.1.0"],
    );
    npm("1.2 - 2.3", &["1.2.0", "2.3.9"], &["2.4.0", "1.1.9"]);
    npm("1.2.3 - 2.3.4", &["1.2.3", "2.3.4"], &["2.3.5"]);
    npm(
        ">=1.2.3-beta.2 <2",
        &["1.2.3-beta.4", "1.2.3", "1.9.0"],
        &["1.2.4-beta.9", "1.2.3-beta.1"],
    );
    npm(">= 1.0.0   < 2.0.0", &["1.5.0"], &["2.0.0"]);
    npm("", &["0.0.1", "9.9.9"], &["1.0.0-rc.1"]);
    npm("*", &["1.0.0"], &["1.0.0-rc.1"]);
    npm(">1", &["2.0.0"], &["1.9.9"]);
    npm("<=1.2", &["1.2.99"], &["1.3.0"]);
    assert!(
        Scheme::SemVer
            .parse_range("^1.2.3")
            .is_ok_and(|range| range.contains_any_prerelease("1.3.0-rc.1"))
    );
    for wrong in [
        "foo",
        ">=",
        "1.2.3.4",
        "^x1",
        "git+https://example.org/a.git",
    ] {
        assert!(
            Scheme::SemVer.parse_range(wrong).is_err() || wrong == ">=",
            "{wrong}"
        );
    }
}

#[test]
fn cargo() {
    let cargo =
        |text: &str, within: &[&str], without: &[&str]| range(Scheme::Cargo, text, within, without);
    cargo(
        "1.2.3",
        &["1.2.3", "1.9.0"],
        &["1.2.2", "2.0.0", "1.3.0-rc.1"],
    );
    cargo("0.2", &["0.2.0", "0.2.9"], &["0.3.0"]);
    cargo("0.0", &["0.0.7"], &["0.1.0"]);
    cargo("0", &["0.9.9"], &["1.0.0"]);
    cargo("~1.2", &["1.2.9"], &["1.3.0"]);
    cargo("1.*", &["1.5.0"], &["2.0.0"]);
    cargo("*", &["7.0.0"], &["7.0.0-a"]);
    cargo(">=1.2, <1.5", &["1.4.9"], &["1.5.0"]);
    cargo("=1.2.3", &["1.2.3"], &["1.2.4"]);
    cargo(
        "1.2.3-rc.1",
        &["1.2.3-rc.2", "1.3.0"],
        &["1.2.3-rc.0", "1.3.0-rc.1"],
    );
    assert!(Scheme::Cargo.parse_range("").is_err());
}

#[test]
fn pep440() {
    let pypi = |text: &str, within: &[&str], without: &[&str]| {
        range(Scheme::Pep440, text, within, without);
    };
    pypi(
        ">=1.0,<2.0",
        &["1.0", "1.0+local", "1.9"],
        &["2.0", "2.0rc1", "1.5rc1"],
    );
    pypi("~=2.2", &["2.2", "2.9"], &["3.0", "2.1"]);
    pypi("~=2.2.0", &["2.2.9", "2.2.post3"], &["2.3"]);
    pypi(
        "==1.1",
        &["1.1", "1.1.0", "1.1+u1"],
        &["1.1.post1", "1.1.1"],
    );
    pypi("==1.1+u1", &["1.1+u1"], &["1.1"]);
    pypi("==1.1.*", &["1.1", "1.1.9", "1.1.post1"], &["1.2", "1.10"]);
    pypi("!=1.1.*", &["1.0", "1.2"], &["1.1", "1.1.5"]);
    pypi("!=1.5, >1", &["1.6"], &["1.5", "1", "1.0+l"]);
    pypi(">1.7", &["1.7.1", "1.8"], &["1.7.0.post1", "1.7+x"]);
    pypi(">1.7.post1", &["1.7.post2"], &["1.7.post1"]);
    pypi("<3.1", &["3.0"], &["3.1.dev0", "3.1rc1"]);
    pypi("<3.1rc2", &["3.1rc1", "3.0"], &["3.1rc2"]);
    pypi(">=1.0rc1", &["1.0rc1", "1.0"], &["1.0b1"]);
    pypi("===weird", &["weird", "WEIRD"], &["1.0"]);
    pypi("", &["1.0"], &["1.0a1"]);
    for wrong in ["1.0", "~=1", "==1.*.2", ">=1.0.*", ">=x"] {
        assert!(Scheme::Pep440.parse_range(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn brackets() {
    let maven =
        |text: &str, within: &[&str], without: &[&str]| range(Scheme::Maven, text, within, without);
    maven(
        "[1.0,2.0)",
        &["1.0", "1.9", "2.0-SNAPSHOT"],
        &["2.0", "0.9"],
    );
    maven("(,1.0],[1.2,)", &["0.9", "1.0", "1.2", "5"], &["1.1"]);
    maven("[1.5]", &["1.5", "1.5.0"], &["1.5.1"]);
    maven("1.0", &["0.1", "2.0"], &[]);
    let nuget =
        |text: &str, within: &[&str], without: &[&str]| range(Scheme::NuGet, text, within, without);
    nuget("1.0", &["1.0.0", "9.0"], &["0.9"]);
    nuget("(1.0,2.0]", &["1.0.1", "2.0"], &["1.0", "2.0.1"]);
    nuget("[1.0]", &["1.0.0.0"], &["1.0.1"]);
    nuget("1.2.*", &["1.2.0", "1.2.9"], &["1.3.0", "1.2.5-beta"]);
    nuget(
        "1.2.3-beta.*",
        &["1.2.3-beta.4", "1.2.3"],
        &["1.2.3-alpha", "1.2.4"],
    );
    nuget("*", &["3.0"], &["3.0-a"]);
    nuget("*-*", &["3.0", "3.0-a"], &[]);
    for (scheme, wrong) in [
        (Scheme::Maven, "[1.0,2.0"),
        (Scheme::Maven, "(1.0)"),
        (Scheme::Maven, "[1,2)[3,4)"),
        (Scheme::Maven, "1.0,2.0"),
        (Scheme::NuGet, "(1.0)"),
        (Scheme::NuGet, "x"),
        (Scheme::NuGet, "[]"),
    ] {
        assert!(scheme.parse_range(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn gem_and_hex() {
    let gem = |text: &str, within: &[&str], without: &[&str]| {
        range(Scheme::RubyGems, text, within, without);
    };
    gem(
        "~> 2.2",
        &["2.2", "2.9"],
        &["3.0", "3.0.a", "2.1", "2.5.rc1"],
    );
    gem("~> 2.2.0", &["2.2.9"], &["2.3"]);
    gem("~> 1", &["1.9"], &["2"]);
    gem(">= 1.0, < 2, != 1.5", &["1.4"], &["1.5", "2.0"]);
    gem("~> 1.0.a", &["1.0.b", "1.0"], &["2.0"]);
    gem("1.0", &["1.0.0"], &["1.0.1"]);
    let hex =
        |text: &str, within: &[&str], without: &[&str]| range(Scheme::Hex, text, within, without);
    hex("~> 2.0", &["2.0.0", "2.9.0"], &["3.0.0", "3.0.0-rc.1"]);
    hex("~> 2.1.2", &["2.1.9"], &["2.2.0"]);
    hex(
        ">= 1.0.0 and < 1.2.0 or == 2.0.0",
        &["1.1.0", "2.0.0"],
        &["1.2.0"],
    );
    hex("~> 1.0-rc.0", &["1.0.0-rc.1", "1.5.0"], &["2.0.0"]);
    assert!(Scheme::Hex.parse_range("~> 2").is_err());
}

#[test]
fn composer() {
    let composer = |text: &str, within: &[&str], without: &[&str]| {
        range(Scheme::Packagist, text, within, without);
    };
    composer(
        "^1.2",
        &["1.2", "1.2.0-beta1", "v1.9.9"],
        &["2.0.0", "2.0-dev", "1.1"],
    );
    composer("^0.3", &["0.3.9"], &["0.4"]);
    composer("~1.2", &["1.9"], &["2.0"]);
    composer("~1.2.3", &["1.2.9"], &["1.3"]);
    composer("1.0 - 2.0", &["1.0.0", "2.0.9"], &["2.1"]);
    composer("1.2.*", &["1.2.9", "1.2.0-alpha"], &["1.3"]);
    composer(">=1.0 <1.1 || >=1.2", &["1.0.5", "1.3"], &["1.1"]);
    composer(">=1.0,<1.1|2.0", &["1.0.5", "2.0.0"], &["1.1"]);
    composer("1.0", &["1.0.0", "v1", "1.0.0.0"], &["1.0.1"]);
    composer(">=1.0@beta", &["1.0-beta1", "1.0"], &["1.0-alpha1"]);
    composer("dev-main", &["dev-main"], &["1.0", "dev-other"]);
    composer("*", &["1.0", "dev-main"], &[]);
    composer("!=1.5", &["1.6", "dev-main"], &["1.5.0"]);
    for wrong in ["", "~>1.0", "^x", ">="] {
        assert!(Scheme::Packagist.parse_range(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn others() {
    range(
        Scheme::Pub,
        "^1.2.3",
        &["1.2.3", "1.9.0", "1.3.0-a"],
        &["2.0.0", "2.0.0-a"],
    );
    range(Scheme::Pub, "^0.1.2", &["0.1.9"], &["0.2.0"]);
    range(
        Scheme::Pub,
        ">=1.0.0 <2.0.0",
        &["1.5.0"],
        &["2.0.0", "2.0.0-a"],
    );
    range(Scheme::Pub, ">=2.0.0-a <2.0.0", &["2.0.0-b"], &["2.0.0"]);
    range(Scheme::Pub, "any", &["0.0.1"], &[]);
    range(
        Scheme::Swift,
        "from: \"1.2.3\"",
        &["1.9.0"],
        &["2.0.0", "1.2.2"],
    );
    range(
        Scheme::Swift,
        ".upToNextMinor(from: \"1.2.3\")",
        &["1.2.9"],
        &["1.3.0"],
    );
    range(
        Scheme::Swift,
        "\"1.0.0\"..<\"2.0.0\"",
        &["1.9.0"],
        &["2.0.0"],
    );
    range(
        Scheme::Swift,
        "\"1.0.0\"...\"2.0.0\"",
        &["2.0.0"],
        &["2.0.1"],
    );
    range(Scheme::Swift, "exact: \"1.0.0\"", &["1.0.0"], &["1.0.1"]);
    range(
        Scheme::Conan,
        "[>1 <2.0]",
        &["1.5"],
        &["2.0", "1", "1.5-pre"],
    );
    range(Scheme::Conan, "[~1.2]", &["1.2.9"], &["1.3"]);
    range(
        Scheme::Conan,
        "[>=1.0 <2, include_prerelease]",
        &["1.0-a", "1.5-a"],
        &["2.0-a"],
    );
    range(Scheme::Debian, "(>= 1.2-3)", &["1.2-3", "1:0"], &["1.2-2"]);
    range(Scheme::Debian, "<< 2.0~", &["1.9"], &["2.0~", "2.0"]);
    range(Scheme::Debian, ">> 1, <= 2", &["2"], &["1", "2.1"]);
    range(Scheme::Rpm, ">= 1:1.0-1", &["1:1.0-1"], &["2.0"]);
    range(
        Scheme::Hackage,
        ">=1.2 && <1.5 || ==2.*",
        &["1.4", "2.7"],
        &["1.5", "3"],
    );
    range(Scheme::Hackage, "^>=1.2.3", &["1.2.9"], &["1.3", "1.2.2"]);
    range(Scheme::Hackage, "== {1.0, 1.2}", &["1.0", "1.2"], &["1.1"]);
    range(Scheme::Hackage, "-any", &["1"], &[]);
    range(Scheme::Cran, "(>= 1.0-2)", &["1.0.2", "1.1"], &["1.0"]);
    range(
        Scheme::GitHubActions,
        "v4",
        &["v4.0.0", "v4.9"],
        &["v5", "v3"],
    );
    range(Scheme::GitHubActions, "v4.1.0", &["v4.1.0"], &["v4.1.1"]);
    range(
        Scheme::Julia,
        "1.2, 2",
        &["1.9.0", "2.5.0"],
        &["3.0.0", "1.1.0"],
    );
    range(Scheme::Julia, "0.2.1 - 0.5", &["0.5.9"], &["0.6.0"]);
    range(Scheme::Go, "v1.2.3", &["v1.2.3", "v1.9.0"], &["v1.2.2"]);
    range(Scheme::Go, ">= 1.0.0, < 1.2.3", &["v1.2.2"], &["v1.2.3"]);
    range(Scheme::Conda, "1.2.*", &["1.2.9"], &["1.3"]);
    range(Scheme::Conda, ">=1.2,<2|3", &["1.5", "3"], &["2"]);
    range(Scheme::Alpine, "<1.2.3-r4", &["1.2.3-r3"], &["1.2.3-r4"]);
    range(Scheme::Generic, ">=5.10, <5.15", &["v5.10.3"], &["v5.15"]);
}

#[test]
fn vers() {
    let vers = |text: &str| parse_vers(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let (scheme, range) = vers("vers:npm/>=1.0.0|<2.0.0|3.1.0");
    assert_eq!(scheme, Scheme::SemVer);
    assert!(range.contains("1.5.0-rc.1") && range.contains("3.1.0"));
    assert!(!range.contains("2.0.0") && !range.contains("3.0.0"));
    let (_, range) = vers("vers:pypi/<1.0|!=0.5|>=1.2|<=1.4");
    assert!(range.contains("0.4") && range.contains("1.4") && range.contains("1.3rc1"));
    assert!(!range.contains("0.5") && !range.contains("1.1") && !range.contains("1.5"));
    let (scheme, range) = vers("VERS:deb/*");
    assert!(scheme == Scheme::Debian && range.contains("1:2-3"));
    let (_, range) = vers("vers:deb/>=1%3A2.0|<1:3");
    assert!(range.contains("1:2.5") && !range.contains("2.5"));
    let (_, range) = vers("vers:composer/>=1.0|<2.0");
    assert!(range.contains("v1.0.0") && range.contains("1.0") && !range.contains("2.0.0"));
    for wrong in [
        "",
        "vers:",
        "vers:npm",
        "vers:npm/",
        "vers:nope/1",
        "npm/1",
        "vers:npm/>=",
    ] {
        assert!(parse_vers(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn intervals() {
    let shown = |scheme: Scheme, text: &str| -> Vec<String> {
        let range = scheme
            .parse_range(text)
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        range.intervals().iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        shown(Scheme::SemVer, "^1.2.3 || 3.0.0"),
        [">=1.2.3, <2.0.0-0", "=3.0.0"]
    );
    assert_eq!(shown(Scheme::SemVer, "*"), ["*"]);
    assert_eq!(shown(Scheme::SemVer, ">2.0.0 <1.0.0"), [""; 0]);
    assert_eq!(shown(Scheme::Maven, "(,1.0],[1.2,)"), ["<=1.0", ">=1.2"]);
    assert_eq!(
        shown(Scheme::RubyGems, ">= 1, != 1.5, < 2"),
        [">=1, <1.5", ">1.5, <2"]
    );
    assert_eq!(shown(Scheme::RubyGems, ">= 1, != 1"), [">1"]);
    assert_eq!(shown(Scheme::RubyGems, "<= 1, != 1"), ["<1"]);
    assert_eq!(shown(Scheme::RubyGems, "= 1, != 1"), [""; 0]);
    assert_eq!(shown(Scheme::Pep440, "==1.2.*"), [">=1.2.dev0, <1.3.dev0"]);
}
