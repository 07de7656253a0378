//! Databases to test on: an SQLite file, and a database of a private PostgreSQL cluster whose administrator's address
//! stands in `JETON_TEST_POSTGRES` (`scripts/with-postgres` starts one). Without it, PostgreSQL is left out.

use std::{
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use jeton_core::{
    id::UserId,
    scope::ScopeSet,
    time::Timestamp,
    token::{DigestKey, Expiry, Handle, MadeVia, TokenDigest},
    user::{Email, User, Username},
};
use jeton_store::{
    By, Means, Store,
    tokens::{NewToken, Token},
    users::NewUser,
};
#[expect(clippy::disallowed_types, reason = "a database cannot be made with a parameter for its name")]
use sqlx::AssertSqlSafe;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use zeroize::Zeroizing;

/// The moment at which tests begin: 2026-01-01 00:00:00 UTC.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// The instance's key.
pub(crate) fn key() -> DigestKey {
    DigestKey::new(&Zeroizing::new([9; 32]))
}

/// Opens a database as another run of the program does.
pub(crate) async fn open(address: &str) -> Store {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    Store::open(address).await.unwrap().keyed(&key(), u128::from(run).to_be_bytes())
}

/// Runs the test on each engine, in an empty database of its own.
pub(crate) async fn for_each_engine(test: impl AsyncFn(Store)) {
    for_each_database(async |store, _| test(store).await).await;
}

/// The same, for a test that wants the database's address too.
pub(crate) async fn for_each_database(test: impl AsyncFn(Store, &str)) {
    let dir = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", dir.path().join("jeton.db").display());
    let store = open(&address).await;
    test(store.clone(), &address).await;
    store.close().await;

    let Ok(administrator) = std::env::var("JETON_TEST_POSTGRES") else { return };
    let name = database_name();
    run(&administrator, format!("CREATE DATABASE {name}")).await;
    let address = format!("{}/{name}", server_of(&administrator));
    let store = open(&address).await;
    test(store.clone(), &address).await;
    store.close().await;
    run(&administrator, format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

/// What somebody does who can write into the database: runs statements past Jeton.
pub(crate) async fn tamper(address: &str, statements: &'static str) {
    match address.strip_prefix("sqlite:") {
        Some(path) => drop(SqliteConnection::connect(path).await.unwrap().execute(statements).await.unwrap()),
        None => run(address, statements.to_owned()).await,
    }
}

/// The address without the name of a database.
fn server_of(address: &str) -> &str {
    let authority = address.find("://").unwrap() + 3;
    address[authority..].find('/').map_or(address, |slash| &address[..authority + slash])
}

/// No other test of this run, and no other run, uses it.
fn database_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("jeton_conformance_{}_{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

async fn run(administrator: &str, statement: String) {
    let mut connection = PgConnection::connect(administrator).await.unwrap();
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
    connection.close().await.unwrap();
}

/// A change that a test makes.
pub(crate) const BY: By = By::local(Means::CommandLine);

/// A new user of that name.
pub(crate) fn user_named(username: &str) -> NewUser {
    let email = Email::parse(&format!("{username}@example.com")).unwrap();
    NewUser::plain(Username::parse(username).unwrap(), format!("{username} Doe"), email, 10)
}

/// Makes a user of that name.
pub(crate) async fn make_user(store: &Store, username: &str) -> User {
    store.create_user(user_named(username), BY, NOW).await.unwrap()
}

/// A new token of that user; the seed makes it differ from others.
pub(crate) fn token_of(user: UserId, seed: u8) -> NewToken {
    NewToken {
        user,
        handle: Handle(format!("handle{seed:06}")),
        name: format!("token {seed}"),
        description: None,
        scopes: ScopeSet::parse(["api"]).unwrap(),
        expiry: Expiry::NEVER,
        impersonation: false,
        made_via: MadeVia::Api,
        digest: TokenDigest([seed; 32]),
        limit: 5_000,
    }
}

/// Makes a token.
pub(crate) async fn make_token(store: &Store, new: NewToken) -> Token {
    store.create_token(new, BY, NOW).await.unwrap()
}
