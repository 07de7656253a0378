//! How long tokens may live, where administrators decided about it.

use super::Expiry;
use crate::{
    policy::Policy,
    time::{Date, Timestamp},
};

/// Days for which a token may live where it must have an end and nobody said how late; also what it gets that names none.
const YEAR: i64 = 365;
/// Days for which a token lives that was rotated without a word about its end, where it must have one.
const AFTER_ROTATION: i64 = 7;

/// Which ends a token may have that is made today.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lifetime {
    today: Date,
    required: bool,
    longest: Option<i64>,
}

impl Lifetime {
    /// As administrators decided.
    pub const fn of(policy: &Policy, today: Date) -> Self {
        let required = policy.require_personal_access_token_expiry;
        let longest = match policy.max_personal_access_token_lifetime {
            None if required => Some(YEAR),
            decided => decided,
        };
        Self { today, required, longest }
    }

    /// The date on which this begins.
    pub const fn today(self) -> Date {
        self.today
    }

    /// The last date that a token may have as its end; none for no limit.
    pub fn latest(self) -> Option<Date> {
        self.longest.map(|days| self.after(days))
    }

    /// The end of a new token: the one that is wanted, or the latest where none is and there must be one.
    ///
    /// # Errors
    /// In GitLab's words, to be read after the attribute's name.
    pub fn settle(self, wanted: Option<Date>) -> Result<Option<Date>, String> {
        self.fits(wanted)?;
        Ok(wanted.or_else(|| self.latest()))
    }

    /// The same where nothing is filled in: a token that must have an end has to name it.
    ///
    /// # Errors
    /// In GitLab's words, to be read after the attribute's name.
    pub fn insist(self, wanted: Option<Date>) -> Result<Option<Date>, String> {
        if wanted.is_none() && self.required {
            return Err("can't be blank".to_owned());
        }
        self.settle(wanted)
    }

    /// The end of a token that takes the place of another one: a week from now, where none is wanted and there must be one.
    ///
    /// # Errors
    /// In GitLab's words, to be read after the attribute's name.
    pub fn settle_rotation(self, wanted: Option<Date>) -> Result<Option<Date>, String> {
        self.fits(wanted)?;
        Ok(wanted.or_else(|| self.longest.map(|days| self.after(days.min(AFTER_ROTATION)))))
    }

    /// That end, or the latest one if it is too late.
    #[must_use]
    pub fn cut(self, expiry: Expiry) -> Expiry {
        self.latest().map_or(expiry, |latest| expiry.min(Expiry::on(Some(latest))))
    }

    /// So many days from today, or the latest date if that is too late.
    pub fn propose(self, days: i64) -> Date {
        self.after(self.longest.map_or(days, |longest| longest.min(days)))
    }

    fn fits(self, wanted: Option<Date>) -> Result<(), String> {
        match self.latest().filter(|latest| wanted.is_some_and(|wanted| wanted > *latest)) {
            Some(latest) => Err(format!("must be before {latest}")),
            None => Ok(()),
        }
    }

    fn after(self, days: i64) -> Date {
        self.today.plus_days(i32::try_from(days).unwrap_or(i32::MAX))
    }
}

/// No rules at all, from that moment's date on.
impl From<Timestamp> for Lifetime {
    fn from(now: Timestamp) -> Self {
        Self { today: now.date(), required: false, longest: None }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn lifetime(required: bool, longest: Option<i64>) -> Lifetime {
        let policy = Policy {
            require_personal_access_token_expiry: required,
            max_personal_access_token_lifetime: longest,
            ..Policy::default()
        };
        Lifetime::of(&policy, date("2026-01-01"))
    }

    #[test]
    fn the_rules_are_gitlabs() {
        let settled = |life: Lifetime, wanted: Option<&str>| match life.settle(wanted.map(date)) {
            Ok(end) => end.map_or("never".to_owned(), |end| end.to_string()),
            Err(flaw) => flaw,
        };
        for (required, longest, wanted, expected) in [
            (false, None, None, "never"),
            (false, None, Some("2999-01-01"), "2999-01-01"),
            (true, None, None, "2027-01-01"),
            (true, None, Some("2027-01-01"), "2027-01-01"),
            (true, None, Some("2027-01-02"), "must be before 2027-01-01"),
            (true, None, Some("2020-01-01"), "2020-01-01"),
            (true, Some(30), None, "2026-01-31"),
            (true, Some(30), Some("2026-02-01"), "must be before 2026-01-31"),
            (false, Some(30), None, "2026-01-31"),
            (false, Some(30), Some("2026-02-01"), "must be before 2026-01-31"),
        ] {
            assert_eq!(settled(lifetime(required, longest), wanted), expected, "{required} {longest:?} {wanted:?}");
        }
    }

    #[test]
    fn who_insists_gets_no_date_for_nothing() {
        assert_eq!(lifetime(true, None).insist(None), Err("can't be blank".to_owned()));
        assert_eq!(lifetime(false, None).insist(None), Ok(None));
        assert!(lifetime(true, None).insist(Some(date("2026-06-01"))).is_ok());
    }

    #[test]
    fn a_rotated_token_lives_for_a_week_where_it_must_have_an_end() {
        let rotated = |life: Lifetime| life.settle_rotation(None).unwrap();
        assert_eq!(rotated(lifetime(false, None)), None);
        assert_eq!(rotated(lifetime(true, None)), Some(date("2026-01-08")));
        assert_eq!(rotated(lifetime(true, Some(3))), Some(date("2026-01-04")));
        assert!(lifetime(true, None).settle_rotation(Some(date("2027-01-02"))).is_err());
    }

    #[test]
    fn proposals_and_kept_lifetimes_stop_at_the_latest_date() {
        assert_eq!(lifetime(true, Some(30)).propose(90), date("2026-01-31"));
        assert_eq!(lifetime(false, None).propose(90), date("2026-04-01"));
        assert_eq!(lifetime(true, Some(30)).cut(Expiry::NEVER), Expiry::on(Some(date("2026-01-31"))));
        assert_eq!(lifetime(false, None).cut(Expiry::NEVER), Expiry::NEVER);
    }
}
