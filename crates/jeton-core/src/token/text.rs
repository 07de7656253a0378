//! The text of a token: prefix, 32 characters of chance, 6 characters of checksum.

use std::fmt;

use zeroize::Zeroizing;

use super::{DigestKey, TokenDigest};

/// Characters of chance: 62^32 is a little more than 2^190.
const BODY: usize = 32;
/// Characters of the checksum: 62^6 is more than 2^32.
const CHECKSUM: usize = 6;
/// Characters of a token without its prefix; all of them letters and digits.
pub const SECRET_LENGTH: usize = BODY + CHECKSUM;
/// Digits of base 62, in their order.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What stands before the chance in a new token, so that people and scanners recognise it. Validity never depends on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prefix(String);

/// Why a text is no prefix. The words are those of GitLab's `personal_access_token_prefix` setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadPrefix {
    /// More than 20 characters.
    TooLong,
    /// A character outside `[a-zA-Z0-9_+=/@:.-]`.
    Character,
}

impl fmt::Display for BadPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "is too long (maximum is 20 characters)",
            Self::Character => {
                "can contain only letters of the Base64 alphabet (RFC4648) with the addition of '@', ':' and '.'"
            }
        })
    }
}

impl Prefix {
    /// Characters of the longest one.
    pub const LONGEST: usize = 20;

    /// At most 20 characters of `[a-zA-Z0-9_+=/@:.-]`; may be empty.
    pub fn parse(text: &str) -> Result<Self, BadPrefix> {
        if !text.bytes().all(is_prefix_character) {
            return Err(BadPrefix::Character);
        }
        if text.len() > Self::LONGEST {
            return Err(BadPrefix::TooLong);
        }
        Ok(Self(text.to_owned()))
    }
}

/// What tokens begin with where nobody chose another prefix.
const DEFAULT_PREFIX: &str = "jeton_";

/// `jeton_`: six word characters, so that a double click takes the whole token.
impl Default for Prefix {
    fn default() -> Self {
        Self(DEFAULT_PREFIX.to_owned())
    }
}

const fn is_prefix_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'=' | b'/' | b'@' | b':' | b'.' | b'-')
}

/// A new token. It cannot be printed, copied or serialised; [`Token::reveal`] gives the text away, once.
pub struct Token(Zeroizing<String>);

impl Token {
    /// Makes a token from 256 bits of the operating system's generator. Reducing them to 190 bits leaves a bias of
    /// less than 2^-65, which is none.
    pub fn make(prefix: &Prefix, entropy: Zeroizing<[u8; 32]>) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(prefix.0.len() + BODY + CHECKSUM));
        text.push_str(&prefix.0);
        push_base62(&mut text, entropy, BODY);
        let sum = checksum(text.as_bytes());
        text.extend(sum.map(char::from));
        Self(text)
    }

    /// What is stored in its place.
    pub fn digest(&self, key: &DigestKey) -> TokenDigest {
        key.digest(self.0.as_bytes())
    }

    /// The text, for the one answer that shows it.
    pub fn reveal(self) -> String {
        String::clone(&self.0)
    }
}

/// Appends `digits` base-62 digits of the number that the bytes are, the lowest first.
pub(super) fn push_base62(text: &mut String, mut number: Zeroizing<[u8; 32]>, digits: usize) {
    for _ in 0..digits {
        let mut remainder = 0_u32;
        for byte in number.iter_mut() {
            let value = remainder << 8 | u32::from(*byte);
            // The remainder is below 62, so the quotient of (62 * 256 - 1) / 62 fits a byte.
            *byte = (value / 62).to_le_bytes()[0];
            remainder = value % 62;
        }
        text.push(char::from(DIGITS[remainder as usize]));
    }
}

/// CRC-32 (IEEE) in base 62, the highest digit first, padded with `0`.
fn checksum(text: &[u8]) -> [u8; CHECKSUM] {
    let mut sum = crc32fast::hash(text);
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(sum % 62) as usize];
        sum /= 62;
    }
    digits
}

/// A text that a request presented and that has the form of a token. Whether it is one, only its digest tells.
#[derive(Clone, Copy)]
pub struct Presented<'a>(&'a str);

/// Why a text cannot be a token: found without asking any database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Malformed {
    /// This many characters fewer than a token without prefix has.
    TooShort(usize),
    /// More characters than the longest prefix, body and checksum together.
    TooLong,
    /// A character that no token has: a quote, a space or a line break that came along, for example.
    Character,
    /// The form is right but the checksum is not: a typing mistake, or a token of another vendor.
    Checksum,
}

impl<'a> Presented<'a> {
    /// Checks form and checksum, so that a mistyped token never reaches the database.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        if text.len() > Prefix::LONGEST + BODY + CHECKSUM {
            return Err(Malformed::TooLong);
        }
        if !text.bytes().all(is_prefix_character) {
            return Err(Malformed::Character);
        }
        let Some(prefix_length) = text.len().checked_sub(BODY + CHECKSUM) else {
            return Err(Malformed::TooShort(BODY + CHECKSUM - text.len()));
        };
        let secret = &text.as_bytes()[prefix_length..];
        let (signed, sum) = text.as_bytes().split_at(prefix_length + BODY);
        if secret.iter().all(u8::is_ascii_alphanumeric) && checksum(signed) == sum {
            Ok(Self(text))
        } else {
            Err(Malformed::Checksum)
        }
    }

    /// What to look for in the database.
    pub fn digest(self, key: &DigestKey) -> TokenDigest {
        key.digest(self.0.as_bytes())
    }
}

