//! What the tests share, and what holds for any exception: what is read back is what went in, and never wider.

mod existing;
mod reading;
mod schemas;
mod writing;

use std::collections::BTreeSet;

use proptest::prelude::*;
use stanchion_model::exception::{Exception, ExceptionScope, ForeignExceptions};

use super::days::End;
use super::reading::shown;
use super::{Tool, read, write, write_trivyignore};

/// How to write, and the name under which the result is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    File(Tool),
    Plain,
}

impl Way {
    const ALL: [Self; 5] = [
        Self::File(Tool::Trivy),
        Self::Plain,
        Self::File(Tool::Grype),
        Self::File(Tool::OsvScanner),
        Self::File(Tool::CargoDeny),
    ];

    fn name(self) -> &'static str {
        match self {
            Self::File(Tool::Trivy) => ".trivyignore.yaml",
            Self::File(Tool::Grype) => ".grype.yaml",
            Self::File(Tool::OsvScanner) => "osv-scanner.toml",
            Self::File(Tool::CargoDeny) => "deny.toml",
            Self::Plain => ".trivyignore",
        }
    }

    /// A file as people write it.
    const fn sample(self) -> &'static [u8] {
        match self {
            Self::File(Tool::Trivy) => include_bytes!("../testdata/trivyignore.yaml"),
            Self::File(Tool::Grype) => include_bytes!("../testdata/grype.yaml"),
            Self::File(Tool::OsvScanner) => include_bytes!("../testdata/osv-scanner.toml"),
            Self::File(Tool::CargoDeny) => include_bytes!("../testdata/deny.toml"),
            Self::Plain => include_bytes!("../testdata/trivyignore"),
        }
    }

    fn try_write(
        self,
        exceptions: &[Exception],
        existing: Option<&str>,
    ) -> Result<(String, Vec<(String, String)>), String> {
        let mut out = Vec::new();
        let unsaid = match self {
            Self::File(tool) => write(tool, exceptions, existing, &mut out),
            Self::Plain => write_trivyignore(exceptions, existing, &mut out),
        }
        .map_err(|error| error.to_string())?;
        Ok((String::from_utf8(out).unwrap(), unsaid))
    }

    fn write(self, exceptions: &[Exception]) -> (String, Vec<(String, String)>) {
        self.try_write(exceptions, None).unwrap()
    }

    /// Reads a file of our own: nothing of it is refused.
    fn read(self, file: &str) -> ForeignExceptions {
        let (_, found) =
            read(self.name(), file.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{file}"));
        assert_eq!(found.refused, [], "{file}");
        found
    }

    const fn ends(self) -> bool {
        match self {
            Self::File(tool) => tool.ends(),
            Self::Plain => true,
        }
    }
}

/// What an exception says, of one id and one path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Flat {
    id: String,
    purl: Option<String>,
    versions: Option<String>,
    path: Option<String>,
    reason: Option<String>,
    end: Option<String>,
}

fn flat(exception: &Exception) -> Vec<Flat> {
    let scope = &exception.scope;
    let paths: Vec<Option<&String>> = if scope.paths.is_empty() {
        vec![None]
    } else {
        scope.paths.iter().map(Some).collect()
    };
    let mut all = Vec::new();
    for id in &scope.ids {
        for path in &paths {
            all.push(Flat {
                id: id.clone(),
                purl: scope.purl.clone(),
                versions: scope.versions.clone(),
                path: path.cloned(),
                reason: exception.reason.clone().filter(|reason| !reason.is_empty()),
                end: exception
                    .expires
                    .as_ref()
                    .map(|end| End::parse(end).unwrap().into_day().to_string()),
            });
        }
    }
    all
}

fn flats(exceptions: &[Exception]) -> BTreeSet<Flat> {
    exceptions.iter().flat_map(flat).collect()
}

/// An exception for one id.
fn for_id(id: &str) -> Exception {
    Exception {
        id: "EX-1".into(),
        scope: ExceptionScope {
            ids: vec![id.into()],
            ..ExceptionScope::default()
        },
        ..Exception::default()
    }
}

