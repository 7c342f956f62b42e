//! The program is killed in the middle of its work, again and again.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use stanchion_store::{Store, StoreError, jobs};

use super::{Kept, Portal, administrator, all_there, ask, document, push, token, whole};

/// Numbers that look random, and are the same again for one seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

/// `STANCHION_CRASHES` says how often, `STANCHION_SEED` at which moments.
#[test]
fn nothing_acknowledged_is_lost_when_it_is_killed() {
    let rounds = number("STANCHION_CRASHES", 10);
    let mut draw = Draw(number("STANCHION_SEED", 1) * 0x9E37_79B9 + 1);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let log = folder.path().join("log");
    administrator(&data);
    let portal = Portal::start(&data, &log);
    let token = token(portal.address);
    let mut portal = Some(portal);
    let unanswered = AtomicUsize::new(0);
    let mut total = 0;
    let mut running = 0;
    for round in 0..rounds {
        let now = portal.take().unwrap();
        let address = now.address;
        let over = AtomicBool::new(false);
        let kept: Mutex<Vec<Kept>> = Mutex::default();
        let moment = Duration::from_millis(30 + draw.below(900));
        std::thread::scope(|scope| {
            for client in 0..4 {
                let (over, kept, token, unanswered) = (&over, &kept, &token, &unanswered);
                scope.spawn(move || {
                    for turn in 0.. {
                        if over.load(Ordering::Relaxed) {
                            break;
                        }
                        // In turns: something of one's own, and the same as everybody.
                        let pushed = if turn % 2 == 0 {
                            let mark = format!("c{client}r{round}t{turn}");
                            push(
                                address,
                                token,
                                &format!("client-{client}"),
                                &format!("{round}.{turn}"),
                                &document(&mark, 40),
                            )
                        } else {
                            push(
                                address,
                                token,
                                "shared",
                                &format!("{round}.{}", turn % 3),
                                &document(&format!("shared{}", turn % 2), 20),
                            )
                        };
                        match pushed {
                            Ok(one) => kept
                                .lock()
                                .unwrap_or_else(PoisonError::into_inner)
                                .push(one),
                            Err(None) => {
                                unanswered.fetch_add(1, Ordering::Relaxed);
                                std::thread::sleep(Duration::from_millis(5));
                            }
                            Err(Some(answer)) => {
                                // Four that write the same may get in each other's way.
                                assert!(matches!(answer.status, 409 | 503), "{answer:?}");
                            }
                        }
                    }
                });
            }
            let (over, token) = (&over, &token);
            scope.spawn(move || {
                for kind in ["metrics", "sweep", "absorb", "judge", "clock", "bought"]
                    .iter()
                    .cycle()
                {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let path = format!("/api/v1/jobs/kinds/{kind}");
                    ask(address, "POST", &path, &[token], b"");
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            std::thread::sleep(moment);
            now.kill();
            over.store(true, Ordering::Relaxed);
        });
        let again = Portal::start(&data, &log);
        let store = Store::existing(&data).unwrap().unwrap();
        let kept = kept.into_inner().unwrap();
        total += kept.len();
        whole(&store);
        all_there(again.address, &token, &store, &kept);
        running += store
            .read(|tx| jobs::list(tx, Some("running"), None, 100))
            .unwrap_or_else(|error: StoreError| panic!("{error}"))
            .len();
        portal = Some(again);
    }
    drop(portal);
    println!(
        "{rounds} kills: {total} pushes acknowledged and all there, {} cut off, {running} jobs seen running after a start",
        unanswered.load(Ordering::Relaxed)
    );
    assert!(total > 0);
    jobs_go_on(&data, &log);
}

/// What was running when its worker was killed waits again once its lease is over, and comes to an end.
fn jobs_go_on(data: &std::path::Path, log: &std::path::Path) {
    let store = Store::open(data).unwrap();
    let now = i64::try_from(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs(),
    )
    .unwrap();
    // As `plan` does two minutes later.
    store
        .write(|tx| jobs::reap(tx, now + 10_000))
        .unwrap_or_else(|error: StoreError| panic!("{error}"));
    let states = |state: &str| {
        store
            .read(|tx| jobs::list(tx, Some(state), None, 1_000))
            .unwrap_or_else(|error: StoreError| panic!("{error}"))
    };
    assert!(states("running").is_empty());
    store
        .write(|tx| tx.execute("UPDATE job SET not_before = 0 WHERE state = 'waiting'", &[]))
        .unwrap_or_else(|error: StoreError| panic!("{error}"));
    let before: BTreeSet<i64> = states("waiting").into_iter().map(|job| job.id).collect();
    let portal = Portal::start(data, log);
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let left: Vec<_> = ["waiting", "running"]
            .into_iter()
            .flat_map(states)
            .filter(|job| before.contains(&job.id))
            .collect();
        if left.is_empty() {
            break;
        }
        assert!(Instant::now() < end, "{left:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("{} jobs that waited came to their end", before.len());
    drop(portal);
    whole(&store);
}
