//! Counters for Prometheus, in the OpenMetrics text format. Labels are route templates, never paths: their number is
//! bounded by the number of routes.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{Method, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// The media type of the text.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Bounds in seconds: from what a cache answers to what a report takes.
const BOUNDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: Arc<str>,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    route: Arc<str>,
}

type Durations = Family<Route, Histogram, fn() -> Histogram>;

/// The metrics of a server, and the registry where resources put theirs.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<RwLock<Registry>>,
    requests: Family<Answered, Counter>,
    durations: Durations,
    in_flight: Gauge,
    connections: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// The memory of the process, read when somebody asks.
#[derive(Debug)]
struct Memory;

impl Collector for Memory {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Some(bytes) = resident_memory() else {
            return Ok(());
        };
        let gauge = ConstGauge::new(i64::try_from(bytes).unwrap_or(i64::MAX));
        let metric = encoder.encode_descriptor(
            "process_resident_memory",
            "Resident memory of the process",
            Some(&Unit::Bytes),
            gauge.metric_type(),
        )?;
        gauge.encode(metric)
    }
}

/// Bytes of resident memory, where the system tells (Linux: `proc(5)`, `VmRSS` in kB).
fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Metrics that count from now.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let requests = Family::default();
        let durations = Durations::new_with_constructor(|| Histogram::new(BOUNDS));
        let (in_flight, connections) = (Gauge::default(), Gauge::default());
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from the head of a request to the head of its answer",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests not answered yet",
            in_flight.clone(),
        );
        registry.register("http_connections", "Open connections", connections.clone());
        registry.register(
            "stanchion_build",
            "What runs",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        let start: Gauge = Gauge::default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        start.set(now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(0)));
        registry.register_with_unit(
            "process_start_time",
            "When the process started, in Unix time",
            Unit::Seconds,
            start,
        );
        registry.register_collector(Box::new(Memory));
        Self {
            registry: Arc::new(RwLock::new(registry)),
            requests,
            durations,
            in_flight,
            connections,
        }
    }

    /// Lets a resource register metrics of its own.
    pub fn register(&self, with: impl FnOnce(&mut Registry)) {
        with(
            &mut self
                .registry
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// All metrics as text.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        let registry = self.registry.read().unwrap_or_else(PoisonError::into_inner);
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        Ok(text)
    }

    /// Counts a request as running until the guard goes.
    pub(super) fn enter(&self) -> Running {
        self.in_flight.inc();
        Running(self.in_flight.clone())
    }

    /// Counts a connection as open until the guard goes.
    pub(super) fn connect(&self) -> Running {
        self.connections.inc();
        Running(self.connections.clone())
    }

    /// Counts an answer.
    pub(super) fn answered(
        &self,
        method: &Method,
        route: &Arc<str>,
        status: StatusCode,
        took: Duration,
    ) {
        self.requests
            .get_or_create(&Answered {
                method: name(method),
                route: Arc::clone(route),
                status: class(status),
            })
            .inc();
        self.durations
            .get_or_create(&Route {
                route: Arc::clone(route),
            })
            .observe(took.as_secs_f64());
    }
}

/// Something that is counted while it lives.
#[derive(Debug)]
pub(super) struct Running(Gauge);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A client can make up methods; a label cannot.
pub(super) fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told() {
        let metrics = Metrics::new();
        let route: Arc<str> = "/products/{id}".into();
        metrics.answered(
            &Method::GET,
            &route,
            StatusCode::OK,
            Duration::from_millis(3),
        );
        let odd = Method::from_bytes(b"EVIL\x7e1").unwrap();
        metrics.answered(&odd, &route, StatusCode::NOT_FOUND, Duration::from_mins(1));
        let running = metrics.enter();
        let jobs: Gauge = Gauge::default();
        jobs.set(5);
        metrics.register(|registry| registry.register("jobs_waiting", "Jobs", jobs));
        let text = metrics.encode().unwrap();
        for line in [
            "http_requests_total{method=\"GET\",route=\"/products/{id}\",status=\"2xx\"} 1",
            "http_requests_total{method=\"other\",route=\"/products/{id}\",status=\"4xx\"} 1",
            "http_request_duration_seconds_count{route=\"/products/{id}\"} 2",
            "http_requests_in_flight 1",
            "jobs_waiting 5",
            "stanchion_build_info{version=",
            "# EOF",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        drop(running);
        assert!(
            metrics
                .encode()
                .unwrap()
                .contains("http_requests_in_flight 0")
        );
        if cfg!(target_os = "linux") {
            assert!(resident_memory().unwrap() > 100_000);
        }
    }
}
