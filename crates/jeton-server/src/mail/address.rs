//! Where mails go and come from, as it is written in the settings.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use jeton_core::secret::Secret;
use lettre::{Address, message::Mailbox};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// Port of mail submission with STARTTLS (RFC 6409 section 3.1).
const SUBMISSION: u16 = 587;
/// Port of mail submission within TLS (RFC 8314 section 3.3).
const SUBMISSIONS: u16 = 465;

/// When a connection is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tls {
    /// From its first byte.
    AtOnce,
    /// By STARTTLS, or nothing is sent.
    Upgraded,
    /// By STARTTLS where the server offers it.
    IfOffered,
    /// Never.
    Never,
}

/// A mail server: `smtp://USER:PASSWORD@HOST:PORT` or `smtps://…`. The former begins in plain and is upgraded with
/// STARTTLS before anything is said, unless `?tls=opportunistic` or `?tls=none` says otherwise.
#[derive(Clone)]
pub struct SmtpAddress {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) login: Option<(String, Secret)>,
}

/// Without the login.
impl fmt::Debug for SmtpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpAddress({self})")
    }
}

/// Without the login.
impl fmt::Display for SmtpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls == Tls::AtOnce { "smtps" } else { "smtp" };
        let host: Host<&str> = match self.host.parse() {
            Ok(IpAddr::V4(address)) => Host::Ipv4(address),
            Ok(IpAddr::V6(address)) => Host::Ipv6(address),
            Err(_) => Host::Domain(&self.host),
        };
        write!(f, "{scheme}://{host}:{}", self.port)
    }
}

/// Why a text names no mail server. It never repeats the text, which may hold a password.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadSmtpAddress {
    /// It has another form.
    #[error("write smtp://USER:PASSWORD@HOST:PORT or smtps://USER:PASSWORD@HOST:PORT, with %XX for special characters")]
    Form,
    /// Something follows that is not understood.
    #[error("after the host only ?tls=required, ?tls=opportunistic or ?tls=none may follow, and only with smtp://")]
    Tls,
    /// A password would travel in plain.
    #[error(
        "?tls=none and ?tls=opportunistic would show the password to everybody on the way: use TLS, or leave it out"
    )]
    PasswordInPlain,
}

impl FromStr for SmtpAddress {
    type Err = BadSmtpAddress;

    fn from_str(text: &str) -> Result<Self, BadSmtpAddress> {
        let url = Url::parse(text).map_err(|_| BadSmtpAddress::Form)?;
        let (host, is_near) = host(&url).ok_or(BadSmtpAddress::Form)?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(BadSmtpAddress::Form);
        }
        let (tls, usual_port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (Tls::AtOnce, SUBMISSIONS),
            ("smtp", None | Some("tls=required")) => (Tls::Upgraded, SUBMISSION),
            ("smtp", Some("tls=opportunistic")) => (Tls::IfOffered, SUBMISSION),
            ("smtp", Some("tls=none")) => (Tls::Never, SUBMISSION),
            ("smtp" | "smtps", Some(_)) => return Err(BadSmtpAddress::Tls),
            _ => return Err(BadSmtpAddress::Form),
        };
        let login = login(&url)?;
        if login.is_some() && matches!(tls, Tls::Never | Tls::IfOffered) && !is_near {
            return Err(BadSmtpAddress::PasswordInPlain);
        }
        Ok(Self { host, port: url.port().unwrap_or(usual_port), tls, login })
    }
}

/// The host, and whether it is this very machine. `url` takes hosts of schemes that it does not know as they are.
fn host(url: &Url) -> Option<(String, bool)> {
    let host = url.host_str()?;
    let bare = host.trim_matches(['[', ']']);
    let address: Option<IpAddr> = bare.parse().ok();
    let is_named = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let is_near = bare == "localhost" || address.is_some_and(|address| address.is_loopback());
    (is_named || address.is_some()).then(|| (bare.to_owned(), is_near))
}

fn login(url: &Url) -> Result<Option<(String, Secret)>, BadSmtpAddress> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().map_err(|_| BadSmtpAddress::Form)?;
        if text.contains(char::is_control) { Err(BadSmtpAddress::Form) } else { Ok(text.into_owned()) }
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(BadSmtpAddress::Form),
        (user, Some(password)) => Ok(Some((decoded(user)?, Secret::new(decoded(password)?)))),
    }
}

/// Who mails come from: `jeton@example.com` or `Jeton <jeton@example.com>`.
pub fn sender(text: &str) -> Result<Mailbox, &'static str> {
    const MEND: &str = "write an address, such as jeton@example.com or Jeton <jeton@example.com>";
    if text.contains(char::is_control) { Err(MEND) } else { text.parse().map_err(|_| MEND) }
}

