//! Passwords: Argon2id, away from the threads that serve requests, and only a few at a time.

pub mod remembered;
pub mod strength;
mod workers;

use std::sync::{Arc, LazyLock, OnceLock, atomic::Ordering};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, PasswordHash, Salt},
};
use jeton_core::{secret::Secret, user::User};
use tokio::sync::OwnedSemaphorePermit;

pub use self::strength::{LONGEST, SHORTEST};
use self::{
    strength::{About, Weakness},
    workers::{Arena, Workers},
};
use crate::nature::{self, NoChance};

/// Memory of one hash, in KiB (OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane).
const MEMORY_KIB: u32 = 19_456;
/// Passes over that memory.
const PASSES: u32 = 2;

/// Hashes and checks passwords. Its threads start with the first one.
#[derive(Clone, Debug, Default)]
pub struct Passwords(Arc<OnceLock<Result<Workers, String>>>);

/// Why a password was neither hashed nor checked.
#[derive(Debug, thiserror::Error)]
pub enum Unhashed {
    /// Too many wait already.
    #[error("too many passwords wait to be checked")]
    Busy,
    /// No randomness for the salt.
    #[error(transparent)]
    NoChance(#[from] NoChance),
    /// Argon2 refused, or its thread ended.
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

/// What came of checking a password.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is another one.
    Wrong,
    /// It is the one.
    Right,
    /// It is the one, and its hash is weaker than today's: whoever has the password at hand makes a new one.
    Outdated,
}

impl Passwords {
    /// The hash to store (PHC string).
    pub async fn hash(&self, password: Secret) -> Result<String, Unhashed> {
        let salt = nature::chance::<16>()?;
        self.workers()?.run(move |arena| make(&password, &salt[..], arena)).await?
    }

    /// Whether the password belongs to the hash. Without a hash the same time is spent and the answer is no, so that
    /// nobody learns from the time whether an account exists.
    pub async fn verify(&self, password: Secret, hash: Option<String>) -> Result<Verdict, Unhashed> {
        self.workers()?
            .run(move |arena| {
                let exists = hash.is_some();
                let verdict = judge(&password, hash.as_deref().unwrap_or(&NOBODY), arena);
                if exists { verdict } else { Verdict::Wrong }
            })
            .await
    }

    /// What [`strength::check`] finds wrong with a password that this user wants, on an instance at that address.
    pub async fn weakness(&self, password: Secret, user: User, url: String) -> Result<Option<Weakness>, Unhashed> {
        self.workers()?
            .run(move |_| {
                let about = About { username: &user.username, name: &user.name, email: &user.email, url: &url };
                strength::check(password.expose(), about).err()
            })
            .await
    }

    /// A seat for an attempt, to be taken before anything is written about it: so that a crowd at the door costs the
    /// database nothing.
    ///
    /// # Errors
    /// [`Unhashed::Busy`] when all are taken.
    pub fn seat(&self) -> Result<OwnedSemaphorePermit, Unhashed> {
        Arc::clone(&self.workers()?.seats).try_acquire_owned().map_err(|_| Unhashed::Busy)
    }

    /// Whether all seats are taken.
    pub fn is_full(&self) -> bool {
        self.started().is_some_and(|workers| workers.seats.available_permits() == 0)
    }

    /// How many wait for their turn.
    pub fn waiting(&self) -> usize {
        self.started().map_or(0, |workers| workers.waiting.now())
    }

    /// How many are being hashed or checked.
    pub fn running(&self) -> usize {
        self.started().map_or(0, |workers| workers.running.now())
    }

    /// How many were hashed or checked since the process began.
    pub fn done(&self) -> u64 {
        self.started().map_or(0, |workers| workers.done.load(Ordering::Relaxed))
    }

    fn started(&self) -> Option<&Workers> {
        self.0.get()?.as_ref().ok()
    }

    fn workers(&self) -> Result<&Workers, Unhashed> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let started = self.0.get_or_init(|| Workers::start((cores / 2).max(1)).map_err(|error| error.to_string()));
        started.as_ref().map_err(|error| Unhashed::Failed(error.clone()))
    }
}