/// Texts on which a notation might break.
const HOSTILE: &[&str] = &[
    "yes",
    "1e3",
    "~",
    "null",
    "a: b",
    "- x",
    "# no",
    "x #y",
    "\"",
    "'",
    "\\",
    "{}",
    "[a",
    "&a",
    "*a",
    "!!x",
    "%",
    "@",
    "`",
    "|",
    ">",
    "---",
    "...",
    "\n",
    "a\nb",
    "\r\n",
    "\t",
    "\u{0}",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}x",
    "\u{202e}",
    "\u{ffff}",
    "\u{e0041}",
    " x ",
    "\n# stanchion: end\n",
    "\"\nignore:\n",
    "\"\"\"",
    "'''",
    "]",
    "=",
    "2026-01-01",
    "x\n\n[[IgnoredVulns]]\nid = 1",
    "😀",
    "> x",
];

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(HOSTILE).prop_map(str::to_owned),
        proptest::collection::vec(any::<char>(), 0..30).prop_map(|all| all.into_iter().collect()),
        proptest::collection::vec(proptest::sample::select(HOSTILE), 1..4)
            .prop_map(|all| all.concat()),
    ]
}

fn ends() -> impl Strategy<Value = String> {
    prop_oneof![
        (1970..9999u32, 1..13u32, 1..29u32).prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}")),
        (
            2020..2100u32,
            0..24u32,
            0..60u32,
            proptest::sample::select(&["Z", "+02:00", "-11:30", ".25Z"][..])
        )
            .prop_map(|(y, h, m, offset)| format!("{y}-02-28T{h:02}:{m:02}:00{offset}")),
        Just("2026-12-31T00:00:00Z".to_owned()),
    ]
}

const IDS: [&str; 18] = [
    "CVE-2024-1234",
    "CVE-2021-44228",
    "GHSA-jf85-cpcp-j695",
    "RUSTSEC-2024-0001",
    "RUSTSEC-2023-0071",
    "AVD-DS-0002",
    "KSV014",
    "aws-access-key-id",
    "yanked",
    "yes",
    "null",
    "1e3",
    "#x",
    "\"q\"",
    "*a",
    "&b",
    "{x}",
    "RHSA-2024:1",
];
const PURLS: [&str; 8] = [
    "pkg:npm/lodash",
    "pkg:npm/%40babel/core",
    "pkg:golang/github.com/BurntSushi/toml",
    "pkg:pypi/pyyaml",
    "pkg:cargo/rsa",
    "pkg:deb/debian/openssl?arch=amd64",
    "pkg:maven/org.example/log4j-core",
    "pkg:composer/a/b",
];
const VERSIONS: [&str; 6] = [
    "1.2.3",
    "1.10",
    "0.0.0-20210101000000-abcdef012345",
    "1:2.0~rc1-1",
    "v1.0.0+incompatible",
    "007",
];
const PATHS: [&str; 6] = [
    "a/package-lock.json",
    "**/go.mod",
    "web/**",
    "x y/*.lock",
    "*.*",
    "yes: #?",
];

fn option<T: Clone + std::fmt::Debug + 'static>(
    values: &'static [T],
) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(proptest::sample::select(values))
}

/// Any exception that some tool could be told.
fn sayable() -> impl Strategy<Value = Exception> {
    let scope = (
        proptest::sample::subsequence(&IDS[..], 1..4),
        option(&PURLS),
        option(&VERSIONS),
        proptest::sample::subsequence(&PATHS[..], 0..3),
    );
    let texts = (
        texts(),
        proptest::option::of(texts()),
        proptest::option::of(texts()),
        proptest::option::of(ends()),
    );
    (scope, texts).prop_map(
        |((ids, purl, versions, paths), (id, reason, approver, expires))| Exception {
            id,
            scope: ExceptionScope {
                ids: ids.into_iter().map(str::to_owned).collect(),
                purl: purl.map(str::to_owned),
                versions: versions.filter(|_| purl.is_some()).map(str::to_owned),
                paths: paths.into_iter().map(str::to_owned).collect(),
                ..ExceptionScope::default()
            },
            reason,
            approver,
            expires,
            ..Exception::default()
        },
    )
}

