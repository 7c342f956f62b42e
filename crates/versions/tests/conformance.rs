//! Runs the orders against the shared conformance files.
#![expect(clippy::print_stdout, reason = "the counts are what one runs this for")]

use std::cmp::Ordering;
use std::path::PathBuf;

use stanchion_versions::Scheme;

/// Lines that no order can agree with that also agrees with the rest and in which RC1 comes before RC3.
///
/// They come from Maven's own comparison, which is not transitive: the file says of one artifact that
/// 2.9.0.RC3 < 2.9.0 < 2.9.0-1 < 2.9.0.RC1, and of another that 1.0.0.RC8-beta < 1.0.0 <
/// 1.0.0-gradle-rework-beta3 < 1.0.0.RC7-3. For the third, 204 lines put `X.0.Beta1` before `X.0` and others
/// `X.0` before `X.0-1`. Here a pre-release comes before its release, as in Maven since 3.8.7; `explain` agrees
/// with these lines too.
const CONTRADICTIONS: [&str; 3] = [
    "2.9.0-1 < 2.9.0.RC1",
    "1.0.0-gradle-rework-beta3 < 1.0.0.RC7-3",
    "1.1.0-01-glassfish < 1.1.0.Beta1",
];

/// The folder of the conformance files; nothing where there is none.
fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("STANCHION_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    if shared.is_dir() {
        Some(shared.join("conformance/versions"))
    } else {
        println!("skipped: no folder {}", shared.display());
        None
    }
}

/// The lines of a file that a scheme gets wrong, how many there are in all, and how many are left out.
fn run(scheme: Scheme, text: &str) -> (Vec<String>, usize, usize) {
    let mut wrong = Vec::new();
    let mut count = 0;
    let mut contradictions = 0;
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with("# ") || line.starts_with("// ") {
            continue;
        }
        let Some((order, (a, b))) = [
            (" < ", Ordering::Less),
            (" = ", Ordering::Equal),
            (" > ", Ordering::Greater),
        ]
        .into_iter()
        .find_map(|(sign, order)| line.split_once(sign).map(|sides| (order, sides))) else {
            wrong.push(format!("not a line: {line}"));
            continue;
        };
        count += 1;
        let (a, b) = (a.trim(), b.trim());
        if scheme.explain(a, b).order != order || scheme.explain(b, a).order != order.reverse() {
            wrong.push(format!("explained: {line}"));
        }
        if scheme == Scheme::Maven && CONTRADICTIONS.contains(&line) {
            contradictions += 1;
            if scheme.compare(a, b) == order {
                wrong.push(format!("no contradiction: {line}"));
            }
            continue;
        }
        if scheme.compare(a, b) != order || scheme.compare(b, a) != order.reverse() {
            wrong.push(line.to_owned());
        }
        let (mut left, mut right) = (Vec::new(), Vec::new());
        scheme.key(a, &mut left);
        scheme.key(b, &mut right);
        if left.cmp(&right) != order {
            wrong.push(format!("keys: {line}"));
        }
    }
    (wrong, count, contradictions)
}

/// Checks one file; it may be missing where no conformance files are at hand.
fn check(scheme: Scheme, file: &str) {
    let Some(folder) = folder() else { return };
    let path = folder.join(file);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
            panic!("{}: {error}", path.display())
        }
        Err(error) => {
            println!("skipped: {}: {error}", path.display());
            return;
        }
    };
    let (wrong, count, contradictions) = run(scheme, &text);
    println!(
        "{file}: {} of {count} as {}",
        count.saturating_sub(wrong.len() + contradictions),
        scheme.name()
    );
    assert!(count > 0, "{file} has no line");
    assert!(
        wrong.is_empty(),
        "{file}: {} of {count} wrong as {scheme:?}:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}

#[test]
fn semver() {
    for scheme in [
        Scheme::SemVer,
        Scheme::Go,
        Scheme::Cargo,
        Scheme::Hex,
        Scheme::Swift,
        Scheme::GitHubActions,
    ] {
        check(scheme, "semver-versions.txt");
    }
}

#[test]
fn pypi() {
    check(Scheme::Pep440, "pypi-versions.txt");
    check(Scheme::Pep440, "pypi-versions-generated.txt");
}

#[test]
fn maven() {
    check(Scheme::Maven, "maven-versions.txt");
    check(Scheme::Maven, "maven-versions-generated.txt");
}

#[test]
fn rubygems() {
    check(Scheme::RubyGems, "rubygems-versions.txt");
    check(Scheme::RubyGems, "rubygems-versions-generated.txt");
}

#[test]
fn debian() {
    check(Scheme::Debian, "debian-versions.txt");
    check(Scheme::Debian, "debian-versions-generated.txt");
}
