#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn sources(flags: &[(&'static str, &str)], environment: &[(&str, &str)]) -> Sources {
    Sources {
        flags: flags.iter().map(|(name, text)| (*name, (*text).to_owned())).collect(),
        environment: environment.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
        config: None,
    }
}

fn file(text: &str) -> (tempfile::TempDir, Sources) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jeton.toml");
    std::fs::write(&path, text).unwrap();
    (directory, Sources { config: Some(path), ..Sources::default() })
}

fn error_of(sources: &Sources) -> String {
    let error = Settings::read(sources).unwrap_err().to_string();
    assert!(!error.contains('\n'), "one line: {error}");
    error
}

#[test]
fn the_defaults_need_nothing() {
    let settings = Settings::read(&Sources::default()).unwrap();
    assert_eq!(settings.data_dir, Path::new("data"));
    assert_eq!(settings.listen, [default_listen()]);
    assert_eq!(settings.database_url.expose(), "sqlite:data/jeton.db");
    assert_eq!(settings.registry, Registry::Off);
    assert_eq!(settings.warnings.len(), 1, "one warning: there is no registry");
    assert!(settings.impersonation_enabled && settings.tls.is_none() && settings.external_url.is_none());
}

#[test]
fn a_variable_of_ours_that_is_no_text_is_an_error() {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt as _};
    let variables = |name: &str| [(OsString::from(name), OsString::from_vec(vec![b'/', 0xff]))].into_iter();
    assert!(environment(variables("OTHER")).unwrap().is_empty());
    assert!(environment(variables("JETON_DATA_DIR")).unwrap_err().to_string().contains("JETON_DATA_DIR"));
}

#[test]
fn a_registry_program_on_the_path_is_used() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("docker-registry"), "").unwrap();
    let path = format!("/nowhere:{}", directory.path().display());
    let settings = Settings::read(&sources(&[], &[("PATH", &path)])).unwrap();
    assert_eq!((settings.registry, settings.warnings.len()), (Registry::Managed, 0));
    let settings = Settings::read(&sources(&[], &[("JETON_REGISTRY", "off")])).unwrap();
    assert_eq!((settings.registry, settings.warnings.len()), (Registry::Off, 0));
}

#[test]
fn a_mail_server_is_checked_and_its_password_is_never_repeated() {
    let with =
        |url: &str| Settings::read(&sources(&[], &[("JETON_SMTP_URL", url), ("JETON_MAIL_FROM", "Us <a@b.example>")]));
    let settings = with("smtps://jeton:the-password@mail.example.com").unwrap();
    assert_eq!(settings.smtp_url.as_ref().unwrap().to_string(), "smtps://mail.example.com:465");
    assert_eq!(settings.mail_from.as_ref().unwrap().to_string(), "Us <a@b.example>");
    assert!(!format!("{settings:?}").contains("the-password"));
    for url in ["mail.example.com", "smtp://u:the-password@mail.example.com?tls=none", "smtp://u:the-password@?x"] {
        let error = with(url).unwrap_err().to_string();
        assert!(error.starts_with("the setting smtp_url (from JETON_SMTP_URL) is wrong: "), "{error}");
        assert!(!error.contains("the-password"), "{error}");
    }
    assert!(error_of(&sources(&[], &[("JETON_MAIL_FROM", "nobody")])).contains("jeton@example.com"));
}

#[test]
fn a_flag_beats_a_variable_beats_the_file() {
    let (_directory, mut all) = file("data_dir = 'file'\nexternal_url = 'https://file.example'\nlog = 'warn'");
    all.environment =
        sources(&[], &[("JETON_DATA_DIR", "variable"), ("JETON_EXTERNAL_URL", "http://variable")]).environment;
    all.flags = sources(&[("data_dir", "flag")], &[]).flags;
    let settings = Settings::read(&all).unwrap();
    assert_eq!(settings.data_dir, Path::new("flag"));
    assert_eq!(settings.external_url.as_deref(), Some("http://variable"));
    assert_eq!(settings.log, "warn".parse().unwrap());
}

