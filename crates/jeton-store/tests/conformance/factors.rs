//! Second factors: apps, recovery codes, passkeys, and sign-ins that wait for one.

use jeton_core::{
    id::{SessionId, UserId},
    policy::Value,
    time::Timestamp,
    token::TokenDigest,
};
use jeton_store::{
    Store,
    factors::{Along, NewApp, NewPasskey, NotAdded, Sealed, Used},
    mails::Mail,
    sessions::NewSession,
};

use crate::engines::{BY, NOW, for_each_engine, make_user};

fn digest(seed: u8) -> TokenDigest {
    TokenDigest([seed; 32])
}

fn sealed(seed: u8) -> Sealed {
    Sealed { key_id: "key".to_owned(), bytes: vec![seed; 48] }
}

fn app(seed: u8, step: i64) -> NewApp {
    NewApp { sealed: sealed(seed), step }
}

fn passkey(seed: u8) -> NewPasskey {
    NewPasskey {
        name: format!("key {seed}"),
        credential_id: vec![seed; 16],
        algorithm: -7,
        public_key: vec![seed; 91],
        count: 3,
        backup_eligible: true,
        backed_up: false,
        transports: "usb nfc".to_owned(),
    }
}

fn mail(user: UserId) -> Vec<Mail> {
    vec![Mail {
        kind: "test",
        user: Some(user),
        recipient: "a@b".to_owned(),
        subject: "s".to_owned(),
        body: "b".to_owned(),
    }]
}

fn with_codes(session: SessionId, seeds: [u8; 2]) -> Along {
    Along { session: Some(session), codes: seeds.map(digest).to_vec(), mails: Vec::new() }
}

async fn start(store: &Store, user: UserId, seed: u8) -> SessionId {
    store.start_session(NewSession { user, digest: digest(seed), stays: false }, BY, NOW).await.unwrap()
}

async fn is_on(store: &Store, user: UserId) -> bool {
    store.user(user).await.unwrap().unwrap().two_factor
}

#[tokio::test]
async fn a_session_is_proven_by_its_sign_in_and_once_more() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let session = start(&store, jane.id, 1).await;
        let proven = async || store.session(&digest(1)).await.unwrap().unwrap().proven_at;
        assert_eq!(proven().await, NOW);
        let later = NOW.plus_seconds(700);
        store.prove_session(joe.id, session, BY, later).await.unwrap();
        assert_eq!(proven().await, NOW, "it is not joe's");
        store.prove_session(jane.id, session, BY, later).await.unwrap();
        assert_eq!(proven().await, later);
    })
    .await;
}

#[tokio::test]
async fn an_offer_stays_the_same_while_it_is_young() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let (one, two) = (start(&store, jane.id, 1).await, start(&store, jane.id, 2).await);
        let before = NOW.plus_seconds(-1);
        let offer = async |session, seed, oldest| store.offer_app(session, sealed(seed), oldest, NOW).await.unwrap();
        assert_eq!(store.offered_app(one).await.unwrap(), None);
        assert_eq!(offer(one, 1, before).await, sealed(1));
        assert_eq!(offer(one, 2, before).await, sealed(1), "young enough");
        assert_eq!(offer(two, 3, before).await, sealed(3), "another session");
        assert_eq!(offer(one, 4, NOW).await, sealed(4), "too old");
        assert_eq!(store.offered_app(one).await.unwrap(), Some(sealed(4)));
    })
    .await;
}

#[tokio::test]
async fn the_first_app_switches_on_and_ends_other_sessions() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let session = start(&store, jane.id, 1).await;
        start(&store, jane.id, 2).await;
        start(&store, joe.id, 3).await;
        store.offer_app(session, sealed(7), NOW, NOW).await.unwrap();
        assert_eq!(store.app_secret(jane.id).await.unwrap(), None);

        let is_first = store.add_app(jane.id, app(7, 100), with_codes(session, [1, 2]), BY, NOW).await.unwrap();
        assert!(is_first && is_on(&store, jane.id).await && !is_on(&store, joe.id).await);
        assert_eq!(store.app_secret(jane.id).await.unwrap(), Some((sealed(7), 100)));
        assert_eq!(store.offered_app(session).await.unwrap(), None);
        for (seed, is_there) in [(1, true), (2, false), (3, true)] {
            assert_eq!(store.session(&digest(seed)).await.unwrap().is_some(), is_there, "session {seed}");
        }
        let factors = store.factors(jane.id).await.unwrap();
        assert_eq!((factors.app_since, factors.count(), factors.recovery_codes), (Some(NOW), 1, 2));

        start(&store, jane.id, 4).await;
        assert!(!store.add_app(jane.id, app(8, 200), with_codes(session, [3, 4]), BY, NOW).await.unwrap());
        assert_eq!(store.app_secret(jane.id).await.unwrap(), Some((sealed(8), 200)), "it replaced the one before");
        assert!(store.session(&digest(4)).await.unwrap().is_some(), "opened with both factors");
        assert!(store.use_recovery_code(jane.id, digest(1), Vec::new(), BY, NOW).await.unwrap(), "codes of before");
    })
    .await;
}

