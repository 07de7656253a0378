//! Moments and dates, in UTC. The present is always an argument.

use std::fmt;

use jiff::{SignedDuration, Timestamp as Instant, ToSpan, civil, tz::Offset};

mod lenient;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;
/// Seconds in a day.
const DAY: i64 = 86_400;
/// The date on which the count of microseconds begins.
const EPOCH: civil::Date = civil::date(1970, 1, 1);

/// A moment: microseconds since 1970-01-01 00:00:00 UTC. This is also how moments stand in the database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment that many microseconds after the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// The moment `seconds` later (earlier, when negative). Stops at the ends of the range instead of wrapping.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(SECOND)))
    }

    /// The last microsecond of this moment's millisecond. The API shows milliseconds: a bound that a client took from
    /// there holds for the whole of one.
    #[must_use]
    pub const fn to_end_of_millisecond(self) -> Self {
        Self(self.0.saturating_add(999 - self.0.rem_euclid(1_000)))
    }

    /// The UTC date of this moment.
    pub fn date(self) -> Date {
        let midnight = self.seconds() - self.seconds().rem_euclid(DAY);
        Date(EPOCH.saturating_add(SignedDuration::from_secs(midnight)))
    }

    /// Reads an RFC 3339 moment and everything else with one meaning that GitLab's clients send: a date and time without
    /// a zone is UTC, a date is its midnight UTC, and months may be written as words (RFC 2822, HTTP).
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_rfc3339(text).or_else(|| lenient::parse(text))
    }

    /// Reads an RFC 3339 moment, which says its zone, and nothing else.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.trim().parse::<Instant>().ok().map(|instant| Self(instant.as_microsecond()))
    }

    /// `Tue, 15 Nov 1994 08:12:31 GMT`: the form that HTTP headers use (RFC 9110 section 5.6.7).
    pub fn http_date(self) -> String {
        self.instant().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// Reads the form that HTTP headers use (RFC 9110 section 5.6.7), `GMT` only.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let local = civil::DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", text.trim()).ok()?;
        Self::from_utc(local)
    }

    fn from_utc(local: civil::DateTime) -> Option<Self> {
        Offset::UTC.to_timestamp(local).ok().map(|instant| Self(instant.as_microsecond()))
    }

    fn instant(self) -> Instant {
        // Out of jiff's range (years -9999 to 9999) only for values that no clock gives: clamp rather than fail.
        Instant::from_microsecond(self.0).unwrap_or(if self.0 < 0 { Instant::MIN } else { Instant::MAX })
    }
}

/// ISO 8601 with milliseconds, as GitLab's API writes moments: `2020-07-23T14:31:47.729Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = Offset::UTC.to_datetime(self.instant());
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            date.year(),
            date.month(),
            date.day(),
            date.hour(),
            date.minute(),
            date.second(),
            date.millisecond()
        )
    }
}

/// A UTC calendar date. A token whose expiry date is D is dead from the midnight at which D begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Date(civil::Date);

impl Date {
    /// Reads `YYYY-MM-DD`; of a full date and time the date part is kept, as GitLab's API does.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let date = match text.split_once(['T', ' ']) {
            Some((date, _)) => {
                Timestamp::parse_with_time(text)?;
                date
            }
            None => text,
        };
        let plain = date.len() == 10 && date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if plain { date.parse().ok().map(Self) } else { None }
    }

    /// The moment at which this date begins, 00:00:00 UTC.
    pub fn midnight(self) -> Timestamp {
        // Counted in days, because jiff's moments end before the last date does.
        Timestamp(self.0.duration_since(EPOCH).as_secs() * SECOND)
    }

    /// The date `days` later (earlier, when negative), or the last date there is.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(days.days()))
    }

    /// `3 Nov 2026`, for people.
    pub fn in_words(self) -> String {
        self.0.strftime("%-d %b %Y").to_string()
    }

    /// Days from `other` to this date: positive when this one is later.
    pub fn days_since(self, other: Self) -> i64 {
        (self.midnight().micros() - other.midnight().micros()).div_euclid(DAY * SECOND)
    }
}

impl Timestamp {
    /// A date and time, with or without a zone, but not a bare date.
    fn parse_with_time(text: &str) -> Option<Self> {
        if text.parse::<Instant>().is_ok() || text.parse::<civil::DateTime>().is_ok() {
            Self::parse(text)
        } else {
            None
        }
    }
}

/// `YYYY-MM-DD`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_date_begins_at_midnight_utc() {
        let date = Date::parse("2026-01-31").unwrap();
        assert_eq!(date.midnight().to_string(), "2026-01-31T00:00:00.000Z");
        assert_eq!(date.midnight().date(), date);
        assert_eq!(Timestamp::from_micros(date.midnight().micros() - 1).date().to_string(), "2026-01-30");
    }

    #[test]
    fn the_first_and_the_last_date_are_dates_too() {
        for text in ["0000-01-01", "0001-01-01", "1969-12-31", "1970-01-01", "9999-12-30", "9999-12-31"] {
            let midnight = Date::parse(text).unwrap().midnight();
            assert_eq!(midnight.date().to_string(), text);
            assert_eq!(midnight.plus_seconds(86_399).date().to_string(), text);
        }
        assert_eq!(Timestamp::from_micros(i64::MAX).date().to_string(), "9999-12-31");
    }

    #[test]
    fn a_date_for_people_names_its_month() {
        assert_eq!(Date::parse("2026-11-03").unwrap().in_words(), "3 Nov 2026");
    }

    #[test]
    fn a_full_time_keeps_its_date_part() {
        for text in ["2026-01-31T23:30:00Z", "2026-01-31T23:30:00+02:00", "2026-01-31 10:00:00"] {
            assert_eq!(Date::parse(text).unwrap().to_string(), "2026-01-31", "{text}");
        }
        for text in ["", "2026-02-30", "31.01.2026", "2026-1-1", "2026-01-31T", "2026-01-31Tnoon", "20260131"] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn moments_are_read_leniently_and_written_with_milliseconds() {
        let moment = Timestamp::parse("2020-07-23T14:31:47.729999Z").unwrap();
        assert_eq!(moment.to_string(), "2020-07-23T14:31:47.729Z");
        assert_eq!(Timestamp::parse("2022-01-01").unwrap().to_string(), "2022-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::parse("2022-01-01T02:00:00").unwrap().to_string(), "2022-01-01T02:00:00.000Z");
        assert_eq!(Timestamp::parse("soon"), None);
    }

    #[test]
    fn a_bound_holds_for_its_whole_millisecond() {
        for (from, to) in [(0, 999), (729_000, 729_999), (729_500, 729_999), (-1, -1), (-1_000, -1)] {
            assert_eq!(Timestamp::from_micros(from).to_end_of_millisecond().micros(), to);
        }
    }

    #[test]
    fn http_dates_go_both_ways() {
        let moment = Timestamp::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(moment.to_string(), "1994-11-06T08:49:37.000Z");
        assert_eq!(moment.http_date(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(Timestamp::parse_http_date("yesterday"), None);
    }
}
