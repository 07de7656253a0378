//! The other end of the queue: who sends a mail takes it for a while, and says what came of it.

use jeton_core::{id::UserId, time::Timestamp};
use serde_json::json;
use sqlx::FromRow;

use crate::{
    By, Fault, Means, Store,
    audit::{self, Event},
    db::{on, on_tx, on_writer},
};

/// A mail that was taken to be sent, by one sender alone until [`DueMail::taken_until`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DueMail {
    /// The number.
    pub id: i64,
    /// What it is about, in a word.
    pub kind: String,
    /// Whom it concerns.
    pub user: Option<UserId>,
    /// The address.
    pub recipient: String,
    /// The subject line.
    pub subject: String,
    /// The text, in lines of their natural length.
    pub body: String,
    /// When it was queued.
    pub created_at: Timestamp,
    /// How often it was taken, this time included.
    pub tries: i64,
    /// What stands before its link's secret, and the secret's seed, if it has a link.
    pub link: Option<(String, Vec<u8>)>,
    /// After which it is not sent any more.
    pub expires_at: Option<Timestamp>,
    /// From when on others may take it.
    pub taken_until: Timestamp,
}

/// What waits to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backlog {
    /// How many mails.
    pub mails: i64,
    /// When the first of them is due.
    pub next: Option<Timestamp>,
}

#[derive(FromRow)]
struct DueRow {
    id: i64,
    kind: String,
    user_id: Option<i64>,
    recipient: String,
    subject: String,
    body: String,
    created_at: i64,
    tries: i64,
    link_path: Option<String>,
    link_seed: Option<Vec<u8>>,
    expires_at: Option<i64>,
    next_try_at: i64,
}

impl From<DueRow> for DueMail {
    fn from(row: DueRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            user: row.user_id.map(UserId),
            recipient: row.recipient,
            subject: row.subject,
            body: row.body,
            created_at: Timestamp::from_micros(row.created_at),
            tries: row.tries,
            link: row.link_path.zip(row.link_seed),
            expires_at: row.expires_at.map(Timestamp::from_micros),
            taken_until: Timestamp::from_micros(row.next_try_at),
        }
    }
}

impl Store {
    /// How many mails wait, and for when.
    pub async fn mail_backlog(&self) -> Result<Backlog, Fault> {
        let (mails, next): (i64, Option<i64>) = on!(&self.db, c =>
            sqlx::query_as("SELECT count(*), min(next_try_at) FROM mails").fetch_one(c).await)?;
        Ok(Backlog { mails, next: next.map(Timestamp::from_micros) })
    }

    /// Takes up to `limit` mails that are due, the longest waiting first. Until `until` nobody else gets them: who sends
    /// one says by then what came of it, or it is taken again.
    pub async fn take_mails(&self, limit: i64, now: Timestamp, until: Timestamp) -> Result<Vec<DueMail>, Fault> {
        // Two who ask at once may choose the same rows; the second then finds that they are not due any more.
        let rows: Vec<DueRow> = on_writer!(&self.db, c => sqlx::query_as(
            "UPDATE mails SET next_try_at = $2, tries = tries + 1
             WHERE next_try_at <= $1
               AND id IN (SELECT id FROM mails WHERE next_try_at <= $1 ORDER BY next_try_at, id LIMIT $3)
             RETURNING id, kind, user_id, recipient, subject, body, created_at, tries, link_path, link_seed, expires_at,
                       next_try_at")
            .bind(now.micros()).bind(until.micros()).bind(limit).fetch_all(c).await)?;
        let mut mails: Vec<DueMail> = rows.into_iter().map(DueMail::from).collect();
        mails.sort_by_key(|mail| mail.id);
        Ok(mails)
    }

    /// Strikes off a mail that was sent.
    pub async fn mail_sent(&self, id: i64) -> Result<(), Fault> {
        on_writer!(&self.db, c => sqlx::query("DELETE FROM mails WHERE id = $1").bind(id).execute(c).await.map(drop))
            .map_err(Fault::from)
    }

    /// Puts a mail back that could not be sent, to be tried again at `next`. One that others have taken since stays
    /// with them.
    pub async fn mail_failed(&self, mail: &DueMail, why: &str, next: Timestamp) -> Result<(), Fault> {
        on_writer!(&self.db, c => sqlx::query(
            "UPDATE mails SET next_try_at = $3, last_error = $4 WHERE id = $1 AND next_try_at = $2")
            .bind(mail.id).bind(mail.taken_until.micros()).bind(next.micros()).bind(why)
            .execute(c).await.map(drop))
        .map_err(Fault::from)
    }

    /// Strikes off a mail that is not tried again, with an audit event that says why.
    pub async fn give_up_mail(&self, mail: DueMail, why: String, now: Timestamp) -> Result<(), Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let struck = on_tx!(tx, c => sqlx::query("DELETE FROM mails WHERE id = $1 AND next_try_at = $2")
                    .bind(mail.id).bind(mail.taken_until.micros()).execute(c).await.map(|done| done.rows_affected()))?;
                if struck == 0 {
                    return Ok(());
                }
                let (subject, subject_id) = mail.user.map_or(("instance", 0), |user| ("user", user.0));
                let details = json!({ "mail": mail.kind, "tries": mail.tries, "why": why });
                let event = Event { action: "mail.give_up", subject, subject_id, details };
                audit::record(tx, &By::local(Means::Server), now, event).await
            })
        })
        .await
    }
}
