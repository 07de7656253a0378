//! Lists of users: which, sorted, and cut by page number or by key.

use jeton_core::{
    time::Timestamp,
    user::{Identity, User},
};
use sqlx::FromRow;

use super::{UserRow, attributes::Attributes, user_columns};
use crate::{
    Fault, Slice, Store,
    db::on,
    search::{Search, all_terms, bind_search},
};

/// Which users a list holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UserFilter {
    /// The name or the user name matches.
    pub search: Search,
    /// Or the e-mail address is this one, or one of the further ones that are confirmed.
    pub email: Option<String>,
    /// Or everybody may see that this is an address of it.
    pub shown_email: Option<String>,
    /// The user name is this one, without regard to case.
    pub username: Option<String>,
    /// Only accounts that can be used, or only those that cannot.
    pub active: Option<bool>,
    /// Only blocked accounts, or only others.
    pub blocked: Option<bool>,
    /// Leaves out accounts that an administrator closed.
    pub without_closed: bool,
    /// Only external users, or only others.
    pub external: Option<bool>,
    /// Only administrators, or only others.
    pub administrator: Option<bool>,
    /// Made at this moment or before.
    pub created_before: Option<Timestamp>,
    /// Made at this moment or after.
    pub created_after: Option<Timestamp>,
    /// Only users whose own namespace holds no project.
    pub without_projects: bool,
    /// Everybody may see that this is the address.
    pub public_email: Option<String>,
    /// Only users with two-factor authentication, or only others.
    pub two_factor: Option<bool>,
    /// Only people, or only what is none.
    pub human: Option<bool>,
    /// Only the user who is this to another identity provider.
    pub identity: Option<Identity>,
    /// Only users who have these attributes.
    pub attributes: Attributes,
}

/// By which column a list is sorted. Equal ones are in the order of their numbers, in the same direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub enum UserColumn {
    #[default]
    Id,
    Name,
    Username,
    CreatedAt,
    UpdatedAt,
}

/// In which order a list is, and from where on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserOrder {
    /// The column.
    pub column: UserColumn,
    /// The greatest first.
    pub descending: bool,
    /// After the row with this key (see [`Listed::key`]) and this number.
    pub after: Option<(String, i64)>,
}

/// A user in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// The user.
    pub user: User,
    /// The column by which the list is sorted, as text.
    pub key: String,
}

#[derive(FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    user: UserRow,
    sort_key: String,
}

macro_rules! conditions {
    () => {
        concat!(
            " FROM users u JOIN namespaces n ON n.owner_id = u.id
             WHERE (",
            all_terms!("u.name_folded"),
            " OR ",
            all_terms!("u.username_key"),
            " OR u.email_key = $7 OR lower(u.public_email) = $24
                   OR EXISTS (SELECT 1 FROM emails e
                              WHERE e.user_id = u.id AND e.email_key = $7 AND e.confirmed_at IS NOT NULL))
              AND ($8 IS NULL OR u.username_key = $8)
              AND ($9 IS NULL OR $9 = (u.state = 'active'))
              AND ($10 IS NULL OR $10 = (u.state = 'blocked'))
              AND ($11 IS NULL OR $11 = u.external)
              AND ($12 IS NULL OR $12 = u.administrator)
              AND ($13 IS NULL OR u.created_at <= $13) AND ($14 IS NULL OR u.created_at >= $14)
              AND NOT ($15 AND u.state IN ('blocked', 'banned'))
              AND NOT ($16 AND EXISTS (SELECT 1 FROM projects p WHERE p.namespace_id = n.id))
              AND ($17 IS NULL OR u.public_email = $17)
              AND ($18 IS NULL OR $18 = (u.two_factor_since IS NOT NULL))
              AND ($19 IS NULL OR $19 = (u.kind = 'human'))
              AND ($20 IS NULL OR EXISTS (SELECT 1 FROM identities i
                                          WHERE i.user_id = u.id AND i.provider = $20 AND i.extern_uid = $21))
              AND ($22 IS NULL OR $23 = (SELECT count(*) FROM custom_attributes a
                                         WHERE a.user_id = u.id AND replace($22, a.digest, '') <> $22)) "
        )
    };
}

