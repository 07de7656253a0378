//! What the program does. The commands other than `serve` work on the database directly, and tell the servers that run
//! on the same data what they changed.

mod ask;
mod audit;
mod doctor;
mod serve;
mod show;
mod token;
mod user;

pub(crate) use {audit::AuditCommand, token::TokenCommand, user::UserCommand};

use anyhow::{Context as _, anyhow};
use jeton_core::user::User;
use jeton_server::{app::App, control};
use jeton_store::{By, Means};

use crate::{cli::Command, instance, settings::Settings};

/// Runs a command to its end.
pub(crate) async fn run(command: Command, settings: Settings) -> anyhow::Result<()> {
    match command {
        Command::Serve => serve::run(settings).await,
        Command::User(command) => user::run(command, &open(&settings).await?).await,
        Command::Token(command) => token::run(command, &open(&settings).await?).await,
        Command::Audit(command) => audit::run(&command, &open(&settings).await?).await,
        Command::Migrate => migrate(&settings).await,
        Command::Doctor { json } => doctor::run(&settings, json).await,
    }
}

async fn open(settings: &Settings) -> anyhow::Result<App> {
    instance::open(settings, instance::external_url(settings, None)).await
}

async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    instance::make_directories(&instance::data_dir(settings)?)?;
    instance::open_store(settings).await?.close().await;
    Ok(())
}

/// Who makes the changes of a command, for the audit log.
const fn by() -> By {
    By::local(Means::CommandLine)
}

/// After a change that takes something away: no server that runs on this data directory believes what was before.
async fn tell_servers(app: &App) -> anyhow::Result<()> {
    control::forget_everywhere(&app.config.data_dir).await.map_err(Into::into)
}

async fn find_user(app: &App, username: &str) -> anyhow::Result<User> {
    let user = app.store.user_named(username).await.context("the user cannot be looked up")?;
    user.ok_or_else(|| anyhow!("there is no user {username:?}; `jeton user list` shows all"))
}
