//! How far jobs are, told while they run (`text/event-stream`). One task asks the store once a second about all jobs that
//! somebody watches, however many they are; it ends when nobody watches any more.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use stanchion_store::Id;
use stanchion_store::jobs::{self, Job};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use utoipa::ToSchema;

use super::absent;
use crate::engine::text_of;
use crate::http::listen::Stopping;
use crate::http::{Path, Problem};
use crate::people::{Allowed, JobRead};
use crate::portal::Portal;

/// Streams of one person at the same time; a browser opens at most six connections to one host.
pub(crate) const MOST_OF_ONE: usize = 4;
/// Streams of everybody.
pub(crate) const MOST: usize = 200;
/// How often the store is asked.
const EVERY: Duration = Duration::from_secs(1);
/// A comment is sent after so much silence, so that nobody on the way takes the connection for dead.
const SILENCE: Duration = Duration::from_secs(15);
/// A stream ends after this; the browser asks again, and is asked again who it is.
const LONGEST: Duration = Duration::from_mins(5);

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Said {
    /// For people.
    pub(crate) text: String,
    /// It has come to its end.
    pub(crate) over: bool,
}

/// An event of the stream, as the document describes it.
#[derive(ToSchema)]
#[schema(as = JobEvent)]
#[expect(dead_code, reason = "what is sent is made of `Said`")]
struct Told {
    /// `said`.
    event: String,
    /// JSON with `text`, how far the job is in words, and `over`, whether it has come to its end.
    data: String,
}

/// How far a job is, in words.
pub(crate) fn said(portal: &Portal, job: &Job) -> Said {
    let tries = |number: i64| {
        if job.most > 1 {
            format!(", try {number} of {}", job.most)
        } else {
            String::new()
        }
    };
    let text = match job.state.as_str() {
        "waiting" => match &job.error {
            Some(reason) if job.attempts > 0 => format!(
                "It did not work{}: {reason}. It is tried again after {}.",
                tries(job.attempts),
                text_of(job.not_before)
            ),
            _ => "It waits for its turn.".to_owned(),
        },
        "running" => {
            let since = text_of(job.started.unwrap_or(job.created));
            let note = portal.engine.board.said(&job.kind, &job.key);
            let note = note.map_or_else(String::new, |note| format!(" {note}"));
            format!("It runs since {since}{}.{note}", tries(job.attempts))
        }
        "done" => {
            let seconds = match (job.started, job.finished) {
                (Some(started), Some(finished)) => (finished - started).max(0),
                _ => 0,
            };
            format!("Done after {seconds} s.")
        }
        _ => format!(
            "It failed: {}.",
            job.error.as_deref().unwrap_or("no reason was kept")
        ),
    };
    Said {
        text,
        over: matches!(job.state.as_str(), "done" | "failed"),
    }
}

#[derive(Debug)]
struct Topic {
    sender: watch::Sender<Said>,
    watchers: usize,
}

#[derive(Debug, Default)]
struct Inner {
    jobs: HashMap<i64, Topic>,
    people: HashMap<Id, usize>,
    all: usize,
    /// The task runs.
    running: bool,
}

/// Who watches which job.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<Mutex<Inner>>);

/// Somebody who watches a job. When it is dropped, they do no more.
#[derive(Debug)]
pub(crate) struct Watcher {
    progress: Progress,
    account: Id,
    job: i64,
    receiver: watch::Receiver<Said>,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut inner = self.progress.lock();
        inner.all = inner.all.saturating_sub(1);
        if let Entry::Occupied(mut own) = inner.people.entry(self.account) {
            *own.get_mut() -= 1;
            if *own.get() == 0 {
                own.remove();
            }
        }
        if let Entry::Occupied(mut topic) = inner.jobs.entry(self.job) {
            topic.get_mut().watchers -= 1;
            if topic.get().watchers == 0 {
                topic.remove();
            }
        }
    }
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many watch.
    #[cfg(test)]
    fn watching(&self) -> usize {
        self.lock().all
    }

    /// Lets somebody watch a job that is as `now` says; whether the task has to be started.
    fn join(&self, account: Id, job: i64, now: Said) -> Result<(Watcher, bool), Problem> {
        let mut inner = self.lock();
        if inner.people.get(&account).copied().unwrap_or(0) >= MOST_OF_ONE {
            return Err(Problem::too_many(10));
        }
        if inner.all >= MOST {
            return Err(Problem::unavailable("Too many people watch jobs just now.")
                .hint("Load the page again to see how far the job is.")
                .retry_after(30));
        }
        inner.all += 1;
        *inner.people.entry(account).or_default() += 1;
        let topic = inner.jobs.entry(job).or_insert_with(|| Topic {
            sender: watch::Sender::new(now.clone()),
            watchers: 0,
        });
        topic.watchers += 1;
        let receiver = topic.sender.subscribe();
        topic.sender.send_if_modified(|old| replace(old, now));
        let start = !inner.running;
        inner.running = true;
        drop(inner);
        let watcher = Watcher {
            progress: self.clone(),
            account,
            job,
            receiver,
        };
        Ok((watcher, start))
    }

    /// The jobs that somebody watches; `None`, and the task is over, where there are none.
    fn watched(&self) -> Option<Vec<i64>> {
        let mut inner = self.lock();
        if inner.jobs.is_empty() {
            inner.running = false;
            return None;
        }
        Some(inner.jobs.keys().copied().collect())
    }

    fn tell(&self, job: i64, now: Said) {
        if let Some(topic) = self.lock().jobs.get(&job) {
            topic.sender.send_if_modified(|old| replace(old, now));
        }
    }
}