/// Who mails come from where nothing else is set: `jeton` at the host of that URL.
///
/// # Errors
/// The host cannot stand in an address for mails.
pub fn sender_of(external_url: &str) -> Result<Mailbox, &'static str> {
    let domain = domain(external_url);
    // `lettre` takes no literal of IPv6.
    let domain = if domain.starts_with("[IPv6:") { "localhost" } else { &domain };
    let address = Address::new("jeton", domain).map_err(|_| "the host of external_url cannot send mails")?;
    Ok(Mailbox::new(Some("Jeton".to_owned()), address))
}

/// The host of a URL as it stands in an address for mails (RFC 5321 section 4.1.3).
pub(super) fn domain(external_url: &str) -> String {
    let (_, authority) = external_url.split_once("://").unwrap_or(("", external_url));
    if let Some(address) = authority.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
        return address.parse::<Ipv6Addr>().map_or_else(|_| address.to_owned(), |address| format!("[IPv6:{address}]"));
    }
    let host = authority.split(':').next().unwrap_or_default();
    match host.parse::<IpAddr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_server_is_reached_encrypted_unless_it_is_said_otherwise() {
        for (text, shown, tls) in [
            ("smtp://mail.example.com", "smtp://mail.example.com:587", Tls::Upgraded),
            ("smtp://mail.example.com:25?tls=required", "smtp://mail.example.com:25", Tls::Upgraded),
            ("smtps://mail.example.com/", "smtps://mail.example.com:465", Tls::AtOnce),
            ("smtp://10.0.0.1:2525?tls=opportunistic", "smtp://10.0.0.1:2525", Tls::IfOffered),
            ("smtp://[::1]:1025?tls=none", "smtp://[::1]:1025", Tls::Never),
        ] {
            let address: SmtpAddress = text.parse().unwrap();
            assert_eq!((address.to_string().as_str(), address.tls), (shown, tls), "{text}");
            assert!(address.login.is_none());
        }
    }

    #[test]
    fn a_login_is_decoded_and_never_shown() {
        let address: SmtpAddress = "smtps://jeton%40example.com:p%C3%A4ss%2Fword@mail.example.com".parse().unwrap();
        let (user, password) = address.login.clone().unwrap();
        assert_eq!((user.as_str(), password.expose()), ("jeton@example.com", "päss/word"));
        assert!(!format!("{address:?} {address}").contains("example.com:p"));
        assert!("smtp://u:p@localhost:1025?tls=none".parse::<SmtpAddress>().is_ok(), "nobody is on the way");
    }

    #[test]
    fn what_is_no_server_is_refused_without_being_repeated() {
        for (text, why) in [
            ("", BadSmtpAddress::Form),
            ("mail.example.com", BadSmtpAddress::Form),
            ("http://mail.example.com", BadSmtpAddress::Form),
            ("smtp://", BadSmtpAddress::Form),
            ("smtp://user@mail.example.com", BadSmtpAddress::Form),
            ("smtp://:secret@mail.example.com", BadSmtpAddress::Form),
            ("smtp://u:p%0d%0a@mail.example.com", BadSmtpAddress::Form),
            ("smtp://mail.example.com/path", BadSmtpAddress::Form),
            ("smtp://mail%20example", BadSmtpAddress::Form),
            ("smtp://mail.example.com?tls=never", BadSmtpAddress::Tls),
            ("smtps://mail.example.com?tls=none", BadSmtpAddress::Tls),
            ("smtp://u:p@mail.example.com?tls=none", BadSmtpAddress::PasswordInPlain),
            ("smtp://u:p@mail.example.com?tls=opportunistic", BadSmtpAddress::PasswordInPlain),
        ] {
            assert_eq!(text.parse::<SmtpAddress>().unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn the_usual_sender_is_at_the_instances_host() {
        for (url, address) in [
            ("https://git.example.com", "jeton@git.example.com"),
            ("http://localhost:8080", "jeton@localhost"),
            ("http://127.0.0.1:8080", "jeton@[127.0.0.1]"),
            ("http://[::1]:8080", "jeton@localhost"),
        ] {
            assert_eq!(sender_of(url).unwrap().email.to_string(), address);
        }
        assert_eq!(sender("Our Jeton <a@b.example>").unwrap().name.as_deref(), Some("Our Jeton"));
        for bad in ["", "jeton", "a@b\r\nBcc: c@d", "<>"] {
            assert!(sender(bad).is_err(), "{bad:?}");
        }
    }
}
