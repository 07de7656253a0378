#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use jeton_core::caller::Via;

use super::*;
use crate::test_instance::{BY, Instance, NOW};

const COOKIE: &str = "the browser's cookie";
const ORIGIN: &str = "https://jeton.example";

/// A key that answers as a real one does, or as a forger would like it to.
struct Key {
    pair: EcdsaKeyPair,
    id: &'static [u8],
    handle: Vec<u8>,
    count: u32,
    /// It checks who touches it.
    verifies: bool,
}

impl Key {
    fn new(id: &'static [u8]) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Self { pair, id, handle: Vec::new(), count: 0, verifies: true }
    }

    fn data(&self, attested: bool) -> Vec<u8> {
        let flags = 1 | u8::from(self.verifies) << 2 | u8::from(attested) << 6;
        let mut data = [&Sha256::digest(b"jeton.example")[..], &[flags], &self.count.to_be_bytes()].concat();
        if attested {
            let length = u16::try_from(self.id.len()).unwrap();
            data.extend([&[0; 16][..], &length.to_be_bytes(), self.id].concat());
        }
        data
    }

    fn client(kind: &str, challenge: &str, origin: &str) -> String {
        json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false }).to_string()
    }

    /// The answer to a page that wants a new key.
    fn create(&mut self, options: &str) -> String {
        let options: Value = serde_json::from_str(options).unwrap();
        self.handle = BASE64.decode(options["user"]["id"].as_str().unwrap()).unwrap();
        let client = Self::client("webauthn.create", options["challenge"].as_str().unwrap(), ORIGIN);
        let public: PublicKeyX509Der<'_> = self.pair.public_key().as_der().unwrap();
        json!({
            "id": BASE64.encode(self.id),
            "clientDataJSON": BASE64.encode(client),
            "authenticatorData": BASE64.encode(self.data(true)),
            "publicKey": BASE64.encode(public.as_ref()),
            "publicKeyAlgorithm": -7,
            "transports": ["usb", "telepathy"],
        })
        .to_string()
    }

    /// The answer to a page that wants a proof, given to the page of that origin.
    fn get_at(&mut self, options: &str, origin: &str) -> Value {
        let options: Value = serde_json::from_str(options).unwrap();
        self.count += 1;
        let client = Self::client("webauthn.get", options["challenge"].as_str().unwrap(), origin);
        let data = self.data(false);
        let signed = [&data[..], &Sha256::digest(&client)].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": BASE64.encode(self.id),
            "clientDataJSON": BASE64.encode(client),
            "authenticatorData": BASE64.encode(data),
            "signature": BASE64.encode(signature.as_ref()),
            "userHandle": BASE64.encode(&self.handle),
        })
    }

    fn get(&mut self, options: &str) -> String {
        self.get_at(options, ORIGIN).to_string()
    }
}

struct World {
    instance: Instance,
    jane: User,
    session: SessionId,
}

impl World {
    async fn new() -> Self {
        let instance = Instance::with(|config| ORIGIN.clone_into(&mut config.external_url)).await;
        let jane = instance.user("jane", false).await;
        let cookie = instance.app.sign_in(&jane, BY).await.unwrap();
        let caller = instance.app.identify_session(&cookie).await.unwrap().unwrap();
        let Via::Session(session) = caller.via else { panic!("{caller:?}") };
        Self { instance, jane, session }
    }

    async fn register(&self, key: &mut Key) -> Result<Registered, BadPasskey> {
        let options = self.instance.app.new_passkey_options(&self.jane, COOKIE).await.unwrap().unwrap();
        let answer = key.create(&options);
        self.add(&answer).await
    }

    async fn add(&self, answer: &str) -> Result<Registered, BadPasskey> {
        let place = (self.session, COOKIE);
        self.instance.app.register_passkey(&self.jane, place, " blue key ", answer, BY).await.unwrap()
    }

    async fn options(&self, purpose: Purpose) -> String {
        self.instance.app.passkey_options(purpose, COOKIE).await.unwrap().unwrap()
    }

    async fn check(&self, purpose: Purpose, answer: &str) -> Result<UserId, BadPasskey> {
        self.instance.app.check_passkey(purpose, COOKIE, answer, BY).await.unwrap().map(|user| user.id)
    }
}

