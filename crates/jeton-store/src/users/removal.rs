//! Deleting users.

use jeton_core::{
    id::{ProjectId, UserId},
    time::Timestamp,
    user::{Email, UserKind, Username},
};
use serde_json::json;

use super::{NewUser, NotMade, create::create_user};
use crate::{
    By, Fault, Means, Store,
    audit::{self, Event},
    db::{Tx, on_tx},
};

/// What becomes of what a deleted user did in places of others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contributions {
    /// They fall to the ghost.
    Kept,
    /// They are nobody's.
    Removed,
}

/// A user that was deleted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deleted {
    /// Projects that went with it; their repositories are for the caller to remove.
    pub projects: Vec<ProjectId>,
}

impl Store {
    /// Deletes a user with its tokens, its sessions, its own namespace and the projects in it. None if there is no such
    /// user. What it did in places of others falls to the ghost, or is nobody's.
    pub async fn delete_user(
        &self,
        id: UserId,
        contributions: Contributions,
        by: By,
        now: Timestamp,
    ) -> Result<Option<Deleted>, Fault> {
        self.write(move |tx| Box::pin(async move { delete_user(tx, id, contributions, &by, now).await })).await
    }
}

async fn delete_user(
    tx: &mut Tx,
    id: UserId,
    contributions: Contributions,
    by: &By,
    now: Timestamp,
) -> Result<Option<Deleted>, Fault> {
    // Whoever makes a project or a token for this user at the same time waits here, or has done it before.
    let username: Option<String> = on_tx!(tx, c => sqlx::query_scalar(
        "UPDATE users SET updated_at = $1 WHERE id = $2 RETURNING username")
        .bind(now.micros()).bind(id.0).fetch_optional(c).await)?;
    let Some(username) = username else { return Ok(None) };
    on_tx!(tx, c => sqlx::query("UPDATE namespaces SET name = name WHERE owner_id = $1")
        .bind(id.0).execute(c).await.map(drop))?;
    let projects: Vec<(i64, String)> = on_tx!(tx, c => sqlx::query_as(
        "DELETE FROM projects WHERE namespace_id IN (SELECT id FROM namespaces WHERE owner_id = $1) RETURNING id, path")
        .bind(id.0).fetch_all(c).await)?;
    for (project, path) in &projects {
        let details = json!({ "path": path });
        let event = Event { action: "project.delete", subject: "project", subject_id: *project, details };
        audit::record(tx, by, now, event).await?;
    }
    if contributions == Contributions::Kept {
        give_to_ghost(tx, id, by, now).await?;
    }
    on_tx!(tx, c => sqlx::query("DELETE FROM users WHERE id = $1").bind(id.0).execute(c).await.map(drop))?;
    let details = json!({ "username": username, "hard": contributions == Contributions::Removed });
    audit::record(tx, by, now, Event { action: "user.delete", subject: "user", subject_id: id.0, details }).await?;
    Ok(Some(Deleted { projects: projects.into_iter().map(|(id, _)| ProjectId(id)).collect() }))
}

/// Makes the ghost the creator of what the user made in places of others.
async fn give_to_ghost(tx: &mut Tx, user: UserId, by: &By, now: Timestamp) -> Result<(), Fault> {
    let made: Option<i64> = on_tx!(tx, c => sqlx::query_scalar("SELECT id FROM projects WHERE creator_id = $1 LIMIT 1")
        .bind(user.0).fetch_optional(c).await)?;
    if made.is_none() {
        return Ok(());
    }
    let ghost = ghost(tx, now).await?;
    on_tx!(tx, c => sqlx::query("UPDATE projects SET creator_id = $1 WHERE creator_id = $2")
        .bind(ghost.0).bind(user.0).execute(c).await.map(drop))?;
    let details = json!({ "from": user.0 });
    audit::record(tx, by, now, Event { action: "user.inherit", subject: "user", subject_id: ghost.0, details }).await
}

/// The ghost; made when it is needed for the first time, under the first name of its that is free.
async fn ghost(tx: &mut Tx, now: Timestamp) -> Result<UserId, Fault> {
    let known: Option<i64> = on_tx!(tx, c => sqlx::query_scalar("SELECT id FROM users WHERE kind = $1 ORDER BY id LIMIT 1")
        .bind(UserKind::Ghost.name()).fetch_optional(c).await)?;
    if let Some(id) = known {
        return Ok(UserId(id));
    }
    for number in 0..=1_000 {
        let name = if number == 0 { "ghost".to_owned() } else { format!("ghost{number}") };
        let (Ok(username), Ok(email)) = (Username::parse(&name), Email::parse(&format!("{name}@example.com"))) else {
            continue;
        };
        let new = NewUser::plain(username, "Ghost User".to_owned(), email, 0);
        match create_user(tx, &new, UserKind::Ghost, &By::local(Means::Server), now).await {
            Ok(ghost) => return Ok(ghost.id),
            Err(NotMade::UsernameTaken | NotMade::EmailTaken) => {}
            Err(NotMade::IdentityTaken) => break,
            Err(NotMade::Fault(fault)) => return Err(fault),
        }
    }
    Err(sqlx::Error::RowNotFound.into())
}
