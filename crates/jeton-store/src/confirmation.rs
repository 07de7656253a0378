//! Addresses that only count when their owner has opened the link that was sent there, and mails that strangers may
//! ask for.

pub(crate) mod requests;

pub(crate) use requests::send_password_link;
pub use requests::{Limits, MailRequest};

use jeton_core::{id::UserId, time::Timestamp, token::TokenDigest, user::Email};
use serde_json::json;

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::{Tx, on, on_tx},
    mails::{self, LinkMail, Mail},
    users::emails::is_free,
};

/// Which of a user's addresses waits for its confirmation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waiting {
    /// The one that the account was made with: without it, the account cannot be used.
    Primary,
    /// The one that shall replace it.
    Wanted,
    /// A further one.
    Secondary,
}

/// An address that a link confirms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unconfirmed {
    /// Whose it is.
    pub user: UserId,
    /// The address, as it was written.
    pub email: String,
    /// Which one.
    pub waiting: Waiting,
}

/// Why an address was not taken for an account.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// It is somebody's, perhaps the user's own.
    #[error("Email has already been taken")]
    Taken,
    /// Too many mails were asked for within an hour.
    #[error("too many mails were asked for; try again in an hour")]
    TooOften,
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Store {
    /// The address that the user wants instead of the present one, while it is not confirmed.
    pub async fn wanted_email(&self, user: UserId) -> Result<Option<String>, Fault> {
        let wanted: Option<Option<String>> = on!(&self.db, c =>
            sqlx::query_scalar("SELECT wanted_email FROM users WHERE id = $1").bind(user.0).fetch_optional(c).await)?;
        Ok(wanted.flatten())
    }

    /// Notes which address the user wants, and queues the mail whose link confirms it. Until then nothing changes.
    pub async fn want_email(
        &self,
        request: MailRequest,
        email: Email,
        confirmation: LinkMail,
        by: By,
        now: Timestamp,
    ) -> Result<(), NotTaken> {
        self.write(move |tx| {
            Box::pin(async move {
                let Some(user) = request.user else { return Ok(()) };
                if !requests::count(tx, requests::CONFIRMATION, &request, now).await? {
                    return Err(NotTaken::TooOften);
                }
                if !is_free(tx, &email.key(), 0).await? {
                    return Err(NotTaken::Taken);
                }
                Ok(want(tx, user, &email, &confirmation, &by, now).await?)
            })
        })
        .await
    }

    /// Which address the link of that digest confirms, while it works and the address waits.
    pub async fn unconfirmed(&self, digest: &TokenDigest, now: Timestamp) -> Result<Option<Unconfirmed>, Fault> {
        let link: Option<(i64, String)> = on!(&self.db, c => sqlx::query_as(
            "SELECT user_id, email_key FROM confirmation_links WHERE digest = $1 AND expires_at > $2")
            .bind(&digest.0[..]).bind(now.micros()).fetch_optional(c).await)?;
        let Some((user, key)) = link else { return Ok(None) };
        self.waiting_email(UserId(user), &key).await
    }

    /// The user's address of that key, if it waits to be confirmed.
    pub async fn waiting_email(&self, user: UserId, key: &str) -> Result<Option<Unconfirmed>, Fault> {
        let account: Option<Candidates> = on!(&self.db, c => sqlx::query_as(CANDIDATES)
            .bind(user.0).bind(key).fetch_optional(c).await)?;
        Ok(account.and_then(|candidates| waiting(user, candidates, key)))
    }

    /// Uses the link of that digest, once: the address counts from now on. `mails` tell of an address that replaced
    /// another one; of the others they are not sent. None if the link does not work, or the address became somebody
    /// else's meanwhile.
    pub async fn confirm_email(
        &self,
        digest: TokenDigest,
        mails: Vec<Mail>,
        by: By,
        now: Timestamp,
    ) -> Result<Option<Unconfirmed>, Fault> {
        self.write(move |tx| Box::pin(async move { confirm(tx, digest, &mails, by, now).await })).await
    }

    /// An account that waits for the confirmation of its address can be used from now on, by the word of an administrator.
    /// False if it does not wait, or there is none of that number.
    pub async fn confirm_account(&self, user: UserId, by: By, now: Timestamp) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let account: Option<(String, String)> = on_tx!(tx, c => sqlx::query_as(
                    "UPDATE users SET confirmed_at = $1, updated_at = $1 WHERE id = $2 AND confirmed_at IS NULL
                     RETURNING email, email_key")
                    .bind(now.micros()).bind(user.0).fetch_optional(c).await)?;
                let Some((email, key)) = account else { return Ok(false) };
                forget_links(tx, user, &key).await?;
                let details = json!({ "email": email });
                let event = Event { action: "user.email_confirm", subject: "user", subject_id: user.0, details };
                audit::record(tx, &by, now, event).await?;
                Ok(true)
            })
        })
        .await
    }
}

/// Notes which address the user wants, and queues the mail whose link confirms it.
pub(crate) async fn want(
    tx: &mut Tx,
    user: UserId,
    email: &Email,
    confirmation: &LinkMail,
    by: &By,
    now: Timestamp,
) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query("UPDATE users SET wanted_email = $1, updated_at = $2 WHERE id = $3")
        .bind(email.as_str()).bind(now.micros()).bind(user.0).execute(c).await.map(drop))?;
    let details = json!({ "email": email.as_str() });
    let event = Event { action: "user.email_wanted", subject: "user", subject_id: user.0, details };
    audit::record(tx, by, now, event).await?;
    send_link(tx, user, email, confirmation, now).await
}

