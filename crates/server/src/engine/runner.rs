//! Does the jobs: takes one, gives it time, writes down what became of it. A job that fails is tried again later; one that
//! panics or kills the program uses up a try like any other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use croner::Cron;
use serde_json::{Value, json};
use stanchion_store::jobs::{self, Job, NewJob, Schedule};
use stanchion_store::{Id, StoreError, Tx, events};

use super::absorb::{ADVISORIES, DECISIONS, TIME};
use super::{Engine, EngineError, unpoisoned};

/// How long a worker has a job before it has to say that it goes on.
const LEASE: i64 = 120;
/// How often it says so.
const BEAT: Duration = Duration::from_secs(30);
/// How long a worker that found nothing waits.
const PAUSE: Duration = Duration::from_secs(1);

/// What a kind of job is: its name, what it does, when it comes by itself, how often it is tried.
struct Kind {
    name: &'static str,
    about: &'static str,
    cron: Option<&'static str>,
    most: i64,
    run: fn(&Engine, &Value) -> Result<String, EngineError>,
}

/// Every kind of job, by hand.
static REGISTRY: &[Kind] = &[
    Kind {
        name: "absorb",
        about: "looks again at what new advisories touch",
        cron: Some("* * * * *"),
        most: 5,
        run: |engine, _| {
            let absorbed = engine.absorb()?;
            Ok(summary(&absorbed))
        },
    },
    Kind {
        name: "feeds",
        about: "asks every source of advisories what is new",
        cron: Some("17 */2 * * *"),
        most: 3,
        run: |engine, _| engine.update_feeds(),
    },
    Kind {
        name: "judge",
        about: "judges again what a change of policy, exceptions or decisions touches",
        cron: None,
        most: 5,
        run: |engine, payload| {
            if let Some(version) = payload["version"].as_str().and_then(Id::parse) {
                engine.judge_one(version, ADVISORIES)?;
                return Ok(String::new());
            }
            let versions = engine.versions_of(payload["product"].as_str())?;
            let absorbed = engine.judge_again(&versions, DECISIONS)?;
            told(&absorbed)
        },
    },
    Kind {
        name: "clock",
        about: "judges again what became late or whose exception ended",
        cron: Some("*/10 * * * *"),
        most: 5,
        run: |engine, _| {
            let (from, to) = engine.clock_span()?;
            let versions = engine.due_between(from, to)?;
            let absorbed = engine.judge_again(&versions, TIME)?;
            engine.tell_ended(from, to)?;
            engine.clock_reached(to)?;
            told(&absorbed)
        },
    },
    Kind {
        name: "tell",
        about: "tells a channel what happened",
        cron: None,
        most: 30,
        run: |engine, payload| {
            let id = payload["channel"]
                .as_str()
                .and_then(Id::parse)
                .unwrap_or_default();
            while engine.tell(id)? {}
            Ok(String::new())
        },
    },
    Kind {
        name: "bought",
        about: "holds bought products against the list of exploited vulnerabilities and vendors' documents",
        cron: Some("41 * * * *"),
        most: 3,
        run: |engine, _| engine.match_bought(),
    },
    Kind {
        name: "scan",
        about: "scans the repository of a product",
        cron: None,
        most: 3,
        run: Engine::scan_repository,
    },
    Kind {
        name: "policy",
        about: "takes the policy from the repository that it is kept in",
        cron: Some("*/15 * * * *"),
        most: 3,
        run: |engine, _| engine.sync_policy(),
    },
    Kind {
        name: "metrics",
        about: "writes down the numbers of the day",
        cron: Some("5 0 * * *"),
        most: 5,
        run: |engine, _| engine.measure(),
    },
    Kind {
        name: "sweep",
        about: "takes away what is no longer to be kept",
        cron: Some("30 3 * * *"),
        most: 3,
        run: |engine, _| engine.sweep(),
    },
];

/// The kinds of jobs, and what each does.
pub fn kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    REGISTRY.iter().map(|kind| (kind.name, kind.about))
}

/// What looking again came to, as the note of a job; an error where some of it failed.
fn told(absorbed: &super::absorb::Absorbed) -> Result<String, EngineError> {
    if let Some((version, reason)) = absorbed.failed.first() {
        return Err(EngineError::Outside(format!(
            "{} of {} versions could not be looked at again, the first {version}: {reason}",
            absorbed.failed.len(),
            absorbed.failed.len() + absorbed.versions
        )));
    }
    Ok(summary(absorbed))
}

fn summary(absorbed: &super::absorb::Absorbed) -> String {
    format!(
        "{} versions: {} appeared, {} changed, {} closed",
        absorbed.versions,
        absorbed.appeared + absorbed.reopened,
        absorbed.changed,
        absorbed.closed
    )
}

