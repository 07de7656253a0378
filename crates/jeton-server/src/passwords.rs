//! Passwords: Argon2id, away from the threads that serve requests, and only a few at a time.

use std::sync::{Arc, LazyLock};

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use jeton_core::secret::Secret;
use tokio::sync::Semaphore;

use crate::{
    metrics::Tally,
    nature::{self, NoChance},
};

/// Memory of one hash, in KiB (OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane).
const MEMORY_KIB: u32 = 19_456;
/// Passes over that memory.
const PASSES: u32 = 2;
/// The shortest password, in characters.
pub const SHORTEST: usize = 8;
/// The longest password, in characters: hashing reads all of it.
pub const LONGEST: usize = 128;

/// Hashes and checks passwords.
#[derive(Clone, Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    waiting: Tally,
    running: Tally,
}

/// Why a password was neither hashed nor checked.
#[derive(Debug, thiserror::Error)]
pub enum Unhashed {
    /// No randomness for the salt.
    #[error(transparent)]
    NoChance(#[from] NoChance),
    /// Argon2 refused, or its task ended.
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

impl Default for Passwords {
    /// Half the cores, but one at least.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let permits = Arc::new(Semaphore::new((cores / 2).max(1)));
        Self { permits, waiting: Tally::default(), running: Tally::default() }
    }
}

impl Passwords {
    /// The hash to store (PHC string).
    pub async fn hash(&self, password: Secret) -> Result<String, Unhashed> {
        let salt = nature::chance::<16>()?;
        self.run(move || {
            let hash = hasher().hash_password_with_salt(password.expose().as_bytes(), &*salt);
            hash.map(|hash| hash.to_string()).map_err(|error| Unhashed::Failed(error.to_string()))
        })
        .await?
    }

    /// Whether the password belongs to the hash. Without a hash the same time is spent and the answer is no, so that
    /// nobody learns from the time whether an account exists.
    pub async fn verify(&self, password: Secret, hash: Option<String>) -> Result<bool, Unhashed> {
        self.run(move || {
            let exists = hash.is_some();
            let hash = hash.unwrap_or_else(|| NOBODY.clone());
            let matches = password.expose().chars().count() <= LONGEST
                && PasswordHash::new(&hash)
                    .is_ok_and(|parsed| hasher().verify_password(password.expose().as_bytes(), &parsed).is_ok());
            exists && matches
        })
        .await
    }

    /// How many wait for their turn.
    pub fn waiting(&self) -> usize {
        self.waiting.now()
    }

    /// How many are being hashed or checked.
    pub fn running(&self) -> usize {
        self.running.now()
    }

    /// The permit moves into the task: a client that leaves does not make room for another hash before this one ends.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Unhashed> {
        let waiting = self.waiting.count();
        let permit =
            Arc::clone(&self.permits).acquire_owned().await.map_err(|error| Unhashed::Failed(error.to_string()))?;
        drop(waiting);
        let running = self.running.count();
        let task = tokio::task::spawn_blocking(move || {
            let _permit = (permit, running);
            work()
        });
        task.await.map_err(|error| Unhashed::Failed(error.to_string()))
    }
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The hash of nobody's password.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let hash = hasher().hash_password_with_salt(b"nobody", b"nobody's own salt");
    hash.map(|hash| hash.to_string()).unwrap_or_default()
});

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[tokio::test]
    async fn a_password_belongs_to_its_own_hash_only() {
        let passwords = Passwords::default();
        let hash = passwords.hash(Secret::new("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify(Secret::new("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify(Secret::new("battery staple"), Some(hash)).await.unwrap());
        assert!(!passwords.verify(Secret::new("nobody"), None).await.unwrap());
        assert!(!NOBODY.is_empty());
    }
}
