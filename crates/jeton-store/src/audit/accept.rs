//! Taking the audit log as it is: what somebody does who knows why it is not what it was, after having put a backup back.

use std::sync::Arc;

use jeton_core::time::Timestamp;
use serde_json::json;

use super::{
    Anchor, By, Event,
    chain::{last_link, lock_end, write_end},
    record,
};
use crate::{Fault, Store};

impl Store {
    /// Takes the last event that is chained for the end of the chain, whatever was noted of it before, and records that.
    /// What is broken before it stays broken. Answers the anchor from which on the chain is to go.
    ///
    /// # Errors
    /// A [`Fault`].
    pub async fn accept_audit_end(&self, before: Option<&Anchor>, by: By, now: Timestamp) -> Result<Anchor, Fault> {
        let keys = self.audit_keys()?;
        let known = before.map(|anchor| anchor.position);
        self.write(move |tx| {
            Box::pin(async move {
                let keys = Arc::clone(&keys);
                lock_end(tx, &keys).await?;
                let end = last_link(tx).await?;
                write_end(tx, &keys, &end).await?;
                let details = json!({ "known": known });
                let event =
                    Event { action: "audit.accept_end", subject: "position", subject_id: end.position, details };
                record(tx, &by, now, event).await?;
                Ok(end)
            })
        })
        .await
    }
}
