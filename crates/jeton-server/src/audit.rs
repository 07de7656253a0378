//! The audit log's chain and its anchor: how far the chain had come, in a file beside the instance's key.
//!
//! Who can write to the database can put all of it back as it was at an earlier moment, its seals with it. The anchor is
//! out of their reach, so it tells. It is written after the database has committed and never moved backwards: a power cut
//! in between leaves an older one, which is a lower bound all the same.

use std::{io, path::Path, sync::atomic::Ordering};

use jeton_store::{
    By, Fault, Store,
    audit::{Anchor, Break},
};

use crate::{app::App, durable};

/// The anchor's name in the directory of the keys.
const NAME: &str = "audit.anchor";

/// Why the anchor is of no use.
#[derive(Debug, thiserror::Error)]
pub enum AnchorLost {
    /// It is not what this instance wrote.
    #[error(
        "keys/{NAME} is not what this instance wrote there: put it back, or accept the end of the audit log as it is \
         with `jeton audit accept-end`"
    )]
    Foreign,
    /// The file cannot be read or written.
    #[error("keys/{NAME} cannot be read or written: {0}")]
    File(#[from] io::Error),
    /// The database could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The anchor of this data directory, if there is one.
pub async fn read_anchor(data_dir: &Path, store: &Store) -> Result<Option<Anchor>, AnchorLost> {
    match tokio::fs::read_to_string(data_dir.join("keys").join(NAME)).await {
        Ok(text) => store.read_anchor(&text)?.map(Some).ok_or(AnchorLost::Foreign),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(AnchorLost::Foreign),
        Err(error) => Err(error.into()),
    }
}

impl App {
    /// Chains the audit events that are not chained yet, and drops the anchor there. Answers what is broken, if that was
    /// noticed: of anything but a forged event, nothing is chained any more.
    pub async fn chain_audit(&self) -> Result<Option<Break>, AnchorLost> {
        let anchor = read_anchor(&self.config.data_dir, &self.store).await?;
        let chained = self.store.chain_audit(anchor.as_ref()).await?;
        self.metrics.audit_broken.store(chained.broken.is_some(), Ordering::Relaxed);
        let reached = anchor.map(|anchor| anchor.position);
        if let Some(end) = chained.end.filter(|end| reached.is_none_or(|reached| reached < end.position)) {
            self.write_anchor(&end).await?;
        }
        Ok(chained.broken)
    }

    /// Takes the audit log to end where it ends now, whatever the anchor says; see [`Store::accept_audit_end`]. Answers
    /// how many events are chained.
    pub async fn accept_audit_end(&self, by: By) -> Result<i64, AnchorLost> {
        let before = match read_anchor(&self.config.data_dir, &self.store).await {
            Err(AnchorLost::Foreign) => None,
            read => read?,
        };
        let end = self.store.accept_audit_end(before.as_ref(), by, self.now()).await?;
        self.write_anchor(&end).await?;
        Ok(end.position)
    }

    async fn write_anchor(&self, anchor: &Anchor) -> Result<(), AnchorLost> {
        let (directory, text) = (self.config.data_dir.join("keys"), self.store.write_anchor(anchor)?);
        let written = tokio::task::spawn_blocking(move || durable::write(&directory, NAME, text.as_bytes()));
        Ok(written.await.map_err(io::Error::other)??)
    }
}
