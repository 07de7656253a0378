//! Mails with a link that somebody may ask for without being signed in: few enough that nobody can flood a mailbox.

use jeton_core::{id::UserId, time::Timestamp, user::Email};
use serde_json::json;

use super::send_link;
use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::{Tx, on, on_tx},
    mails::{self, LinkMail},
};

/// Seconds in which requests are counted: one hour.
const WINDOW: i64 = 3600;

/// The kinds of mails, which are counted apart.
const PASSWORD: &str = "password";
pub(super) const CONFIRMATION: &str = "confirmation";
/// The first mail to a further address.
pub(crate) const ADDRESS: &str = "address";

/// How many mails may be asked for within an hour.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For one account.
    pub account: i64,
    /// From one network, for all accounts together, those that do not exist included.
    pub network: i64,
}

/// Somebody asks for a mail.
#[derive(Clone, Debug)]
pub struct MailRequest {
    /// The account that was named, if there is one that can have such a mail.
    pub user: Option<UserId>,
    /// Where the request comes from, in the same words for all addresses that count as one.
    pub network: String,
    /// How many there may be.
    pub limits: Limits,
}

impl Store {
    /// Queues the mail whose link sets the user's password; earlier links go on working, so that nobody can spoil
    /// somebody else's. False if there were too many requests, and nothing was queued.
    pub async fn request_password_mail(
        &self,
        request: MailRequest,
        reset: Option<LinkMail>,
        by: By,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        if !self.has_room(PASSWORD, &request, now).await? {
            return Ok(false);
        }
        self.write(move |tx| {
            Box::pin(async move {
                let is_allowed = count(tx, PASSWORD, &request, now).await?;
                if let (true, Some(user), Some(reset)) = (is_allowed, request.user, reset)
                    && send_password_link(tx, user, &reset, now).await?
                {
                    note(tx, "user.password_link", user, &by, now).await?;
                }
                Ok(is_allowed)
            })
        })
        .await
    }

    /// Queues the mail whose link confirms that address of the user. False if there were too many requests, and nothing
    /// was queued.
    pub async fn request_confirmation_mail(
        &self,
        request: MailRequest,
        confirmation: Option<(Email, LinkMail)>,
        by: By,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        if !self.has_room(CONFIRMATION, &request, now).await? {
            return Ok(false);
        }
        self.write(move |tx| {
            Box::pin(async move {
                let is_allowed = count(tx, CONFIRMATION, &request, now).await?;
                if let (true, Some(user), Some((email, confirmation))) = (is_allowed, request.user, confirmation) {
                    send_link(tx, user, &email, &confirmation, now).await?;
                    note(tx, "user.confirmation_link", user, &by, now).await?;
                }
                Ok(is_allowed)
            })
        })
        .await
    }

    /// Whether another request may be counted. A flood is turned away here, without a write.
    async fn has_room(&self, kind: &str, request: &MailRequest, now: Timestamp) -> Result<bool, Fault> {
        let counted: Counted = on!(&self.db, c => sqlx::query_as(COUNTED)
            .bind(kind).bind(request.user.map(|user| user.0)).bind(&request.network).bind(since(now))
            .fetch_one(c).await)?;
        Ok(request.limits.allow(counted))
    }
}

/// How many requests there were for the account and from the network.
type Counted = (i64, i64);

const COUNTED: &str = "SELECT (SELECT count(*) FROM mail_requests WHERE kind = $1 AND user_id = $2 AND at > $4),
            (SELECT count(*) FROM mail_requests WHERE kind = $1 AND network = $3 AND at > $4)";

/// Requests before that moment do not count any more.
fn since(now: Timestamp) -> i64 {
    now.plus_seconds(-WINDOW).micros()
}

impl Limits {
    fn allow(self, (account, network): Counted) -> bool {
        account < self.account && network < self.network
    }
}

/// Counts a request. False if there were as many as there may be; then it does not count, so that whoever goes on asking
/// does not keep the owner from asking.
pub(crate) async fn count(tx: &mut Tx, kind: &str, request: &MailRequest, now: Timestamp) -> Result<bool, Fault> {
    on_tx!(tx, c => sqlx::query("DELETE FROM mail_requests WHERE at <= $1").bind(since(now)).execute(c).await.map(drop))?;
    let user = request.user.map(|user| user.0);
    // Whoever asks at the same time waits here, so that what is counted next stays true.
    on_tx!(tx, c => sqlx::query("UPDATE instance_facts SET value = value WHERE name = 'mail_requests'")
        .execute(c).await.map(drop))?;
    let counted: Counted = on_tx!(tx, c => sqlx::query_as(COUNTED)
        .bind(kind).bind(user).bind(&request.network).bind(since(now)).fetch_one(c).await)?;
    if !request.limits.allow(counted) {
        return Ok(false);
    }
    on_tx!(tx, c => sqlx::query("INSERT INTO mail_requests (kind, user_id, network, at) VALUES ($1, $2, $3, $4)")
        .bind(kind).bind(user).bind(&request.network).bind(now.micros()).execute(c).await.map(drop))?;
    Ok(true)
}

/// Notes that a link was asked for. (Strangers cannot fill the audit log with that: see [`Limits`].)
async fn note(tx: &mut Tx, action: &'static str, user: UserId, by: &By, now: Timestamp) -> Result<(), Fault> {
    audit::record(tx, by, now, Event { action, subject: "user", subject_id: user.0, details: json!({}) }).await
}

/// Remembers the link that sets the user's password, and queues its mail. Earlier links go on working. False, and nothing
/// is done, if the mail's address is not the user's any more: whoever reads the one of before must not get a link that
/// was asked for while it changed.
pub(crate) async fn send_password_link(
    tx: &mut Tx,
    user: UserId,
    reset: &LinkMail,
    now: Timestamp,
) -> Result<bool, Fault> {
    // An update that changes nothing: a change of the address waits until this is done, and takes the link back.
    let address: Option<String> = on_tx!(tx, c => sqlx::query_scalar("UPDATE users SET updated_at = updated_at WHERE id = $1 RETURNING email")
        .bind(user.0).fetch_optional(c).await)?;
    if address.as_ref() != Some(&reset.mail.recipient) {
        return Ok(false);
    }
    on_tx!(tx, c => sqlx::query("DELETE FROM password_links WHERE user_id = $1 AND expires_at <= $2")
        .bind(user.0).bind(now.micros()).execute(c).await.map(drop))?;
    on_tx!(tx, c => sqlx::query("INSERT INTO password_links (digest, user_id, expires_at) VALUES ($1, $2, $3)")
        .bind(&reset.digest.0[..]).bind(user.0).bind(reset.link.expires_at.micros()).execute(c).await.map(drop))?;
    mails::enqueue_link(tx, reset, now).await?;
    Ok(true)
}
