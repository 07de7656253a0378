//! Who is at the other end of a connection, and who that speaks for.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use hyper::{
    HeaderMap,
    header::{AsHeaderName, FORWARDED, HeaderValue, VIA},
};
use ipnet::IpNet;

use super::Address;

/// The other end of a connection; an extension of every request that came through the edge.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its address; `None` at a unix socket. An IPv4 address is never written as an IPv6 one.
    pub addr: Option<IpAddr>,
    /// The listener that it came to.
    pub local: Arc<Address>,
    /// Whether the connection is TLS.
    pub tls: bool,
}

/// Who made a request, as far as can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The client's address. `None` where it is unknown: at a unix socket, or where a trusted proxy named none that
    /// can be read.
    pub addr: Option<IpAddr>,
    /// Whether the client's own connection is TLS.
    pub tls: bool,
    /// Whether the request passed somebody who is not trusted to say so: it carries a proxy's header although its
    /// peer is no trusted proxy. Then `addr` is that proxy's, and says nothing about where the request came from.
    pub relayed: bool,
}

const X_FORWARDED_FOR: &str = "x-forwarded-for";
const X_FORWARDED_PROTO: &str = "x-forwarded-proto";

impl Peer {
    /// Who made the request with these headers, where `trusted` proxies are believed. `X-Forwarded-For` is read from
    /// the right: each proxy appends the address it was called from, so only what trusted proxies appended is
    /// believed, whatever the client wrote there first.
    pub fn client(&self, headers: &HeaderMap, trusted: &Networks) -> Client {
        if !trusted.holds(self.addr) {
            let relayed = headers.contains_key(X_FORWARDED_FOR)
                || headers.contains_key("x-real-ip")
                || headers.contains_key(FORWARDED)
                || headers.contains_key(VIA);
            return Client { addr: self.addr, tls: self.tls, relayed };
        }
        let tls = match last(headers, X_FORWARDED_PROTO) {
            Some(scheme) => scheme.eq_ignore_ascii_case("https"),
            None => self.tls,
        };
        Client { addr: self.first_untrusted(headers, trusted), tls, relayed: false }
    }

    /// Walks back through the proxies as long as each is trusted.
    fn first_untrusted(&self, headers: &HeaderMap, trusted: &Networks) -> Option<IpAddr> {
        let mut addr = self.addr;
        for text in entries(headers, X_FORWARDED_FOR).rev() {
            addr = Some(address(text)?);
            if !trusted.holds(addr) {
                break;
            }
        }
        addr
    }
}

/// The entries of a comma list that may be spread over several header lines.
fn entries(headers: &HeaderMap, name: impl AsHeaderName) -> impl DoubleEndedIterator<Item = &str> {
    // A line that is no text counts as one entry that cannot be read.
    let lines = headers.get_all(name).into_iter().map(|line: &HeaderValue| line.to_str().unwrap_or("?"));
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn last<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    entries(headers, name).next_back()
}

/// Some proxies add the port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse().map(|address: SocketAddr| address.ip())).ok()?;
    Some(address.to_canonical())
}

/// A set of networks: CIDRs, single addresses, and the word `unix` for whoever is at a unix socket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks {
    nets: Vec<IpNet>,
    unix: bool,
}

impl Networks {
    /// This machine's loopback addresses.
    pub fn loopback() -> Self {
        let v4 = ipnet::Ipv4Net::new_assert(std::net::Ipv4Addr::new(127, 0, 0, 0), 8);
        let v6 = ipnet::Ipv6Net::new_assert(std::net::Ipv6Addr::LOCALHOST, 128);
        Self { nets: vec![v4.into(), v6.into()], unix: false }
    }

    /// Whether an address is in the set; `None` is whoever is at a unix socket.
    pub fn holds(&self, addr: Option<IpAddr>) -> bool {
        match addr {
            Some(addr) => self.nets.iter().any(|net| net.contains(&addr)),
            None => self.unix,
        }
    }
}

/// Why a text is no set of networks, with what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no network: write addresses (192.0.2.7), CIDRs (10.0.0.0/8, fd00::/8) or `unix`, separated by commas"
)]
pub struct BadNetworks(String);

