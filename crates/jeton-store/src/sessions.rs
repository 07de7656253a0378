//! Signed-in browsers, and the links that set a password once.

use std::net::IpAddr;

use jeton_core::{
    id::{SessionId, UserId},
    session::{Limits, Session},
    time::Timestamp,
    token::TokenDigest,
};
use serde_json::json;
use sqlx::FromRow;

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::{Tx, on, on_tx, on_writer},
    mails::{self, Mail},
    tokens, users,
};

#[derive(FromRow)]
struct SessionRow {
    id: i64,
    user_id: i64,
    created_at: i64,
    last_seen_at: i64,
    stays: bool,
    proven_at: Option<i64>,
}

/// A session as its owner sees it in the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// What requests see of it.
    pub session: Session,
    /// The address from which it began.
    pub address: Option<String>,
    /// What the browser calls itself.
    pub client: Option<String>,
}

#[derive(FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    session: SessionRow,
    address: Option<String>,
    client: Option<String>,
}

/// What a session is made from.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Who signed in.
    pub user: UserId,
    /// Of its cookie.
    pub digest: TokenDigest,
    /// Whether the browser was asked to stay signed in.
    pub stays: bool,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: SessionId(row.id),
            user: UserId(row.user_id),
            created_at: Timestamp::from_micros(row.created_at),
            last_seen_at: Timestamp::from_micros(row.last_seen_at),
            stays: row.stays,
            proven_at: Timestamp::from_micros(row.proven_at.unwrap_or_default()),
        }
    }
}

/// A sign-in of before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignIn {
    /// The address that it came from, if it is known.
    pub address: Option<IpAddr>,
    /// What the browser called itself.
    pub client: Option<String>,
}

/// What a one-time link sets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewPassword {
    /// Argon2 hash (PHC string).
    pub hash: String,
    /// Whether the user's tokens end too.
    pub revoke_tokens: bool,
}

/// What became of a one-time link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UsedLink {
    /// Whose it was.
    pub user: UserId,
    /// What every memory of tokens must forget.
    pub forget: Vec<TokenDigest>,
}

impl Store {
    /// The session whose cookie has this digest. Whether it is over is for [`Session::is_over`].
    pub async fn session(&self, digest: &TokenDigest) -> Result<Option<Session>, Fault> {
        let row: Option<SessionRow> = on!(&self.db, c => sqlx::query_as(
            "SELECT id, user_id, created_at, last_seen_at, stays, proven_at FROM sessions WHERE digest = $1")
            .bind(&digest.0[..]).fetch_optional(c).await)?;
        Ok(row.map(Session::from))
    }

    /// Records a sign-in: the session, and the times that the user's profile shows. The user's sessions that are over
    /// are cleared away.
    pub async fn start_session(&self, new: NewSession, by: By, now: Timestamp) -> Result<SessionId, Fault> {
        self.start_session_telling(new, Vec::new(), by, now).await
    }

