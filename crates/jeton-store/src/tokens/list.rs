//! Lists of tokens: whose, in which state, sorted and cut into pages.

use jeton_core::{id::UserId, time::Timestamp};

use super::{Token, TokenRow};
use crate::{
    Fault, Slice, Store,
    db::on,
    search::{Search, all_terms, bind_search},
};

/// Which tokens a list holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TokenFilter {
    /// Of this user only.
    pub user: Option<UserId>,
    /// Impersonation tokens, too.
    pub impersonation: bool,
    /// Nothing but impersonation tokens.
    pub only_impersonation: bool,
    /// Only those that are active, or only those that are not.
    pub active: Option<bool>,
    /// Only those that were ended, or only those that were not.
    pub revoked: Option<bool>,
    /// Made at this moment or before.
    pub created_before: Option<Timestamp>,
    /// Made at this moment or after.
    pub created_after: Option<Timestamp>,
    /// Used for the last time at this moment or before.
    pub last_used_before: Option<Timestamp>,
    /// Used for the last time at this moment or after.
    pub last_used_after: Option<Timestamp>,
    /// Expires before this moment.
    pub expires_before: Option<Timestamp>,
    /// Expires at this moment or after.
    pub expires_after: Option<Timestamp>,
    /// The name matches.
    pub search: Search,
}

/// In which order. Equal ones are in the order of their numbers, in the same direction; what has no date comes last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TokenOrder {
    #[default]
    Id,
    CreatedAsc,
    CreatedDesc,
    ExpiresAsc,
    ExpiresDesc,
    LastUsedAsc,
    LastUsedDesc,
    NameAsc,
    NameDesc,
}

impl TokenFilter {
    /// Whether the list depends on when tokens were used.
    pub const fn asks_for_use(&self) -> bool {
        self.last_used_before.is_some() || self.last_used_after.is_some()
    }
}

impl TokenOrder {
    /// Whether the list depends on when tokens were used.
    pub const fn asks_for_use(self) -> bool {
        matches!(self, Self::LastUsedAsc | Self::LastUsedDesc)
    }
}

/// What a token must be to stand in a list; `$7` is the user, `$16` the present.
macro_rules! conditions {
    ($whose:literal) => {
        concat!(
            " WHERE ",
            $whose,
            " AND ",
            all_terms!("f.name_folded"),
            "
              AND ($8 OR NOT f.impersonation) AND (f.impersonation OR NOT $18)
              AND ($9 IS NULL OR $9 = (g.ended_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $16)))
              AND ($10 IS NULL OR $10 = (g.ended_at IS NOT NULL))
              AND ($11 IS NULL OR g.created_at <= $11) AND ($12 IS NULL OR g.created_at >= $12)
              AND ($13 IS NULL OR u.last_used_at <= $13) AND ($14 IS NULL OR u.last_used_at >= $14)
              AND ($15 IS NULL OR g.expires_at < $15) AND ($17 IS NULL OR g.expires_at >= $17) "
        )
    };
}

/// One text per order; without a user, the index on users would only be in the way.
macro_rules! texts {
    ($order:expr, $whose:literal) => {
        match $order {
            TokenOrder::Id => texts!(@ $whose, "g.id"),
            TokenOrder::CreatedAsc => texts!(@ $whose, "g.created_at, g.id"),
            TokenOrder::CreatedDesc => texts!(@ $whose, "g.created_at DESC, g.id DESC"),
            TokenOrder::ExpiresAsc => texts!(@ $whose, "g.expires_at NULLS LAST, g.id"),
            TokenOrder::ExpiresDesc => texts!(@ $whose, "g.expires_at DESC NULLS LAST, g.id DESC"),
            TokenOrder::LastUsedAsc => texts!(@ $whose, "u.last_used_at NULLS LAST, g.id"),
            TokenOrder::LastUsedDesc => texts!(@ $whose, "u.last_used_at DESC NULLS LAST, g.id DESC"),
            TokenOrder::NameAsc => texts!(@ $whose, "f.name_folded, g.id"),
            TokenOrder::NameDesc => texts!(@ $whose, "f.name_folded DESC, g.id DESC"),
        }
    };
    (@ $whose:literal, $order:literal) => {
        concat!("SELECT ", token_columns!(), token_tables!(), conditions!($whose), "ORDER BY ", $order, " LIMIT $19 OFFSET $20")
    };
}

/// The same tokens, counted up to a limit.
macro_rules! count {
    ($whose:literal) => {
        concat!("SELECT count(*) FROM (SELECT 1", token_tables!(), conditions!($whose), "LIMIT $19) AS counted")
    };
}

macro_rules! bind_filter {
    ($query:expr, $filter:expr, $now:expr) => {
        bind_search!($query, $filter.search)
            .bind($filter.user.map(|user| user.0))
            .bind($filter.impersonation)
            .bind($filter.active)
            .bind($filter.revoked)
            .bind($filter.created_before.map(Timestamp::micros))
            .bind($filter.created_after.map(Timestamp::micros))
            .bind($filter.last_used_before.map(Timestamp::micros))
            .bind($filter.last_used_after.map(Timestamp::micros))
            .bind($filter.expires_before.map(Timestamp::micros))
            .bind($now.micros())
            .bind($filter.expires_after.map(Timestamp::micros))
            .bind($filter.only_impersonation)
    };
}

impl Store {
    /// One slice of the tokens that the filter lets through.
    pub async fn tokens(
        &self,
        filter: &TokenFilter,
        order: TokenOrder,
        slice: Slice,
        now: Timestamp,
    ) -> Result<Vec<Token>, Fault> {
        let text = match filter.user {
            Some(_) => texts!(order, "f.user_id = $7"),
            None => texts!(order, "$7 IS NULL"),
        };
        let rows: Vec<TokenRow> = on!(&self.db, c =>
            bind_filter!(sqlx::query_as(text), filter, now).bind(slice.limit).bind(slice.offset).fetch_all(c).await)?;
        Ok(rows.into_iter().map(Token::from).collect())
    }

    /// How many tokens the filter lets through, counted up to `limit`.
    pub async fn count_tokens(&self, filter: &TokenFilter, limit: i64, now: Timestamp) -> Result<i64, Fault> {
        let text = match filter.user {
            Some(_) => count!("f.user_id = $7"),
            None => count!("$7 IS NULL"),
        };
        on!(&self.db, c => bind_filter!(sqlx::query_scalar(text), filter, now).bind(limit).fetch_one(c).await)
            .map_err(Fault::from)
    }
}
