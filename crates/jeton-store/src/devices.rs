//! Where accounts signed in before: browsers, by a cookie of their own, and networks.

use jeton_core::{
    id::{DeviceId, UserId},
    time::Timestamp,
    token::TokenDigest,
};
use serde_json::json;
use sqlx::FromRow;

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::{Tx, on, on_tx, on_writer},
};

/// Days for which a browser is remembered that is not used to sign in.
const DEVICE_DAYS: i64 = 365;
/// The same for a network.
const NETWORK_DAYS: i64 = 90;
/// Networks that are remembered of one account, at most.
const MOST_NETWORKS: i64 = 64;
/// Browsers that are remembered of one account, at most.
const MOST_DEVICES: i64 = 64;
/// Cookies of one browser, each for another account, that are looked at.
pub const MOST_COOKIES: usize = 5;
const DAY: i64 = 86_400;

/// A browser in which somebody signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// The number.
    pub id: DeviceId,
    /// When it was used for the first time.
    pub created_at: Timestamp,
    /// When somebody signed in with it for the last time.
    pub last_seen_at: Timestamp,
    /// From which address.
    pub address: Option<String>,
    /// What it calls itself.
    pub client: Option<String>,
}

#[derive(FromRow)]
struct DeviceRow {
    id: i64,
    created_at: i64,
    last_seen_at: i64,
    address: Option<String>,
    client: Option<String>,
}

impl From<DeviceRow> for Device {
    fn from(row: DeviceRow) -> Self {
        Self {
            id: DeviceId(row.id),
            created_at: Timestamp::from_micros(row.created_at),
            last_seen_at: Timestamp::from_micros(row.last_seen_at),
            address: row.address,
            client: row.client,
        }
    }
}

/// What is known of where somebody comes from.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Familiarity {
    /// The browser, and which of its cookies was this account's.
    pub device: Option<(DeviceId, usize)>,
    /// Whether the account signed in from the network before.
    pub network: bool,
}

impl Store {
    /// Whether that account signed in before with a browser that brings one of these cookies, or from that network.
    /// Cookies beyond [`MOST_COOKIES`] are not looked at.
    pub async fn familiarity(
        &self,
        user: UserId,
        cookies: &[TokenDigest],
        network: Option<&str>,
        now: Timestamp,
    ) -> Result<Familiarity, Fault> {
        let mut found = Familiarity::default();
        let since = now.plus_seconds(-DEVICE_DAYS * DAY).micros();
        for (place, digest) in cookies.iter().take(MOST_COOKIES).enumerate() {
            let id: Option<i64> = on!(&self.db, c => sqlx::query_scalar(
                "SELECT id FROM devices WHERE digest = $1 AND user_id = $2 AND last_seen_at > $3")
                .bind(&digest.0[..]).bind(user.0).bind(since).fetch_optional(c).await)?;
            found.device = found.device.or(id.map(|id| (DeviceId(id), place)));
        }
        let since = now.plus_seconds(-NETWORK_DAYS * DAY).micros();
        let seen: Option<i64> = on!(&self.db, c => sqlx::query_scalar(
            "SELECT last_seen_at FROM familiar_networks WHERE user_id = $1 AND network = $2 AND last_seen_at > $3")
            .bind(user.0).bind(network.unwrap_or_default()).bind(since).fetch_optional(c).await)?;
        Ok(Familiarity { network: seen.is_some(), ..found })
    }

