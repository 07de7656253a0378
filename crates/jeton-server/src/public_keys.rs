//! Public keys that people hand in, read far enough to know them again. Nothing here trusts or uses one.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};
use pgp::{
    composed::{Deserializable as _, SignedPublicKey},
    types::KeyDetails as _,
};
use ssh_key::{HashAlg, PublicKey};

/// The longest SSH key, in bytes, as GitLab has it.
const LONGEST: usize = 5_000;
/// Types of SSH keys that are taken.
const TYPES: [&str; 7] = [
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-ed25519",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "sk-ssh-ed25519@openssh.com",
];

/// An SSH key that could be read.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct SshKey {
    /// Type and base64, without a comment.
    pub(crate) text: String,
    /// The SHA-256 fingerprint in base64, as OpenSSH writes it, without `SHA256:`.
    pub(crate) sha256: String,
    /// The MD5 fingerprint: 16 bytes in lower hexadecimal with colons.
    pub(crate) md5: String,
}

/// What is wrong with an SSH key. GitLab tells of the key and of its fingerprint apart.
#[derive(PartialEq, Eq, Default, Debug)]
pub(crate) struct SshFlaws {
    /// About the key.
    pub(crate) key: Vec<String>,
    /// Whether it has a fingerprint at all.
    pub(crate) unreadable: bool,
}

impl SshKey {
    /// Reads one line of OpenSSH's form (`type base64 comment`), whose base64 may be broken into several by white space.
    pub(crate) fn read(text: &str) -> Result<Self, SshFlaws> {
        let text = text.trim();
        let mut flaws = Vec::new();
        if text.is_empty() {
            flaws.push("can't be blank".to_owned());
        }
        if text.len() > LONGEST {
            flaws.push(format!("is too long (maximum is {LONGEST} characters)"));
        }
        let kind = text.split_whitespace().next().unwrap_or_default();
        if !TYPES.contains(&kind) && kind != "ssh-dss" {
            flaws.push("is invalid".to_owned());
        }
        let key = if text.len() > LONGEST { None } else { parse(text) };
        if !key.as_ref().is_some_and(|key| TYPES.contains(&key.algorithm().as_str())) {
            flaws.push("type is forbidden. Must be RSA, ECDSA, ED25519, ECDSA_SK, or ED25519_SK".to_owned());
        }
        let unreadable = key.is_none();
        match key.and_then(|key| Self::of(&key)) {
            Some(key) if flaws.is_empty() => Ok(key),
            _ => Err(SshFlaws { key: flaws, unreadable }),
        }
    }

    fn of(key: &PublicKey) -> Option<Self> {
        let bytes = key.to_bytes().ok()?;
        let sha256 = key.fingerprint(HashAlg::Sha256).to_string();
        let bare = PublicKey::from(key.key_data().clone()).to_openssh().ok()?;
        Some(Self {
            text: bare.trim_end().to_owned(),
            sha256: sha256.strip_prefix("SHA256:")?.to_owned(),
            md5: Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"),
        })
    }
}

/// The key in a text; the base64 may go on in the words behind it, as in mails and terminals that break lines.
fn parse(text: &str) -> Option<PublicKey> {
    let mut words = text.split_whitespace();
    let mut line = format!("{} ", words.next()?);
    words.find_map(|word| {
        line.push_str(word);
        PublicKey::from_openssh(&line).ok()
    })
}

/// The prefix and the suffix of an armoured public key (RFC 9580 section 6.2).
const ARMOUR: [&str; 2] = ["-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"];

/// An OpenPGP key that could be read.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct GpgKey {
    /// The armoured text, without white space around it.
    pub(crate) text: String,
    /// The fingerprint of the primary key in lower hexadecimal.
    pub(crate) fingerprint: String,
}

/// What is wrong with an OpenPGP key.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum GpgFlaw {
    /// It is no armoured public key. Holds what is wrong with the text.
    Text(Vec<String>),
    /// There is no key in the armour.
    Unreadable,
}

impl GpgKey {
    /// Reads one armoured public key.
    pub(crate) fn read(text: &str) -> Result<Self, GpgFlaw> {
        let text = text.trim();
        let [prefix, suffix] = ARMOUR;
        let body = text.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
        if body.is_none_or(|body| body.contains(prefix) || body.contains(suffix)) {
            let blank = text.is_empty().then(|| "can't be blank".to_owned());
            let form = format!("is invalid. A valid public GPG key begins with '{prefix}' and ends with '{suffix}'");
            return Err(GpgFlaw::Text(blank.into_iter().chain([form]).collect()));
        }
        let (key, _) = SignedPublicKey::from_string(text).map_err(|_| GpgFlaw::Unreadable)?;
        let mut fingerprint = String::with_capacity(64);
        let _ = write!(fingerprint, "{:x}", key.fingerprint());
        Ok(Self { text: text.to_owned(), fingerprint })
    }
}

/// A fingerprint that somebody looks for.
pub(crate) fn fingerprint(text: &str) -> Option<jeton_store::users::ssh_keys::Fingerprint> {
    use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
    use jeton_store::users::ssh_keys::Fingerprint;
    let text = text.trim();
    if let Some(digest) = text.strip_prefix("SHA256:").or_else(|| text.strip_prefix("sha256:")) {
        // A plus sign in a query that was not escaped has become a space.
        let digest = digest.replace(' ', "+");
        let digest = digest.trim_end_matches('=');
        let bytes = BASE64_STANDARD_NO_PAD.decode(digest).ok()?;
        return (bytes.len() == 32).then(|| Fingerprint::Sha256(digest.to_owned()));
    }
    let text = text.strip_prefix("MD5:").unwrap_or(text).to_ascii_lowercase();
    let is_byte = |part: &str| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit());
    let fits = text.split(':').count() == 16 && text.split(':').all(is_byte);
    fits.then_some(Fingerprint::Md5(text))
}

#[cfg(test)]
mod tests;
