//! Facts of each ecosystem's order, written from its specification.

use std::cmp::Ordering;

use stanchion_versions::Scheme;

/// Each version comes before all that follow it; those in one row are equal.
fn ascending(scheme: Scheme, rows: &[&[&str]]) {
    for (low, row) in rows.iter().enumerate() {
        for (high, other) in rows.iter().enumerate() {
            for a in *row {
                for b in *other {
                    assert_eq!(
                        scheme.compare(a, b),
                        low.cmp(&high),
                        "{scheme:?}: {a} and {b}"
                    );
                }
            }
        }
    }
}

#[test]
fn semver() {
    for scheme in [Scheme::SemVer, Scheme::Cargo, Scheme::Hex] {
        ascending(
            scheme,
            &[
                &["next"],
                &["0.0.0-0"],
                &["0.0.0", "0", "0.0", "0.0.0.0", "v0"],
                &["1.2.3-1"],
                &["1.2.3-10", "1.2.3-10+z"],
                &["1.2.3--"],
                &["1.2.3-Z"],
                &["1.2.3-a", "1.2.3a", "=v1.2.3-a"],
                &["1.2.3-a.1"],
                &["1.2.3-a.1.0"],
                &["1.2.3-a.b"],
                &["1.2.3-a1"],
                &["1.2.3", "v1.2.3", "1.2.3+5", "01.2.3"],
                &["1.2.3.1"],
                &["1.2.4-0"],
                &["1.10.0"],
            ],
        );
    }
}

#[test]
fn go() {
    ascending(
        Scheme::Go,
        &[
            &["v0.0.0-20180101000000-aaaaaaaaaaaa"],
            &["v0.0.0-20191109021931-daa7c04131f5"],
            &["v1.0.0", "v1", "v1.0", "1.0.0"],
            &["v1.0.1-0.20200101000000-abcdefabcdef"],
            &["v1.0.1"],
            &["v1.21.0-rc.2", "go1.21rc2", "1.21.0-rc.2"],
            &["go1.21", "1.21.0", "go1.21.0"],
            &["v2.0.0+incompatible", "v2.0.0"],
        ],
    );
}

#[test]
fn pub_orders_build_metadata() {
    ascending(
        Scheme::Pub,
        &[
            &["1.0.0-a"],
            &["1.0.0-a+1"],
            &["1.0.0-a.0"],
            &["1.0.0"],
            &["1.0.0+0"],
            &["1.0.0+1.0"],
            &["1.0.0+1.a"],
            &["1.0.0+a"],
            &["1.0.1-0"],
        ],
    );
}

#[test]
fn bitnami_counts_revisions_upwards() {
    ascending(
        Scheme::Bitnami,
        &[
            &["1.2.2-9"],
            &["1.2.3", "1.2.3+m"],
            &["1.2.3-1"],
            &["1.2.3-2", "1.2.3-2+m"],
            &["1.2.3-10"],
            &["1.2.4"],
        ],
    );
}

#[test]
fn julia_and_echo() {
    ascending(
        Scheme::Julia,
        &[
            &["1.0.0-rc1"],
            &["1.0.0", "v1", "1.0"],
            &["1.0.0+1"],
            &["1.0.0+2"],
            &["1.0.1"],
        ],
    );
    ascending(
        Scheme::EchoNpm,
        &[
            &["1.2.3-rc.1"],
            &["1.2.3-rc.1+echo.1"],
            &["1.2.3", "1.2.3+build"],
            &["1.2.3+echo.9"],
            &["1.2.3+echo.10"],
            &["1.2.4"],
        ],
    );
}

#[test]
fn tags() {
    ascending(
        Scheme::GitHubActions,
        &[
            &["8ade135a41bc03ea155e62e844d188df1ea18608"],
            &["main"],
            &["v4-beta"],
            &["v4", "v4.0", "v4.0.0", "4"],
            &["v4.0.1"],
            &["v4.1"],
            &["v10"],
        ],
    );
}

