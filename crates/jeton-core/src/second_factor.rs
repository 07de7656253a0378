//! Second factors: codes of an authenticator app (TOTP, RFC 6238), recovery codes, how long a proof of oneself lasts, and
//! who must have a second factor by when.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{time::Timestamp, user::User};

/// Seconds of one time step (RFC 6238 section 4.1; authenticator apps know no other).
pub const STEP: i64 = 30;
/// Digits of a code.
pub const DIGITS: usize = 6;
/// Steps before and after the present one whose codes are accepted too, for clocks that differ (RFC 6238 section 5.2).
const SLACK: i64 = 1;
/// Bytes of a secret: 160 bits, as RFC 4226 section 4 advises.
pub const SECRET_BYTES: usize = 20;
/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of chance in one recovery code: 80 bits, so that a keyed digest of it suffices.
pub const RECOVERY_BYTES: usize = 10;
/// Wrong codes that end a sign-in that has only its password yet.
pub const ATTEMPTS: i64 = 5;
/// Seconds within which the second step of a sign-in must follow the first.
pub const HALF_SIGN_IN: i64 = 600;
/// Seconds for which a proof of oneself lasts, for what is too sensitive for a session alone.
const PROOF: i64 = 600;

/// RFC 4648 section 6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Without those that are mistaken for each other: no `l`, `o`, `0`, `1`.
const UNMISTAKABLE: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The secret that an authenticator app and this server share.
#[derive(Clone)]
pub struct AppSecret(Zeroizing<[u8; SECRET_BYTES]>);

impl std::fmt::Debug for AppSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AppSecret(…)")
    }
}

impl AppSecret {
    /// A secret of these random bytes.
    pub const fn new(chance: Zeroizing<[u8; SECRET_BYTES]>) -> Self {
        Self(chance)
    }

    /// The secret that was kept as these bytes; none if their number is wrong.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// To be kept, encrypted.
    pub fn expose(&self) -> &[u8] {
        &*self.0
    }

    /// As people type it into their app: 32 characters of base32.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(spell(&*self.0, BASE32))
    }

    /// The code of a step, without leading zeros (RFC 4226 section 5.3).
    pub fn code(&self, step: i64) -> u32 {
        let mut block = Zeroizing::new([0; 64]);
        block[..SECRET_BYTES].copy_from_slice(&*self.0);
        let hmac = Hmac::<Sha1>::new(&(*block).into()).chain_update(step.to_be_bytes());
        let hash = hmac.finalize().into_bytes();
        let offset = usize::from(hash[19] & 15);
        let word = [hash[offset], hash[offset + 1], hash[offset + 2], hash[offset + 3]];
        (u32::from_be_bytes(word) & 0x7fff_ffff) % 10_u32.pow(6)
    }

    /// The step that this code belongs to, among the present one and its neighbours; none if it is no code of now, or
    /// its step is not after `used`, the last one that was used up. Whoever believes it uses the step up.
    pub fn step_of(&self, code: u32, used: i64, now: Timestamp) -> Option<i64> {
        let present = now.seconds().div_euclid(STEP);
        let is_it = |step: &i64| bool::from(self.code(*step).ct_eq(&code)) && *step > used;
        // Every step is looked at, whichever fits.
        (present - SLACK..=present + SLACK).filter(is_it).fold(None, |found, step| found.or(Some(step)))
    }
}

/// A recovery code of these random bytes, as it is shown: four groups of four characters.
pub fn recovery_code(chance: &[u8; RECOVERY_BYTES]) -> Zeroizing<String> {
    let letters = Zeroizing::new(spell(chance, UNMISTAKABLE));
    let mut text = Zeroizing::new(String::with_capacity(19));
    for (number, letter) in letters.chars().enumerate() {
        if number > 0 && number % 4 == 0 {
            text.push('-');
        }
        text.push(letter);
    }
    text
}

/// Five bits a character.
fn spell(bytes: &[u8], alphabet: &[u8; 32]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut count) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(alphabet[(held >> count & 31) as usize]));
        }
    }
    if count > 0 {
        text.push(char::from(alphabet[(held << (5 - count) & 31) as usize]));
    }
    text
}

/// What somebody typed where a code is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Typed {
    /// Six digits: a code of an app.
    Code(u32),
    /// Something else: a recovery code, without what only makes it easier to read.
    Recovery(Zeroizing<String>),
}

impl Typed {
    /// Reads it; spaces, hyphens and the case of letters do not matter.
    pub fn parse(text: &str) -> Self {
        let plain: Zeroizing<String> = Zeroizing::new(
            text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_lowercase()).collect(),
        );
        let is_code = plain.len() == DIGITS && plain.bytes().all(|byte| byte.is_ascii_digit());
        match plain.parse().ok().filter(|_| is_code) {
            Some(code) => Self::Code(code),
            None => Self::Recovery(plain),
        }
    }
}

/// Whether somebody who proved it at that moment is still believed in what is too sensitive for a session alone.
pub fn is_proven(proven_at: Option<Timestamp>, now: Timestamp) -> bool {
    proven_at.is_some_and(|at| now < at.plus_seconds(PROOF))
}

/// What the instance asks of everybody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Demand {
    /// Everybody must have a second factor.
    pub required: bool,
    /// Hours, from the first sign-in under that rule, within which it need not be there yet.
    pub grace_hours: i64,
}

/// What somebody without a second factor owes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Duty {
    /// Nothing: there is a factor, or none is required.
    #[default]
    None,
    /// A factor, before that moment. Until then everything is as usual.
    Until(Timestamp),
    /// A factor, at once: the password alone does for nothing but to set one up.
    Overdue,
}

impl Duty {
    /// What this user owes.
    pub fn of(user: &User, demand: Demand, now: Timestamp) -> Self {
        if user.two_factor || !demand.required {
            return Self::None;
        }
        if demand.grace_hours <= 0 {
            return Self::Overdue;
        }
        let end = user.two_factor_asked_at.unwrap_or(now).plus_seconds(demand.grace_hours.saturating_mul(3600));
        if now < end { Self::Until(end) } else { Self::Overdue }
    }
}

#[cfg(test)]
mod tests;