#[tokio::test]
async fn a_key_is_registered_and_signs_in() {
    let world = World::new().await;
    let (app, jane) = (&world.instance.app, world.jane.id);
    let mut key = Key::new(b"one");
    assert!(matches!(world.register(&mut key).await, Ok(Registered::First(codes)) if codes.len() == 10));
    let kept = app.store.passkeys(jane).await.unwrap().pop().unwrap();
    assert_eq!((kept.name.as_str(), kept.transports.as_str()), ("blue key", "usb"));
    assert!(matches!(world.register(&mut key).await, Err(BadPasskey::Known)));
    let mut second = Key::new(b"two");
    assert!(matches!(world.register(&mut second).await, Ok(Registered::Another)));

    for purpose in [Purpose::SignIn, Purpose::SecondStep(jane), Purpose::Confirm(jane)] {
        let answer = key.get(&world.options(purpose).await);
        assert_eq!(world.check(purpose, &answer).await, Ok(jane), "{purpose:?}");
        assert_eq!(world.check(purpose, &answer).await, Err(BadPasskey::Stale), "replayed: {purpose:?}");
    }
    let kept = app.store.passkeys(jane).await.unwrap().remove(0);
    assert_eq!((kept.count, kept.last_used_at, kept.suspected_at), (3, Some(NOW), None));
    let options: Value = serde_json::from_str(&world.options(Purpose::SecondStep(jane)).await).unwrap();
    assert_eq!(options["allowCredentials"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_answer_counts_only_where_and_for_what_it_was_asked() {
    let world = World::new().await;
    let (app, jane) = (&world.instance.app, world.jane.id);
    let joe = world.instance.user("joe", false).await.id;
    let mut key = Key::new(b"one");
    world.register(&mut key).await.unwrap();

    let options = world.options(Purpose::SignIn).await;
    let answer = key.get(&options);
    let elsewhere = app.check_passkey(Purpose::SignIn, "another browser", &answer, BY).await.unwrap();
    assert_eq!(elsewhere.map(|user| user.id), Err(BadPasskey::Stale));
    assert_eq!(world.check(Purpose::SecondStep(jane), &answer).await, Err(BadPasskey::Stale), "another purpose");
    let phished = key.get_at(&options, "https://jeton.example.evil").to_string();
    assert_eq!(world.check(Purpose::SignIn, &phished).await, Err(BadPasskey::Flawed(Flaw::Origin)));

    let mut made_up: Value = serde_json::from_str(&options).unwrap();
    made_up["challenge"] = json!(BASE64.encode([7; 64]));
    let answer_to_made_up = key.get(&made_up.to_string());
    assert_eq!(world.check(Purpose::SignIn, &answer_to_made_up).await, Err(BadPasskey::Stale));

    let late = key.get(&options);
    world.instance.set_clock(NOW.plus_seconds(600));
    assert_eq!(world.check(Purpose::SignIn, &late).await, Err(BadPasskey::Stale), "too late");
    assert!(app.passkey_options(Purpose::SecondStep(joe), COOKIE).await.unwrap().is_none(), "joe has no key");
}

#[tokio::test]
async fn keys_of_others_and_forged_answers_are_refused() {
    let world = World::new().await;
    let (app, jane) = (&world.instance.app, world.jane.id);
    let mut key = Key::new(b"one");
    world.register(&mut key).await.unwrap();
    let joe = world.instance.user("joe", false).await;

    // Jane's key, in joe's second step.
    let challenge = app.challenge(Purpose::SecondStep(joe.id), COOKIE).unwrap();
    let answer = key.get(&json!({ "challenge": challenge }).to_string());
    assert_eq!(world.check(Purpose::SecondStep(joe.id), &answer).await, Err(BadPasskey::Unknown));

    // Another key that says to be jane's.
    let mut forger = Key { handle: key.handle.clone(), ..Key::new(b"one") };
    let answer = forger.get(&world.options(Purpose::SignIn).await);
    assert_eq!(world.check(Purpose::SignIn, &answer).await, Err(BadPasskey::Forged));

    // The right key, for another user's handle, or none.
    for handle in [json!(BASE64.encode([1; 64])), Value::Null] {
        let mut answer = key.get_at(&world.options(Purpose::SignIn).await, ORIGIN);
        answer["userHandle"] = handle;
        assert_eq!(world.check(Purpose::SignIn, &answer.to_string()).await, Err(BadPasskey::Unknown));
    }

    // What was signed was changed afterwards.
    let mut answer = key.get_at(&world.options(Purpose::SecondStep(jane)).await, ORIGIN);
    key.count += 1;
    answer["authenticatorData"] = json!(BASE64.encode(key.data(false)));
    assert_eq!(world.check(Purpose::SecondStep(jane), &answer.to_string()).await, Err(BadPasskey::Forged));

    let mut unknown = Key::new(b"nobody's");
    let answer = unknown.get(&world.options(Purpose::SignIn).await);
    assert_eq!(world.check(Purpose::SignIn, &answer).await, Err(BadPasskey::Unknown));
    for garbage in ["", "{}", "[]", "null", "{\"id\":\"!\"}", &"x".repeat(10_000)] {
        assert_eq!(world.check(Purpose::SignIn, garbage).await, Err(BadPasskey::Unreadable));
        assert!(matches!(world.add(garbage).await, Err(BadPasskey::Unreadable)));
    }
}

#[tokio::test]
async fn a_key_that_only_was_touched_is_a_second_factor_but_signs_nobody_in() {
    let world = World::new().await;
    let mut key = Key { verifies: false, ..Key::new(b"one") };
    world.register(&mut key).await.unwrap();
    let answer = key.get(&world.options(Purpose::SignIn).await);
    assert_eq!(world.check(Purpose::SignIn, &answer).await, Err(BadPasskey::Flawed(Flaw::NotVerified)));
    let purpose = Purpose::SecondStep(world.jane.id);
    let answer = key.get(&world.options(purpose).await);
    assert_eq!(world.check(purpose, &answer).await, Ok(world.jane.id));
}

#[tokio::test]
async fn a_count_that_goes_backwards_is_noted() {
    let world = World::new().await;
    let mut key = Key { count: 7, ..Key::new(b"one") };
    world.register(&mut key).await.unwrap();
    key.count = 3;
    let answer = key.get(&world.options(Purpose::SignIn).await);
    assert_eq!(world.check(Purpose::SignIn, &answer).await, Ok(world.jane.id));
    let kept = world.instance.app.store.passkeys(world.jane.id).await.unwrap().remove(0);
    assert_eq!((kept.count, kept.suspected_at), (4, Some(NOW)));
}

#[tokio::test]
async fn a_key_is_renamed_and_removed_by_its_owner_while_another_factor_is_left() {
    let world = World::new().await;
    let (app, jane) = (&world.instance.app, &world.jane);
    let joe = world.instance.user("joe", false).await;
    let (mut one, mut two) = (Key::new(b"one"), Key::new(b"two"));
    world.register(&mut one).await.unwrap();
    let id = app.store.passkeys(jane.id).await.unwrap()[0].id;
    assert!(!app.remove_passkey(jane, id, BY).await.unwrap(), "the last factor");
    world.register(&mut two).await.unwrap();
    assert!(!app.remove_passkey(&joe, id, BY).await.unwrap(), "not joe's");
    assert_eq!(app.rename_passkey(joe.id, id, "mine", BY).await.unwrap(), Ok(false));
    assert_eq!(app.rename_passkey(jane.id, id, "desk", BY).await.unwrap(), Ok(true));
    assert_eq!(app.rename_passkey(jane.id, id, " ", BY).await.unwrap(), Err(BadPasskey::Nameless));
    assert!(app.remove_passkey(jane, id, BY).await.unwrap());
    let left: Vec<String> = app.store.passkeys(jane.id).await.unwrap().into_iter().map(|key| key.name).collect();
    assert_eq!(left, ["blue key"]);
    let answer = one.get(&world.options(Purpose::SignIn).await);
    assert_eq!(world.check(Purpose::SignIn, &answer).await, Err(BadPasskey::Unknown));
}