    /// The same, with mails that tell of it.
    pub async fn start_session_telling(
        &self,
        new: NewSession,
        mails: Vec<Mail>,
        by: By,
        now: Timestamp,
    ) -> Result<SessionId, Fault> {
        let NewSession { user, digest, stays } = new;
        self.write(move |tx| {
            Box::pin(async move {
                clear_over(tx, user, now).await?;
                let address = by.address.map(|address: IpAddr| address.to_string());
                let id: i64 = on_tx!(tx, c => sqlx::query_scalar(
                    "INSERT INTO sessions (digest, user_id, created_at, last_seen_at, proven_at, address, client, stays)
                     VALUES ($1, $2, $3, $3, $3, $4, $5, $6) RETURNING id")
                    .bind(&digest.0[..]).bind(user.0).bind(now.micros()).bind(&address).bind(by.client.as_deref()).bind(stays)
                    .fetch_one(c).await)?;
                on_tx!(tx, c => sqlx::query(
                    "UPDATE users SET last_sign_in_at = COALESCE(current_sign_in_at, $1), current_sign_in_at = $1,
                         last_sign_in_ip = COALESCE(current_sign_in_ip, $3), current_sign_in_ip = $3,
                         sign_in_count = sign_in_count + 1
                     WHERE id = $2")
                    .bind(now.micros()).bind(user.0).bind(&address).execute(c).await.map(drop))?;
                let event = Event { action: "session.start", subject: "user", subject_id: user.0, details: json!({}) };
                audit::record(tx, &by, now, event).await?;
                mails::enqueue(tx, &mails, now).await?;
                Ok(SessionId(id))
            })
        })
        .await
    }

    /// From where and with what the user signed in before: what the audit log says of the last `limit` times.
    pub async fn earlier_sign_ins(&self, user: UserId, limit: i64) -> Result<Vec<SignIn>, Fault> {
        let rows: Vec<(Option<String>, Option<String>)> = on!(&self.db, c => sqlx::query_as(
            "SELECT address, client FROM audit_events
             WHERE subject = 'user' AND subject_id = $1 AND action = 'session.start' ORDER BY id DESC LIMIT $2")
            .bind(user.0).bind(limit).fetch_all(c).await)?;
        let sign_in = |(address, client): (Option<String>, Option<String>)| SignIn {
            address: address.and_then(|address| address.parse().ok()),
            client,
        };
        Ok(rows.into_iter().map(sign_in).collect())
    }

    /// Notes that a session was used.
    pub async fn touch_session(&self, id: SessionId, now: Timestamp) -> Result<(), Fault> {
        on_writer!(&self.db, c => sqlx::query("UPDATE sessions SET last_seen_at = $1 WHERE id = $2")
            .bind(now.micros()).bind(id.0).execute(c).await.map(drop))
        .map_err(Fault::from)
    }

    /// The user's sessions that are not over, the last used first.
    pub async fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<Listed>, Fault> {
        let rows: Vec<ListedRow> = on!(&self.db, c => sqlx::query_as(
            "SELECT id, user_id, created_at, last_seen_at, stays, proven_at, address, client FROM sessions WHERE user_id = $1
             ORDER BY last_seen_at DESC, id DESC")
            .bind(user.0).fetch_all(c).await)?;
        let listed = rows.into_iter().map(|row| Listed {
            session: row.session.into(),
            address: row.address,
            client: row.client,
        });
        Ok(listed.filter(|listed| !listed.session.is_over(now)).collect())
    }

    /// Notes that somebody proved in that session, once more, who they are.
    pub async fn prove_session(&self, user: UserId, id: SessionId, by: By, now: Timestamp) -> Result<(), Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                on_tx!(tx, c => sqlx::query("UPDATE sessions SET proven_at = $1 WHERE id = $2 AND user_id = $3")
                    .bind(now.micros()).bind(id.0).bind(user.0).execute(c).await.map(drop))?;
                let event = Event { action: "session.prove", subject: "user", subject_id: user.0, details: json!({}) };
                audit::record(tx, &by, now, event).await
            })
        })
        .await
    }

    /// Ends one session of that user. False if there is none of that number.
    pub async fn end_session(&self, user: UserId, id: SessionId, by: By, now: Timestamp) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let ended = on_tx!(tx, c => sqlx::query("DELETE FROM sessions WHERE id = $1 AND user_id = $2")
                    .bind(id.0).bind(user.0).execute(c).await.map(|done| done.rows_affected()))?;
                if ended > 0 {
                    let event =
                        Event { action: "session.end", subject: "user", subject_id: user.0, details: json!({}) };
                    audit::record(tx, &by, now, event).await?;
                }
                Ok(ended > 0)
            })
        })
        .await
    }

    /// Ends the user's sessions but one. Answers how many.
    pub async fn end_other_sessions(
        &self,
        user: UserId,
        keep: SessionId,
        by: By,
        now: Timestamp,
    ) -> Result<u64, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let ended = on_tx!(tx, c => sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND id <> $2")
                    .bind(user.0).bind(keep.0).execute(c).await.map(|done| done.rows_affected()))?;
                if ended > 0 {
                    let details = json!({ "others": ended });
                    let event = Event { action: "session.end", subject: "user", subject_id: user.0, details };
                    audit::record(tx, &by, now, event).await?;
                }
                Ok(ended)
            })
        })
        .await
    }

    /// Notes that a form was sent in that session. False if the same form was sent before, or the session has ended.
    pub async fn spend_form(&self, session: SessionId, digest: [u8; 32]) -> Result<bool, Fault> {
        let spent = on_writer!(&self.db, c => sqlx::query(
            "INSERT INTO spent_forms (session_id, digest) SELECT id, $2 FROM sessions WHERE id = $1
             ON CONFLICT (session_id, digest) DO NOTHING")
            .bind(session.0).bind(&digest[..]).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(spent > 0)
    }

    /// Makes a link that sets that user's password; earlier links stop working.
    pub async fn create_password_link(
        &self,
        user: UserId,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<(), Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                on_tx!(tx, c => sqlx::query("DELETE FROM password_links WHERE user_id = $1")
                    .bind(user.0).execute(c).await.map(drop))?;
                on_tx!(tx, c => sqlx::query(
                    "INSERT INTO password_links (digest, user_id, expires_at) VALUES ($1, $2, $3)")
                    .bind(&digest.0[..]).bind(user.0).bind(expires_at.micros()).execute(c).await.map(drop))?;
                Ok(())
            })
        })
        .await
    }

    /// Whose password the link of that digest sets, while it works.
    pub async fn password_link(&self, digest: &TokenDigest, now: Timestamp) -> Result<Option<UserId>, Fault> {
        let user: Option<i64> = on!(&self.db, c => sqlx::query_scalar(
            "SELECT user_id FROM password_links WHERE digest = $1 AND expires_at > $2")
            .bind(&digest.0[..]).bind(now.micros()).fetch_optional(c).await)?;
        Ok(user.map(UserId))
    }

    /// Uses the link of that digest, once: sets the password and ends the user's sessions, with mails that tell of it.
    pub async fn use_password_link(
        &self,
        digest: TokenDigest,
        password: NewPassword,
        mails: Vec<Mail>,
        by: By,
        now: Timestamp,
    ) -> Result<Option<UsedLink>, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let used = use_password_link(tx, &digest, &password, by, now).await?;
                if used.is_some() {
                    mails::enqueue(tx, &mails, now).await?;
                }
                Ok(used)
            })
        })
        .await
    }
}

