//! An instance for unit tests: an empty database in a directory of its own, and a clock that stands until it is moved.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jeton_core::{
    secret::Secret,
    time::Timestamp,
    token::DigestKey,
    user::{Email, User, Username},
};
use jeton_store::{By, Means, Store, users::NewUser};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::{
    app::{App, Config},
    edge::Networks,
    mail::{self, MailSettings},
    nature::Clock,
};

/// 2027-01-15, where the clock stands at first.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
/// Who makes the changes that lead up to a test.
pub(crate) const BY: By = By::local(Means::Server);
/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse";

/// See the module.
pub(crate) struct Instance {
    /// What the doors share.
    pub(crate) app: App,
    clock: Arc<AtomicI64>,
    dir: TempDir,
}

impl Instance {
    /// An instance as an operator gets it who decides nothing.
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// An instance whose operator decided something.
    pub(crate) async fn with(decide: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", dir.path().join("test.db").display())).await.unwrap();
        let clock = Arc::new(AtomicI64::new(NOW.micros()));
        let mut config = Config {
            external_url: "http://jeton.example".into(),
            data_dir: dir.path().into(),
            registry: false,
            impersonation: true,
            trusted_proxies: Networks::default(),
            metrics_allow: Networks::loopback(),
            token_limit: 100,
            mail: MailSettings { smtp: None, from: mail::sender_of("http://jeton.example").unwrap() },
        };
        decide(&mut config);
        let key = DigestKey::new(&Zeroizing::new([7; 32]));
        let policy = config.usual_policy();
        let app = App::new(config, store, key, policy, Clock::Standing(Arc::clone(&clock))).unwrap();
        Self { app, clock, dir }
    }

    /// Makes a user with [`PASSWORD`].
    pub(crate) async fn user(&self, name: &str, administrator: bool) -> User {
        let password_hash = Some(self.app.passwords.hash(Secret::new(PASSWORD)).await.unwrap());
        let (username, email) = (Username::parse(name).unwrap(), Email::parse(&format!("{name}@example.com")).unwrap());
        let new = NewUser { password_hash, administrator, ..NewUser::plain(username, name.into(), email, 10) };
        self.app.store.create_user(new, BY, NOW).await.unwrap()
    }

    /// Moves the clock.
    pub(crate) fn set_clock(&self, to: Timestamp) {
        self.clock.store(to.micros(), Ordering::SeqCst);
    }

    /// Where the instance keeps its files.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }
}