/// Any exception, also what nobody can be told.
fn any_exception() -> impl Strategy<Value = Exception> {
    let odd = proptest::sample::select(
        &[
            "pkg:npm/*",
            "pkg:cargo/*",
            "pkg:npm/%40a/*",
            "pkg:npm/x@1",
            "lodash",
            "*",
        ][..],
    );
    let more = (
        proptest::option::weighted(0.2, odd),
        proptest::option::weighted(0.1, Just("vers:npm/>=1|<2")),
        proptest::option::weighted(0.1, texts()),
        proptest::option::weighted(0.1, texts()),
        proptest::option::weighted(0.1, texts()),
        proptest::option::weighted(0.1, texts()),
        proptest::option::weighted(0.1, texts()),
    );
    (sayable(), more).prop_map(
        |(mut exception, (purl, versions, id, rule, product, path, expires))| {
            let scope = &mut exception.scope;
            if let Some(purl) = purl {
                scope.purl = Some(purl.into());
            }
            if let Some(versions) = versions {
                scope.versions = Some(versions.into());
            }
            scope.ids.extend(id);
            scope.rules.extend(rule);
            scope.product = product;
            scope.paths.extend(path);
            if expires.is_some() {
                exception.expires = expires;
            }
            exception
        },
    )
}

/// What a tool narrows by itself is part of what is read back.
fn narrowed(way: Way, mut exception: Exception) -> Exception {
    match way {
        Way::File(Tool::OsvScanner) => exception.scope.paths = vec!["*.*".into()],
        Way::File(Tool::CargoDeny) if exception.scope.ids != ["yanked"] => {
            exception.scope.purl = Some("pkg:cargo/*".into());
        }
        Way::Plain => {
            let hostile = |c: char| c != '\n' && stanchion_model::text::is_hostile(c);
            exception.reason = exception
                .reason
                .map(|reason| reason.replace(hostile, "\u{fffd}"));
        }
        Way::File(_) => {}
    }
    exception
}

