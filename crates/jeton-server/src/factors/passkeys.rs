//! Passkeys and security keys: what the browser is asked, and whether its answer is believed.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jeton_core::{
    id::{SessionId, UserId},
    secret::Secret,
    user::User,
    webauthn::{self, AuthenticatorData, Ceremony, Challenge, ClientData, Expected, Flaw, RelyingParty},
};
use jeton_store::{
    By, Fault,
    factors::{NewPasskey, NotAdded, Passkey, Used},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Registered;
use crate::{
    app::App,
    nature,
    notices::{FactorNotice, Notice},
    refusal::Refusal,
};

/// The algorithms that are asked for, the best first: ES256, Ed25519, RS256 (numbers of COSE, RFC 9053).
const ALGORITHMS: [i64; 3] = [-7, -8, -257];
/// Milliseconds that the browser waits for a key.
const PATIENCE: u32 = 120_000;
/// The longest name of a key, in characters.
const LONGEST_NAME: usize = 100;
/// Bytes of what keys know a user by (section 14.6.1 asks for 64 random ones).
const HANDLE: usize = 64;

/// What a challenge is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To sign in with nothing else.
    SignIn,
    /// As the second step of this user's sign-in.
    SecondStep(UserId),
    /// To prove once more that one is this user.
    Confirm(UserId),
    /// To register a key of this user.
    Register(UserId),
}

impl Purpose {
    fn seal_text(self) -> String {
        match self {
            Self::SignIn => "sign in".to_owned(),
            Self::SecondStep(user) => format!("second step of {user}"),
            Self::Confirm(user) => format!("confirm as {user}"),
            Self::Register(user) => format!("register for {user}"),
        }
    }

    const fn ceremony(self) -> Ceremony {
        match self {
            Self::Register(_) => Ceremony::Registration,
            Self::SignIn | Self::SecondStep(_) | Self::Confirm(_) => Ceremony::Authentication,
        }
    }

    /// The only user whose keys count; none if everybody's do.
    const fn user(self) -> Option<UserId> {
        match self {
            Self::SignIn => None,
            Self::SecondStep(user) | Self::Confirm(user) | Self::Register(user) => Some(user),
        }
    }
}

/// Why an answer was not believed. The text is for the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadPasskey {
    /// It cannot be read.
    #[error("The answer of your browser cannot be read.")]
    Unreadable,
    /// Its challenge is not of this page, too old, or was answered before.
    #[error("This page was open for too long, or its question was answered before. Try again.")]
    Stale,
    /// It does not say what it must.
    #[error("The key could not be verified.")]
    Flawed(Flaw),
    /// The signature is wrong, or of a kind that was not asked for.
    #[error("The key could not be verified.")]
    Forged,
    /// The key is nobody's here, or somebody else's.
    #[error("This key is not registered with the account.")]
    Unknown,
    /// The key was registered before.
    #[error("This key is registered already.")]
    Known,
    /// A key needs a name of its own.
    #[error("Give the key a name of 1 to 100 characters.")]
    Nameless,
}

/// What the script sends: the browser's answer, with bytes as base64url.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    id: Bytes,
    #[serde(rename = "clientDataJSON")]
    client_data: Bytes,
    authenticator_data: Bytes,
    #[serde(default)]
    public_key: Bytes,
    #[serde(default)]
    public_key_algorithm: i64,
    #[serde(default)]
    transports: Vec<String>,
    #[serde(default)]
    signature: Bytes,
    user_handle: Option<Bytes>,
}

#[derive(Default)]
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text.trim_end_matches('=')).map(Self).map_err(serde::de::Error::custom)
    }
}

/// The browser's own words (section 5.8.1).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SaidByBrowser {
    #[serde(rename = "type")]
    kind: String,
    challenge: Bytes,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

impl Answer {
    fn read(text: &str) -> Result<(Self, ClientData), BadPasskey> {
        let answer: Self = serde_json::from_str(text).map_err(|_| BadPasskey::Unreadable)?;
        let said: SaidByBrowser = serde_json::from_slice(&answer.client_data.0).map_err(|_| BadPasskey::Unreadable)?;
        let client = ClientData {
            kind: said.kind,
            challenge: said.challenge.0,
            origin: said.origin,
            cross_origin: said.cross_origin || said.top_origin.is_some(),
        };
        Ok((answer, client))
    }

    /// What the key signed (section 7.2 step 20).
    fn signed(&self) -> Vec<u8> {
        [&self.authenticator_data.0[..], &Sha256::digest(&self.client_data.0)].concat()
    }
}

fn algorithm(number: i64) -> Option<&'static dyn VerificationAlgorithm> {
    match number {
        -7 => Some(&ECDSA_P256_SHA256_ASN1),
        -8 => Some(&ED25519),
        -257 => Some(&RSA_PKCS1_2048_8192_SHA256),
        _ => None,
    }
}

fn public_key(number: i64, key: &[u8]) -> Result<ParsedPublicKey, BadPasskey> {
    let algorithm = algorithm(number).ok_or(BadPasskey::Forged)?;
    ParsedPublicKey::new(algorithm, key).map_err(|_| BadPasskey::Forged)
}

