//! Custom attributes: what administrators note about users, for programs of their own.

use std::{collections::HashMap, fmt::Write as _};

use jeton_core::{id::UserId, time::Timestamp};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sqlx::QueryBuilder;

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::{on, on_tx},
};

/// One attribute of a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// What is noted.
    pub key: String,
    /// The note.
    pub value: String,
}

/// Attributes that a user must have to be found, all of them. Without any, everybody is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Attributes {
    digests: Vec<String>,
}

impl Attributes {
    /// These attributes.
    pub fn all_of<'a>(attributes: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut digests: Vec<_> = attributes.into_iter().map(|(key, value)| digest(key, value)).collect();
        digests.sort_unstable();
        digests.dedup();
        Self { digests }
    }

    /// The digests in one text, and how many they are; see the conditions of the list of users.
    pub(crate) fn sought(&self) -> (Option<String>, i64) {
        let count = i64::try_from(self.digests.len()).unwrap_or(i64::MAX);
        ((count > 0).then(|| self.digests.join(" ")), count)
    }
}

/// Stands for key and value together, in hexadecimal; there is no NUL in either.
fn digest(key: &str, value: &str) -> String {
    let digest = Sha256::new().chain_update(key).chain_update([0]).chain_update(value).finalize();
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Store {
    /// The attributes of these users, at most some thousands, each user's in the order of their keys.
    pub async fn custom_attributes(&self, users: &[UserId]) -> Result<HashMap<UserId, Vec<Attribute>>, Fault> {
        if users.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<(i64, String, String)> = on!(&self.db, c => {
            let mut text = QueryBuilder::new("SELECT user_id, key, value FROM custom_attributes WHERE user_id IN (");
            let mut numbers = text.separated(", ");
            for user in users {
                numbers.push_bind(user.0);
            }
            text.push(") ORDER BY key");
            text.build_query_as().persistent(false).fetch_all(c).await
        })?;
        let mut attributes: HashMap<UserId, Vec<Attribute>> = HashMap::new();
        for (user, key, value) in rows {
            attributes.entry(UserId(user)).or_default().push(Attribute { key, value });
        }
        Ok(attributes)
    }

    /// One attribute of a user.
    pub async fn custom_attribute(&self, user: UserId, key: &str) -> Result<Option<Attribute>, Fault> {
        let value: Option<String> = on!(&self.db, c => sqlx::query_scalar(
            "SELECT value FROM custom_attributes WHERE user_id = $1 AND key = $2")
            .bind(user.0).bind(key).fetch_optional(c).await)?;
        Ok(value.map(|value| Attribute { key: key.to_owned(), value }))
    }

    /// Sets an attribute of a user, whether or not it was set before.
    pub async fn set_custom_attribute(
        &self,
        user: UserId,
        attribute: Attribute,
        by: By,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let Attribute { key, value } = &attribute;
                on_tx!(tx, c => sqlx::query(
                    "INSERT INTO custom_attributes (user_id, key, value, digest, updated_at) VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (user_id, key) DO UPDATE SET value = excluded.value, digest = excluded.digest,
                         updated_at = excluded.updated_at")
                    .bind(user.0).bind(key).bind(value).bind(digest(key, value)).bind(now.micros())
                    .execute(c).await.map(drop))?;
                let details = json!({ "key": key, "value": value });
                let event = Event { action: "custom_attribute.set", subject: "user", subject_id: user.0, details };
                audit::record(tx, &by, now, event).await
            })
        })
        .await
    }

    /// Removes an attribute of a user. False if it was not set.
    pub async fn delete_custom_attribute(
        &self,
        user: UserId,
        key: String,
        by: By,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let gone = on_tx!(tx, c => sqlx::query("DELETE FROM custom_attributes WHERE user_id = $1 AND key = $2")
                    .bind(user.0).bind(&key).execute(c).await.map(|done| done.rows_affected()))?;
                if gone == 0 {
                    return Ok(false);
                }
                let details = json!({ "key": key });
                let event = Event { action: "custom_attribute.delete", subject: "user", subject_id: user.0, details };
                audit::record(tx, &by, now, event).await?;
                Ok(true)
            })
        })
        .await
    }
}
