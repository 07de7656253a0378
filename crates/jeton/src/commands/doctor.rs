//! `jeton doctor`: looks at everything that a server needs, changes nothing, and says what to do about what is wrong.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use anyhow::{anyhow, bail, ensure};
use jeton_core::id::ProjectId;
use jeton_server::{
    audit::read_anchor,
    edge::{Certificate, raise_open_files},
    mail::Smtp,
    nature,
    repositories::{Git, Repositories},
};
use jeton_store::{
    Store,
    audit::{Break, Checked},
};
use serde_json::{Value, json};

use super::show;
use crate::{
    instance, keys,
    settings::{self, Registry, Settings},
};

/// What one check found: a line for people, or what is wrong and what to do.
struct Finding {
    check: &'static str,
    outcome: anyhow::Result<String>,
}

pub(super) async fn run(settings: &Settings, as_json: bool) -> anyhow::Result<()> {
    let findings = examine(settings).await?;
    let wrong = findings.iter().filter(|finding| finding.outcome.is_err()).count();
    if as_json {
        show::json(&findings.iter().map(Finding::describe).collect())?;
    } else {
        let rows = findings.iter().map(Finding::row).collect();
        show::table(["CHECK", "", "FOUND"], rows)?;
    }
    if wrong > 0 {
        bail!("{wrong} of {} checks found something wrong; the list above says what to do", findings.len());
    }
    Ok(())
}

impl Finding {
    fn text(&self) -> String {
        match &self.outcome {
            Ok(found) => found.clone(),
            Err(error) => format!("{error:#}"),
        }
    }

    fn describe(&self) -> Value {
        json!({ "check": self.check, "ok": self.outcome.is_ok(), "found": self.text() })
    }

    fn row(&self) -> [String; 3] {
        let verdict = if self.outcome.is_ok() { "ok" } else { "WRONG" };
        [self.check.to_owned(), verdict.to_owned(), self.text()]
    }
}

async fn examine(settings: &Settings) -> anyhow::Result<Vec<Finding>> {
    let data_dir = instance::data_dir(settings)?;
    let git = Git::default();
    let mut findings = Vec::new();
    let mut note = |check, outcome| findings.push(Finding { check, outcome });
    note("data directory", check_data_dir(&data_dir));
    note("free space", check_space(&data_dir));
    note("open files", check_open_files(settings.max_connections));
    note("certificate", check_certificate(settings));
    note("git", check_git(&git).await);
    note("registry", check_registry(settings));
    note("mail", check_mail(settings).await);
    match Store::open_as_it_is(settings.database_url.expose()).await {
        Ok(store) => {
            note("database", check_database(&store).await);
            note("key", check_key(&data_dir, &store).await);
            note("administrator", check_administrator(&store).await);
            let repositories = Repositories::below(data_dir.join("repositories"), git);
            note("audit log", check_audit(&data_dir, &store).await);
            note("repositories", check_repositories(&store, &repositories).await);
            store.close().await;
        }
        Err(fault) => {
            note("database", Err(anyhow!("{fault}; see the setting database_url, or run `jeton serve` once")));
        }
    }
    Ok(findings)
}

fn check_data_dir(data_dir: &Path) -> anyhow::Result<String> {
    let shown = data_dir.display();
    let found = fs::metadata(data_dir)
        .map_err(|error| anyhow!("{shown}: {error}; see the setting data_dir, or run `jeton serve` once"))?;
    ensure!(found.is_dir(), "{shown} is no directory; see the setting data_dir");
    let (owner, we) = (found.uid(), rustix::process::geteuid());
    ensure!(
        owner == we.as_raw(),
        "{shown} belongs to the user {owner}, and this is the user {}: run commands as that user",
        we.as_raw()
    );
    for inside in ["jeton.db", "avatars", "keys", "mail", "repositories", "run"].map(|name| data_dir.join(name)) {
        if inside.exists() {
            private(&inside)?;
        }
    }
    Ok(shown.to_string())
}

/// That nobody but the owner can read it.
fn private(path: &Path) -> anyhow::Result<()> {
    const OTHERS: u32 = 0o077;
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    ensure!(
        mode & OTHERS == 0,
        "{} can be read by others (mode {mode:o}): chmod go= {}",
        path.display(),
        path.display()
    );
    Ok(())
}

fn check_space(data_dir: &Path) -> anyhow::Result<String> {
    const LEAST: u64 = 1 << 30;
    let disk = rustix::fs::statvfs(data_dir).map_err(io::Error::from)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let shown = format!("{} MiB free, {} files can be made", free >> 20, disk.f_favail);
    ensure!(free >= LEAST, "{shown}: a push needs room for itself twice; make room, or move the data directory");
    // File systems without a limit of files say 0 of 0.
    ensure!(disk.f_favail > 10_000 || disk.f_files == 0, "{shown}: make room for files, or move the data directory");
    Ok(shown)
}

fn check_open_files(connections: usize) -> anyhow::Result<String> {
    let Some(files) = raise_open_files() else { return Ok("no limit".to_owned()) };
    let enough = usize::try_from(files).is_ok_and(|files| files >= connections);
    ensure!(
        enough,
        "the limit is {files}, and max_connections is {connections}: raise it (`ulimit -Hn`, LimitNOFILE= of systemd)"
    );
    Ok(format!("at most {files}"))
}