fn replace(old: &mut Said, new: Said) -> bool {
    let changed = *old != new;
    *old = new;
    changed
}

/// Asks the store about everything that is watched, until nothing is.
async fn look(portal: Portal) {
    loop {
        sleep(EVERY).await;
        let Some(ids) = portal.progress.watched() else {
            return;
        };
        let wanted = ids.clone();
        let found = portal
            .read(move |tx| Ok::<_, Problem>(jobs::by_ids(tx, &wanted)?))
            .await;
        // The store is away for a moment: what was said last stands.
        let Ok(found) = found else { continue };
        for id in ids {
            let now = match found.iter().find(|job| job.id == id) {
                Some(job) => said(&portal, job),
                None => Said {
                    text: "It is over, and no longer kept.".to_owned(),
                    over: true,
                },
            };
            portal.progress.tell(id, now);
        }
    }
}

/// One `said` event.
fn event(said: &Said) -> Vec<u8> {
    // A text and a truth value always become JSON, which has no line break of its own.
    let data = serde_json::to_string(said).unwrap_or_default();
    format!("event: said\ndata: {data}\n\n").into_bytes()
}

struct Stream {
    watcher: Watcher,
    stopping: Option<Stopping>,
    until: Instant,
    first: bool,
    over: bool,
}

impl Stream {
    async fn next(&mut self) -> Option<Vec<u8>> {
        if self.over {
            return None;
        }
        if self.first {
            self.first = false;
            return Some(self.latest());
        }
        let stopping = self.stopping.clone();
        let stopped = async {
            match stopping {
                Some(stopping) => stopping.wait().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = self.watcher.receiver.changed() => changed.ok().map(|()| self.latest()),
            () = sleep(SILENCE) => Some(b": still here\n\n".to_vec()),
            () = sleep_until(self.until) => None,
            () = stopped => None,
        }
    }

    fn latest(&mut self) -> Vec<u8> {
        let said = self.watcher.receiver.borrow_and_update().clone();
        self.over = said.over;
        event(&said)
    }
}

/// How far a job is, as it goes on: an event `said` with `text` and `over` at first and at each change. The stream ends
/// with the job, and after five minutes: whoever still wants to know asks again.
#[utoipa::path(get, path = "/api/v1/jobs/{id}/events", tag = "jobs", params(("id" = i64, Path)),
    responses((status = 200, body = Told, content_type = "text/event-stream"), Problem), extensions(("x-permission" = json!("job.read"))))]
pub(crate) async fn events(
    State(portal): State<Portal>,
    stopping: Option<Extension<Stopping>>,
    allowed: Allowed<JobRead>,
    Path(id): Path<i64>,
) -> Result<Response, Problem> {
    let job = portal
        .read(move |tx| Ok::<_, Problem>(jobs::by_id(tx, id)?))
        .await?
        .ok_or_else(absent)?;
    let now = said(&portal, &job);
    let (watcher, start) = portal.progress.join(allowed.account, id, now)?;
    if start {
        tokio::spawn(look(portal.clone()));
    }
    let stream = Stream {
        watcher,
        stopping: stopping.map(|Extension(stopping)| stopping),
        until: Instant::now() + LONGEST,
        first: true,
        over: false,
    };
    let body = Body::from_stream(stream::unfold(stream, async |mut stream| {
        let bytes = stream.next().await?;
        Some((Ok::<_, std::io::Error>(bytes), stream))
    }));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Proxies of the nginx kind would keep events back until there are many.
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    Ok((headers, body).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Said {
        Said {
            text: text.to_owned(),
            over: false,
        }
    }

    #[test]
    fn streams_are_bounded_for_each_and_for_all_and_come_free_again() {
        let progress = Progress::default();
        let person = |number: usize| Id::derive("account", &[&number.to_be_bytes()]);
        let mut own: Vec<Watcher> = Vec::new();
        for at in 0..MOST_OF_ONE {
            let (watcher, start) = progress.join(person(0), 1, text("a")).unwrap();
            assert_eq!(start, at == 0, "one task for all");
            own.push(watcher);
        }
        let refused = progress.join(person(0), 2, text("a")).unwrap_err();
        assert_eq!(refused.status().as_u16(), 429);
        let mut others: Vec<Watcher> = (MOST_OF_ONE..MOST)
            .map(|number| progress.join(person(number), 1, text("a")).unwrap().0)
            .collect();
        let refused = progress.join(person(MOST), 1, text("a")).unwrap_err();
        assert_eq!(refused.status().as_u16(), 503);
        assert_eq!(progress.watched(), Some(vec![1]));
        own.clear();
        others.truncate(1);
        assert_eq!(progress.watching(), 1);
        assert!(progress.join(person(0), 2, text("a")).is_ok());
        others.clear();
        assert_eq!(progress.watched(), None);
        assert!(progress.join(person(0), 2, text("a")).unwrap().1, "anew");
    }

    #[test]
    fn what_did_not_change_is_not_told_again() {
        let progress = Progress::default();
        let (mut watcher, _) = progress
            .join(Id::derive("account", &[b"a"]), 1, text("a"))
            .unwrap();
        watcher.receiver.mark_unchanged();
        progress.tell(1, text("a"));
        progress.tell(2, text("b"));
        assert!(!watcher.receiver.has_changed().unwrap());
        progress.tell(1, text("b\n\nevent: x"));
        assert!(watcher.receiver.has_changed().unwrap());
        let sent = String::from_utf8(event(&watcher.receiver.borrow())).unwrap();
        assert_eq!(sent.matches('\n').count(), 3, "{sent:?}");
    }
}
