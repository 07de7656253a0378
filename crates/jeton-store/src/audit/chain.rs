//! The chain of audit events: whoever changes, removes or inserts one without the instance's key is found out.
//!
//! Events are chained behind the changes that they tell of, a moment later and many at a time: chained in the very
//! transaction, every change on the instance would have to wait for every other. Until then an event stands at the end,
//! not chained yet, and its mark alone tells that it is genuine. The order of the chain is the order in which events were
//! found, not that of their numbers: PostgreSQL gives numbers before it commits.
//!
//! Where the end of the chain is not what it must be, nothing is chained any more: events wait, with their marks, until
//! somebody has looked at it.

use std::sync::Arc;

use sqlx::{FromRow, QueryBuilder};

use super::{
    Anchor,
    keys::AuditKeys,
    waiting::{Judge, Waiting, waiting_events},
};
use crate::{
    Fault, Store,
    db::{Tx, on, on_tx},
};

/// Events that are chained or checked at a time.
pub(super) const BATCH: i64 = 500;
/// What the first event is chained to.
pub(super) const BEGINNING: [u8; 32] = [0; 32];

/// Where the audit log is broken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Break {
    /// The event of this number was changed, or put there.
    #[error("the event {event} was changed, or put there")]
    Changed {
        /// [`AuditEvent::id`](super::events::AuditEvent::id).
        event: i64,
    },
    /// An event was removed: the one that stood at this position.
    #[error("the event at position {position} was removed")]
    Removed {
        /// Counted from 1.
        position: i64,
    },
    /// Events were cut off at the end, or the note of where it is was changed.
    #[error("events after position {position} were cut off, or the note of where the chain ends was changed")]
    CutOff {
        /// Where the chain ends, as far as it can be told.
        position: i64,
    },
    /// The chain is shorter than the [`Anchor`] says.
    #[error(
        "the chain ends at position {position} and had come to {known} before: \
         an older database was put back, or events were cut off"
    )]
    Behind {
        /// Where it ends.
        position: i64,
        /// Where it had come to.
        known: i64,
    },
    /// The chain is another one than the [`Anchor`] says.
    #[error("the chain up to position {position} is another one than it was: another database was put there")]
    Replaced {
        /// Where the two are compared.
        position: i64,
    },
    /// An event that waits to be chained has no mark of its own that was made with the instance's key.
    #[error("the event {event} was put there, or changed before it was chained: Jeton did not write it")]
    Forged {
        /// [`AuditEvent::id`](super::events::AuditEvent::id).
        event: i64,
    },
}

/// What lengthening the chain came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Chained {
    /// Where the chain ends now; none if there was nothing to chain.
    pub end: Option<Anchor>,
    /// What was found broken meanwhile: a forged event is left out, and of anything else nothing was chained.
    pub broken: Option<Break>,
}

/// Where the chain ends, as the database notes it.
#[derive(FromRow)]
pub(super) struct End {
    pub(super) position: i64,
    pub(super) chain: Vec<u8>,
    pub(super) seal: Vec<u8>,
}

/// What one transaction did.
struct Batch {
    end: Anchor,
    /// The last event that was looked at; none if there was none left.
    last: Option<i64>,
    forged: Option<i64>,
}

/// Why a transaction did nothing.
enum NotChained {
    Broken(Break),
    Fault(Fault),
}

impl From<Fault> for NotChained {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl End {
    /// Whether somebody who has the key wrote it.
    pub(super) fn is_sealed(&self, keys: &AuditKeys) -> bool {
        keys.seal(END, self.position, &self.chain)[..] == self.seal[..]
    }
}

/// The purpose of the seal of an [`End`].
const END: &[u8] = b"end";

impl Store {
    /// Chains the events that are not chained yet, if the chain ends where it must, not before the anchor. As long as
    /// there is no anchor, events without marks are taken too: an older program wrote them.
    ///
    /// # Errors
    /// A [`Fault`]; a broken chain is none.
    pub async fn chain_audit(&self, anchor: Option<&Anchor>) -> Result<Chained, Fault> {
        let keys = self.audit_keys()?;
        let mut chained = Chained::default();
        // Mostly there is nothing to do, and then nothing shall be written.
        if !self.an_event_waits().await? {
            return Ok(chained);
        }
        let mut after = i64::MIN;
        loop {
            let (keys, anchor) = (Arc::clone(&keys), anchor.cloned());
            let batch = self.write(move |tx| Box::pin(async move { lengthen(tx, &keys, anchor, after).await })).await;
            let batch = match batch {
                Ok(batch) => batch,
                Err(NotChained::Broken(broken)) => return Ok(Chained { broken: Some(broken), ..chained }),
                Err(NotChained::Fault(fault)) => return Err(fault),
            };
            chained.end = Some(batch.end);
            chained.broken = chained.broken.or(batch.forged.map(|event| Break::Forged { event }));
            let Some(last) = batch.last else { return Ok(chained) };
            after = last;
        }
    }

