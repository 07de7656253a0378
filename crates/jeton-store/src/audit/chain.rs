//! The chain of audit events: whoever changes, removes or inserts one without the instance's key is found out.
//!
//! Events are chained behind the changes that they tell of, a moment later and many at a time: chained in the very
//! transaction, every change on the instance would have to wait for every other. Until then an event stands at the end,
//! not chained yet. The order of the chain is the order in which events were found, not that of their numbers:
//! PostgreSQL gives numbers before it commits.

use jeton_core::token::DigestKey;
use sqlx::{FromRow, QueryBuilder};

use crate::{
    Fault, Store,
    db::{Tx, on, on_tx},
};

/// Events that are chained or checked at a time.
const BATCH: i64 = 500;
/// What the first event is chained to.
const BEGINNING: [u8; 32] = [0; 32];

/// The columns of an [`EventRow`].
macro_rules! event_columns {
    () => {
        "id, at, actor_id, actor_via, address, client, request_id, action, subject, subject_id, details"
    };
}

/// An event with everything that the chain covers.
#[derive(FromRow)]
struct EventRow {
    id: i64,
    at: i64,
    actor_id: Option<i64>,
    actor_via: String,
    address: Option<String>,
    client: Option<String>,
    request_id: Option<String>,
    action: String,
    subject: String,
    subject_id: i64,
    details: String,
}

#[derive(FromRow)]
struct LinkRow {
    #[sqlx(flatten)]
    event: EventRow,
    position: i64,
    chain: Vec<u8>,
}

/// What checking the chain came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// Events that are chained.
    pub chained: i64,
    /// Events that are not chained yet.
    pub waiting: i64,
    /// Where the chain is broken for the first time, and how; none if it is whole.
    pub broken: Option<Break>,
}

/// Where the chain is broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Break {
    /// The event of this number was changed, or put there.
    Changed {
        /// [`AuditEvent::id`](super::events::AuditEvent::id).
        event: i64,
    },
    /// An event was removed: the one that stood at this position.
    Removed {
        /// Counted from 1.
        position: i64,
    },
    /// Events were cut off at the end, or the note of where it is was changed.
    CutOff,
}

impl EventRow {
    /// The HMAC over everything before this event, and it.
    fn chained_to(&self, before: &[u8], key: &DigestKey) -> [u8; 32] {
        let fields = (
            self.id,
            self.at,
            self.actor_id,
            &self.actor_via,
            &self.address,
            &self.client,
            &self.request_id,
            &self.action,
            &self.subject,
            self.subject_id,
            &self.details,
        );
        // Numbers and texts always serialise, and JSON says where each of them ends.
        let event = serde_json::to_vec(&fields).unwrap_or_default();
        key.digest(&[before, &event].concat()).0
    }
}

/// Where the chain ends.
#[derive(FromRow)]
struct EndRow {
    position: i64,
    chain: Vec<u8>,
    seal: Vec<u8>,
}

fn seal(position: i64, chain: &[u8], key: &DigestKey) -> [u8; 32] {
    key.digest(&[b"end", &position.to_be_bytes()[..], chain].concat()).0
}

impl Store {
    /// Chains events that are not chained yet, some at a time; answers how many they were.
    pub async fn chain_audit(&self, key: &DigestKey) -> Result<usize, Fault> {
        // Mostly there is nothing to do, and then nothing shall be written.
        let waiting: Option<i64> = on!(&self.db, c => sqlx::query_scalar(
            "SELECT id FROM audit_events WHERE position IS NULL LIMIT 1").fetch_optional(c).await)?;
        if waiting.is_none() {
            return Ok(0);
        }
        let key = key.clone();
        self.write(move |tx| Box::pin(async move { chain(tx, &key).await })).await
    }

    /// Checks the whole chain.
    pub async fn check_audit(&self, key: &DigestKey) -> Result<Checked, Fault> {
        let waiting: i64 = on!(&self.db, c => sqlx::query_scalar(
            "SELECT count(*) FROM audit_events WHERE position IS NULL").fetch_one(c).await)?;
        let end: Option<EndRow> = on!(&self.db, c => sqlx::query_as(
            "SELECT position, chain, seal FROM audit_chain_end").fetch_optional(c).await)?;
        let (mut position, mut before) = (0, BEGINNING.to_vec());
        loop {
            let links = self.links(position).await?;
            if links.is_empty() {
                break;
            }
            for link in links {
                let broken = if link.position != position + 1 {
                    Some(Break::Removed { position: position + 1 })
                } else if link.event.chained_to(&before, key)[..] == link.chain[..] {
                    None
                } else {
                    Some(Break::Changed { event: link.event.id })
                };
                if broken.is_some() {
                    return Ok(Checked { chained: position, waiting, broken });
                }
                (position, before) = (link.position, link.chain);
            }
        }
        let whole = end.map_or(position == 0, |end| {
            end.position == position && end.chain == before && seal(position, &before, key)[..] == end.seal[..]
        });
        Ok(Checked { chained: position, waiting, broken: (!whole).then_some(Break::CutOff) })
    }

    async fn links(&self, after: i64) -> Result<Vec<LinkRow>, Fault> {
        on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", event_columns!(), ", position, chain FROM audit_events WHERE position > $1
             ORDER BY position LIMIT $2"))
            .bind(after).bind(BATCH).fetch_all(c).await)
        .map_err(Fault::from)
    }
}

async fn chain(tx: &mut Tx, key: &DigestKey) -> Result<usize, Fault> {
    let (mut position, mut before) = end_of_chain(tx, key).await?;
    let events: Vec<EventRow> = on_tx!(tx, c => sqlx::query_as(concat!(
        "SELECT ", event_columns!(), " FROM audit_events WHERE position IS NULL ORDER BY id LIMIT $1"))
        .bind(BATCH).fetch_all(c).await)?;
    if events.is_empty() {
        return Ok(0);
    }
    let mut links = Vec::with_capacity(events.len());
    for event in events {
        position += 1;
        before = event.chained_to(&before, key).to_vec();
        links.push((event.id, position, before.clone()));
    }
    let chained = links.len();
    write_links(tx, links).await?;
    on_tx!(tx, c => sqlx::query("UPDATE audit_chain_end SET position = $1, chain = $2, seal = $3")
        .bind(position).bind(&before).bind(&seal(position, &before, key)[..])
        .execute(c).await.map(drop))?;
    Ok(chained)
}

/// Where the chain ends, and nobody else lengthens it until this transaction ends.
async fn end_of_chain(tx: &mut Tx, key: &DigestKey) -> Result<(i64, Vec<u8>), Fault> {
    on_tx!(tx, c => sqlx::query(
        "INSERT INTO audit_chain_end (only_one, position, chain, seal) VALUES (1, 0, $1, $2)
         ON CONFLICT (only_one) DO UPDATE SET position = audit_chain_end.position")
        .bind(&BEGINNING[..]).bind(&seal(0, &BEGINNING, key)[..]).execute(c).await.map(drop))?;
    on_tx!(tx, c => sqlx::query_as("SELECT position, chain FROM audit_chain_end").fetch_one(c).await)
        .map_err(Fault::from)
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
