//! Whether a request that changes something comes from our own pages. The first of two locks against forms on other
//! sites; the second is the value that only our own forms know.

use axum::http::{
    HeaderMap, Uri,
    header::{HOST, ORIGIN},
    uri::Authority,
};

/// Judges by what browsers say and scripts on other sites cannot change: `Sec-Fetch-Site` (Fetch Metadata), else
/// `Origin` against the host that was asked. A client that sends neither is no browser of the last years: it has to
/// know the form's value all the same.
pub(crate) fn is_ours(headers: &HeaderMap, uri: &Uri, external_url: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        // `none`: the person asked by hand, as for a reload.
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Some(origin) = origin.to_str().ok().filter(|origin| *origin != "null") else { return false };
    origin.eq_ignore_ascii_case(external_url)
        || authority(origin).is_some_and(|asked| Some(asked) == host(headers, uri))
}

/// What follows the scheme of an origin: host and port.
fn authority(origin: &str) -> Option<String> {
    origin.split_once("://").map(|(_, authority)| authority.to_ascii_lowercase())
}

/// The host that was asked: the `Host` header, in HTTP/2 the `:authority`.
fn host(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let header = headers.get(HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| uri.authority().map(Authority::as_str)).map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn ours(headers: &[(&'static str, &'static str)]) -> bool {
        let headers =
            headers.iter().map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_ours(&headers.collect(), &"/users/sign_in".parse().unwrap(), "https://jeton.example.com")
    }

    #[test]
    fn the_browsers_own_word_counts_first() {
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("sec-fetch-site", "none")]));
        for elsewhere in ["cross-site", "same-site", "", "anything"] {
            assert!(!ours(&[("sec-fetch-site", elsewhere), ("host", "a"), ("origin", "http://a")]), "{elsewhere}");
        }
    }

    #[test]
    fn else_the_origin_must_be_the_host_that_was_asked() {
        assert!(ours(&[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")]));
        assert!(ours(&[("host", "Localhost"), ("origin", "http://localHOST")]));
        assert!(ours(&[("host", "inner:8080"), ("origin", "https://jeton.example.com")]));
        for elsewhere in ["null", "", "http://127.0.0.1", "http://evil.example", "http://127.0.0.1:8080.evil.example"] {
            assert!(!ours(&[("host", "127.0.0.1:8080"), ("origin", elsewhere)]), "{elsewhere}");
        }
        assert!(!ours(&[("origin", "http://a")]));
    }

    #[test]
    fn a_client_that_is_no_browser_says_nothing() {
        assert!(ours(&[("host", "a")]));
    }
}
