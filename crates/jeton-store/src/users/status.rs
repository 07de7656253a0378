//! What users say of themselves at the moment, and how they like to see things. Neither says anything about what
//! somebody may do, so it stands in no audit event.

use jeton_core::{id::UserId, time::Timestamp};
use sqlx::FromRow;

use crate::{
    Fault, Store,
    db::{on, on_writer},
};

/// A user's status.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    /// The name of an emoji.
    pub emoji: String,
    /// A line of text.
    pub message: Option<String>,
    /// Busy with something.
    pub busy: bool,
    /// When it is over.
    pub clear_at: Option<Timestamp>,
}

/// How a user likes to see things.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromRow)]
pub struct Preferences {
    /// One file of a difference at a time.
    pub view_diffs_file_by_file: bool,
    /// Changes of white space alone, too.
    pub show_whitespace_in_diffs: bool,
    /// Jobs get to know the user's identities.
    pub pass_user_identities_to_ci_jwt: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { view_diffs_file_by_file: false, show_whitespace_in_diffs: true, pass_user_identities_to_ci_jwt: false }
    }
}

#[derive(FromRow)]
struct StatusRow {
    emoji: String,
    message: Option<String>,
    availability: String,
    clear_at: Option<i64>,
}

/// The words that are stored and shown.
const AVAILABILITY: [&str; 2] = ["not_set", "busy"];

impl Status {
    /// `busy` or `not_set`.
    pub const fn availability(&self) -> &'static str {
        AVAILABILITY[self.busy as usize]
    }
}

impl Store {
    /// A user's status, unless it is over.
    pub async fn user_status(&self, user: UserId, now: Timestamp) -> Result<Option<Status>, Fault> {
        let row: Option<StatusRow> = on!(&self.db, c => sqlx::query_as(
            "SELECT emoji, message, availability, clear_at FROM user_statuses
             WHERE user_id = $1 AND (clear_at IS NULL OR clear_at > $2)")
            .bind(user.0).bind(now.micros()).fetch_optional(c).await)?;
        Ok(row.map(|row| Status {
            emoji: row.emoji,
            message: row.message,
            busy: row.availability == AVAILABILITY[1],
            clear_at: row.clear_at.map(Timestamp::from_micros),
        }))
    }

    /// Sets or removes a user's status.
    pub async fn set_user_status(&self, user: UserId, status: Option<&Status>) -> Result<(), Fault> {
        let Some(status) = status else {
            return on_writer!(&self.db, c => sqlx::query("DELETE FROM user_statuses WHERE user_id = $1")
                .bind(user.0).execute(c).await.map(drop))
            .map_err(Fault::from);
        };
        on_writer!(&self.db, c => sqlx::query(
            "INSERT INTO user_statuses (user_id, emoji, message, availability, clear_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (user_id) DO UPDATE SET emoji = excluded.emoji, message = excluded.message,
                 availability = excluded.availability, clear_at = excluded.clear_at")
            .bind(user.0).bind(&status.emoji).bind(status.message.as_deref()).bind(status.availability())
            .bind(status.clear_at.map(Timestamp::micros))
            .execute(c).await.map(drop))
        .map_err(Fault::from)
    }

    /// A user's preferences.
    pub async fn user_preferences(&self, user: UserId) -> Result<Preferences, Fault> {
        let known: Option<Preferences> = on!(&self.db, c => sqlx::query_as(
            "SELECT view_diffs_file_by_file, show_whitespace_in_diffs, pass_user_identities_to_ci_jwt
             FROM user_preferences WHERE user_id = $1")
            .bind(user.0).fetch_optional(c).await)?;
        Ok(known.unwrap_or_default())
    }

    /// Sets a user's preferences.
    pub async fn set_user_preferences(&self, user: UserId, preferences: Preferences) -> Result<(), Fault> {
        on_writer!(&self.db, c => sqlx::query(
            "INSERT INTO user_preferences (user_id, view_diffs_file_by_file, show_whitespace_in_diffs,
                                           pass_user_identities_to_ci_jwt)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (user_id) DO UPDATE SET view_diffs_file_by_file = excluded.view_diffs_file_by_file,
                 show_whitespace_in_diffs = excluded.show_whitespace_in_diffs,
                 pass_user_identities_to_ci_jwt = excluded.pass_user_identities_to_ci_jwt")
            .bind(user.0).bind(preferences.view_diffs_file_by_file).bind(preferences.show_whitespace_in_diffs)
            .bind(preferences.pass_user_identities_to_ci_jwt)
            .execute(c).await.map(drop))
        .map_err(Fault::from)
    }
}
