//! A database with very many tokens, written past the server: what issuing them one by one would leave behind.

use std::{
    fmt::Write as _,
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use jeton_core::token::{DigestKey, Prefix, Token};
use serde_json::json;
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};
use zeroize::Zeroizing;

use crate::git::Noise;

/// Rows a statement.
const BATCH: usize = 10_000;
/// How many tokens each user has.
const TOKENS_PER_USER: usize = 10;
/// The numbers of the first user and the first token that are seeded.
const FIRST: usize = 1_000;
/// 2026-01-01 00:00:00 UTC, in microseconds.
const MADE_AT: i64 = 1_767_225_600_000_000;

/// What was written.
pub(crate) struct Seeded {
    /// The text of every token, in the order of their numbers.
    pub(crate) tokens: Vec<String>,
    /// Bytes of the database file for each token, its part of everything else included.
    pub(crate) bytes_per_token: f64,
}

impl Seeded {
    /// The number of the token at that position.
    pub(crate) const fn id(position: usize) -> usize {
        FIRST + position
    }
}

/// Fills the database of a stopped server.
pub(crate) async fn fill(data: &Path, count: usize) -> Result<Seeded> {
    let database = data.join("jeton.db");
    let before = fs::metadata(&database)?.len();
    let key = digest_key(data)?;
    let options = SqliteConnectOptions::new().filename(&database).synchronous(SqliteSynchronous::Off);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    let users = (count / TOKENS_PER_USER).max(1);
    for numbers in batches(users) {
        make_users(&pool, numbers).await?;
    }
    let mut tokens = Vec::with_capacity(count);
    let mut noise = Noise(2);
    for numbers in batches(count) {
        tokens.extend(make_tokens(&pool, &key, &mut noise, numbers, users).await?);
    }
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&pool).await?;
    pool.close().await;
    let grown = fs::metadata(&database)?.len() - before;
    Ok(Seeded { tokens, bytes_per_token: grown as f64 / count as f64 })
}

/// The numbers from 0 to `count`, a batch at a time.
fn batches(count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(BATCH).map(move |first| first..(first + BATCH).min(count))
}

fn digest_key(data: &Path) -> Result<DigestKey> {
    let path: PathBuf = data.join("keys/token-digest.key");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let text = text.trim();
    ensure!(text.len() == 64, "{} holds no key", path.display());
    let mut key = Zeroizing::new([0; 32]);
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits)?, 16)?;
    }
    Ok(DigestKey::new(&key))
}

/// Users with their namespaces.
async fn make_users(pool: &SqlitePool, numbers: Range<usize>) -> Result<()> {
    let rows: Vec<_> = numbers.map(|number| json!([FIRST + number, format!("user{number:07}")])).collect();
    let rows = json!(rows).to_string();
    sqlx::query(
        "INSERT INTO users (id, username, username_key, name, email, email_key, state, administrator, external,
             projects_limit, created_at, updated_at, confirmed_at)
         SELECT value ->> 0, value ->> 1, value ->> 1, value ->> 1, (value ->> 1) || '@example.com',
             (value ->> 1) || '@example.com', 'active', 0, 0, 100, $2, $2, $2
         FROM json_each($1)",
    )
    .bind(&rows)
    .bind(MADE_AT)
    .execute(pool)
    .await?;
    sqlx::query(
        "INSERT INTO namespaces (kind, name, path, full_path, full_path_key, owner_id)
         SELECT 'user', value ->> 1, value ->> 1, value ->> 1, value ->> 1, value ->> 0 FROM json_each($1)",
    )
    .bind(&rows)
    .execute(pool)
    .await?;
    Ok(())
}

/// Tokens of one generation each; their texts.
async fn make_tokens(
    pool: &SqlitePool,
    key: &DigestKey,
    noise: &mut Noise,
    numbers: Range<usize>,
    users: usize,
) -> Result<Vec<String>> {
    let mut texts = Vec::with_capacity(numbers.len());
    let mut rows = Vec::with_capacity(numbers.len());
    for number in numbers {
        let mut entropy = Zeroizing::new([0; 32]);
        for eight in entropy.chunks_mut(8) {
            eight.copy_from_slice(&noise.next().to_le_bytes());
        }
        let token = Token::make(&Prefix::default(), entropy);
        let digest = hex(&token.digest(key).0);
        // One token of each user, then the next one of each.
        let user = FIRST + number % users;
        rows.push(json!([FIRST + number, user, format!("bench{number:07}"), digest]));
        texts.push(token.reveal());
    }
    let rows = json!(rows).to_string();
    sqlx::query(
        "INSERT INTO token_families (id, handle, user_id, name, scopes, impersonation, made_via, made_by, created_at)
         SELECT value ->> 0, value ->> 2, value ->> 1, 'deploys from the laptop', 'api', 0, 'page', value ->> 1, $2
         FROM json_each($1)",
    )
    .bind(&rows)
    .bind(MADE_AT)
    .execute(pool)
    .await?;
    sqlx::query(
        "INSERT INTO token_generations (id, family_id, digest, created_at, updated_at)
         SELECT value ->> 0, value ->> 0, unhex(value ->> 3), $2, $2 FROM json_each($1)",
    )
    .bind(&rows)
    .bind(MADE_AT)
    .execute(pool)
    .await?;
    Ok(texts)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
