//! When users did something for the last time, as it is gathered and written behind the requests, and their pictures.

use jeton_core::{
    id::UserId,
    time::{Date, Timestamp},
};
use serde_json::json;
use sqlx::QueryBuilder;

use crate::{
    By, Fault, Slice, Store,
    audit::{self, Event},
    db::{on, on_tx, on_writer},
};

/// The last activity of a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Activity {
    /// The user's name.
    pub username: String,
    /// The date.
    pub on: Date,
}

impl Store {
    /// Records that users did something, in one statement, however many they are (at most some thousands). What is known
    /// to be later stays.
    pub async fn record_activity(&self, activity: &[(UserId, Timestamp)]) -> Result<(), Fault> {
        if activity.is_empty() {
            return Ok(());
        }
        on_writer!(&self.db, c => {
            let mut text = QueryBuilder::new("WITH seen (user_id, at) AS (");
            text.push_values(activity, |mut row, (user, at)| {
                row.push_bind(user.0).push_bind(at.micros());
            });
            text.push(
                ") UPDATE users SET last_activity_at = (SELECT seen.at FROM seen WHERE seen.user_id = users.id)
                 WHERE id IN (SELECT user_id FROM seen)
                   AND COALESCE(last_activity_at, 0) < (SELECT seen.at FROM seen WHERE seen.user_id = users.id)",
            );
            text.build().persistent(false).execute(c).await.map(drop)
        })
        .map_err(Fault::from)
    }

    /// One slice of the users who did something since that moment, whoever did so the longest time ago first.
    pub async fn activities(&self, from: Timestamp, slice: Slice) -> Result<Vec<Activity>, Fault> {
        let rows: Vec<(String, i64)> = on!(&self.db, c => sqlx::query_as(
            "SELECT username, last_activity_at FROM users WHERE last_activity_at >= $1
             ORDER BY last_activity_at, id LIMIT $2 OFFSET $3")
            .bind(from.micros()).bind(slice.limit).bind(slice.offset).fetch_all(c).await)?;
        let activity = |(username, at)| Activity { username, on: Timestamp::from_micros(at).date() };
        Ok(rows.into_iter().map(activity).collect())
    }

    /// How many users did something since that moment, counted up to `limit`.
    pub async fn count_activities(&self, from: Timestamp, limit: i64) -> Result<i64, Fault> {
        on!(&self.db, c => sqlx::query_scalar(
            "SELECT count(*) FROM (SELECT 1 FROM users WHERE last_activity_at >= $1 LIMIT $2) AS counted")
            .bind(from.micros()).bind(limit).fetch_one(c).await)
        .map_err(Fault::from)
    }

    /// Sets or removes the name of the file with a user's picture. Answers the name that it had before.
    pub async fn set_avatar(
        &self,
        user: UserId,
        file: Option<String>,
        by: By,
        now: Timestamp,
    ) -> Result<Option<String>, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let before: Option<Option<String>> = on_tx!(tx, c => sqlx::query_scalar(
                    "SELECT avatar FROM users WHERE id = $1").bind(user.0).fetch_optional(c).await)?;
                if before.is_none() {
                    return Ok(None);
                }
                on_tx!(tx, c => sqlx::query("UPDATE users SET avatar = $1, updated_at = $2 WHERE id = $3")
                    .bind(file.as_deref()).bind(now.micros()).bind(user.0).execute(c).await.map(drop))?;
                let details = json!({ "avatar": file });
                let event = Event { action: "user.avatar", subject: "user", subject_id: user.0, details };
                audit::record(tx, &by, now, event).await?;
                Ok(before.flatten())
            })
        })
        .await
    }

    /// Whether a user's picture has this file.
    pub async fn is_avatar(&self, file: &str) -> Result<bool, Fault> {
        let user: Option<i64> = on!(&self.db, c => sqlx::query_scalar("SELECT id FROM users WHERE avatar = $1 LIMIT 1")
            .bind(file).fetch_optional(c).await)?;
        Ok(user.is_some())
    }
}
