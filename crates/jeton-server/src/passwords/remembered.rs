//! Passwords that were right a moment ago: one push is three requests, and hashing three times would make it wait.
//!
//! What is kept is a keyed hash over the account, the stored hash and the password, under a key that this process threw
//! dice for and never writes down. The stored hash is part of it, and comes from the database each time: a password that
//! was changed is not found any more, whoever changed it. Whether the account may be used is not kept here at all. A wrong
//! password is never kept.

use jeton_core::{
    id::UserId,
    secret::Secret,
    time::Timestamp,
    token::{DigestKey, TokenDigest},
};
use quick_cache::sync::Cache;

use crate::nature::{self, NoChance};

/// Seconds for which a password is remembered.
const LIFE: i64 = 60;
/// Passwords that are remembered at most.
const MOST: usize = 10_000;

/// See the module.
pub struct Remembered {
    key: DigestKey,
    since: Cache<TokenDigest, Timestamp>,
}

impl Remembered {
    /// An empty memory with a key of its own.
    ///
    /// # Errors
    /// [`NoChance`] when the operating system gives no random bytes.
    pub fn new() -> Result<Self, NoChance> {
        Ok(Self { key: DigestKey::new(&nature::chance()?), since: Cache::new(MOST) })
    }

    /// Notes that this password was found to belong to the user's stored hash.
    pub fn note(&self, user: UserId, hash: &str, password: &Secret, now: Timestamp) {
        self.since.insert(self.digest(user, hash, password), now);
    }

    /// Whether it was found so within the last minute.
    pub fn knows(&self, user: UserId, hash: &str, password: &Secret, now: Timestamp) -> bool {
        let since = self.since.get(&self.digest(user, hash, password));
        since.is_some_and(|since| since <= now && now < since.plus_seconds(LIFE))
    }

    /// Forgets everything.
    pub fn forget_everything(&self) {
        self.since.clear();
    }

    /// No hash holds a NUL, so nothing of one part can be taken for the next.
    fn digest(&self, user: UserId, hash: &str, password: &Secret) -> TokenDigest {
        let key = self.key.derive(&format!("{user}\0{hash}"));
        key.digest(password.expose().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    #[test]
    fn a_password_is_remembered_for_a_minute_with_its_account_and_its_hash() {
        let (memory, right) = (Remembered::new().unwrap(), Secret::new("correct horse"));
        memory.note(UserId(1), "hash", &right, NOW);
        let last = NOW.plus_seconds(LIFE - 1);
        for (user, hash, password, now, known) in [
            (1, "hash", "correct horse", NOW, true),
            (1, "hash", "correct horse", last, true),
            (1, "hash", "correct horse", NOW.plus_seconds(LIFE), false),
            (1, "hash", "correct horse", NOW.plus_seconds(-1), false),
            (1, "hash", "correct horsE", NOW, false),
            (1, "other", "correct horse", NOW, false),
            (2, "hash", "correct horse", NOW, false),
            (1, "hash\0correct", " horse", NOW, false),
        ] {
            let found = memory.knows(UserId(user), hash, &Secret::new(password), now);
            assert_eq!(found, known, "{user} {hash} {password} {now:?}");
        }
        memory.forget_everything();
        assert!(!memory.knows(UserId(1), "hash", &right, NOW));
    }

    #[test]
    fn each_process_has_its_own_key() {
        let (one, two) = (Remembered::new().unwrap(), Remembered::new().unwrap());
        let digest = |memory: &Remembered| memory.digest(UserId(1), "hash", &Secret::new("correct horse"));
        assert_ne!(digest(&one), digest(&two));
    }

    #[test]
    fn there_is_room_for_so_many_only() {
        let memory = Remembered::new().unwrap();
        for number in 0..2 * MOST {
            memory.note(UserId(1), "hash", &Secret::new(number.to_string()), NOW);
        }
        assert!(memory.since.len() <= MOST);
    }
}
