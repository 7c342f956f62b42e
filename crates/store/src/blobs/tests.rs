//! What holds for every store of blobs, and what holds for folders.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are not told from other code here"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::folder::Folder;
use super::{BlobError, Blobs, Digest, NoDigest};

fn open(root: &Path) -> Blobs {
    Blobs::Folder(Folder::open(root).unwrap())
}

/// Contents that differ in length and in how well they compress.
fn contents() -> Vec<Vec<u8>> {
    let noise = |count: usize| {
        let mut seed = 1_u64;
        (0..count)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 56) as u8
            })
            .collect::<Vec<u8>>()
    };
    vec![
        Vec::new(),
        b"x".to_vec(),
        b"{\"bomFormat\":\"CycloneDX\"}".repeat(2000),
        noise(100_000),
        noise(300),
        vec![0; 1 << 20],
    ]
}

fn names(blobs: &Blobs) -> BTreeSet<Digest> {
    blobs
        .list()
        .unwrap()
        .map(|listed| listed.unwrap().digest)
        .collect()
}

/// The same for every store.
pub(super) fn suite(blobs: &Blobs) {
    blobs.check().unwrap();
    assert!(names(blobs).is_empty(), "the check leaves nothing");
    let all = contents();
    let mut digests = BTreeSet::new();
    for content in &all {
        let digest = blobs.put(content).unwrap();
        assert_eq!(digest, Digest::of(content));
        assert_eq!(blobs.put(content).unwrap(), digest);
        let length = content.len() as u64;
        assert_eq!(&blobs.get(digest, length).unwrap(), content);
        assert_eq!(&blobs.get(digest, u64::MAX).unwrap(), content);
        if length > 0 {
            let error = blobs.get(digest, length - 1).unwrap_err();
            assert!(matches!(error, BlobError::TooLarge { .. }), "{error}");
        }
        digests.insert(digest);
    }
    assert_eq!(names(blobs), digests);
    for listed in blobs.list().unwrap() {
        let listed = listed.unwrap();
        assert!(listed.stored > 0 && listed.stored < 110_000, "{listed:?}");
    }
    let strange = Digest::of(b"strange");
    let error = blobs.get(strange, 9).unwrap_err();
    assert!(
        matches!(error, BlobError::Missing(digest) if digest == strange),
        "{error}"
    );
    assert!(!error.hint().is_empty());
    blobs.delete(strange).unwrap();
    for digest in digests {
        blobs.delete(digest).unwrap();
        blobs.delete(digest).unwrap();
        assert!(matches!(blobs.get(digest, 9), Err(BlobError::Missing(_))));
    }
    assert!(names(blobs).is_empty());
    assert_eq!(blobs.tidy(Duration::ZERO).unwrap(), 0);
}

#[test]
fn a_folder_keeps_blobs() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("deep/blobs");
    suite(&open(&root));
    let blobs = open(&root);
    let digest = blobs.put(b"a").unwrap();
    let name = digest.to_string();
    assert!(root.join(&name[..2]).join(&name[2..]).is_file());
    assert_eq!(open(&root).get(digest, 1).unwrap(), b"a");
    assert_eq!(blobs.place(), root.display().to_string());
}

#[test]
fn only_digests_are_names() {
    let digest = Digest::of(b"abc");
    let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(
        (digest.to_string().as_str(), text.parse()),
        (text, Ok(digest))
    );
    for odd in [
        "",
        "..",
        "../../../../etc/passwd",
        &text[..63],
        &format!("{text}0"),
        &text.to_uppercase(),
        &text.replace("ba", "/."),
        &text.replace("ba", "g0"),
        &"ä".repeat(32),
    ] {
        assert_eq!(odd.parse::<Digest>(), Err(NoDigest), "{odd}");
    }
}

