//! Wrong guesses, counted for all nodes together. The rules are those of [`jeton_core::lockout`].

use jeton_core::{
    id::{DeviceId, UserId},
    lockout::{self, Kind, Record},
    time::Timestamp,
};
use serde_json::json;

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::{Tx, on, on_tx, on_writer},
};

/// What attempts are counted under: a kind, and which one of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Subject {
    /// The kind.
    pub kind: Kind,
    /// Which one: a digest, a network or a number.
    pub name: String,
}

impl Subject {
    /// The second factors of that user. What is tried in a browser in which they signed in before is counted apart.
    pub fn codes(user: UserId, browser: Option<DeviceId>) -> Self {
        let browser = browser.map(|browser| format!(" {browser}")).unwrap_or_default();
        Self { kind: Kind::Factor, name: format!("code {user}{browser}") }
    }
}

/// An attempt that was counted as wrong before it was judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Charge {
    /// Under what.
    pub subject: Subject,
    /// What is remembered since.
    pub record: Record,
}

/// What came of an attempt to charge.
#[derive(Debug)]
enum NotCharged {
    /// Seconds to wait.
    Held(i64),
    Fault(Fault),
}

impl From<Fault> for NotCharged {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<sqlx::Error> for NotCharged {
    fn from(error: sqlx::Error) -> Self {
        Self::Fault(error.into())
    }
}

/// What came of an attempt that was charged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It was right: what counts the account's own places starts anew, what counts strangers gets its charge back.
    Right,
    /// It was not judged at all: everything gets its charge back.
    Unjudged,
}

impl Store {
    /// Seconds that an attempt under these subjects has to wait; none if it would be judged. Writes nothing.
    pub async fn wait_for(&self, subjects: &[Subject], now: Timestamp) -> Result<Option<i64>, Fault> {
        let mut longest = None;
        for subject in subjects {
            let row: Option<(i64, i64)> = on!(&self.db, c => sqlx::query_as(
                "SELECT failures, held_until FROM throttles WHERE kind = $1 AND subject = $2")
                .bind(subject.kind.name()).bind(&subject.name).fetch_optional(c).await)?;
            longest = longest.max(row.and_then(|row| record(row).wait(subject.kind, now)));
        }
        Ok(longest)
    }

    /// Counts an attempt as wrong under all subjects, before it is judged. If one of them is held, nothing is counted
    /// and the answer is how many seconds it has to wait.
    pub async fn charge(&self, mut subjects: Vec<Subject>, now: Timestamp) -> Result<Result<Vec<Charge>, i64>, Fault> {
        // Everybody locks in the same order.
        subjects.sort();
        let work = self.write(move |tx| {
            Box::pin(async move {
                let mut charges = Vec::with_capacity(subjects.len());
                for subject in subjects {
                    let before = locked(tx, &subject).await?;
                    let record = lockout::charge(subject.kind, before, now).map_err(NotCharged::Held)?;
                    keep(tx, &subject, record).await?;
                    charges.push(Charge { subject, record });
                }
                Ok(charges)
            })
        });
        match work.await {
            Ok(charges) => Ok(Ok(charges)),
            Err(NotCharged::Held(wait)) => Ok(Err(wait)),
            Err(NotCharged::Fault(fault)) => Err(fault),
        }
    }

    /// Settles an attempt that was not wrong.
    pub async fn settle(&self, charges: Vec<Charge>, outcome: Outcome, now: Timestamp) -> Result<(), Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                for charge in charges {
                    let Some(present) = locked(tx, &charge.subject).await? else { continue };
                    let back = lockout::refund(charge.record, present, now);
                    let strangers = matches!(charge.subject.kind, Kind::Login | Kind::Network);
                    if back.failures == 0 || (outcome == Outcome::Right && !strangers) {
                        forget(tx, &charge.subject).await?;
                    } else {
                        keep(tx, &charge.subject, back).await?;
                    }
                }
                Ok(())
            })
        })
        .await
    }

    /// Records that somebody was refused who tried to sign in as that user, or as nobody who exists. What they typed
    /// is not kept: people type passwords where names belong.
    pub async fn record_refusal(
        &self,
        user: Option<UserId>,
        reason: &'static str,
        by: By,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let details = json!({ "reason": reason });
                let subject_id = user.map_or(0, |user| user.0);
                let event = Event { action: "session.refused", subject: "user", subject_id, details };
                audit::record(tx, &by, now, event).await
            })
        })
        .await
    }

    /// Clears away what counts no more. Answers how many records that were.
    pub async fn forget_throttles(&self, now: Timestamp) -> Result<u64, Fault> {
        let mut gone = 0;
        for kind in Kind::ALL {
            gone += on_writer!(&self.db, c => sqlx::query("DELETE FROM throttles WHERE kind = $1 AND held_until <= $2")
                .bind(kind.name()).bind(lockout::forgotten(kind, now).micros())
                .execute(c).await.map(|done| done.rows_affected()))?;
        }
        Ok(gone)
    }
}

fn record((failures, held_until): (i64, i64)) -> Record {
    Record { failures, held_until: Timestamp::from_micros(held_until) }
}

/// What is remembered of a subject, none if nothing is; nobody else changes it until the transaction ends.
async fn locked(tx: &mut Tx, subject: &Subject) -> Result<Option<Record>, Fault> {
    // An update that changes nothing locks the row on PostgreSQL; SQLite's transactions have the only lock already.
    let row: (i64, i64) = on_tx!(tx, c => sqlx::query_as(
        "INSERT INTO throttles (kind, subject, failures, held_until) VALUES ($1, $2, 0, 0)
         ON CONFLICT (kind, subject) DO UPDATE SET failures = throttles.failures
         RETURNING failures, held_until")
        .bind(subject.kind.name()).bind(&subject.name).fetch_one(c).await)?;
    Ok(Some(record(row)).filter(|record| record.failures > 0))
}

async fn keep(tx: &mut Tx, subject: &Subject, record: Record) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query("UPDATE throttles SET failures = $3, held_until = $4 WHERE kind = $1 AND subject = $2")
        .bind(subject.kind.name()).bind(&subject.name).bind(record.failures).bind(record.held_until.micros())
        .execute(c).await.map(drop))
    .map_err(Fault::from)
}

async fn forget(tx: &mut Tx, subject: &Subject) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query("DELETE FROM throttles WHERE kind = $1 AND subject = $2")
        .bind(subject.kind.name()).bind(&subject.name).execute(c).await.map(drop))
    .map_err(Fault::from)
}

/// Forgets the wrong codes of that user, in every browser: the factors that they were tried at are gone.
pub(crate) async fn forget_codes(tx: &mut Tx, user: UserId) -> Result<(), Fault> {
    let everywhere = Subject::codes(user, None);
    on_tx!(tx, c => sqlx::query("DELETE FROM throttles WHERE kind = $1 AND (subject = $2 OR subject LIKE $3)")
        .bind(everywhere.kind.name()).bind(&everywhere.name).bind(format!("{} %", everywhere.name))
        .execute(c).await.map(drop))
    .map_err(Fault::from)
}
