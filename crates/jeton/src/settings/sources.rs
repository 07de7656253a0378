//! Where settings are written: flags, environment, one TOML file. What comes out is text and where it came from.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use super::{
    BadSetting,
    rows::{self, ROWS, Row},
};

/// Where a value came from, for the message that says what is wrong with it.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    Flag(&'static str),
    Variable(String),
    /// A file that a variable named.
    SecretFile(String, PathBuf),
    SettingsFile(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "--{flag}"),
            Self::Variable(variable) => f.write_str(variable),
            Self::SecretFile(variable, path) => write!(f, "{}, named by {variable}", path.display()),
            Self::SettingsFile(path) => f.write_str(&path.display().to_string()),
        }
    }
}

/// A value as it was written.
#[derive(Clone)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// Everything that somebody may have written a setting in.
#[derive(Default)]
pub(crate) struct Sources {
    /// Flags by the name of their setting.
    pub(crate) flags: BTreeMap<&'static str, String>,
    /// The process's environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// What `--config` names.
    pub(crate) config: Option<PathBuf>,
}

/// The variable that names the settings file.
pub(crate) const CONFIG_VARIABLE: &str = "JETON_CONFIG";

/// The variables that are text. One of ours that is none would otherwise count as not set, and its default hold.
pub(crate) fn environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<BTreeMap<String, String>, BadSetting> {
    let mut all = BTreeMap::new();
    for (name, value) in variables {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => _ = all.insert(name, value),
            Err(_) if name.starts_with("JETON_") => {
                return Err(BadSetting(format!("the environment variable {name} is no UTF-8 text: write it as such")));
            }
            Err(_) => {}
        }
    }
    Ok(all)
}

impl Sources {
    /// The settings that are written anywhere, by name: the flag's before the variable's before the file's.
    pub(super) fn read(&self) -> Result<BTreeMap<&'static str, Written>, BadSetting> {
        let mut written = self.read_file()?;
        for row in ROWS {
            if let Some(found) = self.read_environment(row)? {
                written.insert(row.name, found);
            }
            if let (Some(text), Some(flag)) = (self.flags.get(row.name), &row.flag) {
                written.insert(row.name, Written { text: text.clone(), origin: Origin::Flag(flag.name) });
            }
        }
        Ok(written)
    }

    /// Variables that look like a misspelt setting. They are no error: others name variables too, as Kubernetes does
    /// for each of its services.
    pub(super) fn misspelt(&self) -> Vec<String> {
        let mut known: Vec<String> =
            ROWS.iter().flat_map(|row| [Some(row.variable()), row.file_variable()]).flatten().collect();
        known.push(CONFIG_VARIABLE.to_owned());
        let ours = self.environment.keys().filter(|name| name.starts_with("JETON_") && !known.contains(name));
        ours.filter_map(|name| {
            let near = known.iter().find(|known| strsim::damerau_levenshtein(name, known) <= 2)?;
            Some(format!("the environment variable {name} is no setting; did you mean {near}?"))
        })
        .collect()
    }

    fn read_environment(&self, row: &Row) -> Result<Option<Written>, BadSetting> {
        let variable = row.variable();
        let plain = self.variable(&variable);
        let Some((name, path)) = row.file_variable().and_then(|name| Some((name.clone(), self.variable(&name)?)))
        else {
            return Ok(plain.map(|text| Written { text: text.to_owned(), origin: Origin::Variable(variable) }));
        };
        if plain.is_some() {
            return Err(BadSetting(format!("{variable} and {name} are both set: keep one of them")));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| BadSetting(format!("{name} names {path}, which cannot be read: {error}")))?;
        // Editors and `echo` end a file with a line break, which is no part of the secret.
        let text = text.trim_end_matches(['\r', '\n']).to_owned();
        Ok(Some(Written { text, origin: Origin::SecretFile(name, PathBuf::from(path)) }))
    }

    /// A variable that is set to nothing is not set: that is how one is switched off in a file of variables.
    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    fn read_file(&self) -> Result<BTreeMap<&'static str, Written>, BadSetting> {
        let named = self.config.clone().or_else(|| self.variable(CONFIG_VARIABLE).map(PathBuf::from));
        let Some(path) = named else { return Ok(BTreeMap::new()) };
        let text = std::fs::read_to_string(&path)
            .map_err(|error| BadSetting(format!("the settings file {} cannot be read: {error}", path.display())))?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            BadSetting(format!("the settings file {} is no TOML: {}", path.display(), one_line(&text, &error)))
        })?;
        table.into_iter().map(|(key, value)| entry(&path, &key, &value)).collect()
    }
}

/// Line number and reason; toml's own message draws the line over several lines.
fn one_line(text: &str, error: &toml::de::Error) -> String {
    let line =
        error.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}: {}", error.message())
}

fn entry(path: &Path, key: &str, value: &toml::Value) -> Result<(&'static str, Written), BadSetting> {
    let file = path.display();
    let Some(row) = rows::row(key) else {
        let mend = match rows::nearest(key, ROWS.iter().map(|row| row.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`jeton serve --help` lists all settings".to_owned(),
        };
        return Err(BadSetting(format!("{file}: there is no setting `{key}`; {mend}")));
    };
    let text = plain(value).ok_or_else(|| {
        BadSetting(format!("{file}: `{key}` must be a text, a number, a truth value or a list of texts"))
    })?;
    Ok((row.name, Written { text, origin: Origin::SettingsFile(path.to_owned()) }))
}

/// A value as it would be written in the environment.
fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        toml::Value::Array(values) => {
            let texts: Option<Vec<&str>> = values.iter().map(toml::Value::as_str).collect();
            texts.map(|texts| texts.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}
