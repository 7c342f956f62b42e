//! What has changed since the last time.

use super::*;

#[test]
fn a_delta_takes_over_what_changed() {
    let site = Site::new();
    site.ensure(&["npm"]);
    assert!(
        site.update()
            .sources
            .iter()
            .all(|source| source.became == Became::Unchanged)
    );
    assert_eq!(
        (site.meta().updated.as_str(), site.asked("/npm/all.zip")),
        (LATER, 1)
    );
    site.set(
        "npm",
        "GHSA-npm-0",
        "left-pad-0",
        "0.5.0",
        "2026-02-01T00:00:00Z",
    );
    site.withdraw("npm", "GHSA-npm-1", "2026-02-01T00:00:00.25Z");
    // As old as what is here, and new all the same.
    site.set(
        "npm",
        "GHSA-new",
        "brand-new",
        "2.0.0",
        "2025-06-01T00:00:00Z",
    );
    // In the future: must not hide what changes later.
    site.set(
        "npm",
        "GHSA-npm-2",
        "left-pad-2",
        "0.5.0",
        "2027-07-09T00:00:00Z",
    );
    site.publish();
    let report = site.update();
    assert_eq!(*became(&report.sources, "npm"), Became::Changed(4));
    let hits = |name: &str| site.hits(Ecosystem::Npm, name);
    assert_eq!(
        (
            hits("left-pad-0"),
            hits("left-pad-1"),
            hits("left-pad-2"),
            hits("left-pad-3"),
            hits("brand-new")
        ),
        (0, 0, 0, 1, 1)
    );
    assert_eq!(
        (
            site.asked("/npm/all.zip"),
            site.asked("/npm/GHSA-npm-1.json"),
            site.asked("/npm/GHSA-npm-3.json")
        ),
        (1, 1, 0)
    );
    // What is taken over is not asked for again, withdrawn or in the future.
    assert_eq!(*became(&site.update().sources, "npm"), Became::Unchanged);
    assert_eq!(
        (
            site.asked("/npm/GHSA-npm-1.json"),
            site.asked("/npm/GHSA-npm-2.json")
        ),
        (1, 1)
    );
    site.set(
        "npm",
        "GHSA-npm-3",
        "left-pad-3",
        "0.5.0",
        "2026-03-01T00:00:00Z",
    );
    site.publish();
    assert_eq!(*became(&site.update().sources, "npm"), Became::Changed(1));
    assert_eq!(site.hits(Ecosystem::Npm, "left-pad-3"), 0);
}

#[test]
fn a_delta_with_broken_records_takes_the_good_and_asks_again() {
    let site = Site::new();
    site.ensure(&["npm"]);
    for at in 0..3 {
        site.set(
            "npm",
            &format!("GHSA-npm-{at}"),
            &format!("left-pad-{at}"),
            "0.5.0",
            "2026-02-01T00:00:00Z",
        );
    }
    site.publish();
    site.server
        .put("/npm/GHSA-npm-0.json", "{\"id\": \"GHSA-npm-0\", ");
    // Another record than was asked for.
    site.server.put(
        "/npm/GHSA-npm-1.json",
        record(
            "GHSA-npm-5",
            "npm",
            "left-pad-5",
            "0.1.0",
            "2026-02-01T00:00:00Z",
        ),
    );
    let report = site.update();
    let Became::Partly(1, reason) = became(&report.sources, "npm") else {
        panic!("{report:?}")
    };
    assert!(
        reason.contains("2 of 3") && site.failed("npm").as_ref() == Some(reason),
        "{reason}"
    );
    let hits = |name: &str| site.hits(Ecosystem::Npm, name);
    assert_eq!(
        (
            hits("left-pad-0"),
            hits("left-pad-1"),
            hits("left-pad-2"),
            hits("left-pad-5")
        ),
        (1, 1, 0, 1)
    );
    assert_eq!(site.meta().updated, NOW);
    site.publish();
    assert_eq!(*became(&site.update().sources, "npm"), Became::Changed(2));
    assert_eq!(
        (hits("left-pad-0"), hits("left-pad-1"), site.failed("npm")),
        (0, 0, None)
    );
    // None to be had at all, and a list that is none.
    site.set(
        "npm",
        "GHSA-npm-3",
        "left-pad-3",
        "0.5.0",
        "2026-02-01T00:00:00Z",
    );
    site.publish();
    site.server.put("/npm/GHSA-npm-3.json", "<html>");
    assert!(why(became(&site.update().sources, "npm")).contains("GHSA-npm-3"));
    site.server.put("/npm/modified_id.csv", "<html>");
    assert!(why(became(&site.update().sources, "npm")).contains("modified_id.csv"));
    assert_eq!(hits("left-pad-3"), 1);
}

#[test]
fn a_server_that_is_gone_is_not_asked_for_every_record() {
    let site = Site::new();
    for at in 0..300 {
        site.set(
            "npm",
            &format!("GHSA-more-{at}"),
            "more",
            "2.0.0",
            "2026-01-01T00:00:00Z",
        );
    }
    site.publish();
    site.ensure(&["npm"]);
    for at in 0..300 {
        site.set(
            "npm",
            &format!("GHSA-more-{at}"),
            "more",
            "2.0.0",
            "2026-02-01T00:00:00Z",
        );
    }
    site.publish();
    for at in 0..300 {
        site.server.behave(
            &format!("/npm/GHSA-more-{at}.json"),
            Behaviour {
                status: Some((503, Vec::new(), ALWAYS)),
                ..Behaviour::default()
            },
        );
    }
    let report = site.update();
    assert!(
        why(became(&report.sources, "npm")).contains("300 of 300"),
        "{report:?}"
    );
    let asked = site
        .server
        .requests()
        .iter()
        .filter(|request| request.path.contains("more"))
        .count();
    assert!(asked <= 32, "{asked}");
}

