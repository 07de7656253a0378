//! Uses of tokens, as they are gathered and written behind the requests.

use std::{collections::BTreeMap, net::IpAddr};

use jeton_core::{id::TokenId, time::Timestamp};
use sqlx::QueryBuilder;

use super::{Token, words};
use crate::{
    Fault, Store,
    db::{Tx, on_tx},
};

/// How many addresses a token's uses are remembered with.
pub const ADDRESSES: usize = 5;

/// A use of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Use {
    /// The generation.
    pub token: TokenId,
    /// When.
    pub at: Timestamp,
    /// From where, if that is known.
    pub address: Option<IpAddr>,
}

impl Token {
    /// Takes over a use that is not written yet, as [`Store::record_uses`] would.
    pub fn note_use(&mut self, at: Timestamp, address: Option<IpAddr>) {
        self.last_used_at = self.last_used_at.max(Some(at));
        note_address(&mut self.addresses, address);
    }
}

/// The latest new address first, and not more than are remembered.
fn note_address(addresses: &mut Vec<String>, address: Option<IpAddr>) {
    if let Some(address) = address.map(|address| address.to_string())
        && !addresses.contains(&address)
    {
        addresses.insert(0, address);
        addresses.truncate(ADDRESSES);
    }
}

/// What is known of one token's uses.
struct Known {
    last: Timestamp,
    addresses: Vec<String>,
}

impl Store {
    /// Records uses in one transaction of two statements, however many they are (at most some thousands: a statement
    /// takes 32,766 values on SQLite). Of several uses of one token the latest counts; uses of tokens that are gone are
    /// dropped.
    pub async fn record_uses(&self, uses: Vec<Use>) -> Result<(), Fault> {
        if uses.is_empty() {
            return Ok(());
        }
        self.write(move |tx| {
            Box::pin(async move {
                let mut known = read_addresses(tx, &uses).await?;
                let mut after = BTreeMap::new();
                for Use { token, at, address } in uses {
                    let known = after
                        .entry(token.0)
                        .or_insert_with(|| Known { last: at, addresses: known.remove(&token.0).unwrap_or_default() });
                    known.last = known.last.max(at);
                    note_address(&mut known.addresses, address);
                }
                write_uses(tx, after).await
            })
        })
        .await
    }
}

async fn read_addresses(tx: &mut Tx, uses: &[Use]) -> Result<BTreeMap<i64, Vec<String>>, Fault> {
    let rows: Vec<(i64, String)> = on_tx!(tx, c => {
        let mut text = QueryBuilder::new("SELECT token_id, addresses FROM token_uses WHERE token_id IN (");
        let mut numbers = text.separated(", ");
        for used in uses {
            numbers.push_bind(used.token.0);
        }
        text.push(")");
        text.build_query_as().persistent(false).fetch_all(c).await
    })?;
    Ok(rows.into_iter().map(|(token, addresses)| (token, words(&addresses, ','))).collect())
}

async fn write_uses(tx: &mut Tx, uses: BTreeMap<i64, Known>) -> Result<(), Fault> {
    on_tx!(tx, c => {
        let mut text = QueryBuilder::new("WITH used (token_id, last_used_at, addresses) AS (");
        text.push_values(uses, |mut row, (token, known)| {
            row.push_bind(token).push_bind(known.last.micros()).push_bind(known.addresses.join(","));
        });
        text.push(
            ") INSERT INTO token_uses (token_id, last_used_at, addresses)
             SELECT used.token_id, used.last_used_at, used.addresses
             FROM used JOIN token_generations g ON g.id = used.token_id WHERE true
             ON CONFLICT (token_id) DO UPDATE SET addresses = excluded.addresses, last_used_at =
                 (CASE WHEN token_uses.last_used_at < excluded.last_used_at THEN excluded.last_used_at
                       ELSE token_uses.last_used_at END)",
        );
        text.build().persistent(false).execute(c).await.map(drop)
    })
    .map_err(Fault::from)
}
