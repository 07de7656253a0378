//! The log: one line per event on standard error, as text or as JSON.

use std::{io::IsTerminal, str::FromStr};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    filter::Targets,
    layer::{Layer, SubscriberExt},
    util::SubscriberInitExt,
};

/// Our own crates: what they log is known to hold no secret, at any level.
const OURS: [&str; 4] = ["jeton", "jeton_core", "jeton_server", "jeton_store"];

/// What other crates may log at most. Below that, they show what passes through them.
const OTHERS: LevelFilter = LevelFilter::INFO;

/// What is logged.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Filter(Targets);

impl Default for Filter {
    fn default() -> Self {
        Self(targets(LevelFilter::INFO))
    }
}

fn targets(level: LevelFilter) -> Targets {
    Targets::new().with_default(level.min(OTHERS)).with_targets(OURS.map(|target| (target, level)))
}

impl FromStr for Filter {
    type Err = String;

    /// A level, and levels of single parts: `info,jeton_server=trace`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = targets(LevelFilter::INFO);
        let entries: Vec<_> = text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
        for level in entries.iter().filter(|entry| !entry.contains('=')) {
            all = targets(parse_level(level)?);
        }
        for (target, level) in entries.iter().filter_map(|entry| entry.split_once('=')) {
            let ours = OURS.contains(&target.split("::").next().unwrap_or_default());
            let level = parse_level(level)?;
            all = all.with_target(target, if ours { level } else { level.min(OTHERS) });
        }
        Ok(Self(all))
    }
}

fn parse_level(text: &str) -> Result<LevelFilter, String> {
    match text {
        "off" => Ok(LevelFilter::OFF),
        "error" => Ok(LevelFilter::ERROR),
        "warn" => Ok(LevelFilter::WARN),
        "info" => Ok(LevelFilter::INFO),
        "debug" => Ok(LevelFilter::DEBUG),
        "trace" => Ok(LevelFilter::TRACE),
        _ => Err(format!("`{text}` is no level: write off, error, warn, info, debug or trace")),
    }
}

/// How it is written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object per line.
    Json,
}

impl FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("write text or json"),
        }
    }
}

/// Starts logging, panics included.
pub(crate) fn start(filter: &Filter, format: Format) {
    let stderr = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer = match format {
        Format::Text => {
            let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            stderr.with_ansi(colours).boxed()
        }
        Format::Json => stderr.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(filter.0.clone())).init();
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let why = panic.payload_as_str().unwrap_or("without words");
        tracing::error!(at, why, "a part of the program panicked; this is a bug");
    }));
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use tracing::Level;

    use super::*;

    fn enabled(filter: &str, target: &str) -> Option<Level> {
        let Filter(targets) = filter.parse().unwrap();
        [Level::TRACE, Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR]
            .into_iter()
            .find(|level| targets.would_enable(target, level))
    }

    #[test]
    fn a_level_is_for_all_of_us() {
        assert_eq!(enabled("debug", "jeton_server::edge"), Some(Level::DEBUG));
        assert_eq!(enabled("warn", "jeton"), Some(Level::WARN));
        assert_eq!(enabled("warn", "hyper"), Some(Level::WARN));
        assert_eq!(enabled("off", "jeton"), None);
        assert_eq!(enabled("", "jeton"), Some(Level::INFO));
    }

    #[test]
    fn others_never_show_what_passes_through_them() {
        for filter in ["trace", "trace,hyper=trace", "h2=debug", "hyper=trace"] {
            assert_eq!(enabled(filter, "hyper::proto"), Some(Level::INFO), "{filter}");
        }
    }

    #[test]
    fn parts_may_have_their_own() {
        assert_eq!(enabled("warn,jeton_server=trace", "jeton_server::edge"), Some(Level::TRACE));
        assert_eq!(enabled("jeton_server::edge=trace,warn", "jeton_store"), Some(Level::WARN));
        assert_eq!(enabled("sqlx=error", "sqlx::query"), Some(Level::ERROR));
    }

    #[test]
    fn a_misspelt_level_is_an_error() {
        for filter in ["infoo", "jeton=loud", "INFO", "info,jeton_server"] {
            assert!(filter.parse::<Filter>().is_err(), "{filter}");
        }
    }
}
