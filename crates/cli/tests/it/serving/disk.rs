//! The disk is full, and then it is not.

use std::path::{Path, PathBuf};
use std::process::Command;

use stanchion_store::Store;

use super::{Portal, administrator, all_there, document, push, token, whole};

/// A small file system of its own; taken away when dropped.
struct Small(PathBuf);

impl Small {
    /// `None` where this user may not mount.
    fn mount(folder: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
            .arg(folder)
            .output()
            .is_ok_and(|output| output.status.success());
        done.then(|| Self(folder.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let Some(_small) = Small::mount(&data, "12m") else {
        eprintln!("skipped: this user may not mount a small file system");
        return;
    };
    administrator(&data);
    let mut portal = Portal::start(&data, &folder.path().join("log"));
    let token = token(portal.address);
    let mut kept = vec![push(portal.address, &token, "shop", "0", &document("first", 10)).unwrap()];
    let ballast = data.join("ballast");
    let mut refused = Vec::new();
    // Twice full, twice free.
    for round in 0..2 {
        let mut bytes = 8 << 20;
        while bytes > (64 << 10) {
            if std::fs::write(&ballast, vec![1; bytes]).is_ok() {
                break;
            }
            bytes -= 64 << 10;
        }
        let mut fails = 0;
        for turn in 0..60 {
            let mark = format!("r{round}t{turn}");
            match push(portal.address, &token, "shop", &mark, &document(&mark, 300)) {
                Ok(one) => kept.push(one),
                Err(None) => panic!("no answer: {}", portal.logged()),
                Err(Some(answer)) => {
                    assert!(
                        matches!(answer.status, 503 | 507),
                        "{answer:?}\n{}",
                        portal.logged()
                    );
                    assert_eq!(answer.header("content-type"), "application/problem+json");
                    let hint = answer.json()["hint"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned();
                    assert!(
                        hint.to_lowercase().contains("room on the disk"),
                        "{answer:?}"
                    );
                    refused.push(answer.status);
                    fails += 1;
                }
            }
            if fails == 6 {
                break;
            }
        }
        assert!(fails > 0, "it never got full");
        assert!(portal.runs());
        std::fs::remove_file(&ballast).unwrap();
        let mark = format!("after{round}");
        let after = push(portal.address, &token, "shop", &mark, &document(&mark, 300));
        kept.push(after.unwrap_or_else(|answer| panic!("{answer:?}\n{}", portal.logged())));
    }
    let store = Store::existing(&data).unwrap().unwrap();
    whole(&store);
    all_there(portal.address, &token, &store, &kept);
    println!(
        "{} acknowledged and all there, refused with {refused:?}",
        kept.len()
    );
}
