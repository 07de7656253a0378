//! Facts about the instance as a whole.

use crate::{
    Fault, Store,
    db::{on, on_writer},
};

/// Names the fact.
const DIGEST_KEY_ID: &str = "token_digest_key_id";

impl Store {
    /// The fact of that name, if it is known.
    async fn fact(&self, name: &str) -> Result<Option<String>, Fault> {
        on!(&self.db, c => sqlx::query_scalar("SELECT value FROM instance_facts WHERE name = $1")
            .bind(name).fetch_optional(c).await)
        .map_err(Fault::from)
    }

    /// The id of the key under which tokens are digested, once one is settled.
    pub async fn digest_key_id(&self) -> Result<Option<String>, Fault> {
        self.fact(DIGEST_KEY_ID).await
    }

    /// Remembers the id of the key under which tokens are digested, unless one is known already; answers the known one.
    /// A node whose key has another id must not serve: it would recognise no token.
    pub async fn settle_digest_key(&self, id: &str) -> Result<String, Fault> {
        on_writer!(&self.db, c => sqlx::query(
            "INSERT INTO instance_facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(DIGEST_KEY_ID).bind(id).execute(c).await.map(drop))?;
        Ok(self.fact(DIGEST_KEY_ID).await?.unwrap_or_else(|| id.to_owned()))
    }
}
