//! What belongs to a user, and what is known of its signing in.

use jeton_core::{id::UserId, project::Role};
use sqlx::FromRow;

use crate::{Fault, Slice, Store, db::on};

/// What somebody is a member of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Membership {
    /// The number of the project.
    pub source_id: i64,
    /// The project's name for people.
    pub source_name: String,
    /// As what.
    pub role: Role,
}

/// What administrators see of somebody's signing in.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct SignIns {
    /// How often.
    #[sqlx(rename = "sign_in_count")]
    pub count: i64,
    /// From where, the last time.
    #[sqlx(rename = "current_sign_in_ip")]
    pub current_address: Option<String>,
    /// From where, the time before.
    #[sqlx(rename = "last_sign_in_ip")]
    pub last_address: Option<String>,
}

impl Store {
    /// One slice of the projects that the user is a member of, the oldest first: those of the own namespace.
    pub async fn memberships(&self, user: UserId, slice: Slice) -> Result<Vec<Membership>, Fault> {
        let rows: Vec<(i64, String)> = on!(&self.db, c => sqlx::query_as(
            "SELECT p.id, p.name FROM projects p JOIN namespaces n ON n.id = p.namespace_id
             WHERE n.owner_id = $1 ORDER BY p.id LIMIT $2 OFFSET $3")
            .bind(user.0).bind(slice.limit).bind(slice.offset).fetch_all(c).await)?;
        let owned = |(source_id, source_name)| Membership { source_id, source_name, role: Role::Owner };
        Ok(rows.into_iter().map(owned).collect())
    }

    /// How many projects the user is a member of, counted up to `limit`.
    pub async fn count_memberships(&self, user: UserId, limit: i64) -> Result<i64, Fault> {
        on!(&self.db, c => sqlx::query_scalar(
            "SELECT count(*) FROM (SELECT 1 FROM projects p JOIN namespaces n ON n.id = p.namespace_id
                                   WHERE n.owner_id = $1 LIMIT $2) AS counted")
            .bind(user.0).bind(limit).fetch_one(c).await)
        .map_err(Fault::from)
    }

    /// What is known of the user's signing in; none if there is no such user.
    pub async fn sign_ins(&self, user: UserId) -> Result<Option<SignIns>, Fault> {
        on!(&self.db, c => sqlx::query_as(
            "SELECT sign_in_count, current_sign_in_ip, last_sign_in_ip FROM users WHERE id = $1")
            .bind(user.0).fetch_optional(c).await)
        .map_err(Fault::from)
    }
}
