//! Audit events: what happened, who did it and from where. Never a secret.

mod accept;
mod anchor;
mod chain;
mod check;
mod entry;
mod events;
mod keys;
mod waiting;

pub use anchor::Anchor;
pub use chain::{Break, Chained};
pub use check::Checked;
pub use events::{AuditEvent, AuditFilter};
pub(crate) use keys::AuditKeys;

use std::net::IpAddr;

use jeton_core::{id::UserId, time::Timestamp};
use serde_json::Value;

use self::entry::Entry;
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

/// Records the event, with its mark, in the transaction of the change itself.
pub(crate) async fn record(tx: &mut Tx, by: &By, now: Timestamp, event: Event) -> Result<(), Fault> {
    let entry = Entry {
        at: now.micros(),
        actor_id: by.user.map(|user| user.0),
        actor_via: by.means.name().to_owned(),
        address: by.address.map(|address| address.to_string()),
        client: by.client.clone(),
        request_id: by.request_id.clone(),
        action: event.action.to_owned(),
        subject: event.subject.to_owned(),
        subject_id: event.subject_id,
        details: event.details.to_string(),
    };
    let mark = tx.audit_keys.as_ref().ok_or(Fault::NoKey)?.mark(&entry);
    on_tx!(tx, c => sqlx::query(
        "INSERT INTO audit_events
            (at, actor_id, actor_via, address, request_id, action, subject, subject_id, details, client, mark)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(entry.at)
        .bind(entry.actor_id)
        .bind(entry.actor_via)
        .bind(entry.address)
        .bind(entry.request_id)
        .bind(entry.action)
        .bind(entry.subject)
        .bind(entry.subject_id)
        .bind(entry.details)
        .bind(entry.client)
        .bind(&mark[..])
        .execute(c).await.map(drop))
    .map_err(Fault::from)
}
