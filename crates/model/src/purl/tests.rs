//! The conformance suites of package-url/purl-spec, read from `../shared`, and properties.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// The folder of shared data; none, with a message, where it is not on this machine.
fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("STANCHION_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    match std::fs::read_dir(&folder) {
        Ok(_) => Some(folder),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: {} is not here", folder.display());
            None
        }
        Err(error) if std::env::var_os("CI").is_some_and(|ci| ci == "true") => {
            panic!("{} cannot be read: {error}", folder.display());
        }
        Err(error) => {
            println!("skipped: {} cannot be read: {error}", folder.display());
            None
        }
    }
}

fn json(path: &std::path::Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// Decoded parts as the suites write them; nulls and empty maps left out.
type Decoded = BTreeMap<String, Value>;

fn decoded(parts: &Value) -> Decoded {
    let parts = parts.as_object().unwrap().iter();
    parts
        .filter(|(_, value)| !value.is_null() && value.as_object().is_none_or(|o| !o.is_empty()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn parts_of(purl: &Purl) -> Decoded {
    let mut parts = Decoded::new();
    let mut add = |key: &str, value: Option<&str>| {
        value.map(|value| parts.insert(key.into(), value.into()));
    };
    add("type", Some(purl.purl_type()));
    add("namespace", purl.namespace());
    add("name", Some(purl.name()));
    add("version", purl.version());
    add("subpath", purl.subpath());
    let qualifiers: serde_json::Map<_, _> = purl
        .qualifiers()
        .map(|(key, value)| (key.to_owned(), value.into()))
        .collect();
    if !qualifiers.is_empty() {
        parts.insert("qualifiers".into(), qualifiers.into());
    }
    parts
}

fn built(input: &Value) -> PurlBuilder<'_> {
    let part = |key: &str| input[key].as_str().unwrap_or_default();
    let mut builder = Purl::build(part("type"), part("namespace"), part("name"))
        .with_version(part("version"))
        .with_subpath(part("subpath"));
    for (key, value) in input["qualifiers"].as_object().into_iter().flatten() {
        builder = builder.with_qualifier(key.as_str(), value.as_str().unwrap());
    }
    builder
}

/// Runs one case of the suite; what went wrong in words.
///
/// Cases of the group `recommended` are about repairing purls ("identify common problems in PURL
/// data and how to remediate or normalize them"), so these are read leniently, as is what is to be
/// brought into canonical form (`validate`).
fn run(case: &Value) -> Result<(), String> {
    let recommended = case["test_group"] == "recommended";
    let fails = case["expected_failure"] == true;
    let input = &case["input"];
    let expected = &case["expected_output"];
    let text = || input.as_str().unwrap();
    let canonical = |purl: Result<Purl, PurlError>| match purl {
        Err(_) if fails => Ok(()),
        Ok(purl) if !fails && purl.to_string() == *expected => {
            assert_eq!(Purl::parse_lenient(&purl.to_string()), Ok(purl));
            Ok(())
        }
        got => Err(format!("{got:?} for {expected}")),
    };
    match case["test_type"].as_str().unwrap() {
        "parse" => {
            let purl = if recommended {
                Purl::parse_lenient(text())
            } else {
                Purl::parse(text())
            };
            match purl {
                Err(_) if fails => Ok(()),
                Ok(purl) if !fails && parts_of(&purl) == decoded(expected) => Ok(()),
                got => Err(format!("{got:?} for {expected}")),
            }
        }
        "build" => canonical(built(input).build()),
        "validate" => canonical(Purl::parse_lenient(text())),
        other => Err(format!("test type {other} is not known")),
    }
}

#[test]
fn conformance_suite() {
    let Some(shared) = shared() else { return };
    let mut count = 0;
    let mut wrong = Vec::new();
    for folder in ["spec", "types"] {
        let folder = shared.join("conformance/purl/tests").join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            for case in json(&entry.unwrap().path())["tests"].as_array().unwrap() {
                count += 1;
                if let Err(why) = run(case) {
                    wrong.push(format!("{} {}: {why}", case["test_type"], case["input"]));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(count, 586);
}

/// Cases of the older suite that say otherwise than the type definitions and the newer suite.
const CONTRADICTED: [(&str, &str); 7] = [
    (
        "pkg:conan/bincrafters/cctz@2.3",
        "conan: namespace without channel is allowed now",
    ),
    (
        "pkg:conan/cctz@2.3?channel=stable",
        "conan: channel without namespace is allowed now",
    ),
    ("pkg:cran/A3", "cran: the version is optional now"),
    (
        "pkg:swift/github.com/Alamofire/Alamofire",
        "swift: the version is optional now",
    ),
    (
        "pkg:huggingface/distilbert-base-uncased@043235d6088ecd3dd5fb5ca3592b6913fd516027",
        "huggingface: the namespace is required now",
    ),
    (
        "pkg:cpan/URI::PackageURL@2.11",
        "cpan: a name is a distribution, never a module, now",
    ),
    (
        "pkg:cpan/Perl-Version@1.013",
        "cpan: a distribution needs no author now",
    ),
];

#[test]
fn older_suite() {
    let Some(shared) = shared() else { return };
    let (mut held, mut contradicted) = (0, 0);
    for case in json(&shared.join("conformance/purl/test-suite-data.json"))
        .as_array()
        .unwrap()
    {
        let purl = case["purl"].as_str().unwrap();
        let invalid = case["is_invalid"] == true;
        // The newer suite refuses declared qualifier keys in upper case when it parses, so this is
        // lenient where the older one demands that they are lowered.
        let read = match Purl::parse(purl) {
            Err(PurlError::InvalidQualifierKey(_)) if !invalid => Purl::parse_lenient(purl),
            read => read,
        };
        let right = match (&read, case["canonical_purl"].as_str()) {
            (Err(_), _) => invalid,
            // The newer suite encodes the slash in the values of qualifiers, the older does not.
            (Ok(read), Some(canonical)) if !invalid => {
                let (plain, tail) = canonical.split_once('?').unwrap_or((canonical, ""));
                let tail = tail.replace('/', "%2F");
                let canonical = if tail.is_empty() {
                    plain.into()
                } else {
                    format!("{plain}?{tail}")
                };
                read.to_string() == canonical && built(case).build_lenient().as_ref() == Ok(read)
            }
            _ => false,
        };
        let listed = CONTRADICTED.iter().any(|(known, _)| *known == purl);
        assert_ne!(right, listed, "{purl}: {read:?}");
        if right { held += 1 } else { contradicted += 1 }
    }
    assert_eq!((held, contradicted), (52, 7));
}

#[test]
fn versions_and_scopes() {
    let parts = |text: &str| {
        let purl = Purl::parse(text).unwrap();
        (
            purl.full_name().into_owned(),
            purl.version().map(str::to_owned),
        )
    };
    let version = |text: &str| Some(text.to_owned());
    assert_eq!(
        parts("pkg:npm/@babel/core@7.0.0"),
        ("@babel/core".into(), version("7.0.0"))
    );
    assert_eq!(parts("pkg:npm/@babel/core"), ("@babel/core".into(), None));
    assert_eq!(parts("pkg:npm/foo@"), ("foo".into(), None));
    assert_eq!(parts("pkg:npm/foo/"), ("foo".into(), None));
    assert_eq!(
        parts("pkg:github/a/b@release/1.0"),
        ("a/b".into(), version("release/1.0"))
    );
    assert_eq!(
        parts("pkg:golang/stdlib@1.22.1"),
        ("stdlib".into(), version("1.22.1"))
    );
}

#[test]
fn keys_have_no_version() {
    let purl = Purl::parse("pkg:deb/debian/curl@7.50?arch=i386&checksum=sha1:aa&distro=x").unwrap();
    assert_eq!(
        purl.without_version().to_string(),
        "pkg:deb/debian/curl?arch=i386&distro=x"
    );
    assert_eq!(
        purl.without_version().with_version("1").unwrap().version(),
        Some("1")
    );
    let plain = Purl::parse("pkg:pypi/django").unwrap();
    assert_eq!(plain.without_version(), plain);
}

#[test]
fn lenient_loses_no_component() {
    for (text, canonical) in [
        ("pkg:rpm/curl@1", "pkg:rpm/curl@1"),
        ("pkg:julia/Dates", "pkg:julia/Dates"),
        ("pkg:npm/a%zz@1", "pkg:npm/a%25zz@1"),
        ("pkg:gem/x?Platform=java", "pkg:gem/x?platform=java"),
        ("pkg:conda/forge/numpy", "pkg:conda/forge/numpy"),
    ] {
        assert!(Purl::parse(text).is_err(), "{text}");
        assert_eq!(Purl::parse_lenient(text).unwrap().to_string(), canonical);
    }
}

#[test]
fn says_what_is_wrong() {
    let error = |text: &str| Purl::parse(text).unwrap_err().to_string();
    assert_eq!(error("npm/foo"), "a package URL begins with `pkg:`");
    assert_eq!(error("pkg:cargo/a/b"), "type cargo has no namespace");
    assert_eq!(error("pkg:npm/a?b=1&b=2"), "qualifier `b` is given twice");
    assert_eq!(error("pkg:npm/%ff"), "the name is not UTF-8 when decoded");
    assert_eq!(
        error(&format!("pkg:npm/{}", "a".repeat(MAX_LENGTH))),
        "longer than 65536 bytes"
    );
}

/// A sanity bound, not a benchmark: without optimisation this runs several times slower.
#[test]
fn is_fast() {
    let rounds = 20_000;
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        let text = std::hint::black_box("pkg:npm/%40babel/core@7.24.0");
        std::hint::black_box(Purl::parse(text).unwrap().to_string());
    }
    let each = start.elapsed() / rounds;
    println!("{each:?} to read and write a purl");
    assert!(each < std::time::Duration::from_micros(200), "{each:?}");
}

#[test]
fn order_is_by_parts() {
    let mut purls = [
        "pkg:npm/b@1",
        "pkg:npm/a@2?z=1",
        "pkg:npm/a@2",
        "pkg:npm/%40s/a",
        "pkg:gem/z",
    ]
    .map(|text| Purl::parse(text).unwrap());
    purls.sort();
    assert_eq!(
        purls.map(|purl| purl.to_string()),
        [
            "pkg:gem/z",
            "pkg:npm/a@2",
            "pkg:npm/a@2?z=1",
            "pkg:npm/b@1",
            "pkg:npm/%40s/a"
        ]
    );
}

#[test]
fn serde_is_the_string() {
    let purl = Purl::parse("pkg:npm/%40a/b@1").unwrap();
    let text = serde_json::to_string(&purl).unwrap();
    assert_eq!(text, "\"pkg:npm/%40a/b@1\"");
    assert_eq!(serde_json::from_str::<Purl>(&text).unwrap(), purl);
    assert_eq!(
        serde_json::from_reader::<_, Purl>(text.as_bytes()).unwrap(),
        purl
    );
}

const TYPES: &[&str] = &[
    "npm",
    "pypi",
    "git",
    "github",
    "golang",
    "pub",
    "mlflow",
    "cpan",
    "otp",
    "hackage",
    "oci",
    "generic",
    "vscode-extension",
    "maven",
    "unknown.type",
];

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in any::<String>(), head in "(pkg:)?(npm/)?") {
        let text = format!("{head}{text}");
        if let Ok(purl) = Purl::parse_lenient(&text) {
            let written = purl.to_string();
            prop_assert_eq!(Purl::parse_lenient(&written), Ok(purl));
            if let Ok(strict) = Purl::parse(&text) {
                prop_assert_eq!(Purl::parse(&strict.to_string()), Ok(strict));
            }
        } else {
            prop_assert!(Purl::parse(&text).is_err());
        }
    }

    #[test]
    fn purl_like_text_survives(text in "pkg:[a-z]{2,4}(/[a-zA-Z@%._~+ é-]{0,6}){1,4}(@[0-9a-z./%@+]{0,6})?(\\?([a-zB]{1,2}=[a-z/%&=]{0,4}&?){0,3})?(#[a-z./%]{0,8})?") {
        if let Ok(purl) = Purl::parse_lenient(&text) {
            prop_assert_eq!(Purl::parse_lenient(&purl.to_string()), Ok(purl));
        }
    }

    #[test]
    fn what_is_built_is_read_again(
        ptype in proptest::sample::select(TYPES),
        namespace in proptest::option::of(any::<String>()),
        name in "\\PC{1,12}|[a-zA-Z/._@]{1,8}",
        version in any::<String>(),
        qualifiers in proptest::collection::btree_map("[a-z][a-z0-9._-]{0,5}", any::<String>(), 0..4),
        subpath in any::<String>(),
    ) {
        let mut builder = Purl::build(ptype, namespace.as_deref(), name).with_version(version).with_subpath(subpath);
        for (key, value) in qualifiers {
            builder = builder.with_qualifier(key, value);
        }
        if let Ok(purl) = builder.clone().build() {
            prop_assert_eq!(Purl::parse(&purl.to_string()), Ok(purl));
        }
        if let Ok(purl) = builder.build_lenient() {
            prop_assert_eq!(&Purl::parse_lenient(&purl.to_string()), &Ok(purl.clone()));
            prop_assert_eq!(&purl.with_version(purl.version().unwrap_or_default()), &Ok(purl.clone()));
            let bare = purl.without_version();
            prop_assert_eq!(bare.version(), None);
            prop_assert_eq!(Purl::parse_lenient(&bare.to_string()), Ok(bare));
        }
    }

    /// Another implementation decodes what is written here to the same parts.
    #[test]
    fn packageurl_agrees(
        namespace in proptest::option::of("[a-zé@+ ]{1,5}(/[a-z%&?#]{1,4})?"),
        name in "[a-zA-Zé@+ ?#&=._~-]{1,8}",
        version in proptest::option::of("[0-9a-z.+:~-]{1,8}"),
        value in "[a-z/&=+ %#?]{1,6}",
    ) {
        let purl = Purl::build("generic", namespace.as_deref(), name)
            .with_version(version.unwrap_or_default())
            .with_qualifier("key", value)
            .build()
            .unwrap();
        let text = purl.to_string();
        let other = text.parse::<packageurl::PackageUrl<'_>>().unwrap();
        prop_assert_eq!(other.namespace(), purl.namespace());
        prop_assert_eq!(other.name(), purl.name());
        prop_assert_eq!(other.version(), purl.version());
        prop_assert_eq!(other.qualifiers().get("key").map(|v| &**v), purl.qualifier("key"));
    }
}
