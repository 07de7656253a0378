//! What administrators decided while the instance runs. Only what was changed is kept; the rest are defaults.

use jeton_core::{
    policy::{Policy, Value},
    time::Timestamp,
};
use serde_json::{Value as Json, json};

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    confirmation,
    db::{on, on_tx},
};

impl Store {
    /// The policy: `usual`, with what was decided. What a newer program wrote and this one does not understand counts as
    /// not decided.
    pub async fn policy(&self, usual: Policy) -> Result<Policy, Fault> {
        let rows: Vec<(String, String)> = on!(&self.db, c =>
            sqlx::query_as("SELECT name, value FROM policy_settings").fetch_all(c).await)?;
        let mut policy = usual;
        for (name, text) in rows {
            if let Some(value) = read(&text)
                && let Err(unfit) = policy.set(&name, value)
            {
                tracing::warn!(name, %unfit, "a setting in the database is passed over");
            }
        }
        Ok(policy)
    }

    /// Decides settings. Each must fit its row: see [`Policy::set`].
    ///
    /// # Errors
    /// [`Fault`] when the database fails.
    pub async fn change_policy(
        &self,
        changes: Vec<(&'static str, Value)>,
        by: By,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let mut details = serde_json::Map::new();
                for (name, value) in &changes {
                    let text = written(value);
                    let before: Option<String> = on_tx!(tx, c => sqlx::query_scalar(
                        "SELECT value FROM policy_settings WHERE name = $1").bind(*name).fetch_optional(c).await)?;
                    on_tx!(tx, c => sqlx::query(
                        "INSERT INTO policy_settings (name, value) VALUES ($1, $2)
                         ON CONFLICT (name) DO UPDATE SET value = excluded.value")
                        .bind(*name).bind(text.to_string()).execute(c).await.map(drop))?;
                    let before = before.and_then(|text| serde_json::from_str::<Json>(&text).ok());
                    if (*name, value) == ("email_confirmation_setting", &Value::Text("off".to_owned())) {
                        confirmation::let_everybody_in(tx, now).await?;
                    }
                    details.insert((*name).to_owned(), json!({ "before": before, "after": text }));
                }
                if changes.contains(&("require_two_factor_authentication", Value::Boolean(false))) {
                    // When the rule comes back, so does everybody's time of grace.
                    on_tx!(tx, c => sqlx::query(
                        "UPDATE users SET two_factor_asked_at = NULL WHERE two_factor_asked_at IS NOT NULL")
                        .execute(c).await.map(drop))?;
                }
                let event =
                    Event { action: "policy.change", subject: "instance", subject_id: 0, details: details.into() };
                audit::record(tx, &by, now, event).await
            })
        })
        .await
    }
}

fn written(value: &Value) -> Json {
    match value {
        Value::Nothing => Json::Null,
        Value::Boolean(truth) => json!(truth),
        Value::Number(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Words(words) => json!(words),
    }
}

fn read(text: &str) -> Option<Value> {
    Some(match serde_json::from_str(text).ok()? {
        Json::Null => Value::Nothing,
        Json::Bool(truth) => Value::Boolean(truth),
        Json::Number(number) => Value::Number(number.as_i64()?),
        Json::String(text) => Value::Text(text),
        Json::Array(words) => {
            Value::Words(words.into_iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<_>>()?)
        }
        Json::Object(_) => return None,
    })
}
