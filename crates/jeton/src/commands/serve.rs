//! `jeton serve`: the server, from its first line to its last.

use std::{
    io::{self, Write as _},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use jeton_core::{
    secret::Secret,
    user::{Email, Username},
};
use jeton_server::{
    app::App,
    control::Control,
    doors::Doors,
    edge::{self, Address, Certificate, Edge, Limits, Stopped},
    mail,
    nature::Stopwatch,
    passwords::strength::About,
};
use jeton_store::{
    By, Means,
    users::{NewUser, NotMade},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::ask;
use crate::{instance, logging, settings::Settings};

/// How often uses of tokens are written.
const FLUSH: Duration = Duration::from_secs(1);
/// Where writing them takes long, because very many tokens are in use, it rests this many times as long in between: it
/// never takes more than a tenth of a core from the requests.
const REST: u32 = 9;

/// How often audit events are chained.
const CHAIN: Duration = Duration::from_secs(1);
/// How often old traces of sign-ins are cleared away.
const CLEARING: Duration = Duration::from_hours(1);

/// Files that may be open besides connections: the database, the log, repositories and pipes to git.
const OTHER_FILES: u64 = 256;

/// The administrator that an empty database gets.
const ROOT: &str = "root";
const ROOT_NAME: &str = "Administrator";
const ROOT_EMAIL: &str = "admin@example.com";

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    logging::start(&settings.log, settings.log_format);
    for warning in settings.misspelt.iter().chain(&settings.warnings) {
        tracing::warn!("{warning}");
    }
    let certificate = match &settings.tls {
        Some((cert, key)) => Some(Arc::new(Certificate::read(cert, key).context("TLS cannot be spoken")?)),
        None => None,
    };
    let limits = Limits { connections: connections(settings.max_connections), ..Limits::default() };
    let edge = Edge::bind(&settings.listen, certificate.as_deref(), limits).await?;
    let addresses = edge.addresses();
    let port = addresses.iter().find_map(|address| address.port());
    let app = instance::open(&settings, instance::external_url(&settings, port)).await?;
    let _alone = instance::claim(&app.config.data_dir)?;
    app.metrics.watch_connections(edge.keeper());
    let control = Control::open(&app.config.data_dir).await?;
    let link = settle_root(&app, settings.root_password).await?;

    let mut background = JoinSet::new();
    let (stops, mut asked) = watch::channel(0);
    background.spawn(count_stops(stops)?);
    background.spawn(reload_on_hangup(certificate)?);
    background.spawn(flush_uses(app.clone()));
    background.spawn(chain_audit(app.clone()));
    background.spawn(forget_sign_ins(app.clone()));
    background.spawn(control.serve(app.clone()));
    tokio::spawn(look_after_repositories(app.clone()));
    let no_more_mails = CancellationToken::new();
    let mut courier = tokio::spawn(mail::courier(app.clone(), no_more_mails.clone()));
    announce(&addresses, link.as_deref())?;

    let mut asked_again = asked.clone();
    let serving = edge.serve(Doors::new(app.clone()), async move { wait_for(&mut asked, 1).await });
    let stopped = tokio::select! {
        stopped = serving => Some(stopped),
        () = wait_for(&mut asked_again, 2) => None,
        // None of them ends by itself. Without the control socket, say, revocations by command would go unheard.
        _ = &mut courier => bail!("mails are not sent any more, so the server stops; the log says why"),
        _ = background.join_next() => bail!("a part of the server ended, so the rest does too; the log says why"),
    };
    match stopped {
        Some(Stopped::Clean) => {}
        Some(Stopped::Cut(connections)) => tracing::warn!(connections, "some requests took too long and were cut"),
        None => tracing::warn!("stopped at once: requests in hand were cut"),
    }
    background.shutdown().await;
    app.finish_mail_requests().await;
    no_more_mails.cancel();
    courier.await.context("the mails of the last moment could not be sent")?;
    app.last_used.flush(&app.store).await.context("the last uses of tokens could not be written")?;
    app.flush_activity().await.context("the last activities of users could not be written")?;
    if let Err(error) = app.chain_audit().await {
        tracing::error!(%error, "the last audit events are not chained; they wait for the next start");
    }
    app.store.close().await;
    Ok(())
}

/// As many connections as asked for, and as the system has file descriptors for.
fn connections(asked: usize) -> usize {
    let Some(files) = edge::raise_open_files() else { return asked };
    let room = usize::try_from(files.saturating_sub(OTHER_FILES).max(files / 2)).unwrap_or(usize::MAX);
    if room < asked {
        tracing::warn!(
            files,
            asked,
            connections = room,
            "fewer connections than asked for: raise the limit of open files"
        );
    }
    asked.min(room)
}

/// Makes the administrator of an empty database. Answers the link that sets root's password, as long as root is alone
/// and has none.
async fn settle_root(app: &App, password: Option<Secret>) -> anyhow::Result<Option<String>> {
    if app.store.count_users(1).await? == 0 {
        make_root(app, password).await?;
    }
    if app.store.count_users(2).await? > 1 {
        return Ok(None);
    }
    match app.store.account(ROOT).await? {
        Some(root) if root.password_hash.is_none() => {
            let link = app.make_password_link(root.user.id).await;
            link.map(Some).map_err(|refusal| anyhow::anyhow!("root gets no link to set a password: {refusal}"))
        }
        _ => Ok(None),
    }
}

async fn make_root(app: &App, password: Option<Secret>) -> anyhow::Result<()> {
    let password_hash = match password {
        Some(password) => {
            let about = About { username: ROOT, name: ROOT_NAME, email: ROOT_EMAIL, url: &app.config.external_url };
            let password = ask::check_password(password, about).context("the setting root_password cannot be used")?;
            Some(app.passwords.hash(password).await?)
        }
        None => None,
    };
    let username = Username::parse(ROOT).map_err(|error| anyhow::anyhow!("{ROOT} {error}"))?;
    let email = Email::parse(ROOT_EMAIL).map_err(|error| anyhow::anyhow!("root's address {error}"))?;
    let limit = app.policy().default_projects_limit;
    let root =
        NewUser { password_hash, administrator: true, ..NewUser::plain(username, ROOT_NAME.to_owned(), email, limit) };
    match app.store.create_user(root, By::local(Means::Server), app.now()).await {
        // Another node was faster.
        Ok(_) | Err(NotMade::UsernameTaken | NotMade::EmailTaken | NotMade::IdentityTaken) => Ok(()),
        Err(NotMade::Fault(fault)) => Err(fault).context("the administrator root could not be made"),
    }
}

/// What programs that start the server wait for: the first line, with the first address.
fn announce(addresses: &[Arc<Address>], link: Option<&str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for address in addresses {
        writeln!(out, "Jeton is listening on {address}")?;
    }
    if let Some(link) = link {
        writeln!(out, "Set the password of root, once and within a day: {link}")?;
    }
    out.flush()
}

/// Without git everything else works, so its absence is no reason not to start.
async fn look_after_repositories(app: App) {
    match app.repositories.git().version().await {
        Ok(version) => tracing::debug!(version, "git is there"),
        Err(error) => tracing::error!(%error, "repositories cannot be served"),
    }
    if let Err(error) = app.repositories.sweep().await {
        tracing::warn!(%error, "what earlier deletions left behind could not be removed");
    }
}

/// Clears away what counts no more of wrong guesses, and browsers and networks that nobody came back with.
async fn forget_sign_ins(app: App) {
    loop {
        let cleared = match app.store.forget_throttles(app.now()).await {
            Ok(_) => app.store.forget_old_places(app.now()).await,
            Err(fault) => Err(fault),
        };
        if let Err(fault) = cleared {
            tracing::warn!(%fault, "old traces of sign-ins could not be cleared away");
        }
        tokio::time::sleep(CLEARING).await;
    }
}

async fn flush_uses(app: App) {
    let mut failing = false;
    let mut rest = FLUSH;
    loop {
        tokio::time::sleep(rest).await;
        let stopwatch = Stopwatch::start();
        let outcome = app.last_used.flush(&app.store).await.and(app.flush_activity().await);
        if let Err(fault) = &outcome
            && !failing
        {
            tracing::warn!(%fault, "uses of tokens cannot be written; they are kept and tried again");
        }
        failing = outcome.is_err();
        rest = FLUSH.max(stopwatch.elapsed() * REST);
    }
}

/// What is wrong is said once, and not again every second.
async fn chain_audit(app: App) {
    let mut said = None;
    loop {
        tokio::time::sleep(CHAIN).await;
        let wrong = match app.chain_audit().await {
            Ok(broken) => broken.map(|broken| broken.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(wrong) = wrong.as_ref().filter(|wrong| Some(*wrong) != said.as_ref()) {
            tracing::error!(%wrong, "the audit log cannot be chained as it must be; `jeton doctor` says what to do");
        }
        said = wrong;
    }
}

/// Counts the signals that ask for a stop: after the first, requests in hand are finished; after the second, cut.
fn count_stops(stops: watch::Sender<u32>) -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            stops.send_modify(|count| *count += 1);
            tracing::info!("asked to stop");
        }
    })
}

async fn wait_for(stops: &mut watch::Receiver<u32>, count: u32) {
    // The counter lives as long as the server.
    let _ = stops.wait_for(|stops| *stops >= count).await;
}

/// Reads the certificate again at every SIGHUP, which otherwise would end the program.
fn reload_on_hangup(certificate: Option<Arc<Certificate>>) -> io::Result<impl Future<Output = ()>> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        while hangup.recv().await.is_some() {
            match certificate.as_ref().map(|certificate| certificate.reload()) {
                Some(Ok(())) => tracing::info!("the certificate was read again"),
                Some(Err(error)) => tracing::error!(%error, "the new certificate cannot be used; the old one stays"),
                None => tracing::info!("there is no certificate to read again"),
            }
        }
    })
}
