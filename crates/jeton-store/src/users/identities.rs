//! Who users are to other identity providers.

use jeton_core::{id::UserId, time::Timestamp, user::Identity};
use serde_json::json;

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::{Tx, on_tx},
};

/// Why an identity was not set.
#[derive(Debug, thiserror::Error)]
pub enum NotSet {
    /// It is somebody else's.
    #[error("has already been taken")]
    Taken,
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Reads the column `identities` of a user, in which control characters stand between the parts: no name has any.
pub(super) fn identities_in(text: &str) -> Vec<Identity> {
    let identity = |(provider, extern_uid): (&str, &str)| Identity {
        provider: provider.to_owned(),
        extern_uid: extern_uid.to_owned(),
    };
    text.split('\u{1e}').filter_map(|one| one.split_once('\u{1f}').map(identity)).collect()
}

impl Store {
    /// Sets who a user is to a provider, in the place of what was set before.
    pub async fn set_identity(&self, user: UserId, identity: Identity, by: By, now: Timestamp) -> Result<(), NotSet> {
        self.write(move |tx| Box::pin(async move { set(tx, user, &identity, &by, now).await })).await
    }

    /// Removes who a user is to a provider. False if nothing is known of that.
    pub async fn delete_identity(&self, user: UserId, provider: String, by: By, now: Timestamp) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let gone = on_tx!(tx, c => sqlx::query("DELETE FROM identities WHERE user_id = $1 AND provider = $2")
                    .bind(user.0).bind(&provider).execute(c).await.map(|done| done.rows_affected()))?;
                if gone == 0 {
                    return Ok(false);
                }
                let details = json!({ "provider": provider });
                let event = Event { action: "identity.delete", subject: "user", subject_id: user.0, details };
                audit::record(tx, &by, now, event).await?;
                Ok(true)
            })
        })
        .await
    }
}

/// See [`Store::set_identity`].
pub(crate) async fn set(tx: &mut Tx, user: UserId, identity: &Identity, by: &By, now: Timestamp) -> Result<(), NotSet> {
    on_tx!(tx, c => sqlx::query("DELETE FROM identities WHERE user_id = $1 AND provider = $2")
        .bind(user.0).bind(&identity.provider).execute(c).await.map(drop))
    .map_err(Fault::from)?;
    let set = on_tx!(tx, c => sqlx::query(
        "INSERT INTO identities (user_id, provider, extern_uid, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (provider, extern_uid) DO NOTHING")
        .bind(user.0).bind(&identity.provider).bind(&identity.extern_uid).bind(now.micros())
        .execute(c).await.map(|done| done.rows_affected()))
    .map_err(Fault::from)?;
    if set == 0 {
        return Err(NotSet::Taken);
    }
    let details = json!({ "provider": identity.provider, "extern_uid": identity.extern_uid });
    audit::record(tx, by, now, Event { action: "identity.set", subject: "user", subject_id: user.0, details })
        .await
        .map_err(NotSet::from)
}
