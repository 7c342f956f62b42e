//! Work that is done in the background: what, when, how often tried, and what became of it.
//!
//! A job holds references, never documents, and doing it twice does no harm. One is taken by giving it a lease; a worker
//! that dies loses the lease, and the job is tried again until its tries are used up. Each take counts as a try, so that a
//! job that kills its worker ends too.

use crate::{Dialect, Row, StoreError, Tx, params};

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Counts up.
    pub id: i64,
    /// What is to be done.
    pub kind: String,
    /// On what: of jobs with one kind and key one waits and one runs.
    pub key: String,
    /// JSON: references.
    pub payload: String,
    /// Higher first.
    pub priority: i64,
    /// Not before this time.
    pub not_before: i64,
    /// Times it was taken.
    pub attempts: i64,
    /// Times it may be taken.
    pub most: i64,
    /// `waiting`, `running`, `done` or `failed`.
    pub state: String,
    /// Why it failed the last time.
    pub error: Option<String>,
    /// Seconds since 1970.
    pub created: i64,
    /// When it was last taken.
    pub started: Option<i64>,
    /// When it ended.
    pub finished: Option<i64>,
}

/// A job to be.
#[derive(Clone, Copy, Debug)]
pub struct NewJob<'j> {
    /// What is to be done.
    pub kind: &'j str,
    /// On what.
    pub key: &'j str,
    /// JSON: references.
    pub payload: &'j str,
    /// Higher first.
    pub priority: i64,
    /// Not before this time.
    pub not_before: i64,
    /// Times it may be taken.
    pub most: i64,
}

/// First wait after a failure, in seconds; doubles with each further one.
const BACKOFF: i64 = 5;
/// Longest wait.
const LONGEST: i64 = 600;
/// Length of an error that is kept.
const MOST_ERROR: usize = 2_000;

const COLUMNS: &str = "id, kind, key, payload, priority, not_before, attempts, most, state, error, created, started, finished";

fn read(row: &Row<'_>) -> Result<Job, StoreError> {
    Ok(Job {
        id: row.get(0)?,
        kind: row.get(1)?,
        key: row.get(2)?,
        payload: row.get(3)?,
        priority: row.get(4)?,
        not_before: row.get(5)?,
        attempts: row.get(6)?,
        most: row.get(7)?,
        state: row.get(8)?,
        error: row.get(9)?,
        created: row.get(10)?,
        started: row.get(11)?,
        finished: row.get(12)?,
    })
}

/// Adds a job. Where one with its kind and key waits already, that one takes the new payload, the higher priority and the
/// earlier time.
pub fn add(tx: &mut Tx<'_>, job: &NewJob<'_>, now: i64) -> Result<(), StoreError> {
    tx.insert(
        "job",
        &["kind", "key", "payload", "priority", "not_before", "attempts", "most", "state", "lease", "worker", "created"],
        params![job.kind, job.key, job.payload, job.priority, job.not_before, 0, job.most, "waiting", 0, "", now],
        "ON CONFLICT (kind, key) WHERE state = 'waiting' DO UPDATE SET payload = excluded.payload,
             priority = CASE WHEN excluded.priority > job.priority THEN excluded.priority ELSE job.priority END,
             not_before = CASE WHEN excluded.not_before < job.not_before THEN excluded.not_before ELSE job.not_before END",
    )?;
    Ok(())
}

/// Takes the next job of some kinds until `lease`. One whose kind and key runs already stays.
pub fn take(
    tx: &mut Tx<'_>,
    kinds: &[&str],
    worker: &str,
    now: i64,
    lease: i64,
) -> Result<Option<Job>, StoreError> {
    let places: Vec<String> = (0..kinds.len()).map(|at| format!("?{}", at + 4)).collect();
    let skip = match tx.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => " FOR UPDATE SKIP LOCKED",
    };
    let sql = format!(
        "UPDATE job SET state = 'running', worker = ?1, started = ?2, lease = ?3, attempts = attempts + 1
         WHERE id = (SELECT j.id FROM job j WHERE j.state = 'waiting' AND j.not_before <= ?2 AND j.kind IN ({})
                     AND NOT EXISTS (SELECT 1 FROM job r WHERE r.state = 'running' AND r.kind = j.kind AND r.key = j.key)
                     ORDER BY j.priority DESC, j.id LIMIT 1{skip})
         RETURNING {COLUMNS}",
        places.join(", ")
    );
    let mut values = params![worker, now, lease].to_vec();
    values.extend(kinds.iter().map(|kind| crate::Value::from(*kind)));
    tx.first(&sql, &values, read)
}

