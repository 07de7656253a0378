//! Ending all tokens of somebody at once.

use jeton_core::{
    id::{TokenId, UserId},
    time::Timestamp,
    token::TokenDigest,
};

use super::revoke_token;
use crate::{
    By, Fault, Store,
    db::{Tx, on_tx},
};

impl Store {
    /// Ends every token that the user made or was given, for good; impersonation tokens are an administrator's business.
    /// Answers what must be forgotten.
    pub async fn revoke_all_tokens(&self, user: UserId, by: By, now: Timestamp) -> Result<Vec<TokenDigest>, Fault> {
        self.write(move |tx| Box::pin(async move { revoke_all(tx, user, &by, now).await })).await
    }
}

pub(crate) async fn revoke_all(tx: &mut Tx, user: UserId, by: &By, now: Timestamp) -> Result<Vec<TokenDigest>, Fault> {
    let ids: Vec<i64> = on_tx!(tx, c => sqlx::query_scalar(
        "SELECT g.id FROM token_generations g JOIN token_families f ON f.id = g.family_id
         WHERE f.user_id = $1 AND g.ended_at IS NULL AND NOT f.impersonation ORDER BY g.id")
        .bind(user.0).fetch_all(c).await)?;
    let mut forget = Vec::with_capacity(ids.len());
    for id in ids {
        let revoked = revoke_token(tx, TokenId(id), Some(user), by, now).await?;
        forget.extend(revoked.map(|revocation| revocation.digest));
    }
    Ok(forget)
}
