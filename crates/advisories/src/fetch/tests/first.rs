//! The first fetch, whole and broken.

use super::*;

#[test]
fn the_first_scan_fetches_what_it_met_and_the_next_nothing() {
    let site = Site::new();
    let outcome = site.ensure(&["npm", "Debian:12", "generic", "nonsense"]);
    assert!(
        outcome.replaced && outcome.missing.is_empty(),
        "{outcome:?}"
    );
    assert_eq!(*became(&outcome.sources, "npm"), Became::Replaced(6));
    assert_eq!(*became(&outcome.sources, "kev"), Became::Replaced(1));
    assert_eq!(*became(&outcome.sources, "Debian"), Became::Absent);
    assert_eq!(
        (
            site.hits(Ecosystem::Npm, "left-pad-3"),
            site.asked("/PyPI/all.zip")
        ),
        (1, 0)
    );
    assert!(
        site.database()
            .open()
            .unwrap()
            .unwrap()
            .kev("CVE-2021-44228")
            .unwrap()
            .is_some()
    );
    assert_eq!(site.meta().updated, NOW);
    // What the publisher does not have is not asked for again, nor anything else.
    let before = site.server.requests().len();
    assert_eq!(site.ensure(&["npm", "Debian:11"]), Outcome::default());
    assert_eq!(site.server.requests().len(), before);
    let left: Vec<PathBuf> = std::fs::read_dir(site.database().downloads())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn another_ecosystem_joins_and_makes_nothing_younger() {
    let site = Site::new();
    site.ensure(&["npm"]);
    let wanted = ["PyPI".to_owned(), "npm".to_owned()];
    let outcome = ensure(
        &site.database(),
        &site.settings(),
        &site.client(),
        &wanted,
        LATER,
        &Silent,
    )
    .unwrap();
    assert_eq!(*became(&outcome.sources, "PyPI"), Became::Replaced(6));
    assert_eq!(*became(&outcome.sources, "kev"), Became::Unchanged);
    assert_eq!(
        (site.asked("/npm/all.zip"), site.meta().updated.as_str()),
        (1, NOW)
    );
    assert_eq!(
        site.hits(Ecosystem::Npm, "left-pad-0") + site.hits(Ecosystem::PyPi, "snake-0"),
        2
    );
}

#[test]
fn names_with_spaces_are_encoded() {
    let site = Site::new();
    let text = record(
        "GHSA-a-b-c",
        "GitHub Actions",
        "actions/cache",
        "2.0.0",
        "2026-01-01T00:00:00Z",
    );
    site.server.put(
        "/GitHub Actions/all.zip",
        zip([("GHSA-a-b-c.json".to_owned(), text.into_bytes())].into_iter()),
    );
    let outcome = site.ensure(&["GitHub Actions"]);
    assert_eq!(
        *became(&outcome.sources, "GitHub Actions"),
        Became::Replaced(1)
    );
    assert_eq!(site.asked("/GitHub%20Actions/all.zip"), 1);
}

#[test]
fn offline_asks_for_nothing() {
    let site = Site::new();
    let client = Client::new(Options {
        offline: true,
        proxies: Proxies::none(),
        ..Options::default()
    });
    let outcome = ensure(
        &site.database(),
        &site.settings(),
        &client,
        &["npm".into()],
        NOW,
        &Silent,
    )
    .unwrap();
    assert_eq!(
        outcome,
        Outcome {
            missing: vec!["npm".into()],
            ..Outcome::default()
        }
    );
    assert!(site.server.requests().is_empty() && !site.database().file().exists());
}

#[test]
fn a_folder_serves_as_a_mirror_also_offline() {
    let site = Site::new();
    let mirror = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(mirror.path().join("npm")).unwrap();
    let text = |at: u32| {
        record(
            &format!("GHSA-{at}"),
            "npm",
            &format!("pad-{at}"),
            "2.0.0",
            "2026-01-01T00:00:00Z",
        )
    };
    let write = |count: u32| {
        let records: Vec<_> = (0..count)
            .map(|at| (format!("GHSA-{at}.json"), text(at).into_bytes()))
            .collect();
        std::fs::write(mirror.path().join("npm/all.zip"), zip(records.into_iter())).unwrap();
    };
    write(1);
    std::fs::write(
        mirror.path().join("kev.json"),
        r#"{"vulnerabilities":[{"cveID":"CVE-2021-44228","dateAdded":"2021-12-10"}]}"#,
    )
    .unwrap();
    let path = |name: &str| mirror.path().join(name).display().to_string();
    let settings = Settings {
        osv: path(""),
        kev: format!("file://{}", path("kev.json")),
        epss: path("none.csv"),
        eol: path("none.json"),
        ..Settings::default()
    };
    let client = Client::new(Options {
        offline: true,
        proxies: Proxies::none(),
        ..Options::default()
    });
    let outcome = ensure(
        &site.database(),
        &settings,
        &client,
        &["npm".into()],
        NOW,
        &Silent,
    )
    .unwrap();
    assert_eq!(
        (
            became(&outcome.sources, "npm"),
            became(&outcome.sources, "kev")
        ),
        (&Became::Replaced(1), &Became::Replaced(1))
    );
    assert!(why(became(&outcome.sources, "epss")).contains("none.csv"));
    assert!(mirror.path().join("npm/all.zip").exists());
    let again = update(&site.database(), &settings, &client, LATER, &Silent).unwrap();
    assert_eq!(
        (became(&again.sources, "npm"), became(&again.sources, "kev")),
        (&Became::Unchanged, &Became::Unchanged)
    );
    write(2);
    let again = update(&site.database(), &settings, &client, LATER, &Silent).unwrap();
    assert_eq!(*became(&again.sources, "npm"), Became::Replaced(2));
}

struct Count<'a>(&'a Mutex<Vec<(String, u64)>>);
impl Talk for Count<'_> {
    fn step(&self, what: &str, done: u64, _: Option<u64>) {
        self.0.lock().unwrap().push((what.to_owned(), done));
    }
    fn say(&self, _: &str) {}
}

