//! Finds who stands behind a credential, and remembers it, so that a token that is in use asks the database nothing.
//!
//! Three laws hold for what is remembered here. Each entry carries the *era* that was current before it was read from
//! the database, and counts only while that era lasts; ending an era is one addition.
//!
//! 1. An entry never outlives a committed change that takes authority away: whoever commits one ends the era before
//!    answering, so even a reading that was under way meanwhile is not believed afterwards.
//! 2. Other processes that change the same data (the command line) say so over the control socket, and wait.
//! 3. Memory is bounded, and what is not a living token has a small room of its own: garbage cannot push good entries out.
//!
//! The key is the digest, never the secret.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use jeton_core::{
    id::UserId,
    token::{LivingToken, TokenDigest, TokenRecord},
    user::User,
};
use jeton_store::{Fault, Store};
use quick_cache::sync::Cache;

/// Living tokens that are remembered at most.
const TOKENS: usize = 2_000_000;
/// Digests of unknown and ended tokens that are remembered at most.
const DEAD: usize = 20_000;
/// Users that are remembered at most.
const USERS: usize = 500_000;

/// What this process remembers of tokens and their users.
pub struct Identities {
    living: Cache<TokenDigest, Remembered<LivingToken>>,
    dead: Cache<TokenDigest, Remembered<Option<TokenRecord>>>,
    users: Cache<UserId, Remembered<Arc<User>>>,
    token_eras: Eras,
    user_eras: Eras,
}

/// Something that was read in an era.
#[derive(Clone, Copy)]
struct Remembered<T> {
    era: u32,
    value: T,
}

impl Default for Identities {
    fn default() -> Self {
        Self {
            living: Cache::new(TOKENS),
            dead: Cache::new(DEAD),
            users: Cache::new(USERS),
            token_eras: Eras::default(),
            user_eras: Eras::default(),
        }
    }
}

impl Identities {
    /// What the digest stands for; none if it is nobody's.
    pub async fn token(&self, store: &Store, digest: &TokenDigest) -> Result<Option<TokenRecord>, Fault> {
        let slot = Eras::slot_of(digest);
        let era = self.token_eras.current(slot);
        if let Some(found) = self.living.get(digest).filter(|found| found.era == era) {
            return Ok(Some(TokenRecord { token: found.value, ended: None }));
        }
        if let Some(found) = self.dead.get(digest).filter(|found| found.era == era) {
            return Ok(found.value);
        }
        // Rare, and so large that it would be in the way of every request if it were not put aside.
        Box::pin(self.read_token(store, digest, era)).await
    }

    async fn read_token(&self, store: &Store, digest: &TokenDigest, era: u32) -> Result<Option<TokenRecord>, Fault> {
        let record = store.token_record(digest).await?;
        match record {
            Some(TokenRecord { token, ended: None }) => self.living.insert(*digest, Remembered { era, value: token }),
            ended_or_unknown => self.dead.insert(*digest, Remembered { era, value: ended_or_unknown }),
        }
        Ok(record)
    }

    /// The user of that number.
    pub async fn user(&self, store: &Store, id: UserId) -> Result<Option<Arc<User>>, Fault> {
        let slot = id.0.unsigned_abs();
        let era = self.user_eras.current(slot);
        if let Some(found) = self.users.get(&id).filter(|found| found.era == era) {
            return Ok(Some(found.value));
        }
        let Some(user) = Box::pin(store.user(id)).await?.map(Arc::new) else { return Ok(None) };
        self.users.insert(id, Remembered { era, value: Arc::clone(&user) });
        Ok(Some(user))
    }

    /// Forgets a token. For whoever has just committed its end, before answering.
    pub fn forget_token(&self, digest: &TokenDigest) {
        self.token_eras.end(Eras::slot_of(digest));
    }

    /// Forgets a user. For whoever has just committed a change of it, before answering.
    pub fn forget_user(&self, id: UserId) {
        self.user_eras.end(id.0.unsigned_abs());
    }

    /// Forgets everything.
    pub fn forget_everything(&self) {
        self.token_eras.end_all();
        self.user_eras.end_all();
    }

    /// How many living tokens and users are remembered.
    pub fn sizes(&self) -> (usize, usize) {
        (self.living.len(), self.users.len())
    }
}

/// Eras, counted in slots, so that ending one costs few other entries their belief.
struct Eras(Box<[AtomicU32]>);

/// How many slots there are; a power of two.
const SLOTS: usize = 1 << 14;

impl Default for Eras {
    fn default() -> Self {
        Self((0..SLOTS).map(|_| AtomicU32::new(0)).collect())
    }
}

impl Eras {
    fn slot_of(digest: &TokenDigest) -> u64 {
        let [a, b, ..] = digest.0;
        u64::from(u16::from_le_bytes([a, b]))
    }

    fn at(&self, slot: u64) -> &AtomicU32 {
        let masked = usize::try_from(slot % SLOTS as u64).unwrap_or_default();
        &self.0[masked]
    }

    fn current(&self, slot: u64) -> u32 {
        self.at(slot).load(Ordering::SeqCst)
    }

    fn end(&self, slot: u64) {
        self.at(slot).fetch_add(1, Ordering::SeqCst);
    }

    fn end_all(&self) {
        for era in &self.0 {
            era.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests;
