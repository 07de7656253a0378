//! Tokens: families, their generations, and when each was used.

use jeton_core::{
    id::{FamilyId, TokenId, UserId},
    scope::ScopeSet,
    time::Timestamp,
    token::{EndReason, Ended, Expiry, Handle, LivingToken, MadeVia, TokenDigest, TokenRecord},
};
use serde_json::json;
use sqlx::FromRow;

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::{Tx, on, on_tx},
    mails::{self, Mail},
    search::fold,
};

/// What a token is made from. Its text never comes here, only its digest.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whose it will be.
    pub user: UserId,
    /// Its public name.
    pub handle: Handle,
    /// What its owner calls it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it may be used for.
    pub scopes: ScopeSet,
    /// When it ends by itself.
    pub expiry: Expiry,
    /// Made by an administrator to act as the user.
    pub impersonation: bool,
    /// How it is made.
    pub made_via: MadeVia,
    /// What is kept of its text.
    pub digest: TokenDigest,
    /// How many living tokens its user may have, this one included.
    pub limit: i64,
}

/// Why a token was not made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// The user has as many living tokens as one may have.
    #[error("You have reached the limit of {0} active tokens. Revoke one that is no longer used, then try again.")]
    TooMany(i64),
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A token as its owner sees it: one generation with its family.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// The generation's number.
    pub id: TokenId,
    /// The family's number.
    pub family: FamilyId,
    /// The family's public name.
    pub handle: Handle,
    /// Whose it is.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The scopes' names.
    pub scopes: Vec<String>,
    /// Made by an administrator to act as the user.
    pub impersonation: bool,
    /// Since when.
    pub created_at: Timestamp,
    /// When its record changed for the last time; uses do not count.
    pub updated_at: Timestamp,
    /// When it ends by itself.
    pub expiry: Expiry,
    /// When and why it was ended, if it was.
    pub ended: Option<Ended>,
    /// The last use that is known.
    pub last_used_at: Option<Timestamp>,
    /// From where it was used, the latest first.
    pub addresses: Vec<String>,
}

impl Token {
    /// Neither ended nor expired.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.ended.is_none() && !self.expiry.is_over(now)
    }
}

/// What came of a revocation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Revocation {
    /// What every memory of tokens must forget.
    pub digest: TokenDigest,
    /// False if the token had been ended before.
    pub now: bool,
}

/// The columns of a [`Token`], from generations `g`, families `f` and uses `u`.
macro_rules! token_columns {
    () => {
        "g.id, g.family_id, f.handle, f.user_id, f.name, f.description, f.scopes, f.impersonation, g.created_at,
         g.updated_at, g.expires_at, g.ended_at, g.end_reason, u.last_used_at, u.addresses"
    };
}

/// The tables behind [`token_columns`].
macro_rules! token_tables {
    () => {
        " FROM token_generations g JOIN token_families f ON f.id = g.family_id LEFT JOIN token_uses u ON u.token_id = g.id "
    };
}

pub mod list;
mod revoke_all;
mod uses;

pub(crate) use revoke_all::revoke_all;
pub use uses::{ADDRESSES, Use};

/// One row of [`token_columns`].
#[derive(FromRow)]
pub(crate) struct TokenRow {
    id: i64,
    family_id: i64,
    handle: String,
    user_id: i64,
    name: String,
    description: Option<String>,
    scopes: String,
    impersonation: bool,
    created_at: i64,
    updated_at: i64,
    expires_at: Option<i64>,
    ended_at: Option<i64>,
    end_reason: Option<String>,
    last_used_at: Option<i64>,
    addresses: Option<String>,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Self {
            id: TokenId(row.id),
            family: FamilyId(row.family_id),
            handle: Handle(row.handle),
            user: UserId(row.user_id),
            name: row.name,
            description: row.description,
            scopes: words(&row.scopes, ' '),
            impersonation: row.impersonation,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
            expiry: expiry(row.expires_at),
            ended: ended(row.ended_at, row.end_reason.as_deref()),
            last_used_at: row.last_used_at.map(Timestamp::from_micros),
            addresses: words(&row.addresses.unwrap_or_default(), ','),
        }
    }
}

