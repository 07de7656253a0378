//! The cookies of the pages: their names, and how they are set and taken back.

use axum::http::{HeaderMap, HeaderValue, header::InvalidHeaderValue};

use crate::session;

/// One kind of cookie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cookie {
    /// Proves a sign-in.
    Session,
    /// Ties the forms that are shown before the sign-in to one browser.
    Visit,
    /// Remembers a sign-in whose second step is still to come.
    Half,
    /// The page that somebody wanted before they had to sign in.
    Wanted,
    /// What the next page has to tell.
    News,
    /// Knows the browser again at the next sign-in.
    Device,
}

impl Cookie {
    /// The name. Over HTTPS it has the prefix that lets no other host plant it (RFC 6265bis section 4.1.3.2).
    pub(super) const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, _) => session::cookie_name(secure),
            (Self::Visit, false) => "jeton_visit",
            (Self::Visit, true) => "__Host-jeton_visit",
            (Self::Half, false) => "jeton_half",
            (Self::Half, true) => "__Host-jeton_half",
            (Self::Wanted, false) => "jeton_wanted",
            (Self::Wanted, true) => "__Host-jeton_wanted",
            (Self::News, false) => "jeton_news",
            (Self::News, true) => "__Host-jeton_news",
            (Self::Device, false) => "jeton_device",
            (Self::Device, true) => "__Host-jeton_device",
        }
    }

    /// Seconds for which the browser keeps it; none: until the browser is closed. The server has limits of its own.
    const fn life(self) -> Option<i64> {
        match self {
            Self::Session | Self::Visit | Self::Device => None,
            Self::Half => Some(600),
            Self::Wanted => Some(3600),
            Self::News => Some(60),
        }
    }

    /// The value that the browser sent, if it did.
    pub(super) fn read(self, headers: &HeaderMap, secure: bool) -> Option<&str> {
        session::named_cookie(headers, self.name(secure))
    }

    /// The `Set-Cookie` line that sets it. `value` must consist of characters that need no quotes.
    pub(super) fn set(self, value: &str, secure: bool) -> Result<HeaderValue, InvalidHeaderValue> {
        self.set_for(value, self.life(), secure)
    }

    /// The same, kept for other seconds than usual.
    pub(super) fn set_for(
        self,
        value: &str,
        life: Option<i64>,
        secure: bool,
    ) -> Result<HeaderValue, InvalidHeaderValue> {
        self.line(value, life, secure)
    }

    /// The `Set-Cookie` line that makes the browser forget it.
    pub(super) fn clear(self, secure: bool) -> Result<HeaderValue, InvalidHeaderValue> {
        self.line("", Some(0), secure)
    }

    /// `Lax`: a link from elsewhere finds the person signed in, a form from elsewhere does not.
    fn line(self, value: &str, life: Option<i64>, secure: bool) -> Result<HeaderValue, InvalidHeaderValue> {
        let life = life.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let protection = if secure { "; Secure" } else { "" };
        let name = self.name(secure);
        let mut header =
            HeaderValue::try_from(format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{life}{protection}"))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn over_https_every_cookie_is_protected() {
        let all = [Cookie::Session, Cookie::Visit, Cookie::Half, Cookie::Wanted, Cookie::News, Cookie::Device];
        for cookie in all {
            let line = cookie.set("x", true).unwrap();
            let line = line.to_str().unwrap();
            assert!(line.starts_with("__Host-jeton_") && line.ends_with("; Secure"), "{line}");
            assert!(line.contains("=x; Path=/; HttpOnly; SameSite=Lax"), "{line}");
        }
    }

    #[test]
    fn a_cookie_is_taken_back_by_an_empty_one() {
        let line = Cookie::Session.clear(false).unwrap();
        assert_eq!(line, "jeton_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }
}