/// An account's address, when it was confirmed, the wanted one, and the further one of the key that is asked for.
type Candidates = (String, Option<i64>, Option<String>, Option<String>);

const CANDIDATES: &str = "SELECT u.email, u.confirmed_at, u.wanted_email, e.email AS secondary
     FROM users u LEFT JOIN emails e ON e.user_id = u.id AND e.email_key = $2 AND e.confirmed_at IS NULL
     WHERE u.id = $1";

fn waiting(user: UserId, (primary, confirmed_at, wanted, secondary): Candidates, key: &str) -> Option<Unconfirmed> {
    let is_asked = |email: &String| email.to_lowercase() == key;
    let found = |email, waiting| Some(Unconfirmed { user, email, waiting });
    if confirmed_at.is_none() && is_asked(&primary) {
        found(primary, Waiting::Primary)
    } else if let Some(wanted) = wanted.filter(is_asked) {
        found(wanted, Waiting::Wanted)
    } else {
        found(secondary?, Waiting::Secondary)
    }
}

async fn confirm(
    tx: &mut Tx,
    digest: TokenDigest,
    mails: &[Mail],
    mut by: By,
    now: Timestamp,
) -> Result<Option<Unconfirmed>, Fault> {
    let link: Option<(i64, String)> = on_tx!(tx, c => sqlx::query_as(
        "DELETE FROM confirmation_links WHERE digest = $1 AND expires_at > $2 RETURNING user_id, email_key")
        .bind(&digest.0[..]).bind(now.micros()).fetch_optional(c).await)?;
    let Some((user, key)) = link else { return Ok(None) };
    let user = UserId(user);
    let candidates: Option<Candidates> =
        on_tx!(tx, c => sqlx::query_as(CANDIDATES).bind(user.0).bind(&key).fetch_optional(c).await)?;
    let Some(found) = candidates.and_then(|candidates| waiting(user, candidates, &key)) else { return Ok(None) };
    by.user = Some(user);
    let is_done = match found.waiting {
        Waiting::Primary => {
            on_tx!(tx, c => sqlx::query("UPDATE users SET confirmed_at = $1, updated_at = $1 WHERE id = $2")
            .bind(now.micros()).bind(user.0).execute(c).await.map(|_| true))?
        }
        Waiting::Wanted => replace(tx, &found, &key, mails, now).await?,
        Waiting::Secondary => on_tx!(tx, c => sqlx::query(
            "UPDATE emails SET confirmed_at = $1 WHERE user_id = $2 AND email_key = $3")
            .bind(now.micros()).bind(user.0).bind(&key).execute(c).await.map(|_| true))?,
    };
    if !is_done {
        return Ok(None);
    }
    forget_links(tx, user, &key).await?;
    let details = json!({ "email": found.email });
    let action = if found.waiting == Waiting::Wanted { "user.email" } else { "user.email_confirm" };
    audit::record(tx, &by, now, Event { action, subject: "user", subject_id: user.0, details }).await?;
    Ok(Some(found))
}

/// The wanted address becomes the account's. Links that went to the old one stop working. False if the address has
/// become somebody else's.
async fn replace(tx: &mut Tx, found: &Unconfirmed, key: &str, mails: &[Mail], now: Timestamp) -> Result<bool, Fault> {
    let user = found.user.0;
    if !is_free(tx, key, 0).await? {
        return Ok(false);
    }
    on_tx!(tx, c => sqlx::query(
        "UPDATE users SET email = $1, email_key = $2, wanted_email = NULL, confirmed_at = $3, updated_at = $3 WHERE id = $4")
        .bind(&found.email).bind(key).bind(now.micros()).bind(user).execute(c).await.map(drop))?;
    on_tx!(tx, c => sqlx::query("DELETE FROM password_links WHERE user_id = $1").bind(user).execute(c).await.map(drop))?;
    mails::enqueue(tx, mails, now).await?;
    Ok(true)
}

/// Remembers the link that confirms this address, and queues its mail. Earlier links for it go on working.
pub(crate) async fn send_link(
    tx: &mut Tx,
    user: UserId,
    email: &Email,
    confirmation: &LinkMail,
    now: Timestamp,
) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query("DELETE FROM confirmation_links WHERE user_id = $1 AND expires_at <= $2")
        .bind(user.0).bind(now.micros()).execute(c).await.map(drop))?;
    on_tx!(tx, c => sqlx::query(
        "INSERT INTO confirmation_links (digest, user_id, email_key, expires_at) VALUES ($1, $2, $3, $4)")
        .bind(&confirmation.digest.0[..]).bind(user.0).bind(email.key()).bind(confirmation.link.expires_at.micros())
        .execute(c).await.map(drop))?;
    mails::enqueue_link(tx, confirmation, now).await
}

async fn forget_links(tx: &mut Tx, user: UserId, key: &str) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query("DELETE FROM confirmation_links WHERE user_id = $1 AND email_key = $2")
        .bind(user.0).bind(key).execute(c).await.map(drop))
    .map_err(Fault::from)
}

/// Where confirmation is not asked for any more, accounts that waited for it can be used.
pub(crate) async fn let_everybody_in(tx: &mut Tx, now: Timestamp) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query("UPDATE users SET confirmed_at = $1, updated_at = $1 WHERE confirmed_at IS NULL")
        .bind(now.micros()).execute(c).await.map(drop))
    .map_err(Fault::from)
}