fn words(text: &str, separator: char) -> Vec<String> {
    text.split(separator).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn expiry(micros: Option<i64>) -> Expiry {
    micros.map_or(Expiry::NEVER, |micros| Expiry::at(Timestamp::from_micros(micros)))
}

fn ended(at: Option<i64>, reason: Option<&str>) -> Option<Ended> {
    at.map(|at| Ended { at: Timestamp::from_micros(at), reason: EndReason::named(reason.unwrap_or_default()) })
}

#[derive(FromRow)]
struct RecordRow {
    id: i64,
    family_id: i64,
    user_id: i64,
    scopes: String,
    impersonation: bool,
    expires_at: Option<i64>,
    ended_at: Option<i64>,
    end_reason: Option<String>,
}

impl Store {
    /// What the digest stands for. A token none of whose scopes this program knows is as good as unknown.
    pub async fn token_record(&self, digest: &TokenDigest) -> Result<Option<TokenRecord>, Fault> {
        let row: Option<RecordRow> = on!(&self.db, c => sqlx::query_as(
            "SELECT g.id, g.family_id, f.user_id, f.scopes, f.impersonation, g.expires_at, g.ended_at, g.end_reason
             FROM token_generations g JOIN token_families f ON f.id = g.family_id WHERE g.digest = $1")
            .bind(&digest.0[..]).fetch_optional(c).await)?;
        Ok(row.and_then(|row| {
            let token = LivingToken {
                id: TokenId(row.id),
                family: FamilyId(row.family_id),
                user: UserId(row.user_id),
                expiry: expiry(row.expires_at),
                scopes: ScopeSet::stored(&row.scopes)?,
                impersonation: row.impersonation,
            };
            Some(TokenRecord { token, ended: ended(row.ended_at, row.end_reason.as_deref()) })
        }))
    }

    /// The token of that number, whoever owns it.
    pub async fn token(&self, id: TokenId) -> Result<Option<Token>, Fault> {
        let row: Option<TokenRow> = on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", token_columns!(), token_tables!(), "WHERE g.id = $1"))
            .bind(id.0).fetch_optional(c).await)?;
        Ok(row.map(Token::from))
    }

    /// The living tokens that the user made or was given, the first to expire first; impersonation tokens are not shown.
    pub async fn living_tokens(&self, user: UserId, now: Timestamp) -> Result<Vec<Token>, Fault> {
        let rows: Vec<TokenRow> = on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", token_columns!(), token_tables!(),
            "WHERE f.user_id = $1 AND g.ended_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $2)
               AND NOT f.impersonation
             ORDER BY (CASE WHEN g.expires_at IS NULL THEN 1 ELSE 0 END), g.expires_at, g.id"))
            .bind(user.0).bind(now.micros()).fetch_all(c).await)?;
        Ok(rows.into_iter().map(Token::from).collect())
    }

    /// Makes a token: a family with its first generation.
    pub async fn create_token(&self, new: NewToken, by: By, now: Timestamp) -> Result<Token, NotMade> {
        self.create_token_telling(new, Vec::new(), by, now).await
    }

    /// The same, with mails that tell of it.
    pub async fn create_token_telling(
        &self,
        new: NewToken,
        mails: Vec<Mail>,
        by: By,
        now: Timestamp,
    ) -> Result<Token, NotMade> {
        self.write(move |tx| {
            Box::pin(async move {
                let token = create_token(tx, &new, &by, now).await?;
                mails::enqueue(tx, &mails, now).await?;
                Ok(token)
            })
        })
        .await
    }

    /// Ends a token for good. With an `owner`, only a token of that user is found, and no impersonation token.
    /// None if there is no such token.
    pub async fn revoke_token(
        &self,
        id: TokenId,
        owner: Option<UserId>,
        by: By,
        now: Timestamp,
    ) -> Result<Option<Revocation>, Fault> {
        self.revoke_token_telling(id, owner, Vec::new(), by, now).await
    }

    /// The same, with mails that tell of it; they are not sent if the token had been ended before.
    pub async fn revoke_token_telling(
        &self,
        id: TokenId,
        owner: Option<UserId>,
        mails: Vec<Mail>,
        by: By,
        now: Timestamp,
    ) -> Result<Option<Revocation>, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let revoked = revoke_token(tx, id, owner, &by, now).await?;
                if revoked.is_some_and(|revocation| revocation.now) {
                    mails::enqueue(tx, &mails, now).await?;
                }
                Ok(revoked)
            })
        })
        .await
    }
}

