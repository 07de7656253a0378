//! Rotation: a new generation takes the place of the living one, in one transaction.

use jeton_core::{
    id::{FamilyId, TokenId, UserId},
    time::Timestamp,
    token::{EndReason, Expiry, TokenDigest},
};
use serde_json::json;
use sqlx::FromRow;

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::{Tx, on_tx},
    mails::{self, Mail},
    tokens::{Token, revoke_token as revoke_in, token_in},
};

/// What a rotation is made from.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    /// The generation to be replaced.
    pub token: TokenId,
    /// Whose it must be; none for whoever may rotate everybody's.
    pub owner: Option<UserId>,
    /// What is kept of the new generation's text.
    pub digest: TokenDigest,
    /// When the new generation ends by itself.
    pub expiry: Expiry,
}

/// Why a token was not rotated.
#[derive(Debug, thiserror::Error)]
pub enum NotRotated {
    /// There is no such token, or it is somebody else's.
    #[error("no such token")]
    Missing,
    /// It was ended before. An expired one that was not ended can be rotated.
    #[error("Token already revoked")]
    Ended,
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A rotation that was made.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// The new generation.
    pub token: Token,
    /// The old generation's digest, which every memory of tokens must forget.
    pub forget: TokenDigest,
}

#[derive(FromRow)]
struct OldRow {
    family_id: i64,
    digest: Vec<u8>,
}

impl Store {
    /// Ends a generation and adds the next one to its family; of several rotations at once exactly one succeeds.
    pub async fn rotate_token(&self, rotation: Rotation, by: By, now: Timestamp) -> Result<Rotated, NotRotated> {
        self.rotate_token_telling(rotation, Vec::new(), by, now).await
    }

    /// The same, with mails that tell of it.
    pub async fn rotate_token_telling(
        &self,
        rotation: Rotation,
        mails: Vec<Mail>,
        by: By,
        now: Timestamp,
    ) -> Result<Rotated, NotRotated> {
        self.write(move |tx| {
            Box::pin(async move {
                let rotated = rotate(tx, rotation, &by, now).await?;
                mails::enqueue(tx, &mails, now).await?;
                Ok(rotated)
            })
        })
        .await
    }
}

impl Store {
    /// Ends the living generation that came after an ended one, if there is one: whoever uses the old text again may have
    /// stolen it, and so may whoever rotated it. Answers what every memory of tokens must forget.
    /// `mails` tell of it, if it comes to that.
    pub async fn revoke_successor(
        &self,
        token: TokenId,
        mails: Vec<Mail>,
        by: By,
        now: Timestamp,
    ) -> Result<Option<TokenDigest>, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let revoked = revoke_successor(tx, token, &by, now).await?;
                if revoked.is_some() {
                    mails::enqueue(tx, &mails, now).await?;
                }
                Ok(revoked)
            })
        })
        .await
    }
}

async fn revoke_successor(tx: &mut Tx, token: TokenId, by: &By, now: Timestamp) -> Result<Option<TokenDigest>, Fault> {
    // Of a family's generations one lives at most: the last one.
    let successor: Option<i64> = on_tx!(tx, c => sqlx::query_scalar(
        "SELECT later.id FROM token_generations g JOIN token_generations later ON later.family_id = g.family_id
         WHERE g.id = $1 AND later.id > g.id AND later.ended_at IS NULL")
        .bind(token.0).fetch_optional(c).await)?;
    let Some(successor) = successor.map(TokenId) else { return Ok(None) };
    let details = json!({ "successor": successor.0 });
    audit::record(tx, by, now, Event { action: "token.reuse", subject: "token", subject_id: token.0, details }).await?;
    Ok(revoke_in(tx, successor, None, by, now).await?.map(|revocation| revocation.digest))
}

async fn rotate(tx: &mut Tx, rotation: Rotation, by: &By, now: Timestamp) -> Result<Rotated, NotRotated> {
    let old = end_for_rotation(tx, rotation, by, now).await?;
    let family = FamilyId(old.family_id);
    let forget = TokenDigest(old.digest.try_into().map_err(|_| NotRotated::Missing)?);
    let id: i64 = on_tx!(tx, c => sqlx::query_scalar(
        "INSERT INTO token_generations (family_id, digest, created_at, updated_at, expires_at)
         VALUES ($1, $2, $3, $3, $4) RETURNING id")
        .bind(family.0).bind(&rotation.digest.0[..]).bind(now.micros())
        .bind(rotation.expiry.moment().map(Timestamp::micros))
        .fetch_one(c).await)
    .map_err(Fault::from)?;
    let details = json!({ "from": rotation.token.0, "expires_at": rotation.expiry.to_string() });
    audit::record(tx, by, now, Event { action: "token.rotate", subject: "token", subject_id: id, details }).await?;
    let token = token_in(tx, TokenId(id)).await?.ok_or(NotRotated::Missing)?;
    Ok(Rotated { token, forget })
}

/// Ends the old generation, if it can be rotated by whoever asks.
async fn end_for_rotation(tx: &mut Tx, rotation: Rotation, by: &By, now: Timestamp) -> Result<OldRow, NotRotated> {
    let old: Option<OldRow> = on_tx!(tx, c => sqlx::query_as(
        "SELECT g.family_id, g.digest FROM token_generations g JOIN token_families f ON f.id = g.family_id
         WHERE g.id = $1 AND ($2 IS NULL OR f.user_id = $2)")
        .bind(rotation.token.0).bind(rotation.owner.map(|user| user.0)).fetch_optional(c).await)
    .map_err(Fault::from)?;
    let old = old.ok_or(NotRotated::Missing)?;
    let ended = on_tx!(tx, c => sqlx::query(
        "UPDATE token_generations SET ended_at = $1, end_reason = $2, ended_by = $3, updated_at = $1
         WHERE id = $4 AND ended_at IS NULL")
        .bind(now.micros()).bind(EndReason::Rotated.name()).bind(by.user.map(|user| user.0)).bind(rotation.token.0)
        .execute(c).await.map(|done| done.rows_affected()))
    .map_err(Fault::from)?;
    if ended == 1 { Ok(old) } else { Err(NotRotated::Ended) }
}
