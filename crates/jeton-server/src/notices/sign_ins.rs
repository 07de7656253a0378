//! Which sign-ins are worth a mail: those with a client or from a network that the account did not use before.

use std::net::IpAddr;

use jeton_core::user::User;
use jeton_store::{By, Fault, mails::Mail, sessions::SignIn};

use super::Notice;
use crate::app::App;

/// How many sign-ins are looked back.
const LOOKED_BACK: i64 = 200;

impl App {
    /// The mails about a sign-in, to be queued in its transaction. The first sign-in of an account is news to nobody.
    pub async fn mails_about_sign_in(&self, user: &User, by: &By) -> Result<Vec<Mail>, Fault> {
        let earlier = self.store.earlier_sign_ins(user.id, LOOKED_BACK).await?;
        if earlier.is_empty() || is_known(&earlier, by.client.as_deref(), by.address) {
            return Ok(Vec::new());
        }
        Ok(self.mails_to(user, Notice::NewSignIn, by))
    }
}

fn is_known(earlier: &[SignIn], client: Option<&str>, address: Option<IpAddr>) -> bool {
    let (kind, network) = (client.map(kind_of), address.map(network));
    earlier.iter().any(|sign_in| sign_in.client.as_deref().map(kind_of) == kind)
        && earlier.iter().any(|sign_in| sign_in.address.map(self::network) == network)
}

/// A client without its version, which changes every few weeks.
fn kind_of(client: &str) -> String {
    client.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect()
}

/// The network that an address stands for, as text: of IPv6, what a provider gives to one customer (64 bits).
pub(crate) fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn sign_in(client: &str, address: &str) -> SignIn {
        SignIn { client: Some(client.to_owned()), address: address.parse().ok() }
    }

    #[test]
    fn both_the_client_and_the_network_must_be_known() {
        let earlier = [sign_in("Browser/101.2 (Linux)", "192.0.2.1"), sign_in("Other/9", "2001:db8:1:2::3")];
        for (client, address, known) in [
            ("Browser/101.2 (Linux)", "192.0.2.1", true),
            ("Browser/102.0 (Linux)", "192.0.2.1", true),
            ("Other/9", "192.0.2.1", true),
            ("Other/10", "2001:db8:1:2:ffff::1", true),
            ("Browser/101.2 (Mac)", "192.0.2.1", false),
            ("Other/9", "192.0.2.2", false),
            ("Other/9", "2001:db8:1:3::3", false),
        ] {
            assert_eq!(is_known(&earlier, Some(client), Some(address.parse().unwrap())), known, "{client} {address}");
        }
        assert!(!is_known(&earlier, None, None));
    }
}
