//! A copy is taken while people push, brought back elsewhere, and served.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use stanchion_store::Store;

use super::{Portal, administrator, all_there, document, push, run, said, token, whole};

#[test]
fn a_copy_taken_under_load_comes_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    let archive = folder.path().join("copy.tar.zst");
    administrator(&old);
    let portal = Portal::start(&old, &folder.path().join("log"));
    let address = portal.address;
    let token = token(address);
    let kept = Mutex::new(Vec::new());
    let over = AtomicBool::new(false);
    let before = std::thread::scope(|scope| {
        for client in 0..3 {
            let (kept, over, token) = (&kept, &over, &token);
            scope.spawn(move || {
                for turn in 0.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let mark = format!("c{client}t{turn}");
                    let product = format!("client-{client}");
                    let one = push(address, token, &product, &mark, &document(&mark, 40)).unwrap();
                    kept.lock().unwrap().push(one);
                }
            });
        }
        std::thread::sleep(Duration::from_millis(700));
        let before = kept.lock().unwrap().clone();
        let output = run(&old, &["backup", archive.to_str().unwrap()]);
        over.store(true, Ordering::Relaxed);
        assert!(output.status.success(), "{}", said(&output));
        before
    });
    let all = kept.into_inner().unwrap().len();
    drop(portal);
    assert!(!before.is_empty());

    let output = run(&new, &["restore", archive.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    let portal = Portal::start(&new, &folder.path().join("log-of-new"));
    let store = Store::existing(&new).unwrap().unwrap();
    whole(&store);
    all_there(portal.address, &token, &store, &before);
    let output = run(&new, &["admin", "audit", "verify"]);
    assert!(output.status.success(), "{}", said(&output));
    println!(
        "{} of {all} were there before the copy, and are there again",
        before.len()
    );
    // It is a portal like any other.
    push(
        portal.address,
        &token,
        "client-0",
        "new",
        &document("new", 3),
    )
    .unwrap();
    drop(portal);

    // Over a portal nothing is written.
    let output = run(&new, &["restore", archive.to_str().unwrap()]);
    assert!(!output.status.success());

    let bytes = std::fs::read(&archive).unwrap();
    for (number, at) in [bytes.len() / 5, bytes.len() / 2, bytes.len() * 4 / 5]
        .into_iter()
        .enumerate()
    {
        let mut odd = bytes.clone();
        odd[at] ^= 0x10;
        let file = folder.path().join(format!("odd-{number}"));
        std::fs::write(&file, odd).unwrap();
        let into = folder.path().join(format!("into-{number}"));
        let output = run(&into, &["restore", file.to_str().unwrap()]);
        assert!(!output.status.success(), "byte {at} was not missed");
        assert!(said(&output).contains("hint: "), "{}", said(&output));
        assert!(!into.join(stanchion_store::FILE).exists());
    }
    let short = folder.path().join("short");
    std::fs::write(&short, &bytes[..bytes.len() - 200]).unwrap();
    let output = run(
        &folder.path().join("into"),
        &["restore", short.to_str().unwrap()],
    );
    assert!(!output.status.success(), "{}", said(&output));
}
