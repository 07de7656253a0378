//! Writes the metrics down as text in the `OpenMetrics` format, which Prometheus reads.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet, text::encode},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge, info::Info},
    registry::{Registry, Unit},
};

use super::{BOUNDS, CLASSES, DoorMetrics, RouteMetrics, process};
use crate::app::App;

/// The media type of what [`write`] writes.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is counted, as it is now.
pub(crate) fn write(app: &App) -> Result<String, fmt::Error> {
    let mut all = Registry::default();
    let registry = all.sub_registry_with_prefix("jeton");
    registry.register("build", "This program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
    requests(registry, app);
    people(registry, app);
    mails(registry, app);
    git(registry, app);
    audit(registry, app);
    process::register(all.sub_registry_with_prefix("process"));
    let mut text = String::new();
    encode(&mut text, &all)?;
    Ok(text)
}

fn requests(registry: &mut Registry, app: &App) {
    let metrics = &app.metrics;
    let doors = metrics.doors.get().cloned().unwrap_or_default();
    registry.register("http_requests", "Requests that were answered or given up", Answers(doors.clone()));
    registry.register_with_unit(
        "http_request_duration",
        "From a request's head to the end of its answer",
        Unit::Seconds,
        Durations(doors),
    );
    registry.register("refusals", "Requests that were refused, by reason", metrics.refusals.clone());
    if let Some(keeper) = metrics.connections.get() {
        registry.register("connections", "Open connections", gauge(keeper.open()));
    }
}

fn people(registry: &mut Registry, app: &App) {
    let (tokens, users) = app.identities.sizes();
    let failures = ConstCounter::new(app.last_used.failures());
    registry.register("remembered_tokens", "Living tokens in memory", gauge(tokens));
    registry.register("remembered_users", "Users in memory", gauge(users));
    registry.register("unwritten_uses", "Tokens whose last use is not written yet", gauge(app.last_used.backlog()));
    registry.register("unwritten_uses_failures", "Times that writing last uses failed", failures);
    registry.register("password_hashes_running", "Passwords being hashed or checked", gauge(app.passwords.running()));
    let done = ConstCounter::new(app.passwords.done());
    registry.register("password_hashes", "Passwords hashed or checked", done);
    registry.register("password_hashes_waiting", "Passwords waiting for that", gauge(app.passwords.waiting()));
}

fn mails(registry: &mut Registry, app: &App) {
    let [sent, failed, given_up] = app.post.counts().map(ConstCounter::new);
    registry.register("mails_queued", "Mails that wait to be sent, on all nodes together", gauge(app.post.queued()));
    registry.register("mails_sent", "Mails that were sent", sent);
    registry.register("mails_failed", "Times that sending a mail failed", failed);
    registry.register("mails_given_up", "Mails that are not tried any more", given_up);
}

fn git(registry: &mut Registry, app: &App) {
    registry.register(
        "git_processes",
        "Git processes that were started and still run",
        gauge(app.repositories.git().running()),
    );
}

fn audit(registry: &mut Registry, app: &App) {
    registry.register(
        "audit_log_broken",
        "1 if the audit log was found broken when it was lengthened last, otherwise 0",
        gauge(usize::from(app.metrics.audit_broken.load(Relaxed))),
    );
}

pub(super) fn gauge(value: usize) -> ConstGauge<u64> {
    ConstGauge::new(u64::try_from(value).unwrap_or(u64::MAX))
}

type Doors = Vec<Arc<DoorMetrics>>;

/// Writes something of every route that was asked for at least once.
fn each_route(
    doors: &Doors,
    mut write: impl FnMut([(&'static str, &'static str); 3], &RouteMetrics) -> fmt::Result,
) -> fmt::Result {
    for door in doors {
        for route in door.routes().filter(|route| route.requests() > 0) {
            write([("door", door.name), ("route", route.path), ("method", route.method)], route)?;
        }
    }
    Ok(())
}

/// How many requests were answered with which class of status.
#[derive(Debug)]
struct Answers(Doors);

impl EncodeMetric for Answers {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        each_route(&self.0, |[door, path, method], route| {
            for (class, count) in CLASSES.iter().zip(&route.classes) {
                let labels = [door, path, method, ("status", class)];
                let count = count.load(Relaxed);
                encoder.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
            }
            Ok(())
        })
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

/// How long they took.
#[derive(Debug)]
struct Durations(Doors);

impl EncodeMetric for Durations {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let bounds = BOUNDS.map(seconds).into_iter().chain([f64::INFINITY]);
        each_route(&self.0, |labels, route| {
            let counts = route.buckets.iter().map(|bucket| bucket.load(Relaxed));
            let buckets: Vec<_> = bounds.clone().zip(counts).collect();
            let sum = seconds(route.micros.load(Relaxed));
            let count = buckets.iter().map(|(_, count)| count).sum();
            encoder.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
        })
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact for the first 285 years")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}