#[test]
fn the_file_takes_lists_numbers_and_truth() {
    let (_directory, all) = file(
        "listen = ['127.0.0.1:0', 'unix:/run/j.sock']\nmax_connections = 7\nimpersonation_enabled = false\n\
         trusted_proxies = ['10.0.0.0/8', 'unix']",
    );
    let settings = Settings::read(&all).unwrap();
    assert_eq!(settings.listen.len(), 2);
    assert_eq!((settings.max_connections, settings.impersonation_enabled), (7, false));
    assert_eq!(settings.trusted_proxies, "10.0.0.0/8,unix".parse().unwrap());
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let message = error_of(&file("lisen = '127.0.0.1:1'").1);
    assert!(message.ends_with("there is no setting `lisen`; did you mean `listen`?"), "{message}");
    let message = error_of(&file("xyzzy = 1").1);
    assert!(message.contains("`jeton serve --help` lists"), "{message}");
    let message = error_of(&file("[server]\nlisten = 1").1);
    assert!(message.contains("no setting `server`"), "{message}");
}

#[test]
fn what_is_wrong_says_where_and_what_to_write() {
    let (_directory, all) = file("log_format = 'xml'");
    let message = error_of(&all);
    assert!(
        message.starts_with("the setting log_format (from /") && message.ends_with("write text or json"),
        "{message}"
    );
    for (name, flag, text, mend) in [
        ("listen", "--listen", "8080", "HOST:PORT"),
        ("external_url", "--external-url", "git.example.com", "https://git.example.com"),
        ("external_url", "--external-url", "https://x/jeton", "https://git.example.com"),
        ("database_url", "--database-url", "mysql://u:hunter2@h", "sqlite:PATH"),
        ("registry", "--registry", "on", "managed, external or off"),
        ("data_dir", "--data-dir", "", "write a path"),
    ] {
        let message = error_of(&sources(&[(name, text)], &[]));
        assert!(message.contains(&format!("{name} (from {flag})")) && message.contains(mend), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
    for (variable, text) in [
        ("JETON_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("JETON_METRICS_ALLOW", "everybody"),
        ("JETON_IMPERSONATION_ENABLED", "yes"),
        ("JETON_MAX_CONNECTIONS", "0"),
        ("JETON_LOG", "loud"),
    ] {
        assert!(error_of(&sources(&[], &[(variable, text)])).contains(&format!("(from {variable})")));
    }
    assert!(error_of(&sources(&[], &[("JETON_TLS_KEY", "key.pem")])).contains("set both, or neither"));
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let missing = Sources { config: Some("/nowhere/jeton.toml".into()), ..Sources::default() };
    assert!(error_of(&missing).starts_with("the settings file /nowhere/jeton.toml cannot be read: "));
    let message = error_of(&file("data_dir = 'x'\nlisten = \n").1);
    assert!(message.contains("is no TOML: line 2: "), "{message}");
    let by_variable = sources(&[], &[("JETON_CONFIG", "/nowhere/other.toml")]);
    assert!(error_of(&by_variable).contains("/nowhere/other.toml"));
}

#[test]
fn secrets_come_from_files_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("password");
    std::fs::write(&path, "correct horse\n").unwrap();
    let path = path.display().to_string();
    let settings = Settings::read(&sources(&[], &[("JETON_ROOT_PASSWORD_FILE", &path)])).unwrap();
    assert_eq!(settings.root_password.unwrap().expose(), "correct horse");
    let both = sources(&[], &[("JETON_ROOT_PASSWORD_FILE", &path), ("JETON_ROOT_PASSWORD", "x")]);
    assert!(error_of(&both).contains("both set"));
    let settings = Settings::read(&sources(&[], &[("JETON_ROOT_PASSWORD", "")])).unwrap();
    assert!(settings.root_password.is_none(), "an empty variable is not set");
    assert!(!format!("{settings:?}").contains("sqlite"), "addresses of databases may hold passwords");
}

#[test]
fn a_misspelt_variable_is_noticed() {
    let warnings = |name| Settings::read(&sources(&[], &[(name, "1"), ("JETON_REGISTRY", "off")])).unwrap().misspelt;
    assert_eq!(
        warnings("JETON_LISTENN"),
        ["the environment variable JETON_LISTENN is no setting; did you mean JETON_LISTEN?"]
    );
    assert!(warnings("JETON_SERVICE_HOST").is_empty());
}

/// The documentation shows the table. To write it anew: paste what this test prints between the markers.
#[test]
fn the_documentation_shows_every_row() {
    let page = include_str!("../../../../docs/administration.md");
    let table = rows::markdown();
    assert!(page.contains(&table), "docs/administration.md lacks this table of the settings:\n{table}");
}
