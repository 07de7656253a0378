//! Audit events: what happened, who did it and from where. Never a secret.

mod chain;
mod events;

pub use chain::{Break, Checked};
pub use events::{AuditEvent, AuditFilter};

use std::net::IpAddr;

use jeton_core::{id::UserId, time::Timestamp};
use serde_json::Value;

use crate::{
    Fault,
    db::{Tx, on_tx},
};

/// By what means somebody made a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Means {
    /// A signed-in browser.
    Session,
    /// A token.
    Token,
    /// An account's password, over Git.
    Password,
    /// A passkey alone.
    Passkey,
    /// The command line on the server's own machine.
    CommandLine,
    /// A one-time link.
    Link,
    /// The server by itself.
    Server,
}

impl Means {
    /// The word that is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token => "token",
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::CommandLine => "command_line",
            Self::Link => "link",
            Self::Server => "server",
        }
    }
}

/// Who makes a change, as the audit log keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct By {
    /// The person, if one is known.
    pub user: Option<UserId>,
    /// By what means.
    pub means: Means,
    /// From which address.
    pub address: Option<IpAddr>,
    /// In which request.
    pub request_id: Option<String>,
    /// What the client calls itself.
    pub client: Option<String>,
}

impl By {
    /// A change that no request made.
    pub const fn local(means: Means) -> Self {
        Self { user: None, means, address: None, request_id: None, client: None }
    }
}

/// One thing that happened.
#[derive(Debug)]
pub(crate) struct Event {
    /// `token.create`, `user.block` …
    pub(crate) action: &'static str,
    /// What kind of thing it happened to.
    pub(crate) subject: &'static str,
    /// The number of that thing.
    pub(crate) subject_id: i64,
    /// What else is worth knowing; never a secret.
    pub(crate) details: Value,
}

/// Records the event in the transaction of the change itself.
pub(crate) async fn record(tx: &mut Tx, by: &By, now: Timestamp, event: Event) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query(
        "INSERT INTO audit_events
            (at, actor_id, actor_via, address, request_id, action, subject, subject_id, details, client)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(now.micros())
        .bind(by.user.map(|user| user.0))
        .bind(by.means.name())
        .bind(by.address.map(|address| address.to_string()))
        .bind(by.request_id.as_deref())
        .bind(event.action)
        .bind(event.subject)
        .bind(event.subject_id)
        .bind(event.details.to_string())
        .bind(by.client.as_deref())
        .execute(c).await.map(drop))
    .map_err(Fault::from)
}
