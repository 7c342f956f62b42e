//! Other runs, other sources, other hands.

use super::*;

#[test]
fn a_database_put_in_place_by_others_is_not_taken_for_the_one_fetched() {
    let site = Site::new();
    site.ensure(&["npm"]);
    let old = std::fs::read(site.database().file()).unwrap();
    site.set(
        "npm",
        "GHSA-npm-0",
        "left-pad-0",
        "0.5.0",
        "2026-02-01T00:00:00Z",
    );
    site.withdraw("npm", "GHSA-npm-1", "2026-02-01T00:00:00Z");
    site.publish();
    site.server.put(
        "/kev.json",
        r#"{"vulnerabilities":[{"cveID":"CVE-2025-1000","dateAdded":"2025-12-10"}]}"#,
    );
    let report = site.update();
    assert_eq!(
        (
            became(&report.sources, "npm"),
            became(&report.sources, "kev")
        ),
        (&Became::Changed(2), &Became::Replaced(1))
    );
    // Yesterday's database from a backup: everything is looked at again.
    site.database().replace(&old).unwrap();
    let report = site.update();
    assert_eq!(
        (
            became(&report.sources, "npm"),
            became(&report.sources, "kev")
        ),
        (&Became::Changed(2), &Became::Replaced(1))
    );
    assert_eq!(
        site.hits(Ecosystem::Npm, "left-pad-0") + site.hits(Ecosystem::Npm, "left-pad-1"),
        0
    );
    // Another publisher's versions say nothing about this one's.
    let other = Site::new();
    let settings = Settings {
        osv: other.server.url(""),
        kev: other.server.url("/kev.json"),
        ..site.settings()
    };
    let client = Client::new(Options {
        allow_private: vec![site.server.host(), other.server.host()],
        proxies: Proxies::none(),
        roots: None,
        ..Options::default()
    });
    let report = update(&site.database(), &settings, &client, LATER, &Silent).unwrap();
    assert_eq!(*became(&report.sources, "kev"), Became::Replaced(1));
    assert!(
        other
            .server
            .requests()
            .iter()
            .all(|request| !request.headers.contains_key("if-none-match"))
    );
}

#[test]
fn a_damaged_database_is_fetched_anew() {
    let site = Site::new();
    site.ensure(&["npm"]);
    std::fs::write(site.database().file(), b"torn").unwrap();
    let outcome = site.ensure(&["npm"]);
    assert!(outcome.replaced && site.hits(Ecosystem::Npm, "left-pad-0") == 1);
}

#[test]
fn an_update_takes_in_what_is_named_and_leaves_what_is_ones_own() {
    let site = Site::new();
    site.ensure(&["npm"]);
    let own = tempfile::tempdir().unwrap();
    std::fs::create_dir(own.path().join("acme")).unwrap();
    std::fs::write(
        own.path().join("acme/ACME-1.json"),
        record(
            "ACME-1",
            "npm",
            "acme-internal",
            "2.0.0",
            "2026-01-01T00:00:00Z",
        ),
    )
    .unwrap();
    let sources = crate::import::find_sources(own.path()).unwrap();
    let base = site.database().open().unwrap();
    let bytes = crate::import::build_on(base.as_ref(), &sources, NOW, &|_, _, _| {}).unwrap();
    drop(base);
    site.database().replace(&bytes).unwrap();
    let settings = Settings {
        ecosystems: vec!["pypi".into(), "npn".into(), "CRAN".into()],
        ..site.settings()
    };
    let report = update(&site.database(), &settings, &site.client(), LATER, &Silent).unwrap();
    assert_eq!(
        (
            became(&report.sources, "PyPI"),
            became(&report.sources, "npm"),
            became(&report.sources, "CRAN")
        ),
        (&Became::Replaced(6), &Became::Unchanged, &Became::Absent)
    );
    assert!(matches!(became(&report.sources, "npn"), Became::Failed(_)));
    assert_eq!(site.hits(Ecosystem::Npm, "acme-internal"), 1);
    assert!(
        site.server
            .requests()
            .iter()
            .all(|request| !request.path.contains("acme")),
        "one's own names stay here"
    );
}

