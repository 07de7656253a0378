//! What the server counts, for operators. Nothing here is labelled by a user, a token or a path.
//!
//! What happens in every request is counted in atomics that were found when the doors were built: no lock, no lookup by
//! name, no allocation. What is rare (refusals) or known elsewhere (sizes, backlogs) is left to `prometheus-client`,
//! or asked for when somebody reads the metrics.

mod exposition;
mod process;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::http::StatusCode;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
};

use crate::{edge::Keeper, guard::Route};

pub(crate) use exposition::{CONTENT_TYPE, write};

/// Everything that is counted beside the things themselves.
#[derive(Default)]
pub struct Metrics {
    doors: OnceLock<Vec<Arc<DoorMetrics>>>,
    refusals: Family<Refused, Counter>,
    connections: OnceLock<Arc<Keeper>>,
    /// Whether the audit log was found broken when it was lengthened last.
    pub(crate) audit_broken: AtomicBool,
}

/// The labels of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    door: &'static str,
    reason: &'static str,
}

impl Metrics {
    /// Lets the metrics tell how many connections are open.
    pub fn watch_connections(&self, keeper: Arc<Keeper>) {
        // A second edge in front of the same doors stays uncounted.
        let _ = self.connections.set(keeper);
    }

    /// The counters of each door, in the order of `tables`. Whoever asks first decides which doors there are.
    pub(crate) fn doors(&self, tables: impl FnOnce() -> Vec<(&'static str, Vec<Route>)>) -> &[Arc<DoorMetrics>] {
        self.doors.get_or_init(|| {
            let door = |(name, table): (_, Vec<_>)| Arc::new(DoorMetrics::new(name, &table, self.refusals.clone()));
            tables().into_iter().map(door).collect()
        })
    }
}

/// The counters of one door.
#[derive(Debug)]
pub(crate) struct DoorMetrics {
    /// The door's name.
    pub(crate) name: &'static str,
    rows: Vec<RouteMetrics>,
    /// Requests that no row of the table served.
    elsewhere: RouteMetrics,
    /// Of all doors.
    refusals: Family<Refused, Counter>,
}

impl DoorMetrics {
    fn new(name: &'static str, table: &[Route], refusals: Family<Refused, Counter>) -> Self {
        let rows = table.iter().map(|route| RouteMetrics::new(route.path, route.method)).collect();
        Self { name, rows, elsewhere: RouteMetrics::new("none", "any"), refusals }
    }

    /// The counters of a row of the door's table, or of no row.
    pub(crate) fn route(&self, row: Option<usize>) -> &RouteMetrics {
        row.and_then(|row| self.rows.get(row)).unwrap_or(&self.elsewhere)
    }

    /// Counts a refusal.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refusals.get_or_create(&Refused { door: self.name, reason }).inc();
    }

    fn routes(&self) -> impl Iterator<Item = &RouteMetrics> {
        self.rows.iter().chain([&self.elsewhere])
    }
}

/// The upper bounds of the buckets, in microseconds; what takes longer falls into one more.
const BOUNDS: [u64; 12] =
    [100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000, 10_000_000, 60_000_000];
/// The classes of statuses, and of requests whose client left before there was one.
const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "none"];

/// The counters of one row of a door's table.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    /// The row's pattern.
    pub(crate) path: &'static str,
    /// The row's method; `HEAD` counts as `GET`.
    method: &'static str,
    classes: [AtomicU64; CLASSES.len()],
    buckets: [AtomicU64; BOUNDS.len() + 1],
    /// Of all requests together.
    micros: AtomicU64,
}

impl RouteMetrics {
    fn new(path: &'static str, method: &'static str) -> Self {
        Self { path, method, classes: Default::default(), buckets: Default::default(), micros: AtomicU64::default() }
    }

    /// Counts a request that took so long and was answered with that status, if it was answered at all.
    pub(crate) fn count(&self, status: Option<StatusCode>, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = status.map_or(CLASSES.len(), |status| usize::from(status.as_u16() / 100)) - 1;
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        self.classes[class.min(CLASSES.len() - 1)].fetch_add(1, Relaxed);
        self.buckets[bucket].fetch_add(1, Relaxed);
        self.micros.fetch_add(micros, Relaxed);
    }

    #[cfg(test)]
    pub(crate) fn answered_with(&self, class: &str) -> u64 {
        CLASSES
            .iter()
            .zip(&self.classes)
            .filter(|(name, _)| **name == class)
            .map(|(_, count)| count.load(Relaxed))
            .sum()
    }

    fn requests(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Relaxed)).sum()
    }
}

/// How many of something there are at this moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Arc<AtomicUsize>);

impl Tally {
    /// Counts one more, until what this returns is dropped.
    pub(crate) fn count(&self) -> Counted {
        self.0.fetch_add(1, Relaxed);
        Counted(self.clone())
    }

    /// How many there are.
    pub(crate) fn now(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// One of what a [`Tally`] counts.
#[derive(Debug)]
pub(crate) struct Counted(Tally);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests;