/// Adds a job in a transaction.
pub(crate) fn add(
    tx: &mut Tx<'_>,
    kind: &str,
    key: &str,
    payload: &Value,
    priority: i64,
    now: i64,
) -> Result<(), StoreError> {
    let most = REGISTRY
        .iter()
        .find(|known| known.name == kind)
        .map_or(3, |known| known.most);
    let text = payload.to_string();
    let job = NewJob {
        kind,
        key,
        payload: &text,
        priority,
        not_before: now,
        most,
    };
    jobs::add(tx, &job, now)
}

impl Engine {
    /// Adds a job.
    pub fn add_job(
        &self,
        kind: &str,
        key: &str,
        payload: &Value,
        priority: i64,
    ) -> Result<(), EngineError> {
        if !REGISTRY.iter().any(|known| known.name == kind) {
            return Err(EngineError::Absent(format!("there is no job {kind:?}")));
        }
        let now = self.now();
        Ok(self
            .store
            .write(|tx| add(tx, kind, key, payload, priority, now))?)
    }

    /// Makes jobs of what is due, and of what channels have not been told. Whether anything was made.
    pub fn plan(&self) -> Result<(), EngineError> {
        let now = self.now();
        let schedules = self.store.read(jobs::schedules)?;
        for kind in REGISTRY {
            let Some(cron) = kind.cron else { continue };
            let known = schedules.iter().find(|schedule| schedule.kind == kind.name);
            match known {
                Some(known) if known.cron == cron && known.next > now => {}
                Some(known) if known.cron == cron => {
                    let next = next(cron, now)?;
                    self.store.write(|tx| {
                        if jobs::advance(tx, known, next, now)? {
                            add(tx, kind.name, "", &json!({}), 0, now)?;
                        }
                        Ok::<_, StoreError>(())
                    })?;
                }
                _ => {
                    let schedule = Schedule {
                        kind: kind.name.into(),
                        cron: cron.into(),
                        next: next(cron, now)?,
                        last: None,
                    };
                    self.store.write(|tx| jobs::set_schedule(tx, &schedule))?;
                }
            }
        }
        self.store
            .read(|tx| jobs::expired(tx, now))
            .map_err(EngineError::from)
            .and_then(|expired| {
                if expired {
                    self.store.write(|tx| jobs::reap(tx, now))?;
                }
                Ok(())
            })?;
        self.plan_telling(now)
    }

    fn plan_telling(&self, now: i64) -> Result<(), EngineError> {
        let behind: Vec<Id> = self.store.read(|tx| {
            let last = events::last(tx)?;
            let mut behind = Vec::new();
            for channel in events::channels(tx)? {
                let at: Option<String> = tx.first(
                    "SELECT value FROM setting WHERE name = ?1",
                    stanchion_store::params![format!("told:{}", channel.id)],
                    |row| row.get(0),
                )?;
                let at: i64 = at.and_then(|text| text.parse().ok()).unwrap_or(0);
                let waits = tx.first(
                    "SELECT 1 FROM job WHERE kind = 'tell' AND key = ?1 AND state IN ('waiting', 'running')",
                    stanchion_store::params![channel.id.to_string()],
                    |_| Ok(()),
                )?;
                if !channel.disabled && at < last && waits.is_none() {
                    behind.push(channel.id);
                }
            }
            Ok::<_, StoreError>(behind)
        })?;
        for channel in behind {
            let payload = json!({ "channel": channel.to_string() });
            self.store
                .write(|tx| add(tx, "tell", &channel.to_string(), &payload, 90, now))?;
        }
        Ok(())
    }

    /// Takes the next job and does it. `false` where there is none.
    pub fn work(&self, worker: &str) -> Result<bool, EngineError> {
        let now = self.now();
        let kinds: Vec<&str> = REGISTRY.iter().map(|kind| kind.name).collect();
        let waits = self.store.read(|tx| jobs::waits(tx, now))?;
        if !waits {
            return Ok(false);
        }
        let Some(job) = self
            .store
            .write(|tx| jobs::take(tx, &kinds, worker, now, now + LEASE))?
        else {
            return Ok(false);
        };
        let result = self.run(&job, worker);
        self.board.over(&job.kind, &job.key);
        let now = self.now();
        self.store.write(|tx| match &result {
            Ok(_) => jobs::done(tx, &job, now),
            Err((reason, for_good)) => jobs::failed(tx, &job, now, reason, *for_good),
        })?;
        match result {
            Ok(note) => tracing::info!(kind = job.kind, key = job.key, note, "job done"),
            Err((reason, _)) => {
                tracing::warn!(
                    kind = job.kind,
                    key = job.key,
                    attempt = job.attempts,
                    reason,
                    "job failed"
                );
            }
        }
        Ok(true)
    }