/// The token of that number, as it is inside a transaction.
pub(crate) async fn token_in(tx: &mut Tx, id: TokenId) -> Result<Option<Token>, Fault> {
    let row: Option<TokenRow> = on_tx!(tx, c => sqlx::query_as(concat!(
        "SELECT ", token_columns!(), token_tables!(), "WHERE g.id = $1"))
        .bind(id.0).fetch_optional(c).await)?;
    Ok(row.map(Token::from))
}

async fn create_token(tx: &mut Tx, new: &NewToken, by: &By, now: Timestamp) -> Result<Token, NotMade> {
    // Whoever makes another token of this user waits here, so that what is counted next stays true.
    on_tx!(tx, c => sqlx::query("UPDATE users SET updated_at = updated_at WHERE id = $1")
        .bind(new.user.0).execute(c).await.map(drop))
    .map_err(Fault::from)?;
    let living: i64 = on_tx!(tx, c => sqlx::query_scalar(
        "SELECT count(*) FROM token_families f JOIN token_generations g ON g.family_id = f.id
         WHERE f.user_id = $1 AND g.ended_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $2)")
        .bind(new.user.0).bind(now.micros()).fetch_one(c).await)
    .map_err(Fault::from)?;
    if living >= new.limit {
        return Err(NotMade::TooMany(new.limit));
    }
    let family: i64 = on_tx!(tx, c => sqlx::query_scalar(
        "INSERT INTO token_families (handle, user_id, name, description, scopes, impersonation, made_via, made_by, created_at,
                                     name_folded)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id")
        .bind(&new.handle.0).bind(new.user.0).bind(&new.name).bind(new.description.as_deref())
        .bind(new.scopes.to_string()).bind(new.impersonation).bind(new.made_via.name())
        .bind(by.user.map(|user| user.0)).bind(now.micros()).bind(fold(&new.name))
        .fetch_one(c).await)
    .map_err(Fault::from)?;
    let id: i64 = on_tx!(tx, c => sqlx::query_scalar(
        "INSERT INTO token_generations (family_id, digest, created_at, updated_at, expires_at)
         VALUES ($1, $2, $3, $3, $4) RETURNING id")
        .bind(family).bind(&new.digest.0[..]).bind(now.micros())
        .bind(new.expiry.moment().map(Timestamp::micros))
        .fetch_one(c).await)
    .map_err(Fault::from)?;
    let details = json!({
        "handle": new.handle.0, "name": new.name, "user_id": new.user.0, "scopes": new.scopes.to_string(),
        "expires_at": new.expiry.to_string(), "made_via": new.made_via.name(),
    });
    audit::record(tx, by, now, Event { action: "token.create", subject: "token", subject_id: id, details }).await?;
    Ok(Token {
        id: TokenId(id),
        family: FamilyId(family),
        handle: new.handle.clone(),
        user: new.user,
        name: new.name.clone(),
        description: new.description.clone(),
        scopes: new.scopes.names().map(str::to_owned).collect(),
        impersonation: new.impersonation,
        created_at: now,
        updated_at: now,
        expiry: new.expiry,
        ended: None,
        last_used_at: None,
        addresses: Vec::new(),
    })
}

pub(crate) async fn revoke_token(
    tx: &mut Tx,
    id: TokenId,
    owner: Option<UserId>,
    by: &By,
    now: Timestamp,
) -> Result<Option<Revocation>, Fault> {
    let digest: Option<Vec<u8>> = on_tx!(tx, c => sqlx::query_scalar(
        "SELECT g.digest FROM token_generations g JOIN token_families f ON f.id = g.family_id
         WHERE g.id = $1 AND ($2 IS NULL OR (f.user_id = $2 AND NOT f.impersonation))")
        .bind(id.0).bind(owner.map(|user| user.0)).fetch_optional(c).await)?;
    let Some(digest) = digest.and_then(|bytes| bytes.try_into().ok()).map(TokenDigest) else { return Ok(None) };
    let changed = on_tx!(tx, c => sqlx::query(
        "UPDATE token_generations SET ended_at = $1, end_reason = $2, ended_by = $3, updated_at = $1
         WHERE id = $4 AND ended_at IS NULL")
        .bind(now.micros()).bind(EndReason::Revoked.name()).bind(by.user.map(|user| user.0)).bind(id.0)
        .execute(c).await.map(|done| done.rows_affected()))?;
    if changed > 0 {
        let event = Event { action: "token.revoke", subject: "token", subject_id: id.0, details: json!({}) };
        audit::record(tx, by, now, event).await?;
    }
    Ok(Some(Revocation { digest, now: changed > 0 }))
}
