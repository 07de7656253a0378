//! The page that somebody wanted when they had to sign in first: kept in a cookie, and believed only as a path on this
//! very server.

use std::borrow::Cow;

use axum::http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::paths;

/// Characters that stand in a cookie as they are.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/').remove(b'~');
/// The longest path and query that is kept, in bytes: browsers keep 4096 bytes of a cookie (RFC 6265 section 6.1).
const LONGEST: usize = 1024;
/// Parameters that carry a credential; they are dropped, not kept.
const CREDENTIALS: [&str; 3] = ["private_token", "access_token", "bearer_token"];

/// What is kept of the address that was asked for; nothing of one that cannot be returned to.
pub(super) fn keep(uri: &Uri) -> Option<String> {
    let whole = format!("{}{}", uri.path(), query_to_keep(uri.query()));
    let kept = if whole.len() <= LONGEST { whole } else { uri.path().to_owned() };
    is_local(&kept).then(|| utf8_percent_encode(&kept, PLAIN).to_string())
}

/// Where to go after the sign-in: what was kept, or the start page.
pub(super) fn destination(kept: Option<&str>) -> String {
    let decoded = kept.and_then(|kept| percent_decode_str(kept).decode_utf8().ok());
    decoded.filter(|path| is_local(path)).map_or_else(|| paths::HOME.to_owned(), Cow::into_owned)
}

/// That path, if it is one on this server; else the start page.
pub(super) fn local_or_home(path: Option<&str>) -> &str {
    path.filter(|path| is_local(path)).unwrap_or(paths::HOME)
}

/// What of a query goes along to another address: everything but credentials, with its `?`.
pub(super) fn query_to_keep(query: Option<&str>) -> String {
    let is_kept = |pair: &&str| {
        let name = percent_decode_str(pair.split('=').next().unwrap_or_default()).decode_utf8_lossy();
        !CREDENTIALS.contains(&&*name)
    };
    let kept: Vec<&str> = query.into_iter().flat_map(|query| query.split('&')).filter(is_kept).collect();
    if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) }
}

/// Whether the text is a path on this server and nothing that a browser would read as another host's address. Browsers
/// read `\` as `/` and skip control characters (WHATWG URL, "basic URL parser").
fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= LONGEST
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use proptest::prelude::*;

    use super::*;

    fn kept(uri: &str) -> Option<String> {
        keep(&uri.parse().unwrap())
    }

    #[test]
    fn path_and_query_come_back_as_they_were() {
        for uri in ["/", "/-/user_settings/personal_access_tokens?name=a%20b&scopes=api,read_user&x=%2F%2Fy"] {
            assert_eq!(destination(kept(uri).as_deref()), uri);
        }
    }

    #[test]
    fn credentials_in_the_query_are_dropped() {
        assert_eq!(destination(kept("/x?private_token=a&name=b&access%5Ftoken=c").as_deref()), "/x?name=b");
        assert_eq!(destination(kept("/x?private_token=a").as_deref()), "/x");
    }

    #[test]
    fn of_a_huge_query_the_path_is_kept() {
        assert_eq!(destination(kept(&format!("/x?{}", "a".repeat(2000))).as_deref()), "/x");
        assert_eq!(kept(&format!("/{}", "a".repeat(2000))), None);
    }

    #[test]
    fn another_host_is_never_the_destination() {
        for bad in [
            "//evil.example",
            "%2F%2Fevil.example",
            "/%5Cevil.example",
            "%5C%5Cevil.example",
            "https%3A%2F%2Fevil.example",
            "javascript%3Aalert(1)",
            "/%09/evil.example",
            "/%0A/evil.example",
            "%FF",
            "",
        ] {
            assert_eq!(destination(Some(bad)), "/", "{bad}");
        }
        assert_eq!(destination(None), "/");
    }

    proptest! {
        #[test]
        fn whatever_the_cookie_holds_the_destination_is_a_local_path(kept in "\\PC*") {
            let to = destination(Some(&kept));
            prop_assert!(to.starts_with('/') && !to.starts_with("//") && !to.contains('\\'));
        }
    }
}
