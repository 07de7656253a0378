//! Signed-in browsers.

use crate::{
    id::{SessionId, UserId},
    time::Timestamp,
};

/// Seconds after which a session that is not used ends: seven days.
const IDLE: i64 = 7 * 86_400;
/// Seconds after which every session ends, used or not: 30 days.
const ABSOLUTE: i64 = 30 * 86_400;

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
}

impl Session {
    /// Whether it is past its idle or its absolute limit.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.created_at.plus_seconds(ABSOLUTE) <= now || self.last_seen_at.plus_seconds(IDLE) <= now
    }
}
