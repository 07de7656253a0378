//! Reads what a request presents to prove who asks. Nothing here believes any of it.

use axum::http::{HeaderMap, HeaderValue, Method, header::AUTHORIZATION, request::Parts};
use base64::{Engine, prelude::BASE64_STANDARD};
use jeton_core::{lock::Denial, secret::Secret};

use crate::session;

/// Credentials that stand among a request's parameters, in its query or its body. The API door finds them there
/// before the guard runs, takes them out, and leaves this as an extension of the request if there are any.
#[derive(Clone, Default)]
pub struct InParameters {
    /// `private_token`.
    pub private_token: Option<Secret>,
    /// `access_token`.
    pub access_token: Option<Secret>,
    /// `bearer_token`.
    pub bearer_token: Option<Secret>,
    /// `sudo`: whom an administrator wants to act as.
    pub sudo: Option<String>,
}

/// What a request presents.
pub enum Credential<'r> {
    /// A text that should be a token.
    Token(&'r str),
    /// A session's cookie, and whether the request proves that it comes from our own page.
    Session {
        /// The cookie's value.
        cookie: &'r str,
        /// The value of `X-CSRF-Token`; none is needed where nothing is changed.
        proof: Proof<'r>,
    },
}

/// Whether a session's request must prove, and proves, that it comes from our own page.
#[derive(Clone, Copy)]
pub enum Proof<'r> {
    /// It changes nothing.
    NotNeeded,
    /// It changes something and brought this value, or none.
    Brought(Option<&'r str>),
}

/// What a request to the API presents: the first non-empty of `private_token`, `PRIVATE-TOKEN`, `access_token`, Bearer,
/// `bearer_token`, and last the session's cookie (GitLab's order). An empty value counts as not given.
/// `secure` says whether people reach the instance over HTTPS.
pub fn of_api(parts: &Parts, secure: bool) -> Result<Option<Credential<'_>>, Denial> {
    let parameters = parts.extensions.get::<InParameters>();
    let parameter = |pick: fn(&InParameters) -> &Option<Secret>| {
        parameters.and_then(|all| pick(all).as_ref()).map(Secret::expose).filter(|text| !text.trim().is_empty())
    };
    let access_token = parameter(|all| &all.access_token);
    let bearer = bearer(&parts.headers)?;
    if bearer.is_some() && access_token.is_some() {
        return Err(Denial::TwoCredentials);
    }
    let token = parameter(|all| &all.private_token)
        .or(header(&parts.headers, "private-token")?)
        .or(access_token)
        .or(bearer)
        .or_else(|| parameter(|all| &all.bearer_token));
    Ok(token.map(Credential::Token).or_else(|| of_session(parts, secure)))
}

/// The session's cookie, if there is one; `secure` says whether people reach the instance over HTTPS.
pub fn of_session(parts: &Parts, secure: bool) -> Option<Credential<'_>> {
    let cookie = session::cookie(&parts.headers, secure)?;
    let proof = if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        Proof::NotNeeded
    } else {
        Proof::Brought(parts.headers.get("x-csrf-token").and_then(|value| value.to_str().ok()))
    };
    Some(Credential::Session { cookie, proof })
}

/// Whom the request wants to act as: the parameter `sudo`, or else the header. Several lines of the header are one list
/// (RFC 9110 section 5.3), which is nobody's name, and neither are bytes that are no text: such a request must fail
/// rather than run as the administrator who sent it.
pub fn sudo(parts: &Parts) -> Option<String> {
    let parameter = parts.extensions.get::<InParameters>().and_then(|all| all.sudo.clone());
    parameter.filter(|target| !target.is_empty()).or_else(|| {
        let mut lines: Vec<_> = parts.headers.get_all("sudo").iter().map(HeaderValue::as_bytes).collect();
        lines.retain(|line| !line.is_empty());
        lines.dedup();
        Some(String::from_utf8_lossy(&lines.join(&b", "[..])).into_owned()).filter(|target| !target.is_empty())
    })
}

/// User name and password of `Authorization: Basic` (RFC 7617). None if the header is missing or of another scheme.
pub fn basic(headers: &HeaderMap) -> Result<Option<(String, Secret)>, Denial> {
    let Some(encoded) = authorization(headers, "basic")? else { return Ok(None) };
    let decoded = BASE64_STANDARD.decode(encoded).map_err(|_| Denial::Unknown)?;
    let text = Secret::new(String::from_utf8(decoded).map_err(|_| Denial::Unknown)?);
    let (username, password) = text.expose().split_once(':').ok_or(Denial::Unknown)?;
    Ok(Some((username.to_owned(), Secret::new(password))))
}

/// The token of `Authorization: Bearer` (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Denial> {
    authorization(headers, "bearer")
}

/// What follows the scheme in `Authorization`, if that is the scheme (compared without regard to case).
fn authorization<'h>(headers: &'h HeaderMap, scheme: &str) -> Result<Option<&'h str>, Denial> {
    let Some(value) = header(headers, AUTHORIZATION.as_str())? else { return Ok(None) };
    let (given, rest) = value.split_once(' ').unwrap_or((value, ""));
    let rest = rest.trim();
    Ok((given.eq_ignore_ascii_case(scheme) && !rest.is_empty()).then_some(rest))
}