macro_rules! texts {
    ($order:expr) => {
        match ($order.column, $order.descending) {
            (UserColumn::Id, false) => texts!(@ "u.id", "BIGINT", ">", ""),
            (UserColumn::Id, true) => texts!(@ "u.id", "BIGINT", "<", " DESC"),
            (UserColumn::Name, false) => texts!(@ "u.name", "TEXT", ">", ""),
            (UserColumn::Name, true) => texts!(@ "u.name", "TEXT", "<", " DESC"),
            (UserColumn::Username, false) => texts!(@ "u.username", "TEXT", ">", ""),
            (UserColumn::Username, true) => texts!(@ "u.username", "TEXT", "<", " DESC"),
            (UserColumn::CreatedAt, false) => texts!(@ "u.created_at", "BIGINT", ">", ""),
            (UserColumn::CreatedAt, true) => texts!(@ "u.created_at", "BIGINT", "<", " DESC"),
            (UserColumn::UpdatedAt, false) => texts!(@ "u.updated_at", "BIGINT", ">", ""),
            (UserColumn::UpdatedAt, true) => texts!(@ "u.updated_at", "BIGINT", "<", " DESC"),
        }
    };
    (@ $column:literal, $kind:literal, $after:literal, $direction:literal) => {
        concat!(
            "SELECT ", user_columns!(), ", CAST(", $column, " AS TEXT) AS sort_key", conditions!(),
            " AND ($25 IS NULL OR (", $column, ", u.id) ", $after, " (CAST($25 AS ", $kind, "), $26))
             ORDER BY ", $column, $direction, ", u.id", $direction, " LIMIT $27 OFFSET $28"
        )
    };
}

macro_rules! bind_filter {
    ($query:expr, $filter:expr) => {
        bind_search!($query, $filter.search)
            .bind($filter.email.as_deref().map(str::to_lowercase))
            .bind($filter.username.as_deref().map(str::to_lowercase))
            .bind($filter.active)
            .bind($filter.blocked)
            .bind($filter.external)
            .bind($filter.administrator)
            .bind($filter.created_before.map(Timestamp::micros))
            .bind($filter.created_after.map(Timestamp::micros))
            .bind($filter.without_closed)
            .bind($filter.without_projects)
            .bind($filter.public_email.as_deref())
            .bind($filter.two_factor)
            .bind($filter.human)
            .bind($filter.identity.as_ref().map(|identity| identity.provider.as_str()))
            .bind($filter.identity.as_ref().map(|identity| identity.extern_uid.as_str()))
            .bind($filter.attributes.sought().0)
            .bind($filter.attributes.sought().1)
            .bind($filter.shown_email.as_deref().map(str::to_lowercase))
    };
}

impl Store {
    /// One slice of the users that the filter lets through.
    pub async fn users(&self, filter: &UserFilter, order: &UserOrder, slice: Slice) -> Result<Vec<Listed>, Fault> {
        let text = texts!(order);
        let (key, id) = order.after.as_ref().map(|(key, id)| (key.as_str(), *id)).unzip();
        let rows: Vec<ListedRow> = on!(&self.db, c => bind_filter!(sqlx::query_as(text), filter)
            .bind(key).bind(id).bind(slice.limit).bind(slice.offset).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|row| Listed { user: row.user.into(), key: row.sort_key }).collect())
    }

    /// How many users the filter lets through, counted up to `limit`.
    pub async fn count_matching_users(&self, filter: &UserFilter, limit: i64) -> Result<i64, Fault> {
        const TEXT: &str = concat!("SELECT count(*) FROM (SELECT 1", conditions!(), "LIMIT $25) AS counted");
        on!(&self.db, c => bind_filter!(sqlx::query_scalar(TEXT), filter).bind(limit).fetch_one(c).await)
            .map_err(Fault::from)
    }
}