/// The refusal of the server, or why the answer is not believed.
type Judged<T> = Result<Result<T, BadPasskey>, Refusal>;

/// Leaves the function with what is wrong with the answer.
macro_rules! believed {
    ($judged:expr) => {
        match $judged {
            Ok(good) => good,
            Err(bad) => return Ok(Err(bad.into())),
        }
    };
}

impl App {
    /// Whose the keys are; none where browsers have none.
    pub fn relying_party(&self) -> Option<RelyingParty> {
        RelyingParty::of_url(&self.config.external_url)
    }

    fn challenge(&self, purpose: Purpose, cookie: &str) -> Result<String, Refusal> {
        let challenge = Challenge::new(*nature::chance()?, self.now()).to_bytes();
        let seal = self.vault.challenge_seal(&purpose.seal_text(), cookie, &challenge);
        Ok(BASE64.encode([&challenge[..], &seal.0].concat()))
    }

    /// What the browser is asked for a new key, as its script reads it (section 5.4). None where there are no keys.
    pub async fn new_passkey_options(&self, user: &User, cookie: &str) -> Result<Option<String>, Refusal> {
        let Some(party) = self.relying_party() else { return Ok(None) };
        let handle = self.store.passkey_handle(user.id, &nature::chance::<HANDLE>()?[..]).await?;
        let known = self.store.passkeys(user.id).await?;
        let algorithms: Vec<Value> = ALGORITHMS.iter().map(|alg| json!({ "type": "public-key", "alg": alg })).collect();
        let options = json!({
            "challenge": self.challenge(Purpose::Register(user.id), cookie)?,
            "rp": { "id": party.id, "name": "Jeton" },
            "user": { "id": BASE64.encode(handle), "name": user.username, "displayName": user.name },
            "pubKeyCredParams": algorithms,
            "excludeCredentials": descriptors(&known),
            "authenticatorSelection": { "residentKey": "preferred", "userVerification": "preferred" },
            "attestation": "none",
            "timeout": PATIENCE,
        });
        Ok(Some(options.to_string()))
    }

    /// What the browser is asked to prove (section 5.5). None where there are no keys, or the user has none.
    pub async fn passkey_options(&self, purpose: Purpose, cookie: &str) -> Result<Option<String>, Refusal> {
        let Some(party) = self.relying_party() else { return Ok(None) };
        let allowed = match purpose.user() {
            Some(user) => self.store.passkeys(user).await?,
            None => Vec::new(),
        };
        if purpose.user().is_some() && allowed.is_empty() {
            return Ok(None);
        }
        let verification = if purpose == Purpose::SignIn { "required" } else { "discouraged" };
        let options = json!({
            "challenge": self.challenge(purpose, cookie)?,
            "rpId": party.id,
            "allowCredentials": descriptors(&allowed),
            "userVerification": verification,
            "timeout": PATIENCE,
        });
        Ok(Some(options.to_string()))
    }

    /// Judges an answer but for its signature.
    fn judge_answer(
        &self,
        purpose: Purpose,
        cookie: &str,
        client: &ClientData,
        key: &AuthenticatorData<'_>,
    ) -> Result<Challenge, BadPasskey> {
        let party = self.relying_party().ok_or(BadPasskey::Unknown)?;
        let (challenge, seal) = Challenge::parse(&client.challenge).ok_or(BadPasskey::Stale)?;
        let expected = self.vault.challenge_seal(&purpose.seal_text(), cookie, &challenge.to_bytes());
        let is_ours = Secret::new(BASE64.encode(expected.0)) == Secret::new(BASE64.encode(seal));
        if !is_ours || !challenge.is_alive(self.now()) {
            return Err(BadPasskey::Stale);
        }
        let expected = Expected {
            ceremony: purpose.ceremony(),
            challenge: &client.challenge,
            origin: &party.origin,
            party: Sha256::digest(party.id.as_bytes()).into(),
            verified: purpose == Purpose::SignIn,
        };
        webauthn::judge(&expected, client, key).map_err(BadPasskey::Flawed)?;
        Ok(challenge)
    }

    /// Uses the challenge up, after everything else was found right.
    async fn spend(&self, challenge: Challenge) -> Result<bool, Fault> {
        self.store.spend_challenge(challenge.to_bytes(), challenge.expires_at, self.now()).await
    }