impl FromStr for Networks {
    type Err = BadNetworks;

    fn from_str(text: &str) -> Result<Self, BadNetworks> {
        let mut networks = Self::default();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            if entry == "unix" {
                networks.unix = true;
            } else if let Ok(address) = entry.parse::<IpAddr>() {
                networks.nets.push(address.to_canonical().into());
            } else {
                networks.nets.push(entry.parse().map_err(|_| BadNetworks(entry.to_owned()))?);
            }
        }
        Ok(networks)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn peer(addr: Option<&str>) -> Peer {
        let local = Arc::new(Address::Unix("/run/jeton.sock".into()));
        Peer { addr: addr.map(|addr| addr.parse().unwrap()), local, tls: false }
    }

    fn client(addr: Option<&str>, trusted: &str, headers: &[(&'static str, &'static str)]) -> Client {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        peer(addr).client(&map, &trusted.parse().unwrap())
    }

    fn addr(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn nobody_is_believed_by_default() {
        let seen = client(Some("192.0.2.1"), "", &[("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "https")]);
        assert_eq!(seen, Client { addr: Some(addr("192.0.2.1")), tls: false, relayed: true });
        let seen = client(Some("127.0.0.1"), "", &[]);
        assert_eq!(seen, Client { addr: Some(addr("127.0.0.1")), tls: false, relayed: false });
    }

    #[test]
    fn proxies_are_counted_from_the_right() {
        let trusted = "10.0.0.0/8,127.0.0.1";
        let through = |list| client(Some("127.0.0.1"), trusted, &[("x-forwarded-for", list)]).addr;
        assert_eq!(through("192.0.2.9"), Some(addr("192.0.2.9")));
        assert_eq!(
            through("127.0.0.1, 192.0.2.9, 10.0.0.3"),
            Some(addr("192.0.2.9")),
            "what the client wrote is ignored"
        );
        assert_eq!(through("10.0.0.9,10.0.0.3"), Some(addr("10.0.0.9")), "a client inside the trusted networks");
        assert_eq!(through("[2001:db8::1]:443"), Some(addr("2001:db8::1")));
        assert_eq!(through("192.0.2.9:4711"), Some(addr("192.0.2.9")));
        assert_eq!(through("::ffff:192.0.2.9"), Some(addr("192.0.2.9")));
        assert_eq!(through("127.0.0.1, unknown"), None);
        let lines = [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-for", "192.0.2.9")];
        assert_eq!(client(Some("10.1.1.1"), trusted, &lines).addr, Some(addr("192.0.2.9")), "lines are one list");
        assert_eq!(client(Some("10.1.1.1"), trusted, &[]).addr, Some(addr("10.1.1.1")), "the proxy's own request");
    }

    #[test]
    fn the_scheme_is_the_nearest_proxys_word() {
        let through = |value| client(Some("127.0.0.1"), "127.0.0.1", &[("x-forwarded-proto", value)]).tls;
        assert!(through("https"));
        assert!(through("http, HTTPS"));
        assert!(!through("https, http"));
    }

    #[test]
    fn a_unix_socket_is_trusted_by_name_only() {
        let headers = [("x-forwarded-for", "192.0.2.9")];
        assert_eq!(client(None, "", &headers), Client { addr: None, tls: false, relayed: true });
        assert_eq!(
            client(None, "unix", &headers),
            Client { addr: Some(addr("192.0.2.9")), tls: false, relayed: false }
        );
    }

    #[test]
    fn what_is_a_network() {
        assert!("10.0.0.0/8, ::1 ,unix".parse::<Networks>().is_ok());
        assert_eq!("".parse::<Networks>().unwrap(), Networks::default());
        for text in ["10.0.0.0/33", "localhost", "10.0.0", "*"] {
            assert!(text.parse::<Networks>().is_err(), "{text}");
        }
        assert!(Networks::loopback().holds(Some(addr("127.3.2.1"))));
        assert!(Networks::loopback().holds(Some(addr("::1"))));
        assert!(!Networks::loopback().holds(None));
    }
}