#[test]
fn pep440() {
    ascending(
        Scheme::Pep440,
        &[
            &["0.1-squirtle"],
            &["1.0.dev0", "1.dev"],
            &["1.0a0.dev1"],
            &["1.0a0", "1.0.alpha", "1-a_0"],
            &["1.0a0.post1"],
            &["1.0b1"],
            &["1.0rc1.dev3"],
            &["1.0rc1", "1.0c1", "1.0-PRE-1", "v1.0preview1"],
            &["1.0", "1", "1.0.0", " 1.0 ", "0!1"],
            &["1.0+a"],
            &["1.0+a.1", "1.0+A-1"],
            &["1.0+1"],
            &["1.0.post0.dev1"],
            &["1.0.post0", "1.0-0", "1.0r", "1.0.rev"],
            &["1.0.1"],
            &["1!0.1"],
        ],
    );
}

#[test]
fn maven() {
    ascending(
        Scheme::Maven,
        &[
            &["1-alpha-1-SNAPSHOT"],
            &["1-alpha-1", "1a1", "1.0-ALPHA1"],
            &["1-beta-2"],
            &["1-milestone-3", "1m3"],
            &["1-rc", "1cr"],
            &["1-rc-2"],
            &["1-SNAPSHOT"],
            &["1", "1.0", "1-0", "1.ga", "1-final", "1.0.0-RELEASE", "01"],
            &["1-sp"],
            &["1-abc"],
            &["1-xyz", "1xyz", "1.0.0xyz"],
            &["1-1", "1-ga-1", "1.0-1", "1.0.0-1"],
            &["1-2", "1.0-2.0"],
            &["1.0.1"],
            &["1.1.rc1"],
            &["1.1-rc1"],
            &["1.1"],
        ],
    );
    // Zeros before a last word mean nothing, nor does what is cut off after it.
    ascending(
        Scheme::Maven,
        &[&["1"], &["1.x", "1.0.x", "1.0.x.0", "1.0.0.x-0", "1.x.ga"]],
    );
    // What Maven itself is not consistent about: a release candidate comes before its release.
    ascending(
        Scheme::Maven,
        &[
            &["2.9-rc1"],
            &["2.9.0.rc1"],
            &["2.9.0.rc3"],
            &["2.9.0"],
            &["2.9.0-1"],
        ],
    );
}

#[test]
fn nuget() {
    ascending(
        Scheme::NuGet,
        &[
            &["1.0.0--1"],
            &["1.0.0-1"],
            &["1.0.0-99"],
            &["1.0.0-99999999999", "1.0.0-99999999999+m"],
            &["1.0.0-alpha", "1.0-ALPHA"],
            &["1.0.0-alpha.1"],
            &["1.0.0-b"],
            &["1.0.0", "1", "1.0", "1.0.0.0", "1.0.0+m"],
            &["1.0.0.1-a"],
            &["1.0.0.1", "1.0.0.01"],
            &["1.0.1"],
        ],
    );
}

#[test]
fn rubygems() {
    ascending(
        Scheme::RubyGems,
        &[
            &["1.0.a", "1.a", "1.0.0.a.0"],
            &["1.0.a.1", "1.a1"],
            &["1.0.b"],
            &["1.0.pre.1", "1.0-1"],
            &["1.0.rc1"],
            &["1", "1.0", "1.0.0"],
            &["1.0.1.a"],
            &["1.0.1"],
            &["1.10"],
        ],
    );
}

#[test]
fn packagist() {
    ascending(
        Scheme::Packagist,
        &[
            &["dev-main", "dev-other"],
            &["1.0-other"],
            &["1.0-dev", "v1.0.dev", "1.0dev"],
            &["1.0-alpha", "1.0a"],
            &["1.0-alpha1", "1.0.a.1"],
            &["1.0-beta2"],
            &["1.0-RC1", "1.0rc1"],
            &["1.0", "v1.0", "V1.0", "1.0.#"],
            &["1.0.0"],
            &["1.0.1"],
            &["1.0-patch1", "1.0p1", "1.0pl1"],
            &["1.1"],
        ],
    );
}

#[test]
fn conan() {
    ascending(
        Scheme::Conan,
        &[
            &["1.0-"],
            &["1.0-alpha.2"],
            &["1.0-alpha.11"],
            &["1.0-alpha.11+b"],
            &["1.0", "1", "1.0.0"],
            &["1.0+b1", "1+b1.0"],
            &["1.0.1"],
            &["1.1.1"],
            &["1.1.1a"],
            &["1.1.1k"],
            &["1.1.2"],
            &["1.a"],
            &["1a"],
            &["cci.20200101"],
            &["cci.20210101"],
            &["system"],
        ],
    );
}