#[test]
fn slow_is_waited_for() {
    let site = Site::new();
    site.server.behave(
        "/npm/all.zip",
        Behaviour {
            rate: 4000,
            ..Behaviour::default()
        },
    );
    let steps = Mutex::new(Vec::new());
    let outcome = ensure(
        &site.database(),
        &site.settings(),
        &site.client(),
        &["npm".into()],
        NOW,
        &Count(&steps),
    )
    .unwrap();
    assert_eq!(*became(&outcome.sources, "npm"), Became::Replaced(6));
    assert!(
        steps
            .into_inner()
            .unwrap()
            .iter()
            .filter(|(what, _)| what == "npm")
            .count()
            > 5
    );
}

#[test]
fn a_torn_download_is_taken_up_by_the_next_run() {
    let site = Site::new();
    for at in 0..200 {
        site.set(
            "npm",
            &format!("GHSA-more-{at}"),
            &format!("more-{at}"),
            "2.0.0",
            "2026-01-01T00:00:00Z",
        );
    }
    site.publish();
    site.server.behave(
        "/npm/all.zip",
        Behaviour {
            cut: Some((30_000, ALWAYS)),
            ..Behaviour::default()
        },
    );
    let outcome = site.ensure(&["npm", "PyPI"]);
    // The scan goes on: the other ecosystem is there, and the lack of this one is named.
    assert!(
        why(became(&outcome.sources, "npm")).contains("/npm/all.zip"),
        "{outcome:?}"
    );
    assert_eq!(
        (outcome.missing.as_slice(), became(&outcome.sources, "PyPI")),
        (&["npm".to_owned()][..], &Became::Replaced(6))
    );
    assert!(site.failed("npm").is_some());
    assert_eq!(site.server.served("/npm/all.zip"), 30_000);
    site.server.behave("/npm/all.zip", Behaviour::default());
    let outcome = site.ensure(&["npm", "PyPI"]);
    assert_eq!(*became(&outcome.sources, "npm"), Became::Replaced(206));
    let whole = site
        .client()
        .get(&site.server.url("/npm/all.zip"), 1 << 30)
        .unwrap()
        .len() as u64;
    assert_eq!(site.server.served("/npm/all.zip"), 2 * whole);
    assert!(site.failed("npm").is_none() && site.hits(Ecosystem::Npm, "more-199") == 1);
}

