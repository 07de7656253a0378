//! Checking the whole audit log, while servers may lengthen it.

use sqlx::FromRow;

use super::{
    Anchor, Break,
    chain::{BATCH, BEGINNING, End},
    entry::{Written, written_columns},
    keys::AuditKeys,
    waiting::{Judge, Waiting, waiting_events},
};
use crate::{Fault, Store, db::on};

/// What checking the audit log came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// Events that are chained.
    pub chained: i64,
    /// Events that are not chained yet.
    pub waiting: i64,
    /// What is broken first, and how; none if all is whole.
    pub broken: Option<Break>,
}

/// An event that is chained.
#[derive(FromRow)]
struct Link {
    #[sqlx(flatten)]
    event: Written,
    position: i64,
    chain: Option<Vec<u8>>,
}

/// How far the chain was followed.
struct Walk<'a> {
    keys: &'a AuditKeys,
    anchor: Option<&'a Anchor>,
    position: i64,
    chain: [u8; 32],
}

impl Walk<'_> {
    /// Goes one event on, if it is the right one.
    fn step(&mut self, link: &Link) -> Result<(), Break> {
        if link.position > self.position + 1 {
            return Err(Break::Removed { position: self.position + 1 });
        }
        let chain = self.keys.link(&self.chain, &link.event);
        if link.position <= self.position || link.chain.as_deref() != Some(&chain[..]) {
            return Err(Break::Changed { event: link.event.id });
        }
        (self.position, self.chain) = (link.position, chain);
        match self.anchor {
            Some(anchor) if anchor.position == self.position && anchor.chain != chain => {
                Err(Break::Replaced { position: self.position })
            }
            _ => Ok(()),
        }
    }

    /// Whether it has come to the end that the database notes, and to the anchor.
    fn arrive(&self, noted: Option<&End>) -> Result<(), Break> {
        let is_end = noted.map_or(self.position == 0, |end| {
            end.position == self.position && end.chain == self.chain && end.is_sealed(self.keys)
        });
        match self.anchor {
            _ if !is_end => Err(Break::CutOff { position: self.position }),
            Some(anchor) if anchor.position > self.position => {
                Err(Break::Behind { position: self.position, known: anchor.position })
            }
            _ => Ok(()),
        }
    }
}

impl Store {
    /// Checks the whole audit log. The anchor is to be read before.
    ///
    /// # Errors
    /// A [`Fault`]; a broken chain is none.
    pub async fn check_audit(&self, anchor: Option<&Anchor>) -> Result<Checked, Fault> {
        let keys = self.audit_keys()?;
        let waiting: i64 = on!(&self.db, c => sqlx::query_scalar(
            "SELECT count(*) FROM audit_events WHERE position IS NULL").fetch_one(c).await)?;
        let mut walk = Walk { keys: &keys, anchor, position: 0, chain: BEGINNING };
        let broken = match self.follow(&mut walk).await? {
            Err(broken) => Some(broken),
            Ok(()) => self.forged(Judge::new(&keys, anchor)).await?.map(|event| Break::Forged { event }),
        };
        Ok(Checked { chained: walk.position, waiting, broken })
    }

    async fn follow(&self, walk: &mut Walk<'_>) -> Result<Result<(), Break>, Fault> {
        if let Some(event) = self.doubled().await? {
            return Ok(Err(Break::Changed { event }));
        }
        // No event has a position below the first; one that somebody gave one is found too.
        let mut after = i64::MIN;
        loop {
            let links = self.links(after).await?;
            for link in &links {
                if let Err(broken) = walk.step(link) {
                    return Ok(Err(broken));
                }
            }
            if let Some(last) = links.last() {
                after = last.position;
                continue;
            }
            let noted: Option<End> = on!(&self.db, c => sqlx::query_as(
                "SELECT position, chain, seal FROM audit_chain_end WHERE only_one = 1").fetch_optional(c).await)?;
            // A server may have lengthened the chain since its end was found.
            if noted.as_ref().is_none_or(|end| end.position <= walk.position) || self.links(after).await?.is_empty() {
                return Ok(walk.arrive(noted.as_ref()));
            }
        }
    }

    async fn links(&self, after: i64) -> Result<Vec<Link>, Fault> {
        on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", written_columns!(), ", e.position, e.chain FROM audit_events e WHERE e.position > $1
             ORDER BY e.position LIMIT $2"))
            .bind(after).bind(BATCH).fetch_all(c).await)
        .map_err(Fault::from)
    }

    /// An event that has the position of another. The database allows none, as long as nobody takes its index away.
    async fn doubled(&self) -> Result<Option<i64>, Fault> {
        on!(&self.db, c => sqlx::query_scalar(
            "SELECT max(id) FROM audit_events WHERE position IS NOT NULL GROUP BY position HAVING count(*) > 1 LIMIT 1")
            .fetch_optional(c).await)
        .map_err(Fault::from)
    }

    /// The first event that waits and that Jeton did not write.
    async fn forged(&self, mut judge: Judge<'_>) -> Result<Option<i64>, Fault> {
        let mut after = i64::MIN;
        loop {
            let events: Vec<Waiting> = on!(&self.db, c => sqlx::query_as(waiting_events!())
                .bind(after).bind(BATCH).fetch_all(c).await)?;
            let Some(last) = events.last() else { return Ok(None) };
            after = last.event.id;
            if let Some(forged) = events.iter().find(|waiting| !judge.is_genuine(waiting)) {
                return Ok(Some(forged.event.id));
            }
        }
    }
}