#[tokio::test]
async fn a_step_is_used_up_once_and_only_forwards() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        store.add_app(jane.id, app(1, 100), Along::default(), BY, NOW).await.unwrap();
        for (user, step, taken) in [
            (jane.id, 100, false),
            (jane.id, 101, true),
            (jane.id, 101, false),
            (jane.id, 99, false),
            (joe.id, 102, false),
        ] {
            assert_eq!(store.use_app_step(user, step).await.unwrap(), taken, "{user} {step}");
        }
    })
    .await;
}

#[tokio::test]
async fn recovery_codes_are_used_once_by_their_owner_and_replaced_all_at_once() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        let replace = async |user, seeds: &[u8]| {
            let codes = seeds.iter().map(|seed| digest(*seed)).collect();
            store.replace_recovery_codes(user, codes, Vec::new(), BY, NOW).await.unwrap()
        };
        let spend = async |user, seed| store.use_recovery_code(user, digest(seed), Vec::new(), BY, NOW).await.unwrap();
        assert!(!replace(jane.id, &[1]).await, "it is off");
        store.add_app(jane.id, app(1, 1), Along::default(), BY, NOW).await.unwrap();
        assert!(replace(jane.id, &[1, 2]).await);
        assert!(!spend(joe.id, 1).await, "not joe's");
        assert!(spend(jane.id, 1).await && !spend(jane.id, 1).await);
        assert!(replace(jane.id, &[3]).await);
        assert!(!spend(jane.id, 2).await && spend(jane.id, 3).await);
    })
    .await;
}

