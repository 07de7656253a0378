//! Mails on their way out. They are queued in the same transaction as what they tell of, so that neither a mail nor a
//! change is ever without the other.

use jeton_core::{id::UserId, time::Timestamp};

use crate::{
    Fault, Store,
    db::{Tx, on_tx},
};

/// A mail to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail {
    /// What it is about, in a word: `password_changed` …
    pub kind: &'static str,
    /// Whom it concerns.
    pub user: Option<UserId>,
    /// The address.
    pub recipient: String,
    /// The subject line.
    pub subject: String,
    /// The text, in lines of their natural length.
    pub body: String,
}

impl Store {
    /// Queues mails that tell of no change in the database.
    pub async fn queue_mails(&self, mails: Vec<Mail>, now: Timestamp) -> Result<(), Fault> {
        self.write(move |tx| Box::pin(async move { enqueue(tx, &mails, now).await })).await
    }
}

/// Queues mails; they are sent soon after the transaction has ended.
pub(crate) async fn enqueue(tx: &mut Tx, mails: &[Mail], now: Timestamp) -> Result<(), Fault> {
    for mail in mails {
        on_tx!(tx, c => sqlx::query(
            "INSERT INTO mails (kind, user_id, recipient, subject, body, created_at, next_try_at, tries)
             VALUES ($1, $2, $3, $4, $5, $6, $6, 0)")
            .bind(mail.kind).bind(mail.user.map(|user| user.0)).bind(&mail.recipient).bind(&mail.subject)
            .bind(&mail.body).bind(now.micros())
            .execute(c).await.map(drop))?;
    }
    Ok(())
}
