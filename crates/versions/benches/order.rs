//! How long it takes to order versions and to write their keys.

use divan::{Bencher, black_box};
use stanchion_versions::Scheme;

fn main() {
    divan::main();
}

/// A scheme and two versions that are typical of it.
const TYPICAL: &[(Scheme, &str, &str)] = &[
    (Scheme::SemVer, "4.17.21", "4.17.20"),
    (Scheme::SemVer, "18.3.0-canary.12", "18.3.0"),
    (Scheme::Go, "v0.0.0-20191109021931-daa7c04131f5", "v1.2.3"),
    (Scheme::Pep440, "2.31.0", "2.31.0.post1"),
    (Scheme::Maven, "2.17.1", "2.17.1-SNAPSHOT"),
    (Scheme::NuGet, "13.0.3", "13.0.3-beta1"),
    (Scheme::RubyGems, "7.0.8.1", "7.0.8.pre"),
    (Scheme::Packagist, "v6.4.3", "v6.4.3-RC1"),
    (Scheme::Debian, "1.1.1n-0+deb11u5", "1.1.1n-0+deb11u4"),
    (Scheme::Alpine, "3.1.4-r5", "3.1.4_rc1-r0"),
    (Scheme::Rpm, "1:3.0.7-24.el9", "1:3.0.7-6.el9_2"),
    // Those that differ in the numbers they start with.
    (Scheme::Pep440, "2.31.0", "2.28.2"),
    (Scheme::Maven, "2.17.1", "2.14.0-rc1"),
    (Scheme::NuGet, "13.0.3", "12.0.1"),
    (Scheme::RubyGems, "7.0.8.1", "7.1.0.rc1"),
    (Scheme::Debian, "1.1.1n-0+deb11u5", "1.1.0l-1~deb9u1"),
    (Scheme::Rpm, "3.0.7-24.el9", "3.2.2-6.el9_2"),
];

#[divan::bench(args = 0..TYPICAL.len())]
fn compare(bencher: Bencher<'_, '_>, which: usize) {
    let (scheme, a, b) = TYPICAL[which];
    bencher.bench(|| scheme.compare(black_box(a), black_box(b)));
}

#[divan::bench(args = 0..TYPICAL.len())]
fn key(bencher: Bencher<'_, '_>, which: usize) {
    let (scheme, a, _) = TYPICAL[which];
    let mut out = Vec::with_capacity(64);
    bencher.bench_local(|| {
        out.clear();
        scheme.key(black_box(a), &mut out)
    });
}

#[divan::bench]
fn range_contains(bencher: Bencher<'_, '_>) {
    let range = Scheme::SemVer.parse_range("^1.2.3 || >=2.0.0 <2.5.0");
    bencher.bench(|| {
        range
            .as_ref()
            .is_ok_and(|range| range.contains(black_box("2.4.9")))
    });
}