    fn run(&self, job: &Job, worker: &str) -> Result<String, (String, bool)> {
        let Some(kind) = REGISTRY.iter().find(|kind| kind.name == job.kind) else {
            return Err((
                format!("there is no job {:?} in this program", job.kind),
                true,
            ));
        };
        let payload: Value = serde_json::from_str(&job.payload)
            .map_err(|error| (format!("its payload: {error}"), true))?;
        let over = Arc::new((Mutex::new(false), Condvar::new()));
        let beating = self.beat(job.clone(), worker.to_owned(), over.clone());
        let result = catch_unwind(AssertUnwindSafe(|| (kind.run)(self, &payload)));
        *unpoisoned(over.0.lock()) = true;
        over.1.notify_all();
        let _ = beating.join();
        match result {
            Ok(Ok(note)) => Ok(note),
            Ok(Err(error)) => {
                let for_good = matches!(
                    error,
                    EngineError::Unusable(_) | EngineError::Forbidden(_) | EngineError::Absent(_)
                );
                Err((error.to_string(), for_good))
            }
            Err(panic) => {
                let said = panic
                    .downcast_ref::<&str>()
                    .map(|text| (*text).to_owned())
                    .or_else(|| panic.downcast_ref::<String>().cloned())
                    .unwrap_or_default();
                Err((format!("it broke: {said}"), false))
            }
        }
    }

    /// Says that a job goes on, until it is over.
    fn beat(&self, job: Job, worker: String, over: Arc<(Mutex<bool>, Condvar)>) -> JoinHandle<()> {
        let engine = self.clone();
        std::thread::spawn(move || {
            let mut is_over = unpoisoned(over.0.lock());
            while !*is_over {
                is_over = over
                    .1
                    .wait_timeout(is_over, BEAT)
                    .map_or_else(|error| error.into_inner().0, |got| got.0);
                if !*is_over {
                    let lease = engine.now() + LEASE;
                    let _ = engine
                        .store
                        .write(|tx| jobs::extend(tx, &job, &worker, lease));
                }
            }
        })
    }

    /// From when to when the clock job has to look.
    fn clock_span(&self) -> Result<(i64, i64), EngineError> {
        let now = self.now();
        let last: Option<String> = self.store.read(|tx| {
            tx.first(
                "SELECT value FROM setting WHERE name = 'clock'",
                &[],
                |row| row.get(0),
            )
        })?;
        Ok((last.and_then(|text| text.parse().ok()).unwrap_or(0), now))
    }

    fn clock_reached(&self, to: i64) -> Result<(), EngineError> {
        self.store.write(|tx| {
            tx.insert(
                "setting",
                &["name", "value", "revision"],
                stanchion_store::params!["clock", to.to_string(), 1],
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            )
        })?;
        Ok(())
    }
}

/// The next time of a cron expression, UTC.
fn next(cron: &str, now: i64) -> Result<i64, EngineError> {
    let wrong = |error: &dyn std::fmt::Display| {
        EngineError::Unusable(format!("the schedule {cron:?}: {error}"))
    };
    let parsed = Cron::from_str(cron).map_err(|error| wrong(&error))?;
    let from = chrono::DateTime::from_timestamp(now, 0)
        .ok_or_else(|| wrong(&"the time is out of range"))?;
    let next = parsed
        .find_next_occurrence(&from, false)
        .map_err(|error| wrong(&error))?;
    Ok(next.timestamp())
}

/// Threads that do jobs until they are told to stop.
#[derive(Debug)]
pub struct Runner {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Runner {
    /// Starts so many workers, and one that plans.
    pub fn start(engine: &Engine, workers: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        let planner = (engine.clone(), stop.clone());
        threads.push(std::thread::spawn(move || {
            let (engine, stop) = planner;
            while !stop.load(Ordering::Relaxed) {
                if let Err(error) = engine.plan() {
                    tracing::warn!(%error, "jobs cannot be planned");
                }
                pause(&stop);
            }
        }));
        for number in 0..workers {
            let (engine, stop) = (engine.clone(), stop.clone());
            let worker = format!("{}-{number}", std::process::id());
            threads.push(std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    match engine.work(&worker) {
                        Ok(true) => {}
                        Ok(false) => pause(&stop),
                        Err(error) => {
                            tracing::warn!(%error, "jobs cannot be taken");
                            pause(&stop);
                        }
                    }
                }
            }));
        }
        Self { stop, threads }
    }

    /// Lets what runs come to its end, and ends.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

fn pause(stop: &AtomicBool) {
    let step = Duration::from_millis(50);
    let mut left = PAUSE;
    while !left.is_zero() && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(step);
        left = left.saturating_sub(step);
    }
}
