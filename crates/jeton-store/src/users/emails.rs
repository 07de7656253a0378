//! Further e-mail addresses of users, and the rule that an address is one person's only, in whichever table it stands.

use jeton_core::{
    id::{EmailId, UserId},
    time::Timestamp,
    user::Email as Address,
};
use serde_json::json;
use sqlx::FromRow;

use crate::{
    By, Fault, Slice, Store,
    audit::{self, Event},
    confirmation::{MailRequest, requests, send_link},
    db::{Tx, on, on_tx},
    mails::LinkMail,
};

/// A further address of a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Email {
    /// The number.
    pub id: EmailId,
    /// The address, as it was written.
    pub email: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was confirmed.
    pub confirmed_at: Option<Timestamp>,
}

/// What a further address is made from.
#[derive(Clone, Debug)]
pub struct NewEmail {
    /// Whose it will be.
    pub user: UserId,
    /// The address.
    pub address: Address,
    /// The mail whose link confirms it; without one it counts as confirmed.
    pub confirmation: Option<LinkMail>,
    /// Who asks for that mail, where it is counted.
    pub request: Option<MailRequest>,
    /// How many further addresses the user may have, this one included.
    pub limit: i64,
}

/// Why an address was not added.
#[derive(Debug, thiserror::Error)]
pub enum NotAdded {
    /// It is somebody's already.
    #[error("has already been taken")]
    Taken,
    /// The user has as many as it may.
    #[error("is too many (maximum is {0})")]
    TooMany(i64),
    /// Too many mails were asked for within an hour.
    #[error("too many mails were asked for; try again in an hour")]
    TooOften,
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

#[derive(FromRow)]
struct EmailRow {
    id: i64,
    email: String,
    created_at: i64,
    confirmed_at: Option<i64>,
}

impl From<EmailRow> for Email {
    fn from(row: EmailRow) -> Self {
        Self {
            id: EmailId(row.id),
            email: row.email,
            created_at: Timestamp::from_micros(row.created_at),
            confirmed_at: row.confirmed_at.map(Timestamp::from_micros),
        }
    }
}

impl Store {
    /// One slice of a user's further addresses, the oldest first.
    pub async fn emails(&self, user: UserId, slice: Slice) -> Result<Vec<Email>, Fault> {
        let rows: Vec<EmailRow> = on!(&self.db, c => sqlx::query_as(
            "SELECT id, email, created_at, confirmed_at FROM emails WHERE user_id = $1 ORDER BY id LIMIT $2 OFFSET $3")
            .bind(user.0).bind(slice.limit).bind(slice.offset).fetch_all(c).await)?;
        Ok(rows.into_iter().map(Email::from).collect())
    }

    /// How many further addresses a user has, counted up to `limit`.
    pub async fn count_emails(&self, user: UserId, limit: i64) -> Result<i64, Fault> {
        on!(&self.db, c => sqlx::query_scalar(
            "SELECT count(*) FROM (SELECT 1 FROM emails WHERE user_id = $1 LIMIT $2) AS counted")
            .bind(user.0).bind(limit).fetch_one(c).await)
        .map_err(Fault::from)
    }

    /// The address of that number, if it is that user's.
    pub async fn email(&self, id: EmailId, user: UserId) -> Result<Option<Email>, Fault> {
        let row: Option<EmailRow> = on!(&self.db, c => sqlx::query_as(
            "SELECT id, email, created_at, confirmed_at FROM emails WHERE id = $1 AND user_id = $2")
            .bind(id.0).bind(user.0).fetch_optional(c).await)?;
        Ok(row.map(Email::from))
    }

    /// The user who has this address, as the first one or as a further one that is confirmed.
    pub async fn user_with_address(&self, address: &Address) -> Result<Option<UserId>, Fault> {
        let user: Option<i64> = on!(&self.db, c => sqlx::query_scalar(
            "SELECT id FROM users WHERE email_key = $1 UNION ALL
             SELECT user_id FROM emails WHERE email_key = $1 AND confirmed_at IS NOT NULL")
            .bind(address.key()).fetch_optional(c).await)?;
        Ok(user.map(UserId))
    }

    /// Adds a further address to a user, and queues the mail whose link confirms it.
    pub async fn add_email(&self, new: NewEmail, by: By, now: Timestamp) -> Result<Email, NotAdded> {
        self.write(move |tx| Box::pin(async move { add(tx, &new, &by, now).await })).await
    }

    /// Removes a further address of that user. False if there is none of that number.
    pub async fn delete_email(&self, id: EmailId, user: UserId, by: By, now: Timestamp) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let email: Option<String> = on_tx!(tx, c => sqlx::query_scalar(
                    "DELETE FROM emails WHERE id = $1 AND user_id = $2 RETURNING email")
                    .bind(id.0).bind(user.0).fetch_optional(c).await)?;
                let Some(email) = email else { return Ok(false) };
                let details = json!({ "user_id": user.0, "email": email });
                let event = Event { action: "email.delete", subject: "email", subject_id: id.0, details };
                audit::record(tx, &by, now, event).await?;
                Ok(true)
            })
        })
        .await
    }
}

async fn add(tx: &mut Tx, new: &NewEmail, by: &By, now: Timestamp) -> Result<Email, NotAdded> {
    let NewEmail { user, address, confirmation, request, limit } = new;
    // Whoever adds another address waits here, so that what is counted next stays true.
    let is_free = is_free(tx, &address.key(), 0).await?;
    let there: i64 = on_tx!(tx, c => sqlx::query_scalar("SELECT count(*) FROM emails WHERE user_id = $1")
        .bind(user.0).fetch_one(c).await)
    .map_err(Fault::from)?;
    if there >= *limit {
        return Err(NotAdded::TooMany(*limit));
    }
    if !is_free {
        return Err(NotAdded::Taken);
    }
    if let Some(request) = request
        && !requests::count(tx, requests::ADDRESS, request, now).await?
    {
        return Err(NotAdded::TooOften);
    }
    let row: EmailRow = on_tx!(tx, c => sqlx::query_as(
        "INSERT INTO emails (user_id, email, email_key, created_at, confirmed_at) VALUES ($1, $2, $3, $4, $5)
         RETURNING id, email, created_at, confirmed_at")
        .bind(user.0).bind(address.as_str()).bind(address.key()).bind(now.micros())
        .bind(confirmation.is_none().then_some(now.micros()))
        .fetch_one(c).await)
    .map_err(Fault::from)?;
    if let Some(confirmation) = confirmation {
        send_link(tx, *user, address, confirmation, now).await?;
    }
    let details = json!({ "user_id": user.0, "email": address.as_str(), "confirmed": confirmation.is_none() });
    let event = Event { action: "email.create", subject: "email", subject_id: row.id, details };
    audit::record(tx, by, now, event).await?;
    Ok(row.into())
}

/// Whether nobody but the user of the number `but` has the address of this key as the first one, and nobody at all as a
/// further one. Until the transaction ends, nobody else gets an answer, so whoever takes the address next cannot be
/// overtaken.
pub(crate) async fn is_free(tx: &mut Tx, key: &str, but: i64) -> Result<bool, Fault> {
    on_tx!(tx, c => sqlx::query("UPDATE instance_facts SET value = value WHERE name = 'addresses'")
        .execute(c).await.map(drop))?;
    let holder: Option<i64> = on_tx!(tx, c => sqlx::query_scalar(
        "SELECT id FROM users WHERE email_key = $1 AND id <> $2
         UNION ALL SELECT user_id FROM emails WHERE email_key = $1")
        .bind(key).bind(but).fetch_optional(c).await)?;
    Ok(holder.is_none())
}
