//! Numbers of the portal itself for `/metrics`: jobs, and how old the advisories are.

use std::sync::atomic::{AtomicI64, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use stanchion_store::jobs;

use crate::engine::Engine;
use crate::http::Site;

/// Asks the store when the numbers are asked for, and no more often than every ten seconds.
struct Numbers {
    engine: Engine,
    asked: AtomicI64,
    waiting: AtomicI64,
    running: AtomicI64,
    failed: AtomicI64,
    age: AtomicI64,
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Numbers")
    }
}

const PAUSE: i64 = 10;

impl Numbers {
    fn refresh(&self) {
        let now = self.engine.now();
        let last = self.asked.load(Ordering::Relaxed);
        if now - last < PAUSE
            || self
                .asked
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        if let Ok(counts) = self.engine.store().read(jobs::counts) {
            let of = |state: &str| {
                counts
                    .iter()
                    .find(|(name, _)| name == state)
                    .map_or(0, |(_, count)| *count)
            };
            self.waiting.store(of("waiting"), Ordering::Relaxed);
            self.running.store(of("running"), Ordering::Relaxed);
            self.failed.store(of("failed"), Ordering::Relaxed);
        }
        let updated = self
            .engine
            .held()
            .ok()
            .and_then(|held| held.index.meta().ok())
            .and_then(|meta| meta.updated.parse::<jiff::Timestamp>().ok());
        if let Some(updated) = updated {
            self.age
                .store((now - updated.as_second()).max(0), Ordering::Relaxed);
        }
    }
}

impl Collector for Numbers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.refresh();
        for (name, about, value) in [
            ("stanchion_jobs_waiting", "Jobs that wait", &self.waiting),
            ("stanchion_jobs_running", "Jobs that run", &self.running),
            (
                "stanchion_jobs_failed",
                "Jobs that failed and are still listed",
                &self.failed,
            ),
            (
                "stanchion_advisories_age_seconds",
                "Age of the advisories in use",
                &self.age,
            ),
        ] {
            let gauge = ConstGauge::new(value.load(Ordering::Relaxed));
            let metric = encoder.encode_descriptor(name, about, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}

/// Adds the numbers to those of the site.
pub(crate) fn register(site: &Site, engine: &Engine) {
    let numbers = Numbers {
        engine: engine.clone(),
        asked: AtomicI64::new(0),
        waiting: AtomicI64::new(0),
        running: AtomicI64::new(0),
        failed: AtomicI64::new(0),
        age: AtomicI64::new(0),
    };
    site.metrics()
        .register(|registry| registry.register_collector(Box::new(numbers)));
}