/// Says that a job goes on: `false` where the lease was lost, and the job is no longer this worker's.
pub fn extend(tx: &mut Tx<'_>, job: &Job, worker: &str, lease: i64) -> Result<bool, StoreError> {
    let rows = tx.execute(
        "UPDATE job SET lease = ?3 WHERE id = ?1 AND worker = ?2 AND state = 'running' AND attempts = ?4",
        params![job.id, worker, lease, job.attempts],
    )?;
    Ok(rows == 1)
}

/// Says that a job is done.
pub fn done(tx: &mut Tx<'_>, job: &Job, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE job SET state = 'done', finished = ?2, error = NULL WHERE id = ?1 AND state = 'running' AND attempts = ?3",
        params![job.id, now, job.attempts],
    )?;
    Ok(())
}

/// Says that a job failed: it waits for its next try, or has failed for good.
pub fn failed(
    tx: &mut Tx<'_>,
    job: &Job,
    now: i64,
    error: &str,
    for_good: bool,
) -> Result<(), StoreError> {
    let error: String = error.chars().take(MOST_ERROR).collect();
    let last = for_good || job.attempts >= job.most;
    // A newer one that waits already stands for this one.
    let newer = tx
        .first(
            "SELECT 1 FROM job WHERE kind = ?1 AND key = ?2 AND state = 'waiting'",
            params![&job.kind, &job.key],
            |_| Ok(()),
        )?
        .is_some();
    if last || newer {
        tx.execute(
            "UPDATE job SET state = 'failed', finished = ?2, error = ?3 WHERE id = ?1 AND state = 'running' AND attempts = ?4",
            params![job.id, now, &error, job.attempts],
        )?;
    } else {
        let wait = (BACKOFF << job.attempts.clamp(1, 12).saturating_sub(1)).min(LONGEST);
        tx.execute(
            "UPDATE job SET state = 'waiting', not_before = ?2, error = ?3, worker = '', lease = 0 WHERE id = ?1 AND state = 'running' AND attempts = ?4",
            params![job.id, now + wait, &error, job.attempts],
        )?;
    }
    Ok(())
}

/// Jobs whose worker is gone: they wait again, or have failed.
pub fn reap(tx: &mut Tx<'_>, now: i64) -> Result<usize, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM job WHERE state = 'running' AND lease < ?1 ORDER BY id LIMIT 1000"
    );
    let lost = tx.all(&sql, params![now], read)?;
    for job in &lost {
        failed(tx, job, now, "its worker went away in the middle", false)?;
    }
    Ok(lost.len())
}

/// Whether any job could be taken.
pub fn waits(tx: &mut Tx<'_>, now: i64) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM job WHERE state = 'waiting' AND not_before <= ?1 LIMIT 1";
    Ok(tx.first(sql, params![now], |_| Ok(()))?.is_some())
}

/// Whether some worker is gone in the middle of its job.
pub fn expired(tx: &mut Tx<'_>, now: i64) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM job WHERE state = 'running' AND lease < ?1 LIMIT 1";
    Ok(tx.first(sql, params![now], |_| Ok(()))?.is_some())
}

/// Jobs of a state (`None`: all), the latest first, before one of them.
pub fn list(
    tx: &mut Tx<'_>,
    state: Option<&str>,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Job>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM job WHERE id < ?1 AND (CAST(?2 AS TEXT) IS NULL OR state = ?2) ORDER BY id DESC LIMIT {limit}"
    );
    tx.all(&sql, params![before.unwrap_or(i64::MAX), state], read)
}

