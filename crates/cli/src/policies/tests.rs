use std::fs;

use tempfile::TempDir;

use super::*;

const HEAD: &str = "schema = \"vmpolicy/1\"\n[policy]\nid = \"own\"\nversion = \"1\"\n";

const BASE: &str = "schema = \"vmpolicy/1\"\n[policy]\nid = \"organisation\"\nversion = \"3\"\n\
    [exceptions]\napprover = \"role:ciso\"\n[[sla]]\nid = \"all\"\ndue = \"30d\"\n\
    [[vex]]\npath = \"vex/*.json\"\n\
    [[enforce]]\nid = \"own/build\"\nat = \"build\"\ndeny = \"f.severity == 'critical' && !f.excepted\"\n";

fn exceptions(ids: &[&str]) -> String {
    ids.iter().fold("schema = \"stanchion.exceptions/1\"\n".to_owned(), |all, id| {
        format!("{all}[[exception]]\nid = \"{id}\"\nvulnerability = \"CVE-2025-1\"\nreason = \"x\"\napprover = \"role:ciso\"\nexpires = 2026-12-31\n")
    })
}

const TRIAGE: &str = "schema = \"stanchion.triage/1\"\n[[decision]]\nvulnerability = \"CVE-2025-1\"\npurl = \"pkg:npm/a\"\n\
    status = \"not_affected\"\njustification = \"component_not_present\"\nby = \"a@example.org\"\non = 2026-01-01\n";

const DOCUMENT: &str = r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://example.org/1","author":"a","timestamp":"2026-01-01T00:00:00Z","version":1,"statements":[{"vulnerability":{"name":"CVE-2025-1"},"products":[{"@id":"pkg:npm/a@1"}],"status":"fixed"}]}"#;

