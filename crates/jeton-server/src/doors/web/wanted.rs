//! The page that somebody wanted when they had to sign in first: kept in a cookie, and believed only as a path on this
//! very server.

use axum::http::Uri;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jeton_core::secret::names_a_credential;
use percent_encoding::{CONTROLS, percent_decode, percent_decode_str, utf8_percent_encode};

use super::paths;

/// The longest path and query that is kept, in bytes of UTF-8: with name and description of 255 characters each, four
/// bytes a character, there is room for the rest. Browsers keep 4096 bytes of a cookie (RFC 6265 section 6.1), of which
/// base64 takes a third more than it carries.
const LONGEST: usize = 2800;
/// The longest address that anybody is led to, in bytes.
const LONGEST_ADDRESS: usize = 8 * 1024;

/// What is kept of the address that was asked for; nothing of one that cannot be returned to.
pub(super) fn keep(uri: &Uri) -> Option<String> {
    let whole = format!("{}{}", uri.path(), query_to_keep(uri.query()));
    let short = shortened(&whole);
    let kept = if short.len() <= LONGEST { short } else { shortened(uri.path()) };
    (is_local(&lengthened(&kept)) && kept.len() <= LONGEST).then(|| BASE64_URL_SAFE_NO_PAD.encode(kept))
}

/// Where to go after the sign-in: what was kept, or the start page.
pub(super) fn destination(kept: Option<&str>) -> String {
    let bytes = kept.and_then(|kept| BASE64_URL_SAFE_NO_PAD.decode(kept).ok());
    let address = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map(|kept| lengthened(&kept));
    address.filter(|address| is_local(address)).unwrap_or_else(|| paths::HOME.to_owned())
}

/// An address with its letters beyond ASCII written out: an escaped one takes three times as many bytes, and many names
/// are of no others. Every other escape stays.
fn shortened(address: &str) -> String {
    let mut short = Vec::with_capacity(address.len());
    let mut rest = address.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escape = rest.get(..3).filter(|_| byte == b'%');
        let decoded = escape.and_then(|escape| percent_decode(escape).next()).filter(|byte| !byte.is_ascii());
        short.push(decoded.unwrap_or(byte));
        rest = if decoded.is_some() { &rest[3..] } else { after };
    }
    // Escapes of bytes that are no letters stay escapes.
    String::from_utf8(short).unwrap_or_else(|_| address.to_owned())
}

/// The same address with those letters escaped again.
fn lengthened(short: &str) -> String {
    utf8_percent_encode(short, CONTROLS).to_string()
}

/// That path, if it is one on this server; else the start page.
pub(super) fn local_or_home(path: Option<&str>) -> &str {
    path.filter(|path| is_local(path)).unwrap_or(paths::HOME)
}

/// What of a query goes along to another address: everything but credentials, with its `?`.
pub(super) fn query_to_keep(query: Option<&str>) -> String {
    let is_kept = |pair: &&str| !names_a_credential(&percent_decode_str(pair).decode_utf8_lossy());
    let kept: Vec<&str> = query.into_iter().flat_map(|query| query.split('&')).filter(is_kept).collect();
    if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) }
}

/// Whether the text is a path on this server and nothing that a browser would read as another host's address. Browsers
/// read `\` as `/` and skip control characters (WHATWG URL, "basic URL parser").
fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= LONGEST_ADDRESS
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
        for spelling in ["private_token[]=a", "Private%5FToken=a", "a[private_token]=a", "x=1;private_token=a"] {
            assert_eq!(destination(kept(&format!("/x?name=b&{spelling}")).as_deref()), "/x?name=b", "{spelling}");
        }
        assert_eq!(destination(kept("/x?private_token=a").as_deref()), "/x");
    }

    #[test]
    fn of_a_huge_query_the_path_is_kept() {
        assert_eq!(destination(kept(&format!("/x?{}", "a".repeat(LONGEST))).as_deref()), "/x");
        assert_eq!(kept(&format!("/{}", "a".repeat(LONGEST))), None);
    }

    #[test]
    fn the_longest_prefill_of_any_language_fits_into_a_cookie() {
        for letter in ["a", "%20", "%26", "%E8%AA%AC", "%F0%9F%98%80"] {
            let text = letter.repeat(255);
            let uri = format!("/-/user_settings/personal_access_tokens?name={text}&description={text}&scopes=api");
            let kept = kept(&uri).unwrap();
            assert!(kept.len() < 3_900, "{letter}: {}", kept.len());
            assert_eq!(destination(Some(&kept)), uri);
        }
        // Bytes that are no UTF-8 stay as they were.
        assert_eq!(destination(kept("/x?a=%FF%C3").as_deref()), "/x?a=%FF%C3");
    }

    #[test]
    fn another_host_is_never_the_destination() {
        for bad in [
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/ /evil.example",
            "",
        ] {
            assert_eq!(destination(Some(&BASE64_URL_SAFE_NO_PAD.encode(bad))), "/", "{bad}");
        }
        // Browsers skip these characters in an address; escaped, they are none of it.
        for skipped in ["\t", "\n"] {
            let to = destination(Some(&BASE64_URL_SAFE_NO_PAD.encode(format!("/{skipped}/evil.example"))));
            assert!(to == "/%09/evil.example" || to == "/%0A/evil.example", "{to}");
        }
        assert_eq!(destination(Some("not base64!")), "/");
        assert_eq!(destination(None), "/");
    }

    proptest! {
        #[test]
        fn whatever_the_cookie_holds_the_destination_is_a_local_path(kept in "\\PC*") {
            let to = destination(Some(&BASE64_URL_SAFE_NO_PAD.encode(kept)));
            prop_assert!(to.starts_with('/') && !to.starts_with("//") && !to.contains('\\'));
        }
    }
}
