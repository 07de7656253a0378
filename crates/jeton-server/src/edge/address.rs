//! What to listen on, as written in the settings, and what came of it.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

/// One address to listen on: `HOST:PORT` or `unix:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A TCP port. The host is an address (IPv6 in brackets) or a name; port 0 lets the kernel choose.
    Tcp {
        /// An address without brackets, or a name to be resolved.
        host: String,
        /// 0 for any free one.
        port: u16,
    },
    /// A unix socket at this path.
    Unix(PathBuf),
}

/// Why a text is no address to listen on, with what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address to listen on: write HOST:PORT, [IPV6]:PORT or unix:/path/to/socket")]
pub struct BadListen(String);

impl FromStr for Listen {
    type Err = BadListen;

    fn from_str(text: &str) -> Result<Self, BadListen> {
        let bad = || BadListen(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(bad()) } else { Ok(Self::Unix(PathBuf::from(path))) };
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self::Tcp { host: address.ip().to_string(), port: address.port() });
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let named = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        match port.parse() {
            Ok(port) if named => Ok(Self::Tcp { host: host.to_owned(), port }),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.parse::<std::net::Ipv6Addr>().is_ok() => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A bound address. Displayed as a client would write it: `http://127.0.0.1:8080`, `https://[::1]:443`,
/// `unix:/run/jeton.sock`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A TCP port.
    Tcp {
        /// As bound: the port is never 0.
        address: SocketAddr,
        /// Whether it speaks TLS.
        tls: bool,
    },
    /// A unix socket.
    Unix(PathBuf),
}

impl Address {
    /// The TCP port, where there is one.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp { address, .. } => Some(address.port()),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { address, tls: false } => write!(f, "http://{address}"),
            Self::Tcp { address, tls: true } => write!(f, "https://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn what_is_an_address_to_listen_on() {
        for text in
            ["127.0.0.1:8080", "[::1]:80", "0.0.0.0:0", "localhost:8080", "jeton-1.example.com:443", "unix:/run/j.sock"]
        {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_none() {
        for text in
            ["", "8080", ":8080", "unix:", "localhost", "localhost:99999", "http://localhost:80", "::1:80", "a b:80"]
        {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_bound_address_is_shown_as_a_url() {
        let tcp = |address: &str, tls| Address::Tcp { address: address.parse().unwrap(), tls };
        assert_eq!(tcp("127.0.0.1:8080", false).to_string(), "http://127.0.0.1:8080");
        assert_eq!(tcp("[::1]:443", true).to_string(), "https://[::1]:443");
        assert_eq!(Address::Unix("/run/jeton.sock".into()).to_string(), "unix:/run/jeton.sock");
    }
}
