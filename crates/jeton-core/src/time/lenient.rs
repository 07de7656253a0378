//! Moments as people and programs write them: GitLab reads whatever Ruby's `DateTime.parse` understands, of which this
//! is the part that has one meaning.

use jiff::civil;

use super::{SECOND, Timestamp};

/// The months, by the first three letters of their English names.
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// The days of the week in the same way. They say nothing that the date does not.
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What has been read of a moment so far.
#[derive(Default)]
struct Parts {
    date: Option<civil::Date>,
    day: Option<i8>,
    month: Option<i8>,
    time: Option<civil::Time>,
    /// Seconds east of UTC.
    offset: Option<i64>,
}

/// Reads a date, or a date and a time, or both with a zone. Without a zone it is UTC, without a time it is midnight.
///
/// A date is `2026-11-26`, `2026/11/26`, `26 Nov 2026` or `Nov 26 2026`, with a day of the week or without; a time is
/// `10:30`, `10:30:15` or `10:30:15.5`; a zone is `Z`, `UTC`, `GMT`, `+02:00` or `+0200`. The `+` may be missing: a form
/// that is not escaped makes a space of it.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let mut parts = Parts::default();
    for word in words(text) {
        parts.take(&word)?;
    }
    let (date, time) = (parts.date?, parts.time.unwrap_or(civil::Time::midnight()));
    let seconds = super::Date(date).midnight().micros() + micros_of(time) - parts.offset.unwrap_or(0) * SECOND;
    Some(Timestamp::from_micros(seconds))
}

/// The words: what stands between spaces and commas, and a time apart from the `T` before it and the zone behind it.
fn words(text: &str) -> Vec<String> {
    let apart = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let mut words = Vec::new();
    for word in apart {
        let word = word.to_ascii_lowercase();
        match word.split_once('t') {
            Some((date, time)) if date.contains('-') && time.contains(':') => {
                words.push(date.to_owned());
                push_time(&mut words, time);
            }
            _ => push_time(&mut words, &word),
        }
    }
    words
}

fn push_time(words: &mut Vec<String>, word: &str) {
    let zone = word.find(['+', '-', 'z']).filter(|at| word[..*at].contains(':'));
    let (time, zone) = word.split_at(zone.unwrap_or(word.len()));
    words.extend([time, zone].into_iter().filter(|part| !part.is_empty()).map(str::to_owned));
}