/// A job by its id.
pub fn by_id(tx: &mut Tx<'_>, id: i64) -> Result<Option<Job>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM job WHERE id = ?1");
    tx.first(&sql, params![id], read)
}

/// Some jobs, by their ids; those that are gone are missing.
pub fn by_ids(tx: &mut Tx<'_>, ids: &[i64]) -> Result<Vec<Job>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (1..=ids.len()).map(|at| format!("?{at}")).collect();
    let values: Vec<crate::Value<'_>> = ids.iter().map(|id| crate::Value::from(*id)).collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM job WHERE id IN ({})",
        places.join(", ")
    );
    tx.all(&sql, &values, read)
}

/// The newest job of a kind on something.
pub fn newest(tx: &mut Tx<'_>, kind: &str, key: &str) -> Result<Option<Job>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM job WHERE kind = ?1 AND key = ?2 ORDER BY id DESC LIMIT 1");
    tx.first(&sql, params![kind, key], read)
}

/// Lets a job that failed be tried again from the start: `false` where there is none.
pub fn retry(tx: &mut Tx<'_>, id: i64, now: i64) -> Result<bool, StoreError> {
    let rows = tx.execute(
        "UPDATE job SET state = 'waiting', attempts = 0, not_before = ?2, finished = NULL WHERE id = ?1 AND state = 'failed'
             AND NOT EXISTS (SELECT 1 FROM job w WHERE w.kind = job.kind AND w.key = job.key AND w.state = 'waiting')",
        params![id, now],
    )?;
    Ok(rows == 1)
}

/// Takes away what ended before a time.
pub fn sweep(tx: &mut Tx<'_>, done_before: i64, failed_before: i64) -> Result<u64, StoreError> {
    let done = tx.execute(
        "DELETE FROM job WHERE state = 'done' AND finished < ?1",
        params![done_before],
    )?;
    let failed = tx.execute(
        "DELETE FROM job WHERE state = 'failed' AND finished < ?1",
        params![failed_before],
    )?;
    Ok(done + failed)
}

/// How many jobs there are in each state.
pub fn counts(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    tx.all(
        "SELECT state, COUNT(*) FROM job GROUP BY state ORDER BY state",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// When a kind of job is next due by its schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// What is to be done.
    pub kind: String,
    /// When: five fields of cron, UTC.
    pub cron: String,
    /// Seconds since 1970.
    pub next: i64,
    /// When it was last made a job.
    pub last: Option<i64>,
}

/// All schedules, by kind.
pub fn schedules(tx: &mut Tx<'_>) -> Result<Vec<Schedule>, StoreError> {
    tx.all(
        "SELECT kind, cron, next, last FROM schedule ORDER BY kind",
        &[],
        |row| {
            Ok(Schedule {
                kind: row.get(0)?,
                cron: row.get(1)?,
                next: row.get(2)?,
                last: row.get(3)?,
            })
        },
    )
}

/// Sets a schedule.
pub fn set_schedule(tx: &mut Tx<'_>, schedule: &Schedule) -> Result<(), StoreError> {
    tx.insert(
        "schedule",
        &["kind", "cron", "next", "last"],
        params![&schedule.kind, &schedule.cron, schedule.next, schedule.last],
        "ON CONFLICT (kind) DO UPDATE SET cron = excluded.cron, next = excluded.next, last = excluded.last",
    )?;
    Ok(())
}

/// Takes a schedule that is due, so that of several servers one makes the job: `false` where another was faster.
pub fn advance(
    tx: &mut Tx<'_>,
    schedule: &Schedule,
    next: i64,
    now: i64,
) -> Result<bool, StoreError> {
    let rows = tx.execute(
        "UPDATE schedule SET next = ?3, last = ?4 WHERE kind = ?1 AND next = ?2",
        params![&schedule.kind, schedule.next, next, now],
    )?;
    Ok(rows == 1)
}