/// What tokens begin with, here and at GitLab, where nobody chose another prefix.
const WELL_KNOWN: [&str; 2] = [DEFAULT_PREFIX, "glpat-"];

/// Whether a text that stands where a password could stand too is meant as a token: it has a token's form and checksum,
/// or it begins as tokens do, here, by default or at GitLab. Such a text is never tried as a password, whatever its length
/// (gitlab-compat.md section 4.3).
pub fn begins_as_token(text: &str, prefix: &Prefix) -> bool {
    let begins = |with: &str| !with.is_empty() && text.starts_with(with);
    begins(&prefix.0) || WELL_KNOWN.into_iter().any(begins) || Presented::parse(text).is_ok()
}

/// The same for a text that stands in a user name's place, where a name may begin with the prefix, too: there it must also
/// be about as long as a token, so that its owner mistyped one.
pub fn is_meant_as_token(text: &str, prefix: &Prefix) -> bool {
    let whole = prefix.0.len() + BODY + CHECKSUM;
    let mistyped = !prefix.0.is_empty() && text.starts_with(&prefix.0) && text.len().abs_diff(whole) <= CHECKSUM;
    mistyped || Presented::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use proptest::prelude::*;

    use super::*;

    fn make(prefix: &str, entropy: [u8; 32]) -> String {
        Token::make(&Prefix::parse(prefix).unwrap(), Zeroizing::new(entropy)).reveal()
    }

    /// The test vectors that are published; their checksums were computed with Python's `zlib.crc32`.
    #[test]
    fn the_published_vectors() {
        let published = include_str!("../../../../docs/tokens.md");
        let rows = published.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let vectors: Vec<&str> = rows.map(|(text, _)| text).filter(|text| text.len() == 44).collect();
        assert_eq!(vectors.len(), 3);
        for text in vectors {
            assert!(Presented::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn the_form_is_prefix_body_checksum() {
        let text = make("jeton_", [0; 32]);
        assert_eq!(text.len(), 44);
        assert!(text.starts_with("jeton_00000000000000000000000000000000"));
        assert_ne!(make("jeton_", [1; 32]), make("jeton_", [2; 32]));
    }

    #[test]
    fn what_is_wrong_is_told_without_a_lookup() {
        let good = make("jeton_", [7; 32]);
        let parse = |text: &str| Presented::parse(text).err();
        assert_eq!(parse(""), Some(Malformed::TooShort(38)));
        assert_eq!(parse("secret"), Some(Malformed::TooShort(32)));
        assert_eq!(parse(&format!("{good}\n")), Some(Malformed::Character));
        assert_eq!(parse(&format!("\"{good}\"")), Some(Malformed::Character));
        assert_eq!(parse(&good.replace("jeton_", "jetom_")), Some(Malformed::Checksum));
        assert_eq!(parse(&good[..43]), Some(Malformed::Checksum));
        assert_eq!(parse(&"a".repeat(59)), Some(Malformed::TooLong));
        assert_eq!(parse("ghp_\u{e9}"), Some(Malformed::Character));
    }

    #[test]
    fn prefixes_have_gitlabs_rules() {
        assert!(Prefix::parse("").is_ok());
        assert!(Prefix::parse("a+=/@:.-_0").is_ok());
        assert_eq!(Prefix::parse(&"a".repeat(21)), Err(BadPrefix::TooLong));
        assert_eq!(Prefix::parse("a b"), Err(BadPrefix::Character));
    }

    #[test]
    fn a_mistyped_token_is_no_password() {
        let prefix = Prefix::default();
        let token = make("jeton_", [7; 32]);
        for meant in [&*token, &make("glpat-", [7; 32]), &token[..43], &format!("{token} "), &token.replace('c', "d")] {
            assert!(is_meant_as_token(meant, &prefix), "{meant}");
        }
        for name in ["", "jeton_", "jeton_is_my_favourite_server", "correct horse", &token[1..40]] {
            assert!(!is_meant_as_token(name, &prefix), "{name}");
        }
    }

    #[test]
    fn what_begins_as_a_token_is_no_password() {
        let other = Prefix::parse("corp-").unwrap();
        for text in ["corp-", "corp-x", "jeton_deadbeef", "glpat-abcdefghijklmnopqrst", &make("", [7; 32])] {
            assert!(begins_as_token(text, &other), "{text}");
        }
        for password in ["", "correct horse", "my-corp-x", "glpat"] {
            assert!(!begins_as_token(password, &other), "{password}");
            assert!(!begins_as_token(password, &Prefix::parse("").unwrap()), "{password}");
        }
    }

    proptest! {
        #[test]
        fn what_is_made_is_recognised_under_any_prefix(entropy: [u8; 32], prefix in "[a-zA-Z0-9_+=/@:.-]{0,20}") {
            prop_assert!(Presented::parse(&make(&prefix, entropy)).is_ok());
        }

        #[test]
        fn one_changed_character_is_noticed(entropy: [u8; 32], at in 0_usize..44, to in "[0-9A-Za-z]") {
            let good = make("jeton_", entropy);
            let mut bad = good.clone();
            bad.replace_range(at..=at, &to);
            prop_assert_eq!(Presented::parse(&bad).is_ok(), bad == good);
        }

        #[test]
        fn no_text_is_trouble(text in any::<String>()) {
            let _ = Presented::parse(&text);
        }
    }
}
