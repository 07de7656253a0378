//! What monitoring systems read: counts and sizes, in the `OpenMetrics` text format. No label ever names a person, a
//! token or a path.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::{Registry, Unit},
};

use crate::{app::App, edge::Keeper};

/// What `Metrics::encode` writes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Answered {
    door: &'static str,
    status: u16,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Through {
    door: &'static str,
}

/// Every measured thing of one process.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Through, Histogram>,
    connections: Gauge,
    tokens: Gauge,
    users: Gauge,
    memory: Gauge,
    files: Gauge,
    keeper: OnceLock<Arc<Keeper>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            // From 100 µs, twice as much each time, to 13 s.
            durations: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.0001, 2.0, 18))),
            connections: Gauge::default(),
            tokens: Gauge::default(),
            users: Gauge::default(),
            memory: Gauge::default(),
            files: Gauge::default(),
            keeper: OnceLock::new(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let jeton = self.registry.sub_registry_with_prefix("jeton");
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        jeton.register("build", "The program that runs", version);
        jeton.register("http_requests", "Answered requests", self.requests.clone());
        jeton.register_with_unit(
            "http_request_duration",
            "From a request's head to its answer's head",
            Unit::Seconds,
            self.durations.clone(),
        );
        jeton.register("connections", "Open connections", self.connections.clone());
        jeton.register("remembered_tokens", "Living tokens kept in memory", self.tokens.clone());
        jeton.register("remembered_users", "Users kept in memory", self.users.clone());
        let process = self.registry.sub_registry_with_prefix("process");
        process.register_with_unit("resident_memory", "Memory in use", Unit::Bytes, self.memory.clone());
        process.register("open_fds", "Open files and sockets", self.files.clone());
    }

    /// From now on the connections that `keeper` knows are counted.
    pub fn watch_connections(&self, keeper: Arc<Keeper>) {
        // A process has one edge; a second one would not be counted.
        let _ = self.keeper.set(keeper);
    }

    /// Notes an answered request.
    pub(crate) fn answered(&self, door: &'static str, status: u16, took: Duration) {
        self.requests.get_or_create(&Answered { door, status }).inc();
        self.durations.get_or_create(&Through { door }).observe(took.as_secs_f64());
    }

    /// Everything as it is now, as [`CONTENT_TYPE`].
    pub(crate) fn encode(&self, app: &App) -> Result<String, fmt::Error> {
        let (tokens, users) = app.identities.sizes();
        set(&self.tokens, tokens);
        set(&self.users, users);
        set(&self.connections, self.keeper.get().map_or(0, |keeper| keeper.open()));
        set(&self.memory, resident_memory().unwrap_or_default());
        set(&self.files, open_files().unwrap_or_default());
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn set(gauge: &Gauge, value: usize) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}

/// Bytes; none where the system has no `/proc` (proc(5), `VmRSS`, in KiB).
fn resident_memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: usize = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn open_files() -> Option<usize> {
    std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count)
}