fn bundle() -> Bundle {
    let mut bundle = Bundle::default();
    bundle.files.insert("policy.toml".into(), BASE.into());
    bundle
        .files
        .insert("exceptions.toml".into(), exceptions(&["EX-PORTAL"]));
    bundle
        .members
        .insert("role:ciso".into(), vec!["ada@example.org".into()]);
    bundle
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    // A repository of its own, so that nothing above it counts.
    for part in ["objects", "refs"] {
        fs::create_dir_all(folder.path().join(".git").join(part)).unwrap();
    }
    fs::write(folder.path().join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn loaded(
    bundle: Option<&Bundle>,
    named: Option<&str>,
    folder: &Path,
) -> Result<Option<Loaded>, Failure> {
    let place = Where {
        target: folder,
        top: None,
        mark: "",
    };
    load_under(bundle, named, &place)
}

fn told(loaded: &Loaded) -> Vec<(String, &str)> {
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    loaded
        .problems
        .iter()
        .map(|one| (name(&one.path), one.reason.as_str()))
        .collect()
}

#[test]
fn a_bundle_judges_where_the_repository_has_nothing() {
    let bundle = bundle();
    let folder = folder(&[]);
    assert!(loaded(None, None, folder.path()).unwrap().is_none());
    let loaded = loaded(Some(&bundle), None, folder.path()).unwrap().unwrap();
    assert_eq!(loaded.policy.digest, bundle.digest());
    assert_eq!(loaded.policy.id, "organisation");
    assert_eq!(loaded.prefix, "");
    assert_eq!(loaded.exceptions.entries().len(), 1);
    assert!(loaded.problems.is_empty());
}

#[test]
fn what_stands_beside_the_repositorys_policy_is_told_and_decides_nothing() {
    let many: Vec<String> = (0..7).map(|at| format!("EX-{at}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let files = [
        ("exceptions.toml", exceptions(&many)),
        ("triage.toml", TRIAGE.to_owned()),
        // Where the bundle's policy trusts its own documents.
        ("vex/a.json", DOCUMENT.to_owned()),
    ];
    let bundle = bundle();
    for policy in ["", HEAD] {
        let mut all: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        if !policy.is_empty() {
            all.push(("policy.toml", policy));
        }
        let folder = folder(&all);
        let loaded = loaded(Some(&bundle), None, folder.path()).unwrap().unwrap();
        let ids: Vec<&str> = loaded
            .exceptions
            .entries()
            .iter()
            .map(|entry| entry.exception.id.as_str())
            .collect();
        assert_eq!(ids, ["EX-PORTAL"]);
        assert!(loaded.claims.is_empty());
        assert_eq!(
            told(&loaded),
            [
                (
                    "exceptions.toml".into(),
                    "7 exceptions of the repository are not in force, since the portal decides: EX-0, EX-1, EX-2, EX-3, EX-4, and 2 more"
                ),
                (
                    "triage.toml".into(),
                    "1 decision of the repository is not in force, since the portal decides: CVE-2025-1"
                ),
                (
                    "vex".into(),
                    "1 VEX document of the repository is not in force, since the portal decides: a.json"
                ),
            ]
        );
        assert!(loaded.problems.iter().all(|one| one.hint.is_some()));
    }
    // Without a bundle all of it counts, as ever.
    let mut all: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    all.push(("policy.toml", BASE));
    let folder = folder(&all);
    let loaded = loaded(None, None, folder.path()).unwrap().unwrap();
    assert_eq!(loaded.exceptions.entries().len(), 7);
    assert_eq!(loaded.claims.all().len(), 2);
    assert!(loaded.problems.is_empty());
}

#[test]
fn what_cannot_be_read_beside_it_is_told_too() {
    let folder = folder(&[(
        "exceptions.toml",
        "schema = \"stanchion.exceptions/1\"\n[[exc",
    )]);
    let bundle = bundle();
    let loaded = loaded(Some(&bundle), None, folder.path()).unwrap().unwrap();
    assert_eq!(loaded.problems.len(), 1);
    assert!(
        told(&loaded)[0]
            .1
            .contains("no exception of this file is in force")
    );
}

#[test]
fn the_repositorys_policy_may_tighten() {
    let stricter = format!(
        "{HEAD}[[enforce]]\nid = \"more\"\nat = \"build\"\ndeny = \"f.severity == 'high'\"\n"
    );
    let bundle = bundle();
    let shop = folder(&[("policy.toml", &stricter), ("web/package.json", "{}")]);
    let below = shop.path().join("web");
    let file = shop.path().join("policy.toml").display().to_string();
    for (named, target, prefix) in [
        (None, shop.path(), ""),
        (None, &below, "web/"),
        (Some(file.as_str()), shop.path(), ""),
    ] {
        let loaded = loaded(Some(&bundle), named, target).unwrap().unwrap();
        assert_eq!(loaded.policy.enforce.len(), 2);
        assert_eq!(loaded.prefix, prefix);
        assert_ne!(loaded.policy.digest, bundle.digest());
        let roles = loaded.policy.roles.unwrap();
        assert_eq!(roles.members["role:ciso"].value, ["ada@example.org"]);
    }
    // Folder by folder, each under the one above it.
    let both = folder(&[
        ("policy.toml", &stricter),
        ("web/policy.toml", &HEAD.replace("\"own\"", "\"web\"")),
    ]);
    let loaded = loaded(Some(&bundle), None, &both.path().join("web"))
        .unwrap()
        .unwrap();
    assert_eq!(loaded.policy.enforce.len(), 2);
    assert_eq!(loaded.policy.id, "web");
}

#[test]
fn the_repositorys_policy_may_not_loosen() {
    let bundle = bundle();
    for loosening in [
        "[exceptions]\napprover = \"dev@example.org\"\n",
        "[roles.members]\n\"role:ciso\" = [\"dev@example.org\"]\n",
        "[[vex]]\npath = \"elsewhere/*.json\"\n",
        "[[product]]\nname = \"a\"\nexposed = false\n",
    ] {
        let shop = folder(&[
            ("policy.toml", &format!("{HEAD}{loosening}")),
            ("web/policy.toml", HEAD),
        ]);
        let file = shop.path().join("policy.toml").display().to_string();
        for (named, target) in [
            (None, shop.path().to_owned()),
            (None, shop.path().join("web")),
            (Some(file.as_str()), shop.path().to_owned()),
        ] {
            let failure = loaded(Some(&bundle), named, &target).unwrap_err();
            assert_eq!(failure.exit, Exit::Misuse);
            assert!(
                failure
                    .error
                    .to_string()
                    .contains("may only tighten the policy of the portal"),
                "{loosening}: {}",
                failure.error
            );
        }
    }
}

#[test]
fn a_bundle_that_cannot_be_opened_is_a_failure_with_its_line() {
    let mut bundle = bundle();
    let broken = BASE.replace("due = \"30d\"", "due = \"soon\"");
    bundle.files.insert("policy.toml".into(), broken);
    for files in [&[][..], &[("policy.toml", HEAD)][..]] {
        let folder = folder(files);
        let failure = loaded(Some(&bundle), None, folder.path()).unwrap_err();
        assert!(
            failure
                .error
                .to_string()
                .starts_with("portal:policy.toml:9"),
            "{}",
            failure.error
        );
        assert!(failure.excerpt.contains("due = \"soon\""));
    }
}