/// A header's text. Bytes that are no text are a credential that is wrong, not a missing one; two lines that disagree
/// are no credential at all.
fn header<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Denial> {
    let mut lines = headers.get_all(name).iter();
    let Some(first) = lines.next() else { return Ok(None) };
    if lines.any(|line| line != first) {
        return Err(Denial::TwoCredentials);
    }
    let text = first.to_str().map_err(|_| Denial::Unknown)?.trim();
    Ok(Some(text).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use axum::http::Request;

    use super::*;

    fn parts(headers: &[(&str, &str)], parameters: Option<InParameters>) -> Parts {
        let mut request = Request::builder().uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(parameters) = parameters {
            request = request.extension(parameters);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn token(headers: &[(&str, &str)], parameters: Option<InParameters>) -> Result<Option<String>, Denial> {
        let parts = parts(headers, parameters);
        Ok(of_api(&parts, false)?.map(|credential| match credential {
            Credential::Token(text) => text.to_owned(),
            Credential::Session { cookie, .. } => format!("cookie {cookie}"),
        }))
    }

    fn given(private: Option<&str>, access: Option<&str>, bearer: Option<&str>) -> InParameters {
        let secret = |text: Option<&str>| text.map(Secret::new);
        InParameters {
            private_token: secret(private),
            access_token: secret(access),
            bearer_token: secret(bearer),
            sudo: None,
        }
    }

    #[test]
    fn each_place_is_read_in_gitlabs_order() {
        let headers = [("PRIVATE-TOKEN", "b"), ("Authorization", "Bearer d"), ("Cookie", "jeton_session=f")];
        assert_eq!(token(&headers, Some(given(Some("a"), None, Some("e")))).unwrap().unwrap(), "a");
        assert_eq!(token(&headers, Some(given(None, None, Some("e")))).unwrap().unwrap(), "b");
        assert_eq!(token(&headers[1..], Some(given(None, None, Some("e")))).unwrap().unwrap(), "d");
        assert_eq!(token(&headers[2..], Some(given(None, Some("c"), Some("e")))).unwrap().unwrap(), "c");
        assert_eq!(token(&headers[2..], Some(given(None, None, Some("e")))).unwrap().unwrap(), "e");
        assert_eq!(token(&headers[2..], None).unwrap().unwrap(), "cookie f");
        assert_eq!(token(&[], None).unwrap(), None);
    }

    #[test]
    fn empty_is_not_given() {
        assert_eq!(
            token(&[("PRIVATE-TOKEN", ""), ("Authorization", "Bearer ")], Some(given(Some(" "), Some(""), None)))
                .unwrap(),
            None
        );
    }

    #[test]
    fn sudo_names_one_user_or_nobody() {
        let target = |headers: &[(&str, &str)], parameter: Option<&str>| {
            let parameters = InParameters { sudo: parameter.map(str::to_owned), ..InParameters::default() };
            sudo(&parts(headers, Some(parameters)))
        };
        assert_eq!(target(&[], None), None);
        assert_eq!(target(&[("Sudo", "")], Some("")), None);
        assert_eq!(target(&[("SUDO", "jane")], None).unwrap(), "jane");
        assert_eq!(target(&[("Sudo", "jane")], Some("joe")).unwrap(), "joe");
        assert_eq!(target(&[("Sudo", "jane")], Some("")).unwrap(), "jane");
        assert_eq!(target(&[("Sudo", "jane"), ("Sudo", "jane")], None).unwrap(), "jane");
        assert_eq!(target(&[("Sudo", "jane"), ("Sudo", "joe")], None).unwrap(), "jane, joe");
        assert_eq!(target(&[("Sudo", "jäne")], None).unwrap(), "jäne");
    }

    #[test]
    fn bearer_and_access_token_together_are_refused() {
        let both = token(&[("Authorization", "bearer x")], Some(given(None, Some("x"), None)));
        assert_eq!(both, Err(Denial::TwoCredentials));
    }

    #[test]
    fn contradicting_lines_are_refused_and_equal_ones_are_one() {
        assert_eq!(token(&[("PRIVATE-TOKEN", "a"), ("PRIVATE-TOKEN", "b")], None), Err(Denial::TwoCredentials));
        assert_eq!(token(&[("PRIVATE-TOKEN", "a"), ("PRIVATE-TOKEN", "a")], None).unwrap().unwrap(), "a");
    }

    #[test]
    fn basic_is_decoded() {
        let decode = |value: &str| basic(&parts(&[("Authorization", value)], None).headers);
        let (username, password) = decode("Basic amFuZTpwYTpzcw==").unwrap().unwrap();
        assert_eq!((username.as_str(), password.expose()), ("jane", "pa:ss"));
        assert!(decode("Bearer x").unwrap().is_none());
        assert_eq!(decode("Basic !!!").unwrap_err(), Denial::Unknown);
        assert_eq!(decode("Basic amFuZQ==").unwrap_err(), Denial::Unknown);
    }
}
