//! A path as it stands in the log.

use std::fmt::{self, Write as _};

use axum::http::Method;
use jeton_core::{secret::names_a_credential, token::SECRET_LENGTH};
use percent_encoding::percent_decode_str;

/// Characters of a path that are shown; nothing that exists has a longer one.
const LONGEST: usize = 1024;

/// Shows a path, but nothing in it that could be a token: somebody may have put one where a number or a name belongs.
pub(super) struct Shown<'p>(pub(super) &'p str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut room = LONGEST;
        for (position, segment) in self.0.split('/').enumerate() {
            if position > 0 {
                f.write_char('/')?;
            }
            let segment = if may_hold_a_secret(segment) { "[hidden]" } else { segment };
            if segment.len() >= room {
                return f.write_char('…');
            }
            f.write_str(segment)?;
            room -= segment.len() + 1;
        }
        Ok(())
    }
}

/// Letters and digits in a row that a token has, even one of GitLab's, and even one that was not copied whole.
const ROW: usize = 16;

/// Whether it names a parameter that carries a token, or holds as many letters and digits in a row as a token. Names of
/// commits and of large files are such rows too, but hexadecimal ones; long words have no digits, or no capitals.
fn may_hold_a_secret(segment: &str) -> bool {
    let segment = percent_decode_str(segment).decode_utf8_lossy();
    let is_a_tokens = |row: &str| {
        let has = |kind: fn(&u8) -> bool| row.as_bytes().iter().any(kind);
        row.len() >= ROW
            && !row.bytes().all(|byte| byte.is_ascii_hexdigit())
            && (row.len() >= SECRET_LENGTH || (has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)))
    };
    names_a_credential(&segment) || segment.split(|character: char| !character.is_ascii_alphanumeric()).any(is_a_tokens)
}

/// A method as it stands in the log: anybody may send any word, a token among them.
pub(super) fn shown_method(method: &Method) -> &str {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    if KNOWN.contains(method) { method.as_str() } else { "[other]" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_as_they_are() {
        for path in [
            "/",
            "/api/v4/projects/jane%2Fapp",
            "/jane/app.git/info/refs",
            "//x//",
            "/api/v4/projects/1/repository/commits/6104942438c14ec7bd21c6cd5bd995272b3faff6",
        ] {
            assert_eq!(Shown(path).to_string(), path);
        }
    }

    #[test]
    fn what_could_be_a_token_is_not() {
        let token = "jeton_7Lq2XbWc9RtYp0ZsVnKd4HgJm6FaEuTi3rPTL4";
        for (path, shown) in [
            (format!("/api/v4/personal_access_tokens/{token}"), "/api/v4/personal_access_tokens/[hidden]"),
            (format!("/{token}@host/x.git/info/refs"), "/[hidden]/x.git/info/refs"),
            (format!("/jane/x%3D{token}.git/HEAD"), "/jane/[hidden]/HEAD"),
            (format!("/{}", token.replace("bWc", "%62W%63")), "/[hidden]"),
            (format!("/x/{}", &token[..token.len() - 1]), "/x/[hidden]"),
            ("/x/glpat-abcdefghij0123456789".to_owned(), "/x/[hidden]"),
            ("/api/v4/user&private_token=abc".to_owned(), "/api/v4/[hidden]"),
            ("/private%5Ftoken=abc/x".to_owned(), "/[hidden]/x"),
        ] {
            assert_eq!(Shown(&path).to_string(), shown);
        }
    }

    #[test]
    fn a_method_that_is_none_is_not_shown() {
        assert_eq!(shown_method(&Method::GET), "GET");
        assert_eq!(shown_method(&Method::from_bytes(b"jeton_7Lq2XbWc9RtYp0ZsVnKd").unwrap_or_default()), "[other]");
    }

    #[test]
    fn long_ones_are_cut_between_segments() {
        for length in LONGEST / 2 - 40..LONGEST / 2 + 2 {
            let path = format!("/{}/jeton_7Lq2XbWc9RtYp0ZsVnKd4HgJm6FaEuTi3rPTL4", "é/".repeat(length / 3 * 2));
            let shown = Shown(&path).to_string();
            assert!(!shown.contains("7Lq2") && shown.len() <= LONGEST + 4, "{shown}");
        }
        assert_eq!(Shown(&format!("/a/{}", "b".repeat(LONGEST))).to_string(), "/a/…");
    }
}
