//! What a push changes in the record of its project.

use jeton_core::{git::BranchName, id::ProjectId, time::Timestamp};
use serde_json::json;

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::on_tx,
    events::{self, Deed},
};

impl Store {
    /// Notes a push: the project was active, and with `branch` its default branch is that one from now on. Of a project
    /// that is gone by now, nothing is noted.
    pub async fn record_push(
        &self,
        id: ProjectId,
        branch: Option<BranchName>,
        by: By,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let branch = branch.as_ref().map(BranchName::as_str);
                let noted: Option<i64> = on_tx!(tx, c => sqlx::query_scalar(
                    "UPDATE projects SET last_activity_at = $2, default_branch = COALESCE($3, default_branch)
                     WHERE id = $1 RETURNING id")
                    .bind(id.0).bind(now.micros()).bind(branch).fetch_optional(c).await)?;
                if noted.is_none() {
                    return Ok(());
                }
                let details = branch.map_or_else(|| json!({}), |branch| json!({ "default_branch": branch }));
                let event = Event { action: "project.push", subject: "project", subject_id: id.0, details };
                audit::record(tx, &by, now, event).await?;
                events::record(tx, by.user, id, Deed::Pushed, now).await
            })
        })
        .await
    }
}