#[test]
fn two_runs_at_once_fetch_once() {
    let site = Site::new();
    site.server.behave(
        "/npm/all.zip",
        Behaviour {
            rate: 8000,
            ..Behaviour::default()
        },
    );
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| site.ensure(&["npm"])))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert_eq!(site.asked("/npm/all.zip"), 1);
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.replaced && outcome.missing.is_empty()),
        "{outcomes:?}"
    );
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| !outcome.sources.is_empty())
            .count(),
        1
    );
}

#[test]
fn a_run_that_hangs_is_not_waited_for() {
    let site = Site::new();
    let database = site.database();
    let lock = database.try_lock().unwrap().unwrap();
    let wait = |patience| {
        ensure_within(
            patience,
            &database,
            &site.settings(),
            &site.client(),
            &["npm".into()],
            NOW,
            &Silent,
        )
        .unwrap()
    };
    assert_eq!(
        wait(Duration::from_millis(200)),
        Outcome {
            missing: vec!["npm".into()],
            ..Outcome::default()
        }
    );
    // One that gets on is waited for, longer than the patience.
    let outcome = std::thread::scope(|scope| {
        let beats = scope.spawn(|| {
            for count in 0..20 {
                std::fs::write(database.folder().join("progress"), count.to_string()).unwrap();
                std::thread::sleep(Duration::from_millis(100));
            }
            drop(lock);
        });
        let outcome = wait(Duration::from_millis(1500));
        beats.join().unwrap();
        outcome
    });
    assert!(
        outcome.replaced && outcome.missing.is_empty(),
        "{outcome:?}"
    );
}

#[test]
fn a_compiled_export_takes_the_place_of_the_sources() {
    let site = Site::new();
    site.ensure(&["npm"]);
    let (key, public) = signed::SigningKey::generate().unwrap();
    let path = site.folder.path().join("key");
    std::fs::write(&path, key).unwrap();
    let key = signed::SigningKey::read(&path).unwrap();
    let index = site.database().open().unwrap().unwrap();
    let (signed, unsigned) = (
        signed::export(&index, Some(&key)).unwrap(),
        signed::export(&index, None).unwrap(),
    );
    drop(index);

    let client = site.client();
    let other = tempfile::tempdir().unwrap();
    let database = Database::at(other.path());
    let settings = Settings {
        compiled: Some(site.server.url("/stanchion.db")),
        trusted_keys: vec![public],
        ..site.settings()
    };
    let strangers = Settings {
        trusted_keys: vec!["AAAA".into()],
        ..settings.clone()
    };
    let run = |settings: &Settings| {
        ensure(
            &database,
            settings,
            &client,
            &["npm".into(), "PyPI".into()],
            LATER,
            &Silent,
        )
        .unwrap()
    };
    let before = site.server.requests().len();
    let mut torn = signed.clone();
    torn[500] ^= 1;
    for (bytes, settings, word) in [
        (&unsigned, &settings, "not signed"),
        (&signed, &strangers, "not among the trusted"),
        (&torn, &settings, "wrong"),
        (&b"<html>".to_vec(), &settings, "no exported database"),
    ] {
        site.server.put("/stanchion.db", bytes.clone());
        let outcome = run(settings);
        assert!(
            why(became(&outcome.sources, COMPILED)).contains(word),
            "{outcome:?}"
        );
        assert!(
            !outcome.replaced && outcome.missing == ["PyPI", "npm"] && !database.file().exists()
        );
    }
    site.server.put("/stanchion.db", signed.clone());
    let outcome = run(&settings);
    assert_eq!(*became(&outcome.sources, COMPILED), Became::Replaced(6));
    assert!(outcome.replaced && outcome.missing.is_empty());
    assert!(
        site.server.requests()[before..]
            .iter()
            .all(|request| request.path == "/stanchion.db")
    );
    // What it lacks is not asked for at every scan.
    let asked = site.asked("/stanchion.db");
    assert_eq!(run(&settings), Outcome::default());
    assert_eq!(site.asked("/stanchion.db"), asked);
    // Its age is that of its making.
    let refresh =
        |settings: &Settings| update(&database, settings, &client, LATER, &Silent).unwrap();
    assert_eq!(
        *became(&refresh(&settings).sources, COMPILED),
        Became::Unchanged
    );
    assert_eq!(
        database.open().unwrap().unwrap().meta().unwrap().updated,
        NOW
    );
    // An unsigned one only when told, a newer one gladly, and never an older one.
    site.update();
    let index = site.database().open().unwrap().unwrap();
    site.server
        .put("/stanchion.db", signed::export(&index, None).unwrap());
    assert!(matches!(
        became(&refresh(&settings).sources, COMPILED),
        Became::Failed(_)
    ));
    let meta = database.open().unwrap().unwrap().meta().unwrap();
    assert!(
        meta.sources
            .iter()
            .any(|source| source.name == COMPILED && source.failed.is_some())
            && meta.updated == NOW
    );
    assert_eq!(
        *became(
            &refresh(&Settings {
                unsigned: true,
                ..settings.clone()
            })
            .sources,
            COMPILED
        ),
        Became::Replaced(6)
    );
    assert_eq!(
        database.open().unwrap().unwrap().meta().unwrap().updated,
        LATER
    );
    site.server.put("/stanchion.db", signed);
    let report = refresh(&settings);
    assert!(
        why(became(&report.sources, COMPILED)).contains("before the database that is here"),
        "{report:?}"
    );
}

