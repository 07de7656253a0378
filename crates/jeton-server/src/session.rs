//! The cookie of a signed-in browser, and the proof that a form came from our own page.

use axum::http::{HeaderMap, header::COOKIE};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jeton_core::{
    secret::Secret,
    token::{DigestKey, TokenDigest},
};

use crate::nature::{self, NoChance};

/// The cookie's name over plain HTTP, as on a developer's own machine.
const PLAIN: &str = "jeton_session";
/// The cookie's name over HTTPS. Browsers accept this prefix only for a secure cookie of exactly this host
/// (RFC 6265bis section 4.1.3.2), so a neighbouring host cannot plant one.
const SECURE: &str = "__Host-jeton_session";

/// The keys under which cookies are digested and proofs are made.
#[derive(Clone, Debug)]
pub struct SessionKeys {
    cookie: DigestKey,
    csrf: DigestKey,
    link: DigestKey,
    mailed: DigestKey,
    device: DigestKey,
    login: DigestKey,
}

impl SessionKeys {
    /// Keys derived from the instance's own.
    pub fn derive(key: &DigestKey) -> Self {
        Self {
            cookie: key.derive("session cookie"),
            csrf: key.derive("csrf"),
            link: key.derive("password link"),
            mailed: key.derive("mailed link"),
            device: key.derive("device cookie"),
            login: key.derive("throttled login"),
        }
    }

    /// What is kept of a cookie.
    pub fn digest(&self, cookie: &str) -> TokenDigest {
        self.cookie.digest(cookie.as_bytes())
    }

    /// The value that forms and session API calls must bring with this cookie.
    pub fn csrf_token(&self, cookie: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.csrf.digest(cookie.as_bytes()).0)
    }

    /// What is kept of the secret in a one-time link.
    pub fn link_digest(&self, secret: &str) -> TokenDigest {
        self.link.digest(secret.as_bytes())
    }

    /// The secret of the mailed link with that seed; without the instance's key, the seed opens nothing.
    pub fn mailed_secret(&self, seed: &[u8]) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.mailed.digest(seed).0)
    }

    /// What is kept of a value of the cookie by which a browser is known again.
    pub fn device_digest(&self, value: &str) -> TokenDigest {
        self.device.digest(value.as_bytes())
    }

    /// The name under which attempts at what was typed as a login are counted: it tells nothing of what that was.
    pub fn login_name(&self, login: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.login.digest(login.as_bytes()).0)
    }

    /// Whether that is the value. Takes time that does not depend on it.
    pub fn csrf_matches(&self, cookie: &str, brought: &str) -> bool {
        Secret::new(self.csrf_token(cookie)) == Secret::new(brought)
    }
}

/// A new value for a cookie or a one-time link: 256 bits of chance, as 43 characters that need no escape anywhere.
pub fn new_secret() -> Result<String, NoChance> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(*nature::chance::<32>()?))
}

/// The session cookie's name, where `secure` says that people reach this instance over HTTPS.
pub const fn cookie_name(secure: bool) -> &'static str {
    if secure { SECURE } else { PLAIN }
}

/// The session cookie's value. An instance that is reached over HTTPS believes the protected name alone.
pub fn cookie(headers: &HeaderMap, secure: bool) -> Option<&str> {
    named_cookie(headers, cookie_name(secure))
}

/// The value of the cookie of that name (RFC 6265 section 4.2.1).
pub fn named_cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(given, value)| *given == name && !value.is_empty()).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use axum::http::HeaderValue;
    use zeroize::Zeroizing;

    use super::*;

    fn headers(cookies: &[&'static str]) -> HeaderMap {
        cookies.iter().map(|line| (COOKIE, HeaderValue::from_static(line))).collect()
    }

    #[test]
    fn over_https_only_the_protected_cookie_counts() {
        assert_eq!(cookie(&headers(&["a=b; jeton_session=x"]), false), Some("x"));
        assert_eq!(cookie(&headers(&["jeton_session=x; __Host-jeton_session=y"]), true), Some("y"));
        assert_eq!(cookie(&headers(&["jeton_session=planted"]), true), None);
        assert_eq!(cookie(&headers(&["jeton_session=; other=1"]), false), None);
        assert_eq!(cookie(&headers(&[]), false), None);
    }

    #[test]
    fn a_proof_belongs_to_one_cookie() {
        let keys = SessionKeys::derive(&DigestKey::new(&Zeroizing::new([1; 32])));
        let proof = keys.csrf_token("one");
        assert!(keys.csrf_matches("one", &proof));
        assert!(!keys.csrf_matches("two", &proof));
        assert!(!keys.csrf_matches("one", ""));
    }

    #[test]
    fn cookies_do_not_repeat() {
        let (one, two) = (new_secret().unwrap(), new_secret().unwrap());
        assert_eq!(one.len(), 43);
        assert_ne!(one, two);
    }
}