/// Cuts an exception down to what a tool has a place for.
fn fitted(way: Way, mut exception: Exception) -> Exception {
    let scope = &mut exception.scope;
    let named = |list: &[&str]| {
        scope
            .purl
            .as_deref()
            .is_some_and(|purl| list.contains(&purl))
    };
    match way {
        Way::File(Tool::Trivy) => {
            if scope.purl.is_some() {
                scope.ids.retain(|id| {
                    ![
                        "AVD-DS-0002",
                        "KSV014",
                        "aws-access-key-id",
                        "yanked",
                        "yes",
                        "null",
                    ]
                    .contains(&id.as_str())
                });
            }
        }
        Way::Plain => {
            scope.ids.retain(|id| !id.starts_with('#'));
            (scope.purl, scope.versions) = (None, None);
            scope.paths.clear();
            let days = exception
                .expires
                .take()
                .filter(|end| !end.contains('T') || end.ends_with("T00:00:00Z"));
            exception.expires = days;
        }
        Way::File(Tool::Grype) => {
            if named(&[
                "pkg:deb/debian/openssl?arch=amd64",
                "pkg:maven/org.example/log4j-core",
            ]) {
                (scope.purl, scope.versions) = (None, None);
            }
            exception.expires = None;
        }
        Way::File(Tool::OsvScanner) => {
            (scope.purl, scope.versions) = (None, None);
            scope.paths.retain(|path| path == "*.*");
        }
        Way::File(Tool::CargoDeny) => {
            exception.expires = None;
            scope.paths.clear();
            if scope.ids.iter().any(|id| id == "yanked") {
                scope.ids = vec!["yanked".into()];
                scope.purl = Some("pkg:cargo/rsa".into());
                scope.versions = scope.versions.take().filter(|version| version == "1.2.3");
            } else {
                scope.ids.retain(|id| id.starts_with("RUSTSEC-"));
                (scope.purl, scope.versions) = (None, None);
            }
        }
    }
    exception
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_fits_is_read_back_exactly(exception in sayable()) {
        for way in Way::ALL {
            let exception = fitted(way, exception.clone());
            if exception.scope.ids.is_empty() {
                continue;
            }
            let (file, unsaid) = way.write(std::slice::from_ref(&exception));
            prop_assert!(unsaid.iter().all(|(_, what)| what.starts_with("written, but control")), "{:?}\n{}", unsaid, file);
            let found = way.read(&file);
            prop_assert_eq!(flats(&found.exceptions), flats(&[narrowed(way, exception)]), "{}", file);
        }
    }

    #[test]
    fn nothing_is_written_wider_or_lost_in_silence(mut exceptions in proptest::collection::vec(any_exception(), 0..5)) {
        for (at, exception) in exceptions.iter_mut().enumerate() {
            exception.id = format!("EX-{at}");
        }
        for way in Way::ALL {
            let (file, unsaid) = way.write(&exceptions);
            let found = flats(&way.read(&file).exceptions);
            for flat in &found {
                prop_assert!(exceptions.iter().any(|exception| covers(way, exception, flat)), "{:?}\n{}", flat, file);
            }
            for exception in &exceptions {
                let named = |id: &str| {
                    let of_id = format!("{}: not written: ", shown(id));
                    unsaid.iter().any(|(of, what)| {
                        *of == exception.id
                            && (what.starts_with("not written: ") || what.starts_with(&of_id))
                    })
                };
                for id in &exception.scope.ids {
                    let there = found.iter().any(|flat| flat.id == *id && covers(way, exception, flat));
                    prop_assert!(there || named(id), "{} {:?} {:?}\n{}", exception.id, id, unsaid, file);
                }
            }
        }
    }

    /// Files that are cut, flipped and pieced together anew are read without a panic, and what is read of them can be
    /// written and read again.
    #[test]
    fn what_is_read_of_a_broken_file_can_be_written(
        cut in 0..1000usize,
        flips in proptest::collection::vec((0..1000usize, any::<u8>()), 0..6),
        (from, to, into) in (0..1000usize, 0..1000usize, 0..1000usize),
    ) {
        for way in Way::ALL {
            let mut file = way.sample().to_vec();
            let at = |share: usize, file: &[u8]| share * file.len() / 1000;
            let (from, to) = (at(from.min(to), &file), at(from.max(to), &file));
            let part = file[from..to].to_vec();
            let place = at(into, &file);
            file.splice(place..place, part);
            for (place, byte) in &flips {
                let place = at(*place, &file);
                file[place] = *byte;
            }
            let cut = &file[..at(cut, &file)];
            for file in [&file[..], cut] {
                let Ok((_, found)) = read(way.name(), file) else { continue };
                let (written, _) = way.write(&found.exceptions);
                let again = way.read(&written);
                let narrowed = found.exceptions.iter().cloned().map(|it| narrowed(way, it));
                let before = flats(&narrowed.collect::<Vec<_>>());
                prop_assert!(flats(&again.exceptions).is_subset(&before), "{}", written);
                if let Ok(text) = std::str::from_utf8(file) {
                    let _ = way.try_write(&found.exceptions, Some(text));
                }
            }
        }
    }

    #[test]
    fn the_same_bytes_again(exceptions in proptest::collection::vec(any_exception(), 0..4)) {
        for way in Way::ALL {
            let (file, _) = way.write(&exceptions);
            let (again, _) = way.try_write(&exceptions, Some(&file)).unwrap();
            prop_assert_eq!(file, again);
        }
    }
}

/// Whether an exception covers all that something read covers.
fn covers(way: Way, exception: &Exception, flat: &Flat) -> bool {
    let scope = &exception.scope;
    let one_crate = way == Way::File(Tool::CargoDeny)
        && flat.id.starts_with("RUSTSEC-")
        && flat.purl.as_deref() == Some("pkg:cargo/*")
        && scope
            .purl
            .as_ref()
            .is_some_and(|purl| purl.starts_with("pkg:cargo/"));
    let narrowed = narrowed(way, exception.clone());
    let end = exception
        .expires
        .as_ref()
        .map(|end| End::parse(end).map(|end| end.into_day().to_string()));
    scope.ids.contains(&flat.id)
        && scope.rules.is_empty()
        && scope.product.is_none()
        && (scope.purl.is_none() || scope.purl == flat.purl || one_crate)
        && (scope.versions.is_none() || scope.versions == flat.versions)
        && (scope.paths.is_empty()
            || flat
                .path
                .as_ref()
                .is_some_and(|path| scope.paths.contains(path)))
        && narrowed.reason.filter(|reason| !reason.is_empty()) == flat.reason
        && (end == flat.end.clone().map(Some))
        && (way.ends() || end.is_none())
}
