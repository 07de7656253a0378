//! Passkeys and security keys (W3C Web Authentication Level 3): what a key's answer must say to be believed.
//!
//! Nothing is asked about the maker of a key (attestation `none`), so the browser's own reading of a new key, its
//! authenticator data and its public key, is as good as the key's (section 5.2.1.1, "Easily accessing credential data").
//! That leaves a layout of fixed places to read here, and no CBOR. Signatures are verified where the cryptography is.

use crate::time::Timestamp;

/// What a key is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ceremony {
    /// To make a new credential (section 7.1).
    Registration,
    /// To prove that it holds one (section 7.2).
    Authentication,
}

impl Ceremony {
    /// The `type` of its client data.
    const fn name(self) -> &'static str {
        match self {
            Self::Registration => "webauthn.create",
            Self::Authentication => "webauthn.get",
        }
    }
}

/// Whose the keys are: this instance, as its external address names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RelyingParty {
    /// The host alone, so that the keys survive a change of the port.
    pub id: String,
    /// Scheme, host and port: the only pages that may use the keys.
    pub origin: String,
}

impl RelyingParty {
    /// The party of an external address; none where browsers have no keys: without TLS on another host than `localhost`,
    /// and where the host is a bare address (section 5.1.2, "effective domain").
    pub fn of_url(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let authority = rest.split('/').next()?.to_ascii_lowercase();
        if authority.starts_with('[') {
            return None;
        }
        let id = authority.split(':').next()?.to_owned();
        let is_local = id == "localhost" || id.ends_with(".localhost");
        // What ends in a number is an IPv4 address (WHATWG URL, "ends in a number checker").
        let is_address = id.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        let is_secure = scheme == "https" || is_local;
        // Browsers leave the usual port out (RFC 6454 section 6.2).
        let usual = if scheme == "https" { ":443" } else { ":80" };
        let origin = format!("{scheme}://{}", authority.strip_suffix(usual).unwrap_or(&authority));
        (is_secure && !is_address && !id.is_empty()).then_some(Self { id, origin })
    }
}

/// What the browser says of the ceremony (section 5.8.1), as far as it is judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientData {
    /// `webauthn.create` or `webauthn.get`.
    pub kind: String,
    /// The challenge that was signed, decoded.
    pub challenge: Vec<u8>,
    /// The page that asked.
    pub origin: String,
    /// That page was framed by another site's.
    pub cross_origin: bool,
}

/// What the key says of itself and of the person (section 6.1).
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are the bits of one byte")]
pub struct AuthenticatorData<'d> {
    /// SHA-256 of the relying party's id.
    pub party: [u8; 32],
    /// Somebody was there and touched it.
    pub present: bool,
    /// It checked who: by PIN, finger or face.
    pub verified: bool,
    /// Its credential can be copied to other devices.
    pub backup_eligible: bool,
    /// It has been.
    pub backed_up: bool,
    /// Uses so far, where it counts them.
    pub count: u32,
    /// The id of the credential that it just made.
    pub credential: Option<&'d [u8]>,
}

/// Why an answer is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// It is too short, or contradicts itself.
    Malformed,
    /// It belongs to the other ceremony.
    Kind,
    /// It answers another question than the one that was asked.
    Challenge,
    /// It was given to another site.
    Origin,
    /// It is for another site.
    Party,
    /// Nobody touched the key.
    NotPresent,
    /// The key did not check who touched it.
    NotVerified,
}

/// The longest credential id (section 4, "Credential ID").
const LONGEST_ID: usize = 1023;

impl<'d> AuthenticatorData<'d> {
    /// Reads it.
    ///
    /// # Errors
    /// [`Flaw::Malformed`].
    pub fn parse(bytes: &'d [u8]) -> Result<Self, Flaw> {
        let (party, rest) = bytes.split_first_chunk::<32>().ok_or(Flaw::Malformed)?;
        let (&[flags], rest) = rest.split_first_chunk::<1>().ok_or(Flaw::Malformed)?;
        let (count, rest) = rest.split_first_chunk::<4>().ok_or(Flaw::Malformed)?;
        let has = |bit: u8| flags & 1 << bit != 0;
        let credential = if has(6) { Some(attested_id(rest)?) } else { None };
        let read = Self {
            party: *party,
            present: has(0),
            verified: has(2),
            backup_eligible: has(3),
            backed_up: has(4),
            count: u32::from_be_bytes(*count),
            credential,
        };
        // What cannot be copied was not copied (section 6.1.3).
        if read.backed_up && !read.backup_eligible { Err(Flaw::Malformed) } else { Ok(read) }
    }
}

