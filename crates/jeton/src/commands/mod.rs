//! What the program does.

mod serve;

use crate::{cli::Command, instance, settings::Settings};

/// Runs a command to its end.
pub(crate) async fn run(command: Command, settings: Settings) -> anyhow::Result<()> {
    match command {
        Command::Serve => serve::run(settings).await,
        Command::Migrate => migrate(&settings).await,
    }
}

async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    instance::make_directories(&instance::data_dir(settings)?)?;
    instance::open_store(settings).await?.close().await;
    Ok(())
}
