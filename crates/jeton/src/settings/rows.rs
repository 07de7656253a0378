//! The table of settings: one setting, one row. Flags, environment variables, help, documentation and the check of the
//! settings file are read from it.

use std::fmt::Write as _;

/// One setting.
#[derive(Debug)]
pub(crate) struct Row {
    /// Its key in the settings file. In the environment: upper case, after `JETON_`.
    pub(crate) name: &'static str,
    /// The flag, where it has one too.
    pub(crate) flag: Option<Flag>,
    /// Whether it holds a secret: then `…_FILE` in the environment may name a file with the value.
    pub(crate) is_secret: bool,
    /// What holds where nothing is set, for people.
    pub(crate) default: &'static str,
    /// What it is, in one line.
    pub(crate) help: &'static str,
}

/// A setting's flag.
#[derive(Debug)]
pub(crate) struct Flag {
    /// Without the dashes.
    pub(crate) name: &'static str,
    /// What its value is called in the help.
    pub(crate) value: &'static str,
}

impl Row {
    const fn new(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self { name, flag: None, is_secret: false, default, help }
    }

    const fn flag(self, name: &'static str, value: &'static str) -> Self {
        Self { flag: Some(Flag { name, value }), ..self }
    }

    const fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    /// The environment variable.
    pub(crate) fn variable(&self) -> String {
        format!("JETON_{}", self.name.to_uppercase())
    }

    /// The environment variable that names a file with the value.
    pub(crate) fn file_variable(&self) -> Option<String> {
        self.is_secret.then(|| self.variable() + "_FILE")
    }
}

/// Every setting.
pub(crate) const ROWS: &[Row] = &[
    Row::new("data_dir", "./data", "Directory for keys, repositories and the SQLite database").flag("data-dir", "DIR"),
    Row::new(
        "listen",
        "127.0.0.1:8080",
        "Addresses to listen on, separated by commas: HOST:PORT (port 0 picks a free one) or unix:/path/to/socket",
    )
    .flag("listen", "ADDRESSES"),
    Row::new("external_url", "http://localhost:PORT", "How people reach this instance: scheme, host and port")
        .flag("external-url", "URL"),
    Row::new("database_url", "sqlite:DATA_DIR/jeton.db", "sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")
        .flag("database-url", "URL")
        .secret(),
    Row::new(
        "registry",
        "managed, or off where no registry program is installed",
        "The container registry: managed, external or off",
    )
    .flag("registry", "MODE"),
    Row::new(
        "root_password",
        "none: a one-time link is printed",
        "Password of the administrator root, used once, when the database is empty",
    )
    .secret(),
    Row::new(
        "tls_cert",
        "none",
        "PEM file with the certificate and its chain; with it and tls_key, listeners speak TLS. Read again on SIGHUP",
    ),
    Row::new("tls_key", "none", "PEM file with the certificate's private key"),
    Row::new(
        "trusted_proxies",
        "none",
        "Proxies whose X-Forwarded-* headers are believed: addresses, CIDRs, or unix for whoever calls by a unix socket",
    ),
    Row::new(
        "metrics_allow",
        "127.0.0.0/8, ::1",
        "Who may read /-/metrics without an administrator's token: addresses, CIDRs, unix",
    ),
    Row::new(
        "smtp_url",
        "none: mails are written to DATA_DIR/mail",
        "Server that takes mails: smtp://USER:PASSWORD@HOST:PORT (upgraded with STARTTLS before anything is said) or smtps://…",
    )
    .secret(),
    Row::new("mail_from", "Jeton <jeton@HOST>, of external_url", "Who mails come from: ADDRESS or NAME <ADDRESS>"),
    Row::new("impersonation_enabled", "true", "Whether tokens count that administrators made to act as somebody else"),
    Row::new("max_connections", "8192", "Connections open at once; further ones wait until one ends"),
    Row::new(
        "log",
        "info",
        "Least level that is logged: off, error, warn, info, debug or trace; also per part: info,jeton_store=debug",
    ),
    Row::new("log_format", "text", "text or json, one line per event, on standard error"),
];

/// The row of that key.
pub(crate) fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

/// The word of `known` that is nearest to `unknown`, if any is near enough to be what was meant.
pub(crate) fn nearest<'k>(unknown: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    /// Jaro-Winkler similarity from which on two words are taken for spellings of one.
    const NEAR: f64 = 0.8;
    let unknown = unknown.to_lowercase();
    known
        .map(|word| (strsim::jaro_winkler(&unknown, word), word))
        .filter(|(similarity, _)| *similarity >= NEAR)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, word)| word)
}

/// The table as `--help` shows it.
pub(crate) fn help() -> String {
    let mut text = String::from(
        "Settings, as a key of the TOML file that --config or JETON_CONFIG names, as an environment variable, and the\n\
         first five as a flag. A flag counts more than a variable, a variable more than the file.\n",
    );
    for row in ROWS {
        let file = row.file_variable().map(|name| format!(" or {name}")).unwrap_or_default();
        let _ = write!(
            text,
            "\n  {}  ({}{file})\n      {}\n      [default: {}]\n",
            row.name,
            row.variable(),
            row.help,
            row.default
        );
    }
    text
}

/// The table as `docs/administration.md` shows it.
#[cfg(test)]
pub(crate) fn markdown() -> String {
    let mut text = String::from("| setting | environment | default | what it is |\n|---|---|---|---|\n");
    for row in ROWS {
        let file = row.file_variable().map(|name| format!(" or `{name}`")).unwrap_or_default();
        let flag = row.flag.as_ref().map(|flag| format!(", `--{}`", flag.name)).unwrap_or_default();
        let _ =
            writeln!(text, "| `{}` | `{}`{file}{flag} | {} | {} |", row.name, row.variable(), row.default, row.help);
    }
    text
}
