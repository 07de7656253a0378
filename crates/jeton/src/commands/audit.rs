//! `jeton audit …`

use anyhow::Context as _;
use clap::Subcommand;
use jeton_server::app::App;

use super::{by, show};

/// What to do with the audit log.
#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// After a backup was restored: take the last chained event for the end of the log, though the log had gone on
    AcceptEnd,
}

pub(super) async fn run(command: &AuditCommand, app: &App) -> anyhow::Result<()> {
    match command {
        AuditCommand::AcceptEnd => accept_end(app).await,
    }
}

async fn accept_end(app: &App) -> anyhow::Result<()> {
    let end = app.accept_audit_end(by()).await.context("the end of the audit log was not accepted")?;
    Ok(show::line(&format!("The audit log ends at position {end} and goes on from there."))?)
}
