//! The instance behind the settings: its data directory, its database, its key.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use jeton_server::{
    app::{App, Config},
    edge::Listen,
    mail::{self, MailSettings},
    nature::Clock,
};
use jeton_store::Store;

use crate::{
    keys,
    settings::{Registry, Settings},
};

/// How many living tokens a user may have.
const TOKEN_LIMIT: i64 = 5_000;

/// Directories below the data directory that the server expects.
const DIRECTORIES: [&str; 5] = ["avatars", "keys", "mail", "repositories", "run"];

/// The data directory, wherever the process may go.
pub(crate) fn data_dir(settings: &Settings) -> anyhow::Result<PathBuf> {
    std::path::absolute(&settings.data_dir).context("the data directory has no absolute path; set data_dir to one")
}

/// Opens the database, brings it up to date, and finds its key; on the first start, makes all of them.
pub(crate) async fn open(settings: &Settings, external_url: String) -> anyhow::Result<App> {
    let data_dir = data_dir(settings)?;
    make_directories(&data_dir)?;
    let store = open_store(settings).await?;
    let digest_key = keys::settle(&data_dir, &store).await?;
    let mail = mail_settings(settings, &external_url)?;
    let config = Config {
        external_url,
        data_dir,
        registry: settings.registry != Registry::Off,
        impersonation: settings.impersonation_enabled,
        trusted_proxies: settings.trusted_proxies.clone(),
        metrics_allow: settings.metrics_allow.clone(),
        token_limit: TOKEN_LIMIT,
        mail,
    };
    let policy = store.policy(config.usual_policy()).await?;
    Ok(App::new(config, store, digest_key, policy, Clock::System)?)
}

/// Where mails go, and who they come from.
fn mail_settings(settings: &Settings, external_url: &str) -> anyhow::Result<MailSettings> {
    let from = match &settings.mail_from {
        Some(from) => from.clone(),
        None => mail::sender_of(external_url).map_err(|error| anyhow!("{error}; set mail_from"))?,
    };
    Ok(MailSettings { smtp: settings.smtp_url.clone(), from })
}

/// Takes the data directory for one server, until what this returns is dropped or the process ends, however it ends.
///
/// A server believes what it remembers of a token until it is told otherwise, and it would not hear of what another one
/// revokes.
pub(crate) fn claim(data_dir: &Path) -> anyhow::Result<File> {
    let path = data_dir.join("server.lock");
    let failed = || format!("{} cannot be locked", path.display());
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = file.with_context(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another server runs on {}: stop it first, or set data_dir and database_url to other ones",
            data_dir.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(failed),
    }
}

/// Opens the database and brings its schema up to date.
pub(crate) async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    Store::open(settings.database_url.expose())
        .await
        .context("the database cannot be opened; see the setting database_url")
}

/// Makes the data directory and what the server expects in it.
pub(crate) fn make_directories(data_dir: &Path) -> anyhow::Result<()> {
    for directory in std::iter::once(data_dir.to_owned()).chain(DIRECTORIES.map(|name| data_dir.join(name))) {
        keys::private_directory(&directory).with_context(|| {
            format!("the directory {} cannot be made; see the setting data_dir", directory.display())
        })?;
    }
    Ok(())
}

/// How people reach this instance, where it is not set: at the port that the first listener has, or is asked for.
pub(crate) fn external_url(settings: &Settings, bound: Option<u16>) -> String {
    if let Some(url) = &settings.external_url {
        return url.clone();
    }
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let asked_for = settings.listen.iter().find_map(|listen| match listen {
        Listen::Tcp { port: 0, .. } | Listen::Unix(_) => None,
        Listen::Tcp { port, .. } => Some(*port),
    });
    match bound.or(asked_for) {
        Some(port) => format!("{scheme}://localhost:{port}"),
        None => format!("{scheme}://localhost"),
    }
}
