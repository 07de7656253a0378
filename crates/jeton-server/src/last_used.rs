//! When tokens were used last: stamped in memory, written behind the requests in batches.

use std::{collections::HashMap, net::IpAddr, sync::Mutex};

use jeton_core::{id::TokenId, time::Timestamp};
use jeton_store::{Fault, Store, tokens::Use};

/// Rows in one transaction. A token that is made meanwhile waits for one such batch at most.
const BATCH: usize = 1_000;
/// Parts of the memory that are locked apart from each other; a power of two.
const SHARDS: usize = 64;

/// Uses that are not written yet.
pub struct LastUsed {
    shards: [Mutex<HashMap<TokenId, Stamp>>; SHARDS],
    writing: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy)]
struct Stamp {
    at: Timestamp,
    address: Option<IpAddr>,
}

impl Default for LastUsed {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), writing: tokio::sync::Mutex::default() }
    }
}

impl LastUsed {
    /// Notes a use. Never waits for the database.
    pub fn stamp(&self, token: TokenId, at: Timestamp, address: Option<IpAddr>) {
        let shard = usize::try_from(token.0.unsigned_abs() % SHARDS as u64).unwrap_or_default();
        lock(&self.shards[shard]).insert(token, Stamp { at, address });
    }

    /// Writes what was noted so far. When the database fails, it is kept for the next time.
    pub async fn flush(&self, store: &Store) -> Result<(), Fault> {
        let _one_at_a_time = self.writing.lock().await;
        let mut noted = self.take();
        while !noted.is_empty() {
            let rest = noted.split_off(noted.len().min(BATCH));
            if let Err(fault) = store.record_uses(noted.clone()).await {
                self.put_back(noted);
                self.put_back(rest);
                return Err(fault);
            }
            noted = rest;
        }
        Ok(())
    }

    fn take(&self) -> Vec<Use> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let taken = std::mem::take(&mut *lock(shard));
            all.extend(taken.into_iter().map(|(token, Stamp { at, address })| Use { token, at, address }));
        }
        all
    }

    /// A newer use that was noted meanwhile stays.
    fn put_back(&self, uses: Vec<Use>) {
        for Use { token, at, address } in uses {
            let shard = usize::try_from(token.0.unsigned_abs() % SHARDS as u64).unwrap_or_default();
            lock(&self.shards[shard]).entry(token).or_insert(Stamp { at, address });
        }
    }
}

/// A panic while this lock is held can only be one of allocation, and leaves the map whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