#[test]
fn a_record_that_vanishes_is_gone_when_the_archive_says_so() {
    let site = Site::new();
    site.ensure(&["npm"]);
    site.update();
    // Listed and not there, nor in the archive: kept, and asked for again.
    site.set(
        "npm",
        "GHSA-npm-0",
        "left-pad-0",
        "0.5.0",
        "2026-02-01T00:00:00Z",
    );
    site.publish_lists();
    site.server.remove("/npm/GHSA-npm-0.json");
    for asked in [2, 3] {
        let report = site.update();
        assert_eq!(
            (
                became(&report.sources, "npm"),
                site.asked("/npm/all.zip"),
                site.asked("/npm/GHSA-npm-0.json")
            ),
            (&Became::Unchanged, asked, asked - 1)
        );
        assert_eq!(
            (
                site.hits(Ecosystem::Npm, "left-pad-0"),
                site.meta().updated.as_str()
            ),
            (1, LATER)
        );
    }
    site.set(
        "npm",
        "GHSA-npm-5",
        "left-pad-5",
        "0.5.0",
        "2026-02-01T00:00:00Z",
    );
    site.publish_lists();
    site.server.remove("/npm/GHSA-npm-0.json");
    assert_eq!(*became(&site.update().sources, "npm"), Became::Changed(1));
    assert_eq!(
        (
            site.hits(Ecosystem::Npm, "left-pad-0"),
            site.hits(Ecosystem::Npm, "left-pad-5")
        ),
        (1, 0)
    );
    // The archive has caught up, the single records have not.
    site.publish();
    site.server.remove("/npm/GHSA-npm-0.json");
    assert_eq!(*became(&site.update().sources, "npm"), Became::Replaced(6));
    assert_eq!(site.hits(Ecosystem::Npm, "left-pad-0"), 0);
    // Gone from the list: the archive is asked, and it still has it.
    site.drop("npm", "GHSA-npm-1");
    site.publish_lists();
    let asked = site.asked("/npm/all.zip");
    assert_eq!(
        (
            became(&site.update().sources, "npm"),
            site.asked("/npm/all.zip")
        ),
        (&Became::Unchanged, asked + 1)
    );
    assert_eq!(site.hits(Ecosystem::Npm, "left-pad-1"), 1);
    // Now the archive has it no more.
    site.publish();
    assert_eq!(*became(&site.update().sources, "npm"), Became::Replaced(5));
    assert_eq!(
        (
            site.hits(Ecosystem::Npm, "left-pad-1"),
            site.hits(Ecosystem::Npm, "left-pad-2")
        ),
        (0, 1)
    );
    assert_eq!(*became(&site.update().sources, "npm"), Became::Unchanged);
}

#[test]
fn many_changes_are_fetched_as_a_whole_and_what_the_archive_lacks_singly_after() {
    let site = Site::new();
    site.ensure(&["npm"]);
    for at in 0..600 {
        site.set(
            "npm",
            &format!("GHSA-more-{at}"),
            &format!("more-{at}"),
            "2.0.0",
            "2026-01-02T00:00:00Z",
        );
    }
    site.publish();
    // Written after the archive.
    site.set("npm", "GHSA-last", "last", "2.0.0", "2026-01-03T00:00:00Z");
    site.publish_lists();
    let report = site.update();
    assert_eq!(
        (became(&report.sources, "npm"), site.asked("/npm/all.zip")),
        (&Became::Replaced(606), 2)
    );
    assert_eq!(
        (
            site.hits(Ecosystem::Npm, "more-599"),
            site.hits(Ecosystem::Npm, "last")
        ),
        (1, 0)
    );
    assert_eq!(*became(&site.update().sources, "npm"), Became::Changed(1));
    assert_eq!(
        (
            site.hits(Ecosystem::Npm, "last"),
            site.asked("/npm/all.zip"),
            site.asked("/npm/GHSA-more-0.json")
        ),
        (1, 2, 0)
    );
}

#[test]
fn unchanged_costs_a_question() {
    let site = Site::new();
    site.ensure(&["npm"]);
    site.server.remove("/npm/modified_id.csv");
    let served = site.server.served("/kev.json") + site.server.served("/npm/all.zip");
    let report = site.update();
    assert!(
        report.written
            && report
                .sources
                .iter()
                .all(|source| source.became == Became::Unchanged),
        "{report:?}"
    );
    assert_eq!(
        (
            site.server.served("/kev.json") + site.server.served("/npm/all.zip"),
            site.asked("/npm/all.zip")
        ),
        (served, 2)
    );
    assert_eq!(site.meta().updated, LATER);
    assert!(
        site.meta()
            .sources
            .iter()
            .all(|source| source.fetched.as_deref() == Some(LATER))
    );
    site.update();
    assert_eq!(
        site.server.served("/kev.json") + site.server.served("/npm/all.zip"),
        served
    );
    // A database that was lost or replaced by others is not taken for the one that was fetched.
    std::fs::remove_file(site.database().file()).unwrap();
    let outcome = site.ensure(&["npm"]);
    assert_eq!(
        (
            became(&outcome.sources, "npm"),
            became(&outcome.sources, "kev")
        ),
        (&Became::Replaced(6), &Became::Replaced(1))
    );
}
