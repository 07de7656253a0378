//! Facts about the instance as a whole.

use crate::{
    Fault, Store,
    db::{on, on_writer},
};

impl Store {
    /// The fact of that name, if it is known.
    async fn fact(&self, name: &str) -> Result<Option<String>, Fault> {
        on!(&self.db, c => sqlx::query_scalar("SELECT value FROM instance_facts WHERE name = $1")
            .bind(name).fetch_optional(c).await)
        .map_err(Fault::from)
    }

    /// Remembers the id of the key under which tokens are digested, unless one is known already; answers the known one.
    /// A node whose key has another id must not serve: it would recognise no token.
    pub async fn settle_digest_key(&self, id: &str) -> Result<String, Fault> {
        const NAME: &str = "token_digest_key_id";
        on_writer!(&self.db, c => sqlx::query(
            "INSERT INTO instance_facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(NAME).bind(id).execute(c).await.map(drop))?;
        Ok(self.fact(NAME).await?.unwrap_or_else(|| id.to_owned()))
    }
}
