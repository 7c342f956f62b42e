//! Whether the server lives, and whether it can work.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::problem::Problem;

/// Says whether something that the server needs is there. It may block; what it says on failure is shown to whoever
/// asks, so it names no address and no secret.
pub type Check = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The readiness checks.
#[derive(Clone, Default)]
pub struct Health {
    checks: Arc<RwLock<Vec<(&'static str, Check)>>>,
}

impl fmt::Debug for Health {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Health").finish_non_exhaustive()
    }
}

impl Health {
    /// Adds a check under a name such as `store`.
    pub fn register(&self, name: &'static str, check: Check) {
        self.checks
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push((name, check));
    }

    /// Runs all checks at once, on threads that may block, for at most `limit` together.
    pub async fn ready(&self, limit: Duration) -> Result<(), Problem> {
        let checks = self
            .checks
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let deadline = Instant::now() + limit;
        let mut waiting: Vec<&'static str> = checks.iter().map(|(name, _)| *name).collect();
        let mut running = JoinSet::new();
        for (name, check) in checks {
            running.spawn_blocking(move || {
                let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check()));
                (
                    name,
                    answer.unwrap_or_else(|_| Err("the check failed".to_owned())),
                )
            });
        }
        let mut failed = Vec::new();
        while let Ok(Some(Ok((name, answer)))) = timeout_at(deadline, running.join_next()).await {
            waiting.retain(|other| *other != name);
            if let Err(reason) = answer {
                failed.push((name, reason));
            }
        }
        failed.extend(
            waiting
                .into_iter()
                .map(|name| (name, "did not answer in time".to_owned())),
        );
        if failed.is_empty() {
            return Ok(());
        }
        failed.sort();
        let mut problem = Problem::unavailable("The server is not ready.")
            .hint("The list says what it waits for; the server's log may say more.");
        for (name, reason) in failed {
            problem = problem.field(name, reason);
        }
        Err(problem)
    }
}
