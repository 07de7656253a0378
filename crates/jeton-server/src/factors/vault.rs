//! What keeps second factors secret in the database: the keys, all derived from the instance's own.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use jeton_core::{
    id::UserId,
    second_factor::AppSecret,
    token::{DigestKey, TokenDigest},
};
use jeton_store::factors::Sealed;
use zeroize::Zeroizing;

use crate::{nature, refusal::Refusal};

/// The keys.
pub struct Vault {
    id: String,
    apps: Option<LessSafeKey>,
    recovery: DigestKey,
    half: DigestKey,
    challenges: DigestKey,
}

impl Vault {
    /// Keys derived from the instance's own.
    pub fn derive(key: &DigestKey) -> Self {
        let bytes = Zeroizing::new(key.derive("authenticator apps").digest(b"AES-256-GCM").0);
        Self {
            id: key.id().to_owned(),
            apps: UnboundKey::new(&AES_256_GCM, &*bytes).ok().map(LessSafeKey::new),
            recovery: key.derive("recovery codes"),
            half: key.derive("half sign-ins"),
            challenges: key.derive("passkey challenges"),
        }
    }

    /// Encrypts an app's secret. It can be opened for this user alone: whoever moves it to another row gains nothing.
    pub fn seal(&self, user: UserId, secret: &AppSecret) -> Result<Sealed, Refusal> {
        let nonce = nature::chance::<NONCE_LEN>()?;
        let mut bytes = secret.expose().to_vec();
        let key = self.apps.as_ref().ok_or_else(|| Refusal::broken("no cipher"))?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(*nonce), owner(user), &mut bytes)
            .map_err(|_| Refusal::broken("an authenticator app's secret cannot be encrypted"))?;
        Ok(Sealed { key_id: self.id.clone(), bytes: [&nonce[..], &bytes].concat() })
    }

    /// Decrypts it.
    pub fn open(&self, user: UserId, sealed: &Sealed) -> Result<AppSecret, Refusal> {
        if sealed.key_id != self.id {
            let why = format!("an authenticator app's secret is encrypted under another key ({})", sealed.key_id);
            return Err(Refusal::broken(why));
        }
        self.decrypt(user, &sealed.bytes).ok_or_else(|| Refusal::broken("an authenticator app's secret is damaged"))
    }

    fn decrypt(&self, user: UserId, bytes: &[u8]) -> Option<AppSecret> {
        let (nonce, encrypted) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut secret = Zeroizing::new(encrypted.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.apps.as_ref()?.open_in_place(nonce, owner(user), &mut secret).ok()?;
        AppSecret::of_bytes(plain)
    }

    /// What is kept of a recovery code. It has 80 bits of chance, so a keyed digest suffices.
    pub fn recovery_digest(&self, user: UserId, code: &str) -> TokenDigest {
        self.recovery.digest(format!("{user} {code}").as_bytes())
    }

    /// What is kept of the cookie of a sign-in whose second step is still to come.
    pub fn half_digest(&self, cookie: &str) -> TokenDigest {
        self.half.digest(cookie.as_bytes())
    }

    /// The seal of a challenge: for one purpose, in the browser with this cookie.
    pub fn challenge_seal(&self, purpose: &str, cookie: &str, challenge: &[u8]) -> TokenDigest {
        self.challenges.digest(&[purpose.as_bytes(), b"\0", cookie.as_bytes(), b"\0", challenge].concat())
    }
}

fn owner(user: UserId) -> Aad<String> {
    Aad::from(format!("authenticator app of {user}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn vault(seed: u8) -> Vault {
        Vault::derive(&DigestKey::new(&Zeroizing::new([seed; 32])))
    }

    #[test]
    fn a_secret_is_opened_by_its_own_key_for_its_own_user() {
        let (jane, joe) = (UserId(1), UserId(2));
        let secret = AppSecret::new(Zeroizing::new([9; 20]));
        let sealed = vault(1).seal(jane, &secret).unwrap();
        assert_eq!(vault(1).open(jane, &sealed).unwrap().expose(), secret.expose());
        assert!(vault(1).open(joe, &sealed).is_err(), "it was moved to another user's row");
        assert!(vault(2).open(jane, &sealed).unwrap_err().to_string().contains("under another key"));
        assert!(!sealed.bytes.windows(4).any(|bytes| bytes == [9; 4]), "nothing of it stands there as it is");
        assert_ne!(vault(1).seal(jane, &secret).unwrap().bytes, sealed.bytes, "not even twice the same");
        for place in 0..sealed.bytes.len() {
            let mut damaged = sealed.clone();
            damaged.bytes[place] ^= 1;
            assert!(vault(1).open(jane, &damaged).is_err(), "byte {place}");
        }
    }
}