#[test]
fn debian() {
    ascending(
        Scheme::Debian,
        &[
            &["1.0~~"],
            &["1.0~~a"],
            &["1.0~"],
            &["1.0~rc1-1"],
            &["1.0", "0:1.0", "1.0-0", "1.0-", "1.00"],
            &["1.0-1~bpo12+1"],
            &["1.0-1"],
            &["1.0-1+deb12u1"],
            &["1.0a"],
            &["1.0+b1"],
            &["1.0.1"],
            &["1:0.1"],
        ],
    );
    assert_eq!(
        Scheme::Debian.compare("1.0-1ubuntu1", "1.0-1+b1"),
        Ordering::Less
    );
    assert_eq!(Scheme::Debian.compare("1-2-3", "1-10-1"), Ordering::Less);
}

#[test]
fn alpine() {
    ascending(
        Scheme::Alpine,
        &[
            &["edge"],
            &["1.2_alpha"],
            &["1.2_alpha1"],
            &["1.2_beta_pre1"],
            &["1.2_beta"],
            &["1.2_rc1-r5"],
            &["1.2?"],
            &["1.2", "01.2"],
            &["1.2-r0"],
            &["1.2-r10"],
            &["1.2~abc"],
            &["1.2_cvs"],
            &["1.2_git20240101"],
            &["1.2_p"],
            &["1.2_p1"],
            &["1.2a"],
            &["1.2b-r1"],
            &["1.2.0"],
            &["1.2.01"],
            &["1.2.1"],
            &["1.10"],
        ],
    );
}

#[test]
fn rpm() {
    ascending(
        Scheme::Rpm,
        &[
            &["1.0~rc1"],
            &["1.0", "0:1.0", "1.0.", "1..0"],
            &["1.0-1.el8"],
            &["1.0-1.el9", "1.0-01.el9"],
            &["1.0-1.1"],
            &["1.0^git1-1"],
            &["1.0a"],
            &["1.0.1"],
            &["1.10"],
            &["1:0.1"],
        ],
    );
}

#[test]
fn pacman() {
    ascending(
        Scheme::Alpm,
        &[
            &["1.0a"],
            &["1.0b"],
            &["1.0rc"],
            &["1.0"],
            &["1.0-1"],
            &["1.0-2"],
            &["1.0.a"],
            &["1.0.1"],
            &["1:0.1"],
        ],
    );
}

#[test]
fn cran_and_hackage() {
    ascending(
        Scheme::Cran,
        &[
            &["x"],
            &["1"],
            &["1.0", "1-0"],
            &["1.0.0", "1.0-0"],
            &["1.0-1"],
            &["1.9"],
            &["1.10"],
        ],
    );
    ascending(
        Scheme::Hackage,
        &[
            &["1.0a"],
            &["1"],
            &["1.0"],
            &["1.0.0"],
            &["1.0.1", "1.0.01"],
            &["1.10"],
        ],
    );
}

#[test]
fn conda() {
    ascending(
        Scheme::Conda,
        &[
            &["0.4", "0.4.0"],
            &["0.4.1.rc", "0.4.1.RC"],
            &["0.4.1"],
            &["0.5a1"],
            &["0.5b3"],
            &["0.5C1"],
            &["0.5"],
            &["0.9.6"],
            &["0.960923"],
            &["1.0"],
            &["1.1dev1"],
            &["1.1_"],
            &["1.1a1"],
            &["1.1.0dev1", "1.1.dev1"],
            &["1.1.a1"],
            &["1.1.0rc1"],
            &["1.1.0", "1.1"],
            &["1.1.0post1", "1.1.post1"],
            &["1.1post1"],
            &["1996.07.12"],
            &["1!0.4.1"],
        ],
    );
}

#[test]
fn natural_order() {
    ascending(
        Scheme::Generic,
        &[
            &["latest"],
            &["5.10~1"],
            &["v5.10-rc1", "5.10rc1", "5.10-RC-1"],
            &["5.10", "v5.10.0"],
            &["5.10-foo"],
            &["5.10.1"],
            &["6"],
            &["2024-01-05"],
        ],
    );
}
