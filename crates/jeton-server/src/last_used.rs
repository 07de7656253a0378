//! When tokens were used last: stamped in memory, written behind the requests in batches. Whoever reads of tokens adds what
//! is not written yet, so that reading writes nothing.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use jeton_core::{id::TokenId, time::Timestamp};
use jeton_store::{
    Fault, Store,
    tokens::{ADDRESSES, Token, Use},
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

#[derive(Clone)]
struct Stamp {
    at: Timestamp,
    address: Option<IpAddr>,
    /// Other addresses of the same moments, the latest last: as many as are remembered at all. Rarely any.
    others: Vec<IpAddr>,
}

impl Stamp {
    fn new(at: Timestamp, address: Option<IpAddr>) -> Self {
        Self { at, address, others: Vec::new() }
    }

    fn renew(&mut self, at: Timestamp, address: Option<IpAddr>) {
        self.at = self.at.max(at);
        if let (Some(before), Some(now)) = (self.address, address)
            && before != now
        {
            self.others.retain(|other| *other != now && *other != before);
            self.others.push(before);
            let surplus = self.others.len().saturating_sub(ADDRESSES - 1);
            self.others.drain(..surplus);
        }
        self.address = address.or(self.address);
    }

    /// Its uses, the latest last.
    fn uses(self, token: TokenId) -> impl Iterator<Item = Use> {
        let Self { at, address, others } = self;
        others.into_iter().map(Some).chain([address]).map(move |address| Use { token, at, address })
    }
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
        match self.shard(token).entry(token) {
            Entry::Occupied(mut noted) => noted.get_mut().renew(at, address),
            Entry::Vacant(place) => _ = place.insert(Stamp::new(at, address)),
        }
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
            all.extend(taken.into_iter().flat_map(|(token, stamp)| stamp.uses(token)));
        }
        all
    }

    /// A newer use that was noted meanwhile stays.
    fn put_back(&self, uses: Vec<Use>) {
        for Use { token, at, address } in uses {
            self.shard(token).entry(token).or_insert_with(|| Stamp::new(at, address));
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
        let Some(noted) = self.uses.shard(token.id).get(&token.id).cloned() else { return };
        for Use { at, address, .. } in noted.uses(token.id) {
            token.note_use(at, address);
        }
    }
}

/// A panic while this lock is held can only be one of allocation, and leaves the map whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_addresses_between_two_writings_the_latest_are_kept() {
        let uses = LastUsed::default();
        let (token, at) = (TokenId(7), |seconds| Timestamp::from_micros(0).plus_seconds(seconds));
        let address = |last: u8| Some(IpAddr::from([192, 0, 2, last]));
        for (second, last) in [(1, 1), (2, 2), (3, 1), (4, 3), (5, 4), (6, 5), (7, 6), (8, 6)] {
            uses.stamp(token, at(second), address(last));
        }
        uses.stamp(token, at(9), None);
        let kept: Vec<_> = uses.take().into_iter().map(|used| (used.at, used.address)).collect();
        assert_eq!(kept, [1, 3, 4, 5, 6].map(|last| (at(9), address(last))));
        assert_eq!(uses.backlog(), 0);
    }
}
