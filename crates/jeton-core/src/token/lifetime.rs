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
    /// Days that administrators allow.
    longest: Option<i64>,
    /// Whatever they allow, not later than this.
    bound: Expiry,
}

impl Lifetime {
    /// As administrators decided.
    pub const fn of(policy: &Policy, today: Date) -> Self {
        let required = policy.require_personal_access_token_expiry;
        let longest = match policy.max_personal_access_token_lifetime {
            None if required => Some(YEAR),
            decided => decided,
        };
        Self { today, required, longest, bound: Expiry::NEVER }
    }

    /// The same, with no end later than that one.
    #[must_use]
    pub fn until(self, bound: Expiry) -> Self {
        Self { bound: self.bound.min(bound), ..self }
    }

    /// The date on which this begins.
    pub const fn today(self) -> Date {
        self.today
    }

    /// The last end that a token may have; never, where there is no limit.
    pub fn latest(self) -> Expiry {
        Expiry::on(self.longest.map(|days| self.after(days))).min(self.bound)
    }

    /// The end of a new token: the one that is wanted, or the latest where none is ([`Expiry::NEVER`]) and there must be
    /// one.
    ///
    /// # Errors
    /// In GitLab's words, to be read after the attribute's name.
    pub fn settle(self, wanted: Expiry) -> Result<Expiry, String> {
        self.fits(wanted)?;
        Ok(self.cut(wanted))
    }

    /// The same where nothing is filled in: a token that must have an end has to name it.
    ///
    /// # Errors
    /// In GitLab's words, to be read after the attribute's name.
    pub fn insist(self, wanted: Expiry) -> Result<Expiry, String> {
        if wanted == Expiry::NEVER && self.required {
            return Err("can't be blank".to_owned());
        }
        self.settle(wanted)
    }

    /// The end of a token that takes the place of another one: a week from now, where none is wanted and there must be one.
    ///
    /// # Errors
    /// In GitLab's words, to be read after the attribute's name.
    pub fn settle_rotation(self, wanted: Expiry) -> Result<Expiry, String> {
        self.fits(wanted)?;
        let usual = Expiry::on(self.longest.map(|days| self.after(days.min(AFTER_ROTATION))));
        Ok(if wanted == Expiry::NEVER { self.cut(usual) } else { wanted })
    }

    /// That end, or the latest one if it is too late.
    #[must_use]
    pub fn cut(self, expiry: Expiry) -> Expiry {
        expiry.min(self.latest())
    }

    /// So many days from today, or the latest date if that is too late.
    pub fn propose(self, days: i64) -> Date {
        self.after(self.longest.map_or(days, |longest| longest.min(days)))
    }

    /// No end at all is not too late: it is filled in.
    fn fits(self, wanted: Expiry) -> Result<(), String> {
        let latest = self.latest();
        if wanted != Expiry::NEVER && wanted > latest { Err(format!("must be before {latest}")) } else { Ok(()) }
    }

    fn after(self, days: i64) -> Date {
        self.today.plus_days(i32::try_from(days).unwrap_or(i32::MAX))
    }
}

/// No rules at all, from that moment's date on.
impl From<Timestamp> for Lifetime {
    fn from(now: Timestamp) -> Self {
        Self { today: now.date(), required: false, longest: None, bound: Expiry::NEVER }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn end(text: &str) -> Expiry {
        Expiry::parse(text).unwrap()
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
        let settled = |life: Lifetime, wanted: Option<&str>| match life.settle(wanted.map_or(Expiry::NEVER, end)) {
            Ok(end) => end.to_string(),
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
            (false, Some(30), Some("2026-01-31T00:00:01Z"), "must be before 2026-01-31"),
            (false, Some(30), Some("2026-01-30T23:00:00Z"), "2026-01-30T23:00:00.000Z"),
        ] {
            assert_eq!(settled(lifetime(required, longest), wanted), expected, "{required} {longest:?} {wanted:?}");
        }
    }

    #[test]
    fn who_insists_gets_no_date_for_nothing() {
        assert_eq!(lifetime(true, None).insist(Expiry::NEVER), Err("can't be blank".to_owned()));
        assert_eq!(lifetime(false, None).insist(Expiry::NEVER), Ok(Expiry::NEVER));
        assert!(lifetime(true, None).insist(end("2026-06-01")).is_ok());
    }

    #[test]
    fn a_rotated_token_lives_for_a_week_where_it_must_have_an_end() {
        let rotated = |life: Lifetime| life.settle_rotation(Expiry::NEVER).unwrap();
        assert_eq!(rotated(lifetime(false, None)), Expiry::NEVER);
        assert_eq!(rotated(lifetime(true, None)), end("2026-01-08"));
        assert_eq!(rotated(lifetime(true, Some(3))), end("2026-01-04"));
        assert!(lifetime(true, None).settle_rotation(end("2027-01-02")).is_err());
    }

    #[test]
    fn proposals_and_kept_lifetimes_stop_at_the_latest_date() {
        assert_eq!(lifetime(true, Some(30)).propose(90), date("2026-01-31"));
        assert_eq!(lifetime(false, None).propose(90), date("2026-04-01"));
        assert_eq!(lifetime(true, Some(30)).cut(Expiry::NEVER), end("2026-01-31"));
        assert_eq!(lifetime(false, None).cut(Expiry::NEVER), Expiry::NEVER);
    }

    #[test]
    fn a_bound_holds_beside_the_rules() {
        let bound = |longest| lifetime(false, longest).until(end("2026-01-20T12:00:00Z"));
        let late = "must be before 2026-01-20T12:00:00.000Z";
        assert_eq!(bound(None).settle(end("2026-01-21")), Err(late.to_owned()));
        assert_eq!(bound(None).settle(Expiry::NEVER), Ok(end("2026-01-20T12:00:00Z")));
        assert_eq!(bound(None).settle_rotation(Expiry::NEVER), Ok(end("2026-01-20T12:00:00Z")));
        assert_eq!(bound(Some(3)).settle(Expiry::NEVER), Ok(end("2026-01-04")));
        assert_eq!(bound(Some(30)).settle_rotation(Expiry::NEVER), Ok(end("2026-01-08")));
    }
}
