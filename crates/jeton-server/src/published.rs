//! Keys as other servers get to read them: over the API, and as plain text.

use jeton_core::user::User;
use jeton_store::users::ssh_keys::SshKey;

/// The key with its owner's name and this server's in the place of the comment, which may have been an e-mail address.
pub(crate) fn ssh_line(key: &SshKey, owner: &User, external_url: &str) -> String {
    // In a file of keys, a line break would begin another key.
    let name: String = owner.name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{} {name} ({})", key.key, host(external_url))
}

/// The name of the server in its public address, without the port.
fn host(external_url: &str) -> &str {
    let authority = external_url.split_once("://").map_or(external_url, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_server_is_named_without_its_port() {
        for (url, expected) in [
            ("https://git.example.com", "git.example.com"),
            ("http://localhost:8080", "localhost"),
            ("http://[::1]:8080", "[::1]"),
            ("http://[::1]", "[::1]"),
            ("https://git.example.com/jeton", "git.example.com"),
        ] {
            assert_eq!(host(url), expected);
        }
    }
}