#[test]
fn the_shared_copy_is_fetched_and_updated() {
    let shared = std::env::var_os("STANCHION_SHARED")
        .map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
            PathBuf::from,
        )
        .join("advisories");
    if !shared.join("osv/npm/all.zip").exists() {
        return;
    }
    let site = Site::new();
    let server = Server::start();
    server.folder(&shared);
    let client = Client::new(Options {
        allow_private: vec![server.host()],
        proxies: Proxies::none(),
        roots: None,
        ..Options::default()
    });
    let settings = Settings {
        osv: server.url("/osv"),
        kev: server.url("/kev/known_exploited_vulnerabilities.json"),
        epss: site.server.url("/epss.csv"),
        eol: server.url("/eol/products-full.json"),
        ssvc: Some(server.url("/ssvc/vulnrichment.zip")),
        ..Settings::default()
    };
    let outcome = ensure(
        &site.database(),
        &settings,
        &client,
        &["npm".into(), "PyPI".into()],
        NOW,
        &Silent,
    )
    .unwrap();
    assert_eq!(
        (
            became(&outcome.sources, "npm"),
            became(&outcome.sources, "PyPI"),
            became(&outcome.sources, "kev")
        ),
        (
            &Became::Replaced(3731),
            &Became::Replaced(7080),
            &Became::Replaced(1674)
        )
    );
    // The guard holds for each source: this client may not go to the other server.
    assert!(why(became(&outcome.sources, "epss")).contains("http is refused"));
    assert_eq!(server.asked("/ssvc/vulnrichment.zip"), 0);
    // The list stands beside the archive; what is withdrawn looks new once and is then known.
    let report = update(&site.database(), &settings, &client, LATER, &Silent).unwrap();
    assert_eq!(
        *became(&report.sources, "npm"),
        Became::Unchanged,
        "{report:?}"
    );
    assert!(
        matches!(became(&report.sources, "ssvc"), Became::Replaced(count) if *count > 5000),
        "{report:?}"
    );
    let index = site.database().open().unwrap().unwrap();
    let hits = Matcher::new(&index)
        .hits(&Query {
            ecosystem: Ecosystem::PyPi,
            release: None,
            name: "django",
            version: "3.2.12",
        })
        .unwrap();
    assert!(hits.len() > 10, "{}", hits.len());
}
