//! Settings: from flags, the environment and one TOML file. Each is checked before anything is done, and an error names
//! the setting, where it was written, and what to write instead.

mod rows;
mod sources;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fmt::Display,
    path::{Path, PathBuf},
    str::FromStr,
};

use jeton_core::secret::Secret;
use jeton_server::{
    edge::{Listen, Networks},
    mail::{self, Mailbox, SmtpAddress},
};

use sources::Written;

pub(crate) use rows::{ROWS, help};
pub(crate) use sources::{Sources, environment};

use crate::logging::{Filter, Format};

/// Why the settings cannot be used: one line, with the mend.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadSetting(String);

/// What runs the container registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Registry {
    /// Jeton does.
    Managed,
    /// Somebody else does.
    External,
    /// There is none.
    Off,
}

impl FromStr for Registry {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "managed" => Ok(Self::Managed),
            "external" => Ok(Self::External),
            "off" => Ok(Self::Off),
            _ => Err("write managed, external or off"),
        }
    }
}

/// Every setting, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) data_dir: PathBuf,
    pub(crate) listen: Vec<Listen>,
    /// Without a slash at its end. None: it follows from the port.
    pub(crate) external_url: Option<String>,
    /// May hold a password.
    pub(crate) database_url: Secret,
    pub(crate) registry: Registry,
    pub(crate) root_password: Option<Secret>,
    /// Certificate and key.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    pub(crate) trusted_proxies: Networks,
    pub(crate) metrics_allow: Networks,
    /// May hold a password. None: mails are written to files.
    pub(crate) smtp_url: Option<SmtpAddress>,
    /// None: it follows from the external URL.
    pub(crate) mail_from: Option<Mailbox>,
    pub(crate) impersonation_enabled: bool,
    pub(crate) max_connections: usize,
    pub(crate) log: Filter,
    pub(crate) log_format: Format,
    /// What is odd about them without being wrong; for the log.
    pub(crate) warnings: Vec<String>,
    /// Variables of the environment that look like settings and are none: every command tells of them.
    pub(crate) misspelt: Vec<String>,
}

impl Settings {
    /// Reads and checks all of them.
    pub(crate) fn read(sources: &Sources) -> Result<Self, BadSetting> {
        let written = Reader(sources.read()?);
        let misspelt = sources.misspelt();
        let mut warnings = Vec::new();
        let data_dir = written.read("data_dir", path)?.unwrap_or_else(|| PathBuf::from("data"));
        let database_url = written.read("database_url", database)?.unwrap_or_else(|| sqlite_in(&data_dir));
        let registry = match written.read("registry", parse)? {
            Some(registry) => registry,
            None => default_registry(&sources.environment, &mut warnings),
        };
        Ok(Self {
            listen: written.read("listen", listen)?.unwrap_or_else(|| vec![default_listen()]),
            external_url: written.read("external_url", external_url)?,
            database_url,
            registry,
            root_password: written.read("root_password", |text| Ok::<_, &str>(Secret::new(text)))?,
            tls: both(written.read("tls_cert", path)?, written.read("tls_key", path)?)?,
            trusted_proxies: written.read("trusted_proxies", parse)?.unwrap_or_default(),
            metrics_allow: written.read("metrics_allow", parse)?.unwrap_or_else(Networks::loopback),
            smtp_url: written.read("smtp_url", parse)?,
            mail_from: written.read("mail_from", mail::sender)?,
            impersonation_enabled: written.read("impersonation_enabled", truth)?.unwrap_or(true),
            max_connections: written.read("max_connections", count)?.unwrap_or(8192),
            log: written.read("log", parse)?.unwrap_or_default(),
            log_format: written.read("log_format", parse)?.unwrap_or_default(),
            data_dir,
            misspelt,
            warnings,
        })
    }
}

/// The settings as they were written.
struct Reader(BTreeMap<&'static str, Written>);

impl Reader {
    fn read<T, E: Display>(&self, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Result<Option<T>, BadSetting> {
        let Some(Written { text, origin }) = self.0.get(name) else { return Ok(None) };
        parse(text.trim())
            .map(Some)
            .map_err(|error| BadSetting(format!("the setting {name} (from {origin}) is wrong: {error}")))
    }
}

fn parse<T: FromStr>(text: &str) -> Result<T, T::Err> {
    text.parse()
}

fn path(text: &str) -> Result<PathBuf, &'static str> {
    if text.is_empty() { Err("write a path") } else { Ok(PathBuf::from(text)) }
}

fn truth(text: &str) -> Result<bool, &'static str> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("write true or false"),
    }
}

fn count(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("write a whole number above 0")
}

fn listen(text: &str) -> Result<Vec<Listen>, String> {
    let addresses: Result<Vec<Listen>, _> = text.split(',').map(str::trim).map(str::parse).collect();
    addresses.map_err(|error: jeton_server::edge::BadListen| error.to_string())
}

fn default_listen() -> Listen {
    Listen::Tcp { host: "127.0.0.1".to_owned(), port: 8080 }
}

/// The message never repeats the address, which may hold a password.
fn database(text: &str) -> Result<Secret, &'static str> {
    let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    if known { Ok(Secret::new(text)) } else { Err("write sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE") }
}

fn sqlite_in(data_dir: &Path) -> Secret {
    Secret::new(format!("sqlite:{}", data_dir.join("jeton.db").display()))
}

fn external_url(text: &str) -> Result<String, &'static str> {
    const MEND: &str = "write scheme, host and port alone, such as https://git.example.com";
    let url = text.trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or(MEND)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':' | b'[' | b']');
    if host.is_empty() || !host.bytes().all(plain) { Err(MEND) } else { Ok(url.to_owned()) }
}

fn both(cert: Option<PathBuf>, key: Option<PathBuf>) -> Result<Option<(PathBuf, PathBuf)>, BadSetting> {
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some((cert, key))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(BadSetting("tls_cert is set and tls_key is not: set both, or neither".to_owned())),
        (None, Some(_)) => Err(BadSetting("tls_key is set and tls_cert is not: set both, or neither".to_owned())),
    }
}

fn default_registry(environment: &BTreeMap<String, String>, warnings: &mut Vec<String>) -> Registry {
    let search = environment.get("PATH").map(String::as_str).unwrap_or_default();
    if registry_program(search).is_some() {
        return Registry::Managed;
    }
    warnings.push(
        "there is no container registry: neither `docker-registry` nor `registry` is on PATH. \
         Install one, or set registry to off or external"
            .to_owned(),
    );
    Registry::Off
}

/// The program that a managed registry is, along a search path.
pub(crate) fn registry_program(search: &str) -> Option<PathBuf> {
    let programs = ["docker-registry", "registry"];
    programs
        .iter()
        .flat_map(|program| std::env::split_paths(search).map(move |directory| directory.join(program)))
        .find(|path| path.is_file())
}
