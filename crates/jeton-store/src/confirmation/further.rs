//! Further addresses of users, as their owners see and change them.

use jeton_core::{id::UserId, time::Timestamp, user::Email};
use serde_json::json;
use sqlx::FromRow;

use super::{MailRequest, NotTaken, requests, send_link};
use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::{Tx, on, on_tx},
    mails::LinkMail,
    users::emails::is_free,
};

/// A further address of a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FurtherEmail {
    /// The number.
    pub id: i64,
    /// The address, as it was written.
    pub email: String,
    /// When it was confirmed.
    pub confirmed_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct FurtherRow {
    id: i64,
    email: String,
    confirmed_at: Option<i64>,
}

impl Store {
    /// A user's further addresses, the oldest first.
    pub async fn further_emails(&self, user: UserId) -> Result<Vec<FurtherEmail>, Fault> {
        let rows: Vec<FurtherRow> = on!(&self.db, c =>
            sqlx::query_as("SELECT id, email, confirmed_at FROM emails WHERE user_id = $1 ORDER BY id")
                .bind(user.0).fetch_all(c).await)?;
        let read = |row: FurtherRow| FurtherEmail {
            id: row.id,
            email: row.email,
            confirmed_at: row.confirmed_at.map(Timestamp::from_micros),
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Adds a further address to the user who asks, with the mail whose link confirms it.
    pub async fn add_further_email(
        &self,
        request: MailRequest,
        email: Email,
        confirmation: LinkMail,
        by: By,
        now: Timestamp,
    ) -> Result<(), NotTaken> {
        self.write(move |tx| Box::pin(async move { add(tx, &request, &email, &confirmation, &by, now).await })).await
    }

    /// Removes a further address of that user. False if there is none of that number.
    pub async fn remove_further_email(&self, user: UserId, id: i64, by: By, now: Timestamp) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let email: Option<String> = on_tx!(tx, c => sqlx::query_scalar(
                    "DELETE FROM emails WHERE id = $1 AND user_id = $2 RETURNING email")
                    .bind(id).bind(user.0).fetch_optional(c).await)?;
                let Some(email) = email else { return Ok(false) };
                let details = json!({ "user_id": user.0, "email": email });
                let event = Event { action: "email.delete", subject: "email", subject_id: id, details };
                audit::record(tx, &by, now, event).await?;
                Ok(true)
            })
        })
        .await
    }
}

async fn add(
    tx: &mut Tx,
    request: &MailRequest,
    email: &Email,
    confirmation: &LinkMail,
    by: &By,
    now: Timestamp,
) -> Result<(), NotTaken> {
    let Some(user) = request.user else { return Ok(()) };
    if !requests::count(tx, requests::CONFIRMATION, request, now).await? {
        return Err(NotTaken::TooOften);
    }
    if !is_free(tx, &email.key(), 0).await? {
        return Err(NotTaken::Taken);
    }
    let id: i64 = on_tx!(tx, c => sqlx::query_scalar(
        "INSERT INTO emails (user_id, email, email_key, created_at) VALUES ($1, $2, $3, $4) RETURNING id")
        .bind(user.0).bind(email.as_str()).bind(email.key()).bind(now.micros()).fetch_one(c).await)
    .map_err(Fault::from)?;
    let details = json!({ "user_id": user.0, "email": email.as_str(), "confirmed": false });
    let event = Event { action: "email.create", subject: "email", subject_id: id, details };
    audit::record(tx, by, now, event).await?;
    Ok(send_link(tx, user, email, confirmation, now).await?)
}
