//! Moments in words, as the pages show them.

use jeton_core::time::{Date, Timestamp};

use super::views::{End, Moment};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Days within which an expiry is a warning.
const SOON: i64 = 7;

/// The date: `3 Nov 2026`.
pub(super) fn on(moment: Timestamp) -> Moment {
    Moment { iso: moment.to_string(), text: moment.date().in_words() }
}

/// How long ago: `just now`, `5 minutes ago`, `3 hours ago`, `12 days ago`, and from 30 days on the date.
pub(super) fn ago(moment: Timestamp, now: Timestamp) -> Moment {
    let text = match now.seconds() - moment.seconds() {
        ..MINUTE => "just now".to_owned(),
        seconds @ MINUTE..HOUR => count(seconds / MINUTE, "minute", " ago"),
        seconds @ HOUR..DAY => count(seconds / HOUR, "hour", " ago"),
        seconds if seconds < 30 * DAY => count(seconds / DAY, "day", " ago"),
        _ => moment.date().in_words(),
    };
    Moment { iso: moment.to_string(), text }
}

/// The day on which a living token ends: `in 12 days`. Days begin at 00:00 UTC, as expiry dates do.
pub(super) fn until(end: Date, now: Timestamp) -> End {
    let days = end.days_since(now.date());
    let text = if days > 0 { format!("in {}", count(days, "day", "")) } else { "today".to_owned() };
    End { iso: end.to_string(), text, day: end.in_words(), is_soon: days <= SOON }
}

/// A span of time, in seconds or, from a minute on, in minutes rounded up.
pub(super) fn seconds(seconds: i64) -> String {
    match seconds {
        ..=MINUTE => count(seconds, "second", ""),
        _ => count((seconds - 1) / MINUTE + 1, "minute", ""),
    }
}

/// The moment before which something must be done: `27 Nov 2026, 14:05 UTC`.
pub(super) fn by(end: Timestamp) -> String {
    let minutes = end.seconds().rem_euclid(DAY) / MINUTE;
    format!("{}, {:02}:{:02} UTC", end.date().in_words(), minutes / 60, minutes % 60)
}

fn count(number: i64, unit: &str, after: &str) -> String {
    format!("{number} {unit}{}{after}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn the_past_in_words() {
        let now = at("2026-11-24T12:00:00Z");
        for (moment, text) in [
            ("2026-11-24T12:00:05Z", "just now"),
            ("2026-11-24T11:59:01Z", "just now"),
            ("2026-11-24T11:59:00Z", "1 minute ago"),
            ("2026-11-24T11:00:01Z", "59 minutes ago"),
            ("2026-11-24T11:00:00Z", "1 hour ago"),
            ("2026-11-23T12:00:01Z", "23 hours ago"),
            ("2026-11-23T12:00:00Z", "1 day ago"),
            ("2026-10-26T12:00:00Z", "29 days ago"),
            ("2026-10-25T12:00:00Z", "25 Oct 2026"),
        ] {
            assert_eq!(ago(at(moment), now).text, text, "{moment}");
        }
    }

    #[test]
    fn spans_are_rounded_up() {
        for (span, text) in [(1, "1 second"), (60, "60 seconds"), (61, "2 minutes"), (900, "15 minutes")] {
            assert_eq!(seconds(span), text);
        }
    }

    #[test]
    fn the_end_counts_days_of_utc() {
        let now = at("2026-11-24T23:59:59Z");
        let end = |date| until(Date::parse(date).unwrap(), now);
        assert_eq!(end("2026-11-24").text, "today");
        assert_eq!(end("2026-11-25").text, "in 1 day");
        assert_eq!((end("2027-01-24").text.as_str(), end("2027-01-24").day.as_str()), ("in 61 days", "24 Jan 2027"));
        assert!(end("2026-12-01").is_soon);
        assert!(!end("2026-12-02").is_soon);
        assert_eq!(on(now).text, "24 Nov 2026");
    }
}
