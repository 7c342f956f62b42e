//! One run builds, the others wait for it, as long as it gets on.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Talk;
use crate::{Database, Error, WriteLock};

/// How long a run that has the lock may show no progress before others go on without it.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How often progress is shown to the others.
const BEAT: Duration = Duration::from_millis(500);

fn progress_file(database: &Database) -> PathBuf {
    database.folder().join("progress")
}

/// Takes the lock. `None` when whoever has it makes no progress.
pub(super) fn lock(
    database: &Database,
    talk: &dyn Talk,
    patience: Duration,
) -> Result<Option<WriteLock>, Error> {
    let file = progress_file(database);
    let mut seen = None;
    let mut since = Instant::now();
    let mut said = false;
    database.lock(|_| {
        if !said {
            talk.say("another run is bringing the advisory database up to date; waiting for it");
            said = true;
        }
        let now = fs::read(&file).ok();
        if now != seen {
            seen = now;
            since = Instant::now();
        }
        since.elapsed() < patience
    })
}

/// Passes everything on, and shows progress to the runs that wait.
pub(super) struct Beating<'a> {
    talk: &'a dyn Talk,
    file: PathBuf,
    last: Mutex<Option<Instant>>,
    count: AtomicU64,
}

impl<'a> Beating<'a> {
    pub(super) fn new(database: &Database, talk: &'a dyn Talk) -> Self {
        let beating = Self {
            talk,
            file: progress_file(database),
            last: Mutex::new(None),
            count: AtomicU64::new(0),
        };
        beating.beat();
        beating
    }

    pub(super) fn beat(&self) {
        // Whoever finds it held is showing progress at this moment.
        let Ok(mut last) = self.last.try_lock() else {
            return;
        };
        if last.is_none_or(|last| last.elapsed() >= BEAT) {
            *last = Some(Instant::now());
            let count = self.count.fetch_add(1, Ordering::Relaxed);
            // A beat that cannot be written costs the others some waiting, and nothing else.
            let _ = fs::write(&self.file, format!("{} {count}\n", std::process::id()));
        }
    }

    /// Shows progress while something runs that takes its time and cannot hang: a build.
    pub(super) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let beats = scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    self.beat();
                    std::thread::park_timeout(BEAT);
                }
            });
            let guard = Over(&over);
            let done = work();
            drop(guard);
            beats.thread().unpark();
            done
        })
    }
}

/// Ends the beating also when the work panics: else the scope would wait for it for ever.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Talk for Beating<'_> {
    fn step(&self, what: &str, done: u64, total: Option<u64>) {
        self.beat();
        self.talk.step(what, done, total);
    }

    fn say(&self, line: &str) {
        self.talk.say(line);
    }
}
