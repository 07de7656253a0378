//! The keys of the audit log: what only who has the instance's key can make, and judge.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use jeton_core::token::DigestKey;

use super::entry::{Entry, Written};
use crate::{Fault, Store};

/// Bytes of the number that a mark begins with: those of the run, and those of a counter.
const NUMBER: usize = 24;
/// Bytes of a mark.
pub(super) const MARK: usize = NUMBER + 32;

/// See the module.
pub(crate) struct AuditKeys {
    chain: DigestKey,
    mark: DigestKey,
    /// Chance that no other run of the program has, so that its numbers are its own.
    run: [u8; 16],
    marked: AtomicU64,
}

impl fmt::Debug for AuditKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditKeys").field("chain", &self.chain).finish_non_exhaustive()
    }
}

impl Store {
    /// Gives the store the instance's key, without which it writes no audit event and judges none. `run` is chance that
    /// no other run of the program has.
    #[must_use]
    pub fn keyed(self, key: &DigestKey, run: [u8; 16]) -> Self {
        let (chain, mark) = (key.derive("audit chain"), key.derive("audit mark"));
        let keys = AuditKeys { chain, mark, run, marked: AtomicU64::new(0) };
        Self { audit_keys: Some(Arc::new(keys)), ..self }
    }

    pub(super) fn audit_keys(&self) -> Result<Arc<AuditKeys>, Fault> {
        self.audit_keys.clone().ok_or(Fault::NoKey)
    }
}

impl AuditKeys {
    /// The mark of an event that is about to be written. No two events have the same, whatever they say.
    pub(super) fn mark(&self, entry: &Entry) -> [u8; MARK] {
        let mut mark = [0; MARK];
        mark[..16].copy_from_slice(&self.run);
        mark[16..NUMBER].copy_from_slice(&self.marked.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let hmac = self.hmac(&mark[..NUMBER], entry);
        mark[NUMBER..].copy_from_slice(&hmac);
        mark
    }

    /// Whether somebody who has the key made that mark, for just this event.
    pub(super) fn made(&self, mark: &[u8], entry: &Entry) -> bool {
        mark.split_at_checked(NUMBER).is_some_and(|(number, hmac)| self.hmac(number, entry)[..] == *hmac)
    }

    fn hmac(&self, number: &[u8], entry: &Entry) -> [u8; 32] {
        self.mark.digest(&[number, &entry.bytes(None)].concat()).0
    }

    /// The HMAC over everything before this event, and it.
    pub(super) fn link(&self, before: &[u8], event: &Written) -> [u8; 32] {
        let mark = event.mark.as_deref().unwrap_or_default();
        self.chain.digest(&[before, &event.entry.bytes(Some(event.id)), mark].concat()).0
    }

    /// The HMAC over where the chain is, for a purpose that has a word of its own.
    pub(super) fn seal(&self, purpose: &[u8], position: i64, chain: &[u8]) -> [u8; 32] {
        self.chain.digest(&[purpose, &position.to_be_bytes()[..], chain].concat()).0
    }
}