#[test]
fn a_server_that_dies_for_good_leaves_nothing_or_the_old() {
    let site = Site::new();
    site.server.behave(
        "/npm/all.zip",
        Behaviour {
            cut: Some((1000, ALWAYS)),
            ..Behaviour::default()
        },
    );
    let outcome = site.ensure(&["npm"]);
    assert!(
        !outcome.replaced
            && outcome.missing == ["npm"]
            && matches!(became(&outcome.sources, "npm"), Became::Failed(_))
    );
    // KEV alone is no database.
    assert!(!site.database().file().exists());
    site.server.behave("/npm/all.zip", Behaviour::default());
    site.ensure(&["npm"]);
    let (settings, client) = (site.settings(), site.client());
    let (database, snapshot) = (
        site.database(),
        site.database()
            .open()
            .unwrap()
            .unwrap()
            .snapshot()
            .to_owned(),
    );
    let folder = site.folder;
    drop(site.server);
    let outcome = ensure(
        &database,
        &settings,
        &client,
        &["npm".into(), "PyPI".into()],
        LATER,
        &Silent,
    )
    .unwrap();
    assert!(!outcome.replaced && outcome.missing == ["PyPI"]);
    let report = update(&database, &settings, &client, LATER, &Silent).unwrap();
    for name in ["npm", "kev", "epss", "eol"] {
        assert!(
            matches!(became(&report.sources, name), Became::Failed(_)),
            "{report:?}"
        );
    }
    let index = database.open().unwrap().unwrap();
    let meta = index.meta().unwrap();
    assert_eq!(
        (index.snapshot(), meta.updated.as_str()),
        (snapshot.as_str(), NOW)
    );
    assert!(
        meta.sources.iter().all(|source| source.failed.is_some()),
        "{:?}",
        meta.sources
    );
    drop(folder);
}

#[test]
fn a_length_that_lies_and_pages_in_place_of_archives_are_refused() {
    let site = Site::new();
    site.ensure(&["npm"]);
    let good = site
        .client()
        .get(&site.server.url("/npm/all.zip"), 1 << 30)
        .unwrap();
    // New records, so that the archive is asked for.
    for at in 0..3 {
        site.drop("npm", &format!("GHSA-npm-{at}"));
    }
    site.publish_lists();
    let middle = {
        let mut bytes = good.clone();
        bytes[40..1200].fill(b'x');
        bytes
    };
    let bad: [(&str, Vec<u8>, Behaviour); 6] = [
        (
            "lie",
            [&good[..], b"more"].concat(),
            Behaviour {
                lie: Some((-900, ALWAYS)),
                no_range: true,
                ..Behaviour::default()
            },
        ),
        (
            "long",
            [&good[..], b"more"].concat(),
            Behaviour {
                lie: Some((900, ALWAYS)),
                ..Behaviour::default()
            },
        ),
        ("cut", good[..good.len() / 2].to_vec(), Behaviour::default()),
        (
            "html",
            b"<html>maintenance</html>".to_vec(),
            Behaviour::default(),
        ),
        ("empty", zip(std::iter::empty()), Behaviour::default()),
        ("flipped", middle, Behaviour::default()),
    ];
    for (name, bytes, behaviour) in bad {
        site.server.put("/npm/all.zip", bytes);
        site.server.behave("/npm/all.zip", behaviour);
        let report = site.update();
        assert!(
            matches!(became(&report.sources, "npm"), Became::Failed(_)),
            "{name}: {report:?}"
        );
        assert!(
            site.failed("npm").unwrap().contains("/npm/all.zip"),
            "{name}"
        );
        assert_eq!(
            (
                site.hits(Ecosystem::Npm, "left-pad-0"),
                site.meta().updated.as_str()
            ),
            (1, NOW),
            "{name}"
        );
    }
    // Bad tables too, each by itself.
    site.publish();
    site.server.behave("/npm/all.zip", Behaviour::default());
    site.server.put("/kev.json", r#"{"vulnerabilities":[]}"#);
    site.server.put("/epss.csv", b"\x1f\x8b torn".to_vec());
    site.server.put("/eol.json", "<html>");
    let report = site.update();
    for name in ["kev", "epss", "eol"] {
        assert!(
            matches!(became(&report.sources, name), Became::Failed(_)),
            "{report:?}"
        );
        assert!(site.failed(name).is_some());
    }
    assert_eq!(*became(&report.sources, "npm"), Became::Replaced(3));
    assert!(
        site.database()
            .open()
            .unwrap()
            .unwrap()
            .kev("CVE-2021-44228")
            .unwrap()
            .is_some()
    );
    assert_eq!(
        (
            site.hits(Ecosystem::Npm, "left-pad-0"),
            site.hits(Ecosystem::Npm, "left-pad-4")
        ),
        (0, 1)
    );
}