/// The id among the attested credential data: after 16 bytes that name the model, and its length (section 6.5.1).
fn attested_id(bytes: &[u8]) -> Result<&[u8], Flaw> {
    let (_, rest) = bytes.split_first_chunk::<16>().ok_or(Flaw::Malformed)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(Flaw::Malformed)?;
    let length = usize::from(u16::from_be_bytes(*length));
    match rest.split_at_checked(length) {
        Some((id, _)) if (1..=LONGEST_ID).contains(&length) => Ok(id),
        _ => Err(Flaw::Malformed),
    }
}

/// What an answer must say.
#[derive(Clone, Debug)]
pub struct Expected<'e> {
    /// The ceremony that was begun.
    pub ceremony: Ceremony,
    /// The challenge that was given out. Whether it was given to this browser, lately, and not used up, is another question.
    pub challenge: &'e [u8],
    /// The relying party's pages.
    pub origin: &'e str,
    /// SHA-256 of the relying party's id.
    pub party: [u8; 32],
    /// The key must have checked who touches it, because nothing else does.
    pub verified: bool,
}

/// Judges an answer, but for its signature.
///
/// # Errors
/// The first [`Flaw`] found.
pub fn judge(expected: &Expected<'_>, client: &ClientData, key: &AuthenticatorData<'_>) -> Result<(), Flaw> {
    let kind = expected.ceremony.name();
    let registers = expected.ceremony == Ceremony::Registration;
    for (is_so, flaw) in [
        (client.kind == kind, Flaw::Kind),
        (client.challenge == expected.challenge, Flaw::Challenge),
        (client.origin.eq_ignore_ascii_case(expected.origin) && !client.cross_origin, Flaw::Origin),
        (key.party == expected.party, Flaw::Party),
        (key.present, Flaw::NotPresent),
        (key.verified || !expected.verified, Flaw::NotVerified),
        (key.credential.is_some() == registers, Flaw::Malformed),
    ] {
        if !is_so {
            return Err(flaw);
        }
    }
    Ok(())
}

/// Whether a key's count went backwards, or stood still: it may have been copied (section 6.1.1). Keys that do not count
/// always say 0.
pub const fn is_suspicious(before: u32, after: u32) -> bool {
    (before != 0 || after != 0) && after <= before
}

/// Seconds for which a challenge can be answered.
const CHALLENGE_LIFE: i64 = 600;
/// Bytes of chance in a challenge (section 13.4.3 asks for 16 at least).
pub const CHALLENGE_CHANCE: usize = 24;

/// A question that only one browser can answer, once: chance, the moment until which it counts, and a seal over both and
/// over what the question is for. So nothing is kept of those that are never answered.
#[derive(Clone, Copy, Debug)]
pub struct Challenge {
    /// Random bytes.
    pub chance: [u8; CHALLENGE_CHANCE],
    /// Until when it counts.
    pub expires_at: Timestamp,
}

impl Challenge {
    /// A new one.
    pub const fn new(chance: [u8; CHALLENGE_CHANCE], now: Timestamp) -> Self {
        Self { chance, expires_at: now.plus_seconds(CHALLENGE_LIFE) }
    }

    /// What is sealed.
    pub fn to_bytes(self) -> Vec<u8> {
        [&self.chance[..], &self.expires_at.micros().to_be_bytes()].concat()
    }

    /// Reads the sealed part, and what follows it: the seal. None if there is too little.
    pub fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (chance, rest) = bytes.split_first_chunk()?;
        let (moment, seal) = rest.split_first_chunk()?;
        Some((Self { chance: *chance, expires_at: Timestamp::from_micros(i64::from_be_bytes(*moment)) }, seal))
    }

    /// Whether it still counts.
    pub fn is_alive(self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

#[cfg(test)]
mod tests;
