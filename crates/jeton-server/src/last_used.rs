//! When tokens were used last: stamped in memory, written behind the requests in batches. Whoever reads of tokens adds what
//! is not written yet, so that reading writes nothing.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use jeton_core::{id::TokenId, time::Timestamp};
use jeton_store::{
    Fault, Store,
    tokens::{Token, Use},
};
use tokio::sync::{RwLock, RwLockReadGuard};

/// Rows in one transaction. A token that is made meanwhile waits for one such batch at most.
const BATCH: usize = 1_000;
/// Parts of the memory that are locked apart from each other; a power of two.
const SHARDS: usize = 64;

/// Uses that are not written yet.
pub struct LastUsed {
    shards: [Mutex<HashMap<TokenId, Stamp>>; SHARDS],
    writing: RwLock<()>,
    failures: AtomicU64,
}

#[derive(Clone, Copy)]
struct Stamp {
    at: Timestamp,
    address: Option<IpAddr>,
}

impl Default for LastUsed {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            writing: RwLock::default(),
            failures: AtomicU64::default(),
        }
    }
}

impl LastUsed {
    /// Notes a use. Never waits for the database.
    pub fn stamp(&self, token: TokenId, at: Timestamp, address: Option<IpAddr>) {
        self.shard(token).insert(token, Stamp { at, address });
    }

    /// Waits until no uses are on their way into the database. While the result lives, what is not written yet stays in
    /// memory, so a token that is read meanwhile can be completed.
    pub async fn settled(&self) -> Settled<'_> {
        Settled { uses: self, _nothing_is_written: self.writing.read().await }
    }

    fn shard(&self, token: TokenId) -> std::sync::MutexGuard<'_, HashMap<TokenId, Stamp>> {
        let shard = usize::try_from(token.0.unsigned_abs() % SHARDS as u64).unwrap_or_default();
        lock(&self.shards[shard])
    }

    /// Writes what was noted so far. When the database fails, it is kept for the next time.
    pub async fn flush(&self, store: &Store) -> Result<(), Fault> {
        let _one_at_a_time = self.writing.write().await;
        let mut noted = self.take();
        while !noted.is_empty() {
            let rest = noted.split_off(noted.len().min(BATCH));
            if let Err(fault) = store.record_uses(noted.clone()).await {
                self.put_back(noted);
                self.put_back(rest);
                self.failures.fetch_add(1, Relaxed);
                return Err(fault);
            }
            noted = rest;
        }
        Ok(())
    }

    /// How many tokens have a use that is not written yet.
    pub fn backlog(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    /// How often writing has failed.
    pub fn failures(&self) -> u64 {
        self.failures.load(Relaxed)
    }

    fn take(&self) -> Vec<Use> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let mut shard = lock(shard);
            // About as many will come until the next time: growing step by step would be paid by the requests.
            let empty = HashMap::with_capacity(shard.len());
            let taken = std::mem::replace(&mut *shard, empty);
            drop(shard);
            all.extend(taken.into_iter().map(|(token, Stamp { at, address })| Use { token, at, address }));
        }
        all
    }

    /// A newer use that was noted meanwhile stays.
    fn put_back(&self, uses: Vec<Use>) {
        for Use { token, at, address } in uses {
            self.shard(token).entry(token).or_insert(Stamp { at, address });
        }
    }
}

/// See [`LastUsed::settled`].
pub struct Settled<'u> {
    uses: &'u LastUsed,
    _nothing_is_written: RwLockReadGuard<'u, ()>,
}

impl Settled<'_> {
    /// Adds the use that is not written yet, if there is one.
    pub fn complete(&self, token: &mut Token) {
        let noted = self.uses.shard(token.id).get(&token.id).copied();
        if let Some(Stamp { at, address }) = noted {
            token.note_use(at, address);
        }
    }
}

/// A panic while this lock is held can only be one of allocation, and leaves the map whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
