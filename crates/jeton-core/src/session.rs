//! Signed-in browsers.

use crate::{
    id::{SessionId, UserId},
    time::Timestamp,
};

/// Seconds after which a session that is not used ends: seven days.
const IDLE: i64 = 7 * 86_400;
/// Seconds after which it ends, used or not: 30 days.
const ABSOLUTE: i64 = 30 * 86_400;
/// The same for a browser that was asked to stay signed in: 30 days, and 90.
const IDLE_IF_STAYING: i64 = 30 * 86_400;
const ABSOLUTE_IF_STAYING: i64 = 90 * 86_400;

/// Seconds for which such a browser keeps its cookie.
pub const STAY: i64 = ABSOLUTE_IF_STAYING;

/// A session as it was found by the digest of its cookie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Session {
    /// The number.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserId,
    /// When.
    pub created_at: Timestamp,
    /// The last time that it was used, to the minute.
    pub last_seen_at: Timestamp,
    /// Whether the browser was asked to stay signed in.
    pub stays: bool,
    /// The last time that the person proved in it who they are; the sign-in is the first.
    pub proven_at: Timestamp,
}

impl Session {
    /// Whether it is past its idle or its absolute limit.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let limits = Limits::at(now, self.stays);
        self.created_at <= limits.created_at || self.last_seen_at <= limits.last_seen_at
    }
}

/// The moments that decide which sessions are over: those that began, or were last seen, then or earlier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// By their beginning.
    pub created_at: Timestamp,
    /// By their last use.
    pub last_seen_at: Timestamp,
}

impl Limits {
    /// The limits of that moment, for browsers that were asked to stay signed in or for the others.
    pub const fn at(now: Timestamp, stays: bool) -> Self {
        let (absolute, idle) = if stays { (ABSOLUTE_IF_STAYING, IDLE_IF_STAYING) } else { (ABSOLUTE, IDLE) };
        Self { created_at: now.plus_seconds(-absolute), last_seen_at: now.plus_seconds(-idle) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_idle_for_a_week_and_after_a_month() {
        let at = |days: i64| Timestamp::from_micros(0).plus_seconds(days * 86_400);
        let session = |created, seen, stays| Session {
            id: SessionId(1),
            user: UserId(1),
            created_at: at(created),
            last_seen_at: at(seen),
            stays,
            proven_at: at(created),
        };
        let now = at(100);
        for (created, seen, over) in
            [(94, 94, false), (71, 99, false), (93, 93, true), (70, 99, true), (99, 100, false)]
        {
            assert_eq!(session(created, seen, false).is_over(now), over, "created {created}, seen {seen}");
        }
        for (created, seen, over) in [(71, 71, false), (11, 99, false), (70, 70, true), (10, 99, true)] {
            assert_eq!(session(created, seen, true).is_over(now), over, "stays; created {created}, seen {seen}");
        }
    }
}
