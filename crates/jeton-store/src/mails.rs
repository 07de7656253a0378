//! Mails on their way out. They are queued in the same transaction as what they tell of, so that neither a mail nor a
//! change is ever without the other.

mod outbox;

pub use outbox::{Backlog, DueMail};

use jeton_core::{id::UserId, time::Timestamp, token::TokenDigest};

use crate::{
    Fault, Store,
    db::{Tx, on_tx},
};

/// The line of a mail's text in whose place its link stands.
pub const LINK_LINE: &str = "{link}";

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

/// A link that works once, in the place of the mail's [`LINK_LINE`]. Its secret is made from the seed under the
/// instance's key when the mail is sent, so that nothing in the database opens anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MailLink {
    /// What stands before the secret: a path and the name of a parameter.
    pub path: &'static str,
    /// 256 bits of chance.
    pub seed: [u8; 32],
    /// From when on it does not work; its mail is not sent any more then.
    pub expires_at: Timestamp,
}

/// A mail with a link, and what is kept of the link's secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkMail {
    /// The mail.
    pub mail: Mail,
    /// Its link.
    pub link: MailLink,
    /// Finds the link when it comes back.
    pub digest: TokenDigest,
}

impl LinkMail {
    /// The same, concerning that user, who had no number yet when it was written.
    pub(crate) fn for_user(&self, user: UserId) -> Self {
        Self { mail: Mail { user: Some(user), ..self.mail.clone() }, ..self.clone() }
    }
}

impl Store {
    /// Queues mails that tell of no change in the database.
    pub async fn queue_mails(&self, mails: Vec<Mail>, now: Timestamp) -> Result<(), Fault> {
        self.write(move |tx| Box::pin(async move { enqueue(tx, &mails, now).await })).await
    }

    /// Waits until a transaction of this process has queued a mail.
    pub async fn mails_queued(&self) {
        self.mails_queued.notified().await;
    }

    /// Says that another process has queued mails.
    pub fn look_for_mails(&self) {
        self.mails_queued.notify_one();
    }
}

/// Queues mails; they are sent soon after the transaction has ended.
pub(crate) async fn enqueue(tx: &mut Tx, mails: &[Mail], now: Timestamp) -> Result<(), Fault> {
    for mail in mails {
        insert(tx, mail, None, now).await?;
    }
    Ok(())
}

/// Queues a mail with a link; remembering the link itself is left to the caller.
pub(crate) async fn enqueue_link(tx: &mut Tx, mail: &LinkMail, now: Timestamp) -> Result<(), Fault> {
    insert(tx, &mail.mail, Some(mail.link), now).await
}

async fn insert(tx: &mut Tx, mail: &Mail, link: Option<MailLink>, now: Timestamp) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query(
        "INSERT INTO mails (kind, user_id, recipient, subject, body, created_at, next_try_at, tries, link_path,
                            link_seed, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6, 0, $7, $8, $9)")
        .bind(mail.kind).bind(mail.user.map(|user| user.0)).bind(&mail.recipient).bind(&mail.subject)
        .bind(&mail.body).bind(now.micros())
        .bind(link.map(|link| link.path)).bind(link.map(|link| link.seed.to_vec()))
        .bind(link.map(|link| link.expires_at.micros()))
        .execute(c).await.map(drop))?;
    tx.mails_queued = true;
    Ok(())
}
