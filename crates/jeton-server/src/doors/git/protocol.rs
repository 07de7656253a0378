//! What a request says of the protocol it speaks.

use axum::http::{HeaderMap, HeaderValue, header::CONTENT_ENCODING};
use jeton_core::git::Service;

/// The version of Git's wire protocol that the client asks for (gitprotocol-v2(5)).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Version {
    /// Without a version line.
    V0,
    /// Like the former, with a version line.
    V1,
    /// Commands and capabilities.
    V2,
}

/// The longest `Git-Protocol` that is read, in bytes. Git itself sends nine.
const LONGEST: usize = 128;

impl Version {
    /// Reads the header `Git-Protocol`: `key[=value]`, separated by colons, the highest known `version` counts. What is
    /// not well-formed says nothing, as for git itself. Nothing else of the header reaches git.
    pub(super) fn asked_for(headers: &HeaderMap) -> Self {
        let value = headers.get("git-protocol").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'=' | b'-' | b'_' | b'.'));
        if value.len() > LONGEST || !plain {
            return Self::V0;
        }
        let versions = value.split(':').filter_map(|pair| match pair {
            "version=1" => Some(Self::V1),
            "version=2" => Some(Self::V2),
            _ => None,
        });
        versions.max().unwrap_or(Self::V0)
    }

    /// The version in which that service answers: there is no second version of pushing.
    #[must_use]
    pub(super) fn spoken_by(self, service: Service) -> Self {
        match (self, service) {
            (Self::V2, Service::ReceivePack) => Self::V0,
            (asked, _) => asked,
        }
    }

    /// The value of `GIT_PROTOCOL`.
    pub(super) const fn environment(self) -> Option<&'static str> {
        match self {
            Self::V0 => None,
            Self::V1 => Some("version=1"),
            Self::V2 => Some("version=2"),
        }
    }
}

/// How a request's body is encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Encoding {
    /// Not at all.
    Identity,
    /// gzip: git compresses requests of more than a kilobyte.
    Gzip,
}

impl Encoding {
    /// Reads `Content-Encoding`. None for an encoding that nobody offered, or for more than one.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
        let encoding = match lines.next() {
            None => Self::Identity,
            Some(name) if name.eq_ignore_ascii_case(b"identity") => Self::Identity,
            Some(name) if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") => Self::Gzip,
            Some(_) => return None,
        };
        lines.next().is_none().then_some(encoding)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn asked_for(value: &str) -> Version {
        Version::asked_for(&HeaderMap::from_iter([("git-protocol".parse().unwrap(), value.parse().unwrap())]))
    }

    #[test]
    fn only_known_versions_are_understood() {
        for (value, version) in [
            ("version=2", Version::V2),
            ("version=1", Version::V1),
            ("version=0", Version::V0),
            ("version=3", Version::V0),
            ("version=1:version=2", Version::V2),
            ("key:other=value:version=1", Version::V1),
            ("", Version::V0),
            ("version=2 ", Version::V0),
            ("version=2;rm", Version::V0),
            ("version=2\u{fc}", Version::V0),
            ("VERSION=2", Version::V0),
        ] {
            assert_eq!(asked_for(value), version, "{value}");
        }
        assert_eq!(asked_for(&format!("version=2:{}", "a".repeat(200))), Version::V0);
        assert_eq!(Version::asked_for(&HeaderMap::new()), Version::V0);
    }

    #[test]
    fn pushes_have_no_second_version() {
        assert_eq!(Version::V2.spoken_by(Service::ReceivePack), Version::V0);
        assert_eq!(Version::V1.spoken_by(Service::ReceivePack), Version::V1);
        assert_eq!(Version::V2.spoken_by(Service::UploadPack), Version::V2);
    }

    #[test]
    fn gzip_is_the_only_encoding() {
        let of = |value: &str| Encoding::of(&HeaderMap::from_iter([(CONTENT_ENCODING, value.parse().unwrap())]));
        assert_eq!(of("gzip"), Some(Encoding::Gzip));
        assert_eq!(of("X-GZIP"), Some(Encoding::Gzip));
        assert_eq!(of("identity"), Some(Encoding::Identity));
        assert_eq!(of("br"), None);
        assert_eq!(of("gzip, gzip"), None);
        assert_eq!(Encoding::of(&HeaderMap::new()), Some(Encoding::Identity));
        let mut twice = HeaderMap::from_iter([(CONTENT_ENCODING, "identity".parse().unwrap())]);
        twice.append(CONTENT_ENCODING, "gzip".parse().unwrap());
        assert_eq!(Encoding::of(&twice), None);
    }
}