fn params() -> Params {
    Params::new(MEMORY_KIB, PASSES, 1, None).unwrap_or_default()
}

fn make(password: &Secret, salt: &[u8], arena: &mut Arena) -> Result<String, Unhashed> {
    let failed = |error: &dyn std::fmt::Display| Unhashed::Failed(error.to_string());
    let params = params();
    let output = compute(Algorithm::Argon2id, Version::V0x13, &params, (password, salt), arena);
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: (&params).try_into().map_err(|error| failed(&error))?,
        salt: Some(Salt::new(salt).map_err(|error| failed(&error))?),
        hash: Some(output.ok_or_else(|| failed(&"Argon2 refused"))?),
    };
    Ok(hash.to_string())
}

fn judge(password: &Secret, hash: &str, arena: &mut Arena) -> Verdict {
    if password.expose().chars().count() > LONGEST {
        return Verdict::Wrong;
    }
    match recompute(password, hash, arena) {
        None | Some((_, false)) => Verdict::Wrong,
        Some((made_with, true)) if is_weaker(&made_with) => Verdict::Outdated,
        Some((_, true)) => Verdict::Right,
    }
}

/// The parameters of a stored hash, and whether it is that password's.
fn recompute(password: &Secret, hash: &str, arena: &mut Arena) -> Option<(Params, bool)> {
    let stored = PasswordHash::new(hash).ok()?;
    let algorithm = Algorithm::new(stored.algorithm.as_str()).ok()?;
    let version = stored.version.map_or(Some(Version::V0x13), |version| Version::try_from(version).ok())?;
    let params = Params::try_from(&stored).ok()?;
    let (salt, expected) = (stored.salt?, stored.hash?);
    let output = compute(algorithm, version, &params, (password, &salt), arena)?;
    // Comparing outputs takes time that does not depend on them.
    Some((params, output == expected))
}

fn compute(
    algorithm: Algorithm,
    version: Version,
    params: &Params,
    (password, salt): (&Secret, &[u8]),
    arena: &mut Arena,
) -> Option<Output> {
    let blocks = params.block_count();
    if arena.len() < blocks {
        arena.resize(blocks, Block::default());
    }
    let hasher = Argon2::new(algorithm, version, params.clone());
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let mut output = zeroize::Zeroizing::new(vec![0; length]);
    hasher
        .hash_password_into_with_memory(password.expose().as_bytes(), salt, &mut output, &mut arena[..blocks])
        .ok()?;
    Output::new(&output).ok()
}

fn is_weaker(made_with: &Params) -> bool {
    made_with.m_cost() < MEMORY_KIB || made_with.t_cost() < PASSES
}

/// The hash of nobody's password.
static NOBODY: LazyLock<String> =
    LazyLock::new(|| make(&Secret::new("nobody"), b"nobody's own salt", &mut Arena::new()).unwrap_or_default());

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    async fn verdict(password: &str, hash: Option<&str>) -> Verdict {
        Passwords::default().verify(Secret::new(password), hash.map(str::to_owned)).await.unwrap()
    }

    #[tokio::test]
    async fn a_password_belongs_to_its_own_hash_only() {
        let hash = Passwords::default().hash(Secret::new("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(verdict("correct horse", Some(&hash)).await, Verdict::Right);
        assert_eq!(verdict("battery staple", Some(&hash)).await, Verdict::Wrong);
        assert_eq!(verdict("nobody", None).await, Verdict::Wrong);
        assert_eq!(verdict("correct horse", Some("$argon2id$nonsense")).await, Verdict::Wrong);
        assert!(!NOBODY.is_empty());
    }

    /// Both made by the reference implementation: `argon2 <salt> -id -t 2 -k <memory> -p 1 -l 32 -e`.
    #[tokio::test]
    async fn hashes_of_other_programs_count_and_weak_ones_are_outdated() {
        let weak = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert_eq!(verdict("password", Some(weak)).await, Verdict::Outdated);
        assert_eq!(verdict("passwort", Some(weak)).await, Verdict::Wrong);
    }
}