async fn clear_over(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<(), Fault> {
    for stays in [false, true] {
        let limits = Limits::at(now, stays);
        on_tx!(tx, c => sqlx::query(
            "DELETE FROM sessions WHERE user_id = $1 AND stays = $4 AND (created_at <= $2 OR last_seen_at <= $3)")
            .bind(user.0).bind(limits.created_at.micros()).bind(limits.last_seen_at.micros()).bind(stays)
            .execute(c).await.map(drop))?;
    }
    Ok(())
}

async fn use_password_link(
    tx: &mut Tx,
    digest: &TokenDigest,
    password: &NewPassword,
    mut by: By,
    now: Timestamp,
) -> Result<Option<UsedLink>, Fault> {
    let user: Option<i64> = on_tx!(tx, c => sqlx::query_scalar(
        "DELETE FROM password_links WHERE digest = $1 AND expires_at > $2 RETURNING user_id")
        .bind(&digest.0[..]).bind(now.micros()).fetch_optional(c).await)?;
    let Some(user) = user.map(UserId) else { return Ok(None) };
    by.user = Some(user);
    users::set_password(tx, user, &password.hash, &by, now).await?;
    let forget = if password.revoke_tokens { tokens::revoke_all(tx, user, &by, now).await? } else { Vec::new() };
    Ok(Some(UsedLink { user, forget }))
}