    /// Remembers a browser in which somebody signed in: under a new digest if it is known, else as a new one. The ones
    /// that were not used for longest make room.
    pub async fn remember_device(
        &self,
        user: UserId,
        known: Option<DeviceId>,
        digest: TokenDigest,
        by: By,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let address = by.address.map(|address| address.to_string());
                let renewed = on_tx!(tx, c => sqlx::query(
                    "UPDATE devices SET digest = $1, last_seen_at = $2, address = $3, client = $4
                     WHERE id = $5 AND user_id = $6")
                    .bind(&digest.0[..]).bind(now.micros()).bind(&address).bind(by.client.as_deref())
                    .bind(known.map_or(0, |id| id.0)).bind(user.0)
                    .execute(c).await.map(|done| done.rows_affected()))?;
                if renewed > 0 {
                    return Ok(());
                }
                on_tx!(tx, c => sqlx::query(
                    "INSERT INTO devices (user_id, digest, created_at, last_seen_at, address, client)
                     VALUES ($1, $2, $3, $3, $4, $5)")
                    .bind(user.0).bind(&digest.0[..]).bind(now.micros()).bind(&address).bind(by.client.as_deref())
                    .execute(c).await.map(drop))?;
                on_tx!(tx, c => sqlx::query(
                    "DELETE FROM devices WHERE user_id = $1 AND id NOT IN
                        (SELECT id FROM devices WHERE user_id = $1 ORDER BY last_seen_at DESC, id DESC LIMIT $2)")
                    .bind(user.0).bind(MOST_DEVICES).execute(c).await.map(drop))?;
                let event = Event { action: "device.new", subject: "user", subject_id: user.0, details: json!({}) };
                audit::record(tx, &by, now, event).await
            })
        })
        .await
    }

    /// The browsers in which that user signed in, the last used first.
    pub async fn devices_of(&self, user: UserId, now: Timestamp) -> Result<Vec<Device>, Fault> {
        let rows: Vec<DeviceRow> = on!(&self.db, c => sqlx::query_as(
            "SELECT id, created_at, last_seen_at, address, client FROM devices
             WHERE user_id = $1 AND last_seen_at > $2 ORDER BY last_seen_at DESC, id DESC")
            .bind(user.0).bind(now.plus_seconds(-DEVICE_DAYS * DAY).micros()).fetch_all(c).await)?;
        Ok(rows.into_iter().map(Device::from).collect())
    }

    /// Forgets one browser of that user. False if there is none of that number.
    pub async fn forget_device(&self, user: UserId, id: DeviceId, by: By, now: Timestamp) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let gone = on_tx!(tx, c => sqlx::query("DELETE FROM devices WHERE id = $1 AND user_id = $2")
                    .bind(id.0).bind(user.0).execute(c).await.map(|done| done.rows_affected()))?;
                if gone > 0 {
                    let event =
                        Event { action: "device.forget", subject: "user", subject_id: user.0, details: json!({}) };
                    audit::record(tx, &by, now, event).await?;
                }
                Ok(gone > 0)
            })
        })
        .await
    }

    /// Remembers a network from which somebody signed in. The ones that were not used for longest make room.
    pub async fn remember_network(&self, user: UserId, network: String, now: Timestamp) -> Result<(), Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                on_tx!(tx, c => sqlx::query(
                    "INSERT INTO familiar_networks (user_id, network, last_seen_at) VALUES ($1, $2, $3)
                     ON CONFLICT (user_id, network) DO UPDATE SET last_seen_at = excluded.last_seen_at")
                    .bind(user.0).bind(network).bind(now.micros()).execute(c).await.map(drop))?;
                on_tx!(tx, c => sqlx::query(
                    "DELETE FROM familiar_networks WHERE user_id = $1 AND network NOT IN
                        (SELECT network FROM familiar_networks WHERE user_id = $1
                         ORDER BY last_seen_at DESC, network LIMIT $2)")
                    .bind(user.0).bind(MOST_NETWORKS).execute(c).await.map(drop))
                .map_err(Fault::from)
            })
        })
        .await
    }

    /// Clears away browsers and networks that were not used for too long.
    pub async fn forget_old_places(&self, now: Timestamp) -> Result<(), Fault> {
        on_writer!(&self.db, c => sqlx::query("DELETE FROM devices WHERE last_seen_at <= $1")
            .bind(now.plus_seconds(-DEVICE_DAYS * DAY).micros()).execute(c).await.map(drop))?;
        on_writer!(&self.db, c => sqlx::query("DELETE FROM familiar_networks WHERE last_seen_at <= $1")
            .bind(now.plus_seconds(-NETWORK_DAYS * DAY).micros()).execute(c).await.map(drop))
        .map_err(Fault::from)
    }
}

/// Forgets every browser and network of a user: whoever knew the old password may have made them familiar.
pub(crate) async fn forget_places(tx: &mut Tx, user: UserId) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query("DELETE FROM devices WHERE user_id = $1").bind(user.0).execute(c).await.map(drop))?;
    on_tx!(tx, c => sqlx::query("DELETE FROM familiar_networks WHERE user_id = $1")
        .bind(user.0).execute(c).await.map(drop))
    .map_err(Fault::from)
}