    /// Registers a key of that user, made in the session and the browser with that cookie.
    pub async fn register_passkey(
        &self,
        user: &User,
        (session, cookie): (SessionId, &str),
        name: &str,
        answer: &str,
        by: By,
    ) -> Judged<Registered> {
        let name = believed!(check_name(name));
        let (answer, client) = believed!(Answer::read(answer));
        let key = believed!(AuthenticatorData::parse(&answer.authenticator_data.0).map_err(BadPasskey::Flawed));
        let challenge = believed!(self.judge_answer(Purpose::Register(user.id), cookie, &client, &key));
        if key.credential != Some(&answer.id.0[..]) {
            return Ok(Err(BadPasskey::Flawed(Flaw::Malformed)));
        }
        believed!(public_key(answer.public_key_algorithm, &answer.public_key.0));
        if !self.spend(challenge).await? {
            return Ok(Err(BadPasskey::Stale));
        }
        let new = NewPasskey {
            name,
            credential_id: answer.id.0.clone(),
            algorithm: answer.public_key_algorithm,
            public_key: answer.public_key.0.clone(),
            count: key.count,
            backup_eligible: key.backup_eligible,
            backed_up: key.backed_up,
            transports: transports(&answer.transports),
        };
        let (codes, along) = self.along(user, session, FactorNotice::PasskeyAdded, &by)?;
        let id = user.id;
        let added = self
            .see_through(move |app| async move {
                let added = app.store.add_passkey(id, new, along, by, app.now()).await;
                app.identities.forget_user(id);
                Ok(added)
            })
            .await?;
        match added {
            Ok(true) => Ok(Ok(Registered::First(codes))),
            Ok(false) => Ok(Ok(Registered::Another)),
            Err(NotAdded::Known) => Ok(Err(BadPasskey::Known)),
            Err(NotAdded::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Checks a key's answer, and says whose key it is.
    pub async fn check_passkey(&self, purpose: Purpose, cookie: &str, answer: &str, by: By) -> Judged<User> {
        let (answer, client) = believed!(Answer::read(answer));
        let key = believed!(AuthenticatorData::parse(&answer.authenticator_data.0).map_err(BadPasskey::Flawed));
        let challenge = believed!(self.judge_answer(purpose, cookie, &client, &key));
        let passkey = self.store.passkey(&answer.id.0).await?;
        let Some(passkey) = passkey.filter(|found| purpose.user().is_none_or(|user| user == found.user)) else {
            return Ok(Err(BadPasskey::Unknown));
        };
        if !self.fits(purpose, &passkey, answer.user_handle.as_ref()).await? {
            return Ok(Err(BadPasskey::Unknown));
        }
        let verifier = believed!(public_key(passkey.algorithm, &passkey.public_key));
        believed!(verifier.verify_sig(&answer.signed(), &answer.signature.0).map_err(|_| BadPasskey::Forged));
        if !self.spend(challenge).await? {
            return Ok(Err(BadPasskey::Stale));
        }
        let Some(user) = self.store.user(passkey.user).await? else { return Ok(Err(BadPasskey::Unknown)) };
        let said = Used { id: passkey.id, count: key.count, backed_up: key.backed_up };
        let by = By { user: Some(user.id), ..by };
        if self.store.use_passkey(said, by.clone(), self.now()).await? {
            tracing::warn!(
                user = user.id.0,
                passkey = passkey.id,
                "a key's count did not grow: it may have been copied"
            );
            let mails = self.mails_to(&user, Notice::Factor(FactorNotice::PasskeySuspected), &by);
            self.store.queue_mails(mails, self.now()).await?;
        }
        Ok(Ok(user))
    }

    /// Whether the key names its user, as it must where nobody else does (section 7.2 step 6).
    async fn fits(&self, purpose: Purpose, passkey: &Passkey, handle: Option<&Bytes>) -> Result<bool, Fault> {
        match handle {
            Some(handle) => self.store.is_passkey_handle(passkey.user, &handle.0).await,
            None => Ok(purpose != Purpose::SignIn),
        }
    }

    /// Gives a key another name. False if that user has no such key.
    pub async fn rename_passkey(&self, user: UserId, id: i64, name: &str, by: By) -> Judged<bool> {
        let name = believed!(check_name(name));
        Ok(Ok(self.store.rename_passkey(user, id, name, by, self.now()).await?))
    }

    /// Takes a key away. False if it is the last factor, or that user has no such key.
    pub async fn remove_passkey(&self, user: &User, id: i64, by: By) -> Result<bool, Fault> {
        let mails = self.mails_to(user, Notice::Factor(FactorNotice::PasskeyRemoved), &by);
        self.store.remove_passkey(user.id, id, mails, by, self.now()).await
    }
}

fn check_name(name: &str) -> Result<String, BadPasskey> {
    let name = name.trim();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.contains(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(BadPasskey::Nameless) }
}

/// The words that the specification knows (section 5.8.4), of those that the browser said.
fn transports(said: &[String]) -> String {
    let known = ["usb", "nfc", "ble", "smart-card", "hybrid", "internal"];
    known.into_iter().filter(|word| said.iter().any(|said| said == word)).collect::<Vec<_>>().join(" ")
}

fn descriptors(keys: &[Passkey]) -> Vec<Value> {
    let describe = |key: &Passkey| {
        let transports: Vec<&str> = key.transports.split_whitespace().collect();
        json!({ "type": "public-key", "id": BASE64.encode(&key.credential_id), "transports": transports })
    };
    keys.iter().map(describe).collect()
}

#[cfg(test)]
mod tests;