fn check_certificate(settings: &Settings) -> anyhow::Result<String> {
    let Some((cert, key)) = &settings.tls else { return Ok("none: listeners speak plain HTTP".to_owned()) };
    Certificate::read(cert, key)?;
    private(key)?;
    Ok(cert.display().to_string())
}

/// `git version 2.47.3` and the like.
async fn check_git(git: &Git) -> anyhow::Result<String> {
    const LEAST: (u32, u32) = (2, 36);
    let version =
        git.version().await.map_err(|error| anyhow!("{error}: install git; repositories cannot be served without"))?;
    let mut numbers = version.trim_start_matches("git version ").split('.').map(|number| number.parse().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    ensure!(found >= LEAST, "{version}: git {}.{} is the oldest that will do", LEAST.0, LEAST.1);
    Ok(version)
}

fn check_registry(settings: &Settings) -> anyhow::Result<String> {
    match settings.registry {
        Registry::Managed => match settings::registry_program(&std::env::var("PATH").unwrap_or_default()) {
            Some(program) => Ok(format!("managed: {}", program.display())),
            None => bail!("it is set to managed, and there is no program for it: install docker-registry"),
        },
        Registry::External => Ok("external".to_owned()),
        Registry::Off => Ok("off".to_owned()),
    }
}

/// That the mail server lets us in; nothing is sent.
async fn check_mail(settings: &Settings) -> anyhow::Result<String> {
    let Some(address) = &settings.smtp_url else {
        return Ok("no server is set: mails are written to `mail` in the data directory".to_owned());
    };
    let smtp = Smtp::new(address.clone(), &instance::external_url(settings, None));
    smtp.check().await.map_err(|error| anyhow!("{address}: {error}; see the setting smtp_url"))?;
    Ok(address.to_string())
}

async fn check_database(store: &Store) -> anyhow::Result<String> {
    let schema = store.schema().await?;
    ensure!(schema.unknown == 0, "a newer program has changed the schema: run that program, or restore a backup");
    ensure!(schema.missing.is_empty(), "the schema lacks {}: run `jeton migrate`", schema.missing.join(", "));
    if let Some(damage) = store.damage().await? {
        bail!("the file is damaged ({damage}): stop the server and restore a backup");
    }
    Ok(format!("{}, up to date", store.engine()))
}

async fn check_key(data_dir: &Path, store: &Store) -> anyhow::Result<String> {
    let path = keys::path(data_dir);
    let shown = path.display();
    let key = keys::read(&path)?;
    let (Some(key), Some(known)) = (key, store.digest_key_id().await?) else {
        bail!(
            "{shown} or the database's note of it is missing: run `jeton serve`, which makes them or says what is wrong"
        );
    };
    ensure!(known == key.id(), "{shown} is not the key {known} that the database knows: put that one back");
    private(&path)?;
    Ok(format!("{known}, the one that the database knows"))
}

/// Whether the chain of audit events is whole.
async fn check_audit(data_dir: &Path, store: &Store) -> anyhow::Result<String> {
    let Some(key) = keys::read(&keys::path(data_dir))? else { bail!("it cannot be checked without the key") };
    let store = store.clone().keyed(&key, *nature::chance()?);
    // Before the check: the chain may grow meanwhile, and its anchor with it.
    let anchor = read_anchor(data_dir, &store).await?;
    let Checked { chained, waiting, broken } = store.check_audit(anchor.as_ref()).await?;
    match broken {
        None => Ok(format!("{chained} events chained, {waiting} waiting for it")),
        Some(broken) => Err(anyhow!("{broken}{}", after(&broken))),
    }
}

/// What to do about a broken audit log.
fn after(broken: &Break) -> String {
    const PAST_JETON: &str =
        "somebody wrote into the database past Jeton: compare it with a backup, and look who can reach the database";
    match broken {
        Break::Changed { .. } | Break::Removed { .. } | Break::Forged { .. } => format!(": {PAST_JETON}"),
        Break::CutOff { .. } => format!(
            ": {PAST_JETON}. No event is chained until `jeton audit accept-end` takes what is there for the end"
        ),
        Break::Behind { .. } | Break::Replaced { .. } => format!(
            ". If you restored a backup, say so with `jeton audit accept-end`; if not, {PAST_JETON}. No event is chained \
             until then"
        ),
    }
}

async fn check_administrator(store: &Store) -> anyhow::Result<String> {
    ensure!(
        store.has_administrator().await?,
        "nobody can administer this instance: `jeton user unblock root`, or `jeton user create NAME --email E --admin`"
    );
    Ok("there is one".to_owned())
}

async fn check_repositories(store: &Store, repositories: &Repositories) -> anyhow::Result<String> {
    const BATCH: i64 = 1000;
    let (mut projects, mut missing) = (0_usize, Vec::new());
    let mut last = ProjectId(0);
    loop {
        let ids = store.project_ids(last, BATCH).await?;
        let Some(highest) = ids.last().copied() else { break };
        projects += ids.len();
        for id in ids {
            if !repositories.exists(id).await? {
                missing.push(repositories.directory(id).display().to_string());
            }
        }
        last = highest;
    }
    if let Some(first) = missing.first() {
        bail!(
            "{} of {projects} projects have none, the first at {first}: restore it, or delete the project",
            missing.len()
        );
    }
    Ok(format!("{projects} projects, each with its own"))
}