    async fn an_event_waits(&self) -> Result<bool, Fault> {
        let waiting: Option<i64> = on!(&self.db, c => sqlx::query_scalar(
            "SELECT id FROM audit_events WHERE position IS NULL LIMIT 1").fetch_optional(c).await)?;
        Ok(waiting.is_some())
    }
}

/// Chains up to [`BATCH`] of the events of numbers above `after`.
async fn lengthen(tx: &mut Tx, keys: &AuditKeys, anchor: Option<Anchor>, after: i64) -> Result<Batch, NotChained> {
    let mut end = checked_end(tx, keys, anchor.as_ref()).await?;
    let waiting = waiting(tx, after).await?;
    let last = waiting.last().map(|waiting| waiting.event.id);
    let mut judge = Judge::new(keys, anchor.as_ref());
    let (mut links, mut forged) = (Vec::with_capacity(waiting.len()), None);
    for waiting in waiting {
        let event = &waiting.event;
        if !judge.is_genuine(&waiting) {
            forged = forged.or(Some(event.id));
            continue;
        }
        end = Anchor { position: end.position + 1, chain: keys.link(&end.chain, event) };
        links.push((event.id, end.position, end.chain.to_vec()));
    }
    if !links.is_empty() {
        write_links(tx, links).await?;
        write_end(tx, keys, &end).await?;
    }
    Ok(Batch { end, last, forged })
}

/// Where the chain ends, if that is where it must be.
async fn checked_end(tx: &mut Tx, keys: &AuditKeys, anchor: Option<&Anchor>) -> Result<Anchor, NotChained> {
    let noted = lock_end(tx, keys).await?;
    let end = last_link(tx).await?;
    if !noted.is_sealed(keys) || noted.position != end.position || noted.chain != end.chain {
        return Err(NotChained::Broken(Break::CutOff { position: end.position.min(noted.position) }));
    }
    let Some(anchor) = anchor else { return Ok(end) };
    if end.position < anchor.position {
        return Err(NotChained::Broken(Break::Behind { position: end.position, known: anchor.position }));
    }
    if link_at(tx, anchor.position).await? != Some(anchor.chain) {
        return Err(NotChained::Broken(Break::Replaced { position: anchor.position }));
    }
    Ok(end)
}

/// Where the database notes that the chain ends. Nobody else lengthens it until this transaction ends.
pub(super) async fn lock_end(tx: &mut Tx, keys: &AuditKeys) -> Result<End, Fault> {
    on_tx!(tx, c => sqlx::query(
        "INSERT INTO audit_chain_end (only_one, position, chain, seal) VALUES (1, 0, $1, $2)
         ON CONFLICT (only_one) DO UPDATE SET position = audit_chain_end.position")
        .bind(&BEGINNING[..]).bind(&keys.seal(END, 0, &BEGINNING)[..]).execute(c).await.map(drop))?;
    on_tx!(tx, c => sqlx::query_as("SELECT position, chain, seal FROM audit_chain_end WHERE only_one = 1").fetch_one(c).await)
        .map_err(Fault::from)
}

/// The last event that is chained, and otherwise the beginning.
pub(super) async fn last_link(tx: &mut Tx) -> Result<Anchor, Fault> {
    let last: Option<(i64, Vec<u8>)> = on_tx!(tx, c => sqlx::query_as(
        "SELECT position, chain FROM audit_events WHERE position > 0 AND chain IS NOT NULL
         ORDER BY position DESC LIMIT 1").fetch_optional(c).await)?;
    let (position, chain) = last.unwrap_or((0, BEGINNING.to_vec()));
    Ok(Anchor { position, chain: chain.try_into().unwrap_or(BEGINNING) })
}

async fn link_at(tx: &mut Tx, position: i64) -> Result<Option<[u8; 32]>, Fault> {
    if position == 0 {
        return Ok(Some(BEGINNING));
    }
    let chain: Option<Vec<u8>> = on_tx!(tx, c => sqlx::query_scalar(
        "SELECT chain FROM audit_events WHERE position = $1 AND chain IS NOT NULL")
        .bind(position).fetch_optional(c).await)?;
    Ok(chain.and_then(|chain| chain.try_into().ok()))
}

async fn waiting(tx: &mut Tx, after: i64) -> Result<Vec<Waiting>, Fault> {
    on_tx!(tx, c => sqlx::query_as(waiting_events!()).bind(after).bind(BATCH).fetch_all(c).await).map_err(Fault::from)
}

async fn write_links(tx: &mut Tx, links: Vec<(i64, i64, Vec<u8>)>) -> Result<(), Fault> {
    on_tx!(tx, c => {
        let mut text = QueryBuilder::new("WITH link (id, position, chain) AS (");
        text.push_values(links, |mut row, (id, position, chain)| {
            row.push_bind(id).push_bind(position).push_bind(chain);
        });
        text.push(
            ") UPDATE audit_events SET position = link.position, chain = link.chain FROM link
               WHERE audit_events.id = link.id",
        );
        text.build().persistent(false).execute(c).await.map(drop)
    })
    .map_err(Fault::from)
}

/// Notes where the chain ends.
pub(super) async fn write_end(tx: &mut Tx, keys: &AuditKeys, end: &Anchor) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query("UPDATE audit_chain_end SET position = $1, chain = $2, seal = $3 WHERE only_one = 1")
        .bind(end.position).bind(&end.chain[..]).bind(&keys.seal(END, end.position, &end.chain)[..])
        .execute(c).await.map(drop))
    .map_err(Fault::from)
}