fn micros_of(time: civil::Time) -> i64 {
    let seconds = (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60 + i64::from(time.second());
    seconds * SECOND + i64::from(time.subsec_nanosecond()) / 1_000
}

impl Parts {
    /// Takes one word; nothing if it has no place.
    fn take(&mut self, word: &str) -> Option<()> {
        if self.time.is_some() && self.date.is_some() {
            return self.take_zone(word);
        }
        if word.contains(':') {
            return once(&mut self.time, time(word)?);
        }
        if self.date.is_some() {
            return None;
        }
        if let Some(date) = numeric_date(word) {
            return once(&mut self.date, date);
        }
        if let Some(month) = named(&MONTHS, word) {
            return once(&mut self.month, month);
        }
        if named(&WEEKDAYS, word).is_some() {
            return Some(());
        }
        match (word.len(), word.parse::<i16>().ok()?) {
            (1 | 2, day) => once(&mut self.day, i8::try_from(day).ok()?),
            (4, year) => once(&mut self.date, civil::Date::new(year, self.month?, self.day?).ok()?),
            _ => None,
        }
    }

    fn take_zone(&mut self, word: &str) -> Option<()> {
        let offset = match word {
            "z" | "utc" | "gmt" => 0,
            _ => match word.as_bytes().first()? {
                b'+' => offset(&word[1..])?,
                b'-' => -offset(&word[1..])?,
                _ => offset(word)?,
            },
        };
        once(&mut self.offset, offset)
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// Which of the names this is, from 1; the whole English name counts too.
fn named(names: &[&str], word: &str) -> Option<i8> {
    let word = word.trim_end_matches('.');
    let letters = word.len() >= 3 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let at = names.iter().position(|name| letters && word.starts_with(name))?;
    i8::try_from(at + 1).ok()
}

/// `2026-11-26` or `2026/11/26`: a year of four digits first, so that nobody has to guess.
fn numeric_date(word: &str) -> Option<civil::Date> {
    let separator = if word.contains('/') { '/' } else { '-' };
    let mut numbers = word.split(separator);
    let (year, month, day) = (numbers.next()?, numbers.next()?, numbers.next()?);
    let digits = |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if numbers.next().is_some() || year.len() != 4 || !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
        return None;
    }
    civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `10:30`, `10:30:15` or `10:30:15.123456789`.
fn time(word: &str) -> Option<civil::Time> {
    let whole = if word.matches(':').count() == 1 { format!("{word}:00") } else { word.to_owned() };
    let form = whole.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
    if form && whole.len() >= 8 { whole.parse().ok() } else { None }
}

/// `02:00`, `0200` or `02`, in seconds.
fn offset(word: &str) -> Option<i64> {
    let digits: String = word.chars().filter(|c| *c != ':').collect();
    let form = digits.bytes().all(|byte| byte.is_ascii_digit()) && (word.len() == digits.len() || word.len() == 5);
    let (hours, minutes) = match digits.len() {
        2 if form => (&digits[..], "0"),
        4 if form => digits.split_at(2),
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some((hours * 60 + minutes) * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_form_that_has_one_meaning() {
        for (text, expected) in [
            ("2026-11-26", "2026-11-26T00:00:00.000Z"),
            ("2026/11/26", "2026-11-26T00:00:00.000Z"),
            ("2026/1/6", "2026-01-06T00:00:00.000Z"),
            ("26 Nov 2026", "2026-11-26T00:00:00.000Z"),
            ("November 26, 2026", "2026-11-26T00:00:00.000Z"),
            ("2026-11-26 00:00:00 UTC", "2026-11-26T00:00:00.000Z"),
            ("2026-11-26 10:30 GMT", "2026-11-26T10:30:00.000Z"),
            ("2026-11-26T10:30:15.5Z", "2026-11-26T10:30:15.500Z"),
            ("2026-11-26t10:30:15z", "2026-11-26T10:30:15.000Z"),
            ("2026-11-26T10:30:15+02:00", "2026-11-26T08:30:15.000Z"),
            ("2026-11-26T10:30:15 02:00", "2026-11-26T08:30:15.000Z"),
            ("2026-11-26 10:30:15 -0330", "2026-11-26T14:00:15.000Z"),
            ("2026-11-26 10:30:15  0200", "2026-11-26T08:30:15.000Z"),
            ("Thu, 26 Nov 2026 10:30:15 GMT", "2026-11-26T10:30:15.000Z"),
            ("Thu, 26 Nov 2026 10:30:15 +0100", "2026-11-26T09:30:15.000Z"),
            ("26 Nov 2026 10:30:15 0100", "2026-11-26T09:30:15.000Z"),
        ] {
            assert_eq!(parse(text).map(|moment| moment.to_string()).as_deref(), Some(expected), "{text}");
        }
        let last = parse("9999-12-31").map(|moment| moment.date().to_string());
        assert_eq!(last.as_deref(), Some("9999-12-31"));
    }

    #[test]
    fn what_has_no_meaning_or_two_is_no_moment() {
        for text in [
            "",
            "soon",
            "11/26/2026",
            "26.11.2026",
            "2026-13-01",
            "2026-02-30",
            "31 Nov 2026",
            "2026",
            "2026-11-26 25:00",
            "2026-11-26 10:30 CET",
            "2026-11-26 10:30 +99:00",
            "2026-11-26 2026-11-26",
            "10:30",
            "Nov 2026",
            "2026-11-26T10:30:15+02:00 UTC",
            "1/2/3/4",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