#[test]
fn damage_is_seen_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = open(folder.path());
    let content = b"content ".repeat(500);
    let digest = blobs.put(&content).unwrap();
    let name = digest.to_string();
    let file = folder.path().join(&name[..2]).join(&name[2..]);
    let good = fs::read(&file).unwrap();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let other = zstd::bulk::compress(b"other", 3).unwrap();
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 19).unwrap();
    for bad in [
        Vec::new(),
        good[..good.len() / 2].to_vec(),
        flipped,
        other,
        b"no zstd".to_vec(),
        bomb,
        vec![b'x'; 1 << 20],
    ] {
        fs::write(&file, &bad).unwrap();
        let error = blobs.get(digest, content.len() as u64).unwrap_err();
        assert!(
            matches!(
                error,
                BlobError::Damaged { .. } | BlobError::TooLarge { .. }
            ),
            "{error}"
        );
        blobs.put(&content).unwrap();
        assert_eq!(blobs.get(digest, 4000).unwrap(), content);
    }
}

#[test]
fn the_age_is_that_of_the_last_put() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = open(folder.path());
    let digest = blobs.put(b"old").unwrap();
    let name = digest.to_string();
    let file = folder.path().join(&name[..2]).join(&name[2..]);
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(then)
        .unwrap();
    let put = || blobs.list().unwrap().next().unwrap().unwrap().put;
    assert_eq!(put(), then);
    blobs.put(b"old").unwrap();
    assert!(put() > then, "a sweep would take what was just put");
}

#[test]
fn what_is_strange_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = open(folder.path());
    let digest = blobs.put(b"a").unwrap();
    let shelf = folder.path().join(&digest.to_string()[..2]);
    fs::write(folder.path().join("README"), "x").unwrap();
    fs::create_dir_all(folder.path().join("zz/x")).unwrap();
    fs::create_dir_all(folder.path().join("other")).unwrap();
    fs::write(shelf.join("notes.txt"), "x").unwrap();
    fs::write(shelf.join(".part-left"), "x").unwrap();
    assert_eq!(names(&blobs), BTreeSet::from([digest]));
    assert_eq!(blobs.tidy(Duration::from_hours(1)).unwrap(), 0);
    assert_eq!(blobs.tidy(Duration::ZERO).unwrap(), 1);
    assert!(shelf.join("notes.txt").exists() && !shelf.join(".part-left").exists());
}

#[test]
fn many_may_put_the_same_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Arc::new(open(folder.path()));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for round in 0..20_u8 {
                    let digest = blobs.put(&[round; 1000]).unwrap();
                    assert_eq!(blobs.get(digest, 1000).unwrap(), [round; 1000]);
                }
                blobs.check().unwrap();
            });
        }
    });
    assert_eq!(names(&blobs).len(), 20);
    assert_eq!(blobs.tidy(Duration::ZERO).unwrap(), 0);
}

#[test]
fn a_folder_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = Folder::open(&file.join("blobs")).unwrap_err();
    assert!(
        error.to_string().contains("cannot make the folder") && !error.hint().is_empty(),
        "{error}"
    );
    let root = folder.path().join("gone");
    let blobs = open(&root);
    fs::remove_dir_all(&root).unwrap();
    for error in [
        blobs.put(b"x").unwrap_err(),
        blobs.check().unwrap_err(),
        blobs.list().map(drop).unwrap_err(),
    ] {
        assert!(matches!(error, BlobError::Store { .. }), "{error}");
    }
}

const CHILD: &str = "STANCHION_BLOBS_CHILD";

/// The other process of the test below: puts blob after blob, and says so after each.
#[test]
fn child_that_is_ended() {
    let Some(root) = std::env::var_os(CHILD) else {
        return;
    };
    let blobs = open(Path::new(&root));
    for round in 0..u64::MAX {
        let content = format!("{round} ").repeat(2000);
        let digest = blobs.put(content.as_bytes()).unwrap();
        println!("\nput {digest}");
    }
}

#[test]
fn what_was_acknowledged_survives_a_sudden_end() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "blobs::tests::child_that_is_ended",
                "--nocapture",
            ])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let digests: Vec<Digest> = lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("put ")?.parse().ok())
            .take(20 * round)
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(digests.len(), 20 * round);
        let blobs = open(folder.path());
        for digest in digests {
            blobs.get(digest, 1 << 20).unwrap();
        }
        // What was not acknowledged is there whole, or not at all.
        for listed in blobs.list().unwrap() {
            blobs.get(listed.unwrap().digest, 1 << 20).unwrap();
        }
        blobs.tidy(Duration::ZERO).unwrap();
        assert_eq!(blobs.tidy(Duration::ZERO).unwrap(), 0);
    }
}