#[tokio::test]
async fn passkeys_are_found_renamed_and_removed_by_their_owner() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        assert!(store.add_passkey(jane.id, passkey(1), Along::default(), BY, NOW).await.unwrap(), "the first factor");
        assert!(is_on(&store, jane.id).await);
        let taken = store.add_passkey(joe.id, passkey(1), Along::default(), BY, NOW).await;
        assert!(matches!(taken, Err(NotAdded::Known)) && !is_on(&store, joe.id).await);
        let one = store.passkey(&[1; 16]).await.unwrap().unwrap();
        assert_eq!((one.user, one.name.as_str(), one.count, one.transports.as_str()), (jane.id, "key 1", 3, "usb nfc"));
        assert_eq!((one.algorithm, one.backup_eligible, one.last_used_at), (-7, true, None));
        assert_eq!(store.passkey(&[9; 16]).await.unwrap(), None);

        let rename =
            async |user, name: &str| store.rename_passkey(user, one.id, name.to_owned(), BY, NOW).await.unwrap();
        assert!(!rename(joe.id, "joe's").await && rename(jane.id, "desk").await);
        let remove = async |user, id| store.remove_passkey(user, id, Vec::new(), BY, NOW).await.unwrap();
        assert!(!remove(jane.id, one.id).await, "the last factor stays");
        assert!(!store.add_passkey(jane.id, passkey(2), Along::default(), BY, NOW).await.unwrap());
        assert!(!remove(joe.id, one.id).await && remove(jane.id, one.id).await && !remove(jane.id, one.id).await);
        let names: Vec<String> = store.passkeys(jane.id).await.unwrap().into_iter().map(|key| key.name).collect();
        assert_eq!(names, ["key 2"]);

        store.add_app(jane.id, app(1, 1), Along::default(), BY, NOW).await.unwrap();
        assert!(store.remove_app(jane.id, Vec::new(), BY, NOW).await.unwrap(), "the key is left");
        assert!(!store.remove_app(jane.id, Vec::new(), BY, NOW).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_used_passkey_keeps_its_count_and_what_is_odd_about_it() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        store.add_passkey(jane.id, passkey(1), Along::default(), BY, NOW).await.unwrap();
        let id = store.passkeys(jane.id).await.unwrap()[0].id;
        let seen = async |count, at| store.use_passkey(Used { id, count, backed_up: true }, BY, at).await.unwrap();
        let (first, second, third) = (NOW.plus_seconds(1), NOW.plus_seconds(2), NOW.plus_seconds(3));
        assert!(!seen(4, first).await);
        assert!(seen(2, second).await, "backwards");
        assert!(!seen(3, third).await);
        let key = store.passkey(&[1; 16]).await.unwrap().unwrap();
        assert_eq!((key.count, key.last_used_at, key.suspected_at), (3, Some(third), Some(second)));
        assert!(!store.use_passkey(Used { id: id + 1, count: 0, backed_up: false }, BY, NOW).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn what_keys_know_a_user_by_stays_and_is_one_users() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        assert!(!store.is_passkey_handle(jane.id, &[1; 64]).await.unwrap());
        assert_eq!(store.passkey_handle(jane.id, &[1; 64]).await.unwrap(), [1; 64]);
        assert_eq!(store.passkey_handle(jane.id, &[2; 64]).await.unwrap(), [1; 64]);
        assert_eq!(store.passkey_handle(joe.id, &[2; 64]).await.unwrap(), [2; 64]);
        assert!(store.is_passkey_handle(jane.id, &[1; 64]).await.unwrap());
        assert!(!store.is_passkey_handle(joe.id, &[1; 64]).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_challenge_is_spent_once() {
    for_each_engine(async |store| {
        let (end, later) = (NOW.plus_seconds(60), NOW.plus_seconds(61));
        let spend = async |seed: u8, now| store.spend_challenge(vec![seed; 32], end, now).await.unwrap();
        assert!(spend(1, NOW).await && !spend(1, NOW).await && spend(2, NOW).await);
        assert!(spend(1, later).await, "forgotten: by then nobody believes it anyway");
    })
    .await;
}

#[tokio::test]
async fn half_a_sign_in_is_tried_a_few_times_and_taken_once() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let end = NOW.plus_seconds(600);
        store.begin_half(jane.id, digest(1), end, NOW).await.unwrap();
        assert_eq!(
            store.half(&digest(1), NOW).await.unwrap().map(|half| (half.user, half.attempts)),
            Some((jane.id, 0))
        );
        assert_eq!(store.half(&digest(2), NOW).await.unwrap(), None);
        assert_eq!(store.half(&digest(1), end).await.unwrap(), None, "too late");
        for attempt in 1..=5 {
            let half = store.try_half(&digest(1), NOW).await.unwrap().unwrap();
            assert_eq!((half.user, half.attempts), (jane.id, attempt));
        }
        assert_eq!(store.try_half(&digest(1), NOW).await.unwrap(), None);
        assert_eq!(store.half(&digest(1), NOW).await.unwrap(), None, "tried too often");
        store.begin_half(jane.id, digest(3), end, NOW).await.unwrap();
        assert!(store.end_half(&digest(3)).await.unwrap() && !store.end_half(&digest(3)).await.unwrap());
        store.begin_half(jane.id, digest(4), end, NOW).await.unwrap();
        store.set_password(jane.id, "hash".to_owned(), BY, NOW).await.unwrap();
        assert_eq!(store.half(&digest(4), NOW).await.unwrap(), None, "its password was another one");
        store.refuse_second_step(jane.id, BY, NOW).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn resetting_takes_everything_and_tells() {
    for_each_engine(async |store| {
        let (jane, joe) = (make_user(&store, "jane").await, make_user(&store, "joe").await);
        assert!(!store.reset_two_factor(jane.id, mail(jane.id), BY, NOW).await.unwrap(), "it is off");
        for (user, seed) in [(jane.id, 1), (joe.id, 2)] {
            let along = Along { codes: vec![digest(seed)], ..Along::default() };
            store.add_passkey(user, passkey(seed), along, BY, NOW).await.unwrap();
            store.add_app(user, app(seed, 1), Along::default(), BY, NOW).await.unwrap();
            store.begin_half(user, digest(seed), NOW.plus_seconds(60), NOW).await.unwrap();
        }
        assert!(store.reset_two_factor(jane.id, mail(jane.id), BY, NOW).await.unwrap());
        let (janes, joes) = (store.factors(jane.id).await.unwrap(), store.factors(joe.id).await.unwrap());
        assert_eq!((janes.count(), janes.recovery_codes, is_on(&store, jane.id).await), (0, 0, false));
        assert_eq!((joes.count(), joes.recovery_codes, is_on(&store, joe.id).await), (2, 1, true));
        assert_eq!(store.half(&digest(1), NOW).await.unwrap(), None);
        assert!(store.half(&digest(2), NOW).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn the_time_of_grace_begins_once_and_ends_with_the_rule() {
    for_each_engine(async |store| {
        let jane = make_user(&store, "jane").await;
        let asked = async || store.user(jane.id).await.unwrap().unwrap().two_factor_asked_at;
        let decide = async |required| {
            let change = ("require_two_factor_authentication", Value::Boolean(required));
            store.change_policy(vec![change], BY, NOW).await.unwrap();
        };
        let (first, second): (Timestamp, Timestamp) = (NOW.plus_seconds(1), NOW.plus_seconds(2));
        decide(true).await;
        store.ask_for_two_factor(jane.id, BY, first).await.unwrap();
        store.ask_for_two_factor(jane.id, BY, second).await.unwrap();
        assert_eq!(asked().await, Some(first));
        decide(false).await;
        assert_eq!(asked().await, None);
        decide(true).await;
        store.ask_for_two_factor(jane.id, BY, second).await.unwrap();
        assert_eq!(asked().await, Some(second));
        store.add_app(jane.id, app(1, 1), Along::default(), BY, NOW).await.unwrap();
        assert_eq!(asked().await, None, "done");
        store.ask_for_two_factor(jane.id, BY, second).await.unwrap();
        assert_eq!(asked().await, None);
    })
    .await;
}
