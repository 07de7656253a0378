#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use jeton_core::{token::DigestKey, user::UserState};
use jeton_store::factors::{Along, NewPasskey};
use zeroize::Zeroizing;

use super::*;
use crate::test_instance::{BY, Instance, NOW, PASSWORD};

fn client(addr: &str) -> Client {
    Client { addr: Some(addr.parse().unwrap()), tls: false, relayed: false }
}

fn from(addr: &str) -> Whence {
    Whence::new(BY, Some(client(addr)), None)
}

/// What came of an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Told {
    In,
    Wrong,
    Held,
}

async fn attempt(app: &App, login: &str, password: &str, whence: &Whence) -> Told {
    match app.try_password(login, &Secret::new(password), whence).await {
        Ok(_) => Told::In,
        Err(Refusal::Denied(Denial::WrongPassword)) => Told::Wrong,
        Err(Refusal::Held(_)) => Told::Held,
        Err(other) => panic!("{other}"),
    }
}

/// Guesses until strangers are held.
async fn guess_until_held(app: &App, login: &str) {
    for number in 0..11 {
        let whence = from(&format!("198.51.100.{number}"));
        assert_eq!(attempt(app, login, "wrong", &whence).await, Told::Wrong, "{number}");
    }
    assert_eq!(attempt(app, login, "wrong", &from("198.51.100.99")).await, Told::Held);
}

#[test]
fn networks() {
    for (addr, network) in [
        ("192.0.2.7", Some("192.0.2.7/32")),
        ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::/64")),
        ("127.0.0.1", None),
        ("::1", None),
    ] {
        assert_eq!(network_of(client(addr)).as_deref(), network, "{addr}");
    }
    let relayed = Client { relayed: true, ..client("192.0.2.7") };
    assert_eq!(network_of(relayed), None, "a proxy that nobody vouches for");
    assert_eq!(network_of(Client { addr: None, tls: false, relayed: false }), None);
}

#[test]
fn one_cookie_knows_the_browser_for_several_accounts() {
    let whence = Whence::new(BY, None, Some("a.b.c.d.e.f"));
    assert_eq!(whence.cookies, ["a", "b", "c", "d", "e"]);
    assert_eq!(whence.renewed(Some(1), "new"), "new.a.c.d.e");
    assert_eq!(whence.renewed(None, "new"), "new.a.b.c.d");
    assert_eq!(Whence::new(BY, None, None).renewed(None, "new"), "new");
}

#[tokio::test]
async fn every_attempt_costs_one_hash_whoever_is_meant() {
    let instance = Instance::new().await;
    instance.user("jane", false).await;
    let app = &instance.app;
    let cost = async |login: &str, password: &str| {
        let before = app.passwords.done();
        attempt(app, login, password, &from("192.0.2.1")).await;
        app.passwords.done() - before
    };
    for (login, password) in
        [("jane", "wrong"), ("nobody", "wrong"), ("jane@example.com", "wrong"), ("", "wrong"), ("jane", PASSWORD)]
    {
        assert_eq!(cost(login, password).await, 1, "{login:?}");
    }
    guess_until_held(app, "joe").await;
    assert_eq!(cost("joe", "wrong").await, 0, "who is held costs none");
}

#[tokio::test]
async fn strangers_cannot_keep_the_owner_out() {
    let instance = Instance::new().await;
    let jane = instance.user("jane", false).await;
    let app = &instance.app;
    let home = from("192.0.2.1");
    let proven = app.try_password("jane", &Secret::new(PASSWORD), &home).await.unwrap();
    assert_eq!(proven.familiarity, Familiarity::default());
    let cookie = app.remember_browser(proven.account.user.id, proven.familiarity, &home).await.unwrap();

    guess_until_held(app, "jane").await;
    assert_eq!(attempt(app, "jane", PASSWORD, &from("203.0.113.1")).await, Told::Held, "from a strange place");
    assert_eq!(attempt(app, "jane", PASSWORD, &home).await, Told::In, "from the known network");
    let travelling = Whence::new(BY, Some(client("203.0.113.1")), Some(&cookie));
    assert_eq!(attempt(app, "jane", PASSWORD, &travelling).await, Told::In, "in the known browser");
    // The browser of somebody else is none.
    instance.user("joe", false).await;
    guess_until_held(app, "joe").await;
    assert_eq!(attempt(app, "joe", PASSWORD, &travelling).await, Told::Held);

    // A known place is throttled by itself, and what it does says nothing about the other one.
    for _ in 0..6 {
        assert_eq!(attempt(app, "jane", "wrong", &travelling).await, Told::Wrong);
    }
    assert_eq!(attempt(app, "jane", PASSWORD, &travelling).await, Told::Held);
    assert_eq!(attempt(app, "jane", PASSWORD, &home).await, Told::In);
    // Nothing lasts.
    instance.set_clock(NOW.plus_seconds(60));
    assert_eq!(attempt(app, "jane", PASSWORD, &from("203.0.113.1")).await, Told::In);
    assert_eq!(attempt(app, "jane", PASSWORD, &travelling).await, Told::In);

    // Whoever knew the password before it was changed may have made places familiar.
    let hash = app.passwords.hash(Secret::new("another one")).await.unwrap();
    app.store.set_password(jane.id, hash, BY, NOW).await.unwrap();
    let known = app.familiarity(jane.id, &travelling).await.unwrap();
    assert_eq!(known, Familiarity::default());
}

#[tokio::test]
async fn guesses_at_names_that_do_not_exist_are_held_as_others_are() {
    let instance = Instance::new().await;
    instance.user("jane", false).await;
    for login in ["jane", "nobody", "Nobody@Example.com"] {
        guess_until_held(&instance.app, login).await;
        assert_eq!(
            attempt(&instance.app, &format!(" {} ", login.to_uppercase()), "wrong", &from("203.0.113.9")).await,
            Told::Held
        );
    }
    // An account has one allowance, by whichever of its names it is tried.
    let by_address = attempt(&instance.app, "Jane@Example.com", "wrong", &from("203.0.113.9")).await;
    assert_eq!(by_address, Told::Held);
}

#[tokio::test]
async fn one_network_that_tries_many_accounts_is_held() {
    let instance = Instance::new().await;
    instance.user("jane", false).await;
    let app = &instance.app;
    let home = from("2001:db8::1");
    let proven = app.try_password("jane", &Secret::new(PASSWORD), &home).await.unwrap();
    app.remember_browser(proven.account.user.id, proven.familiarity, &home).await.unwrap();
    for number in 0..31 {
        let whence = from(&format!("2001:db8::{number}"));
        assert_eq!(attempt(app, &format!("user{number}"), "wrong", &whence).await, Told::Wrong, "{number}");
    }
    assert_eq!(attempt(app, "somebody", "wrong", &from("2001:db8::ffff")).await, Told::Held);
    assert_eq!(attempt(app, "somebody", "wrong", &from("2001:db8:0:1::1")).await, Told::Wrong, "the next network");
    assert_eq!(attempt(app, "jane", PASSWORD, &home).await, Told::In, "who signed in there before");
}

#[tokio::test]
async fn guesses_that_come_all_at_once_are_judged_no_more_often() {
    let instance = Instance::new().await;
    instance.user("jane", false).await;
    let guesses = (0..60).map(|_| {
        let app = instance.app.clone();
        tokio::spawn(async move { app.try_password("jane", &Secret::new("wrong"), &from("127.0.0.1")).await.err() })
    });
    let mut judged = 0;
    for guess in guesses.collect::<Vec<_>>() {
        match guess.await.unwrap().unwrap() {
            Refusal::Denied(Denial::WrongPassword) => judged += 1,
            Refusal::Held(_) | Refusal::Busy => {}
            other => panic!("{other}"),
        }
    }
    assert!(judged <= 11, "{judged}");
}

#[tokio::test]
async fn what_one_node_counts_holds_on_all() {
    let instance = Instance::new().await;
    instance.user("jane", false).await;
    let app = &instance.app;
    let key = DigestKey::new(&Zeroizing::new([7; 32]));
    let other =
        App::new(app.config.clone(), app.store.clone(), key, app.config.usual_policy(), app.clock.clone()).unwrap();
    guess_until_held(app, "jane").await;
    assert_eq!(attempt(&other, "jane", PASSWORD, &from("203.0.113.1")).await, Told::Held);
    instance.set_clock(NOW.plus_seconds(1));
    assert_eq!(attempt(&other, "jane", "wrong", &from("203.0.113.1")).await, Told::Wrong);
    assert_eq!(attempt(app, "jane", PASSWORD, &from("203.0.113.1")).await, Told::Held);
}

#[tokio::test]
async fn what_was_right_a_moment_ago_is_not_hashed_again_over_git() {
    let instance = Instance::new().await;
    let jane = instance.user("jane", false).await;
    let (app, whence) = (&instance.app, from("192.0.2.1"));
    let cost = async |password: &str| {
        let before = app.passwords.done();
        let told = app.try_password_again("jane", &Secret::new(password), &whence).await.is_ok();
        (told, app.passwords.done() - before)
    };
    assert_eq!(cost(PASSWORD).await, (true, 1));
    assert_eq!(cost(PASSWORD).await, (true, 0));
    assert_eq!((cost("wrong").await, cost("wrong").await), ((false, 1), (false, 1)), "a wrong one is never remembered");
    instance.set_clock(NOW.plus_seconds(60));
    assert_eq!(cost(PASSWORD).await, (true, 1), "a minute later");

    let hash = app.passwords.hash(Secret::new("battery staple")).await.unwrap();
    app.store.set_password(jane.id, hash, BY, NOW).await.unwrap();
    assert_eq!(cost(PASSWORD).await, (false, 1), "it was changed");
    assert_eq!((cost("battery staple").await, cost("battery staple").await), ((true, 1), (true, 0)));
    // By the command line, which changes the database behind the server's back.
    app.remembered.forget_everything();
    assert_eq!(cost("battery staple").await, (true, 1));
}

#[tokio::test]
async fn a_weak_hash_is_replaced_at_the_next_sign_in() {
    // `argon2 somesalt -id -t 2 -k 256 -p 1 -l 32 -e`, of `password`.
    const WEAK: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    let instance = Instance::new().await;
    let jane = instance.user("jane", false).await;
    let (app, whence) = (&instance.app, from("192.0.2.1"));
    app.store.set_password(jane.id, WEAK.to_owned(), BY, NOW).await.unwrap();
    let session = app.sign_in(&jane, BY).await.unwrap();
    assert_eq!(attempt(app, "jane", "passwort", &whence).await, Told::Wrong);
    assert_eq!(app.store.password_hash(jane.id).await.unwrap().as_deref(), Some(WEAK));
    assert_eq!(attempt(app, "jane", "password", &whence).await, Told::In);
    let stored = app.store.password_hash(jane.id).await.unwrap().unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
    assert_eq!(attempt(app, "jane", "password", &whence).await, Told::In);
    assert!(app.identify_session(&session).await.unwrap().is_some(), "it is the same password");
}

#[tokio::test]
async fn a_password_that_is_changed_during_the_sign_in_lets_nobody_in() {
    let instance = Instance::new().await;
    let jane = instance.user("jane", false).await;
    let (app, whence) = (&instance.app, from("192.0.2.1"));
    let proven = app.try_password("jane", &Secret::new(PASSWORD), &whence).await.unwrap();
    assert!(app.enter(&proven, false, BY).await.unwrap().is_some());
    let hash = app.passwords.hash(Secret::new("another one")).await.unwrap();
    app.store.set_password(jane.id, hash, BY, NOW).await.unwrap();
    assert_eq!(app.enter(&proven, false, BY).await.unwrap(), None);
    assert_eq!(app.store.sessions_of(jane.id, NOW).await.unwrap(), []);
}

/// Mallory has jane's password, and its check takes a while, in which she sets up a second factor, or is blocked.
#[tokio::test]
async fn what_changes_during_the_sign_in_lets_nobody_in() {
    let instance = Instance::new().await;
    let (app, whence) = (&instance.app, from("192.0.2.1"));
    let jane = instance.user("jane", false).await;
    let proven = app.try_password("jane", &Secret::new(PASSWORD), &whence).await.unwrap();
    let new = NewPasskey {
        name: "key".to_owned(),
        credential_id: vec![1; 16],
        algorithm: -7,
        public_key: vec![1; 91],
        count: 0,
        backup_eligible: false,
        backed_up: false,
        transports: String::new(),
    };
    app.store.add_passkey(jane.id, new, Along::default(), BY, NOW).await.unwrap();
    assert_eq!(app.enter(&proven, false, BY).await.unwrap(), None);
    assert_eq!(app.store.sessions_of(jane.id, NOW).await.unwrap(), []);

    let joe = instance.user("joe", false).await;
    let proven = app.try_password("joe", &Secret::new(PASSWORD), &whence).await.unwrap();
    app.set_user_state(joe.id, UserState::Blocked, BY).await.unwrap();
    assert_eq!(app.enter(&proven, false, BY).await.unwrap(), None);
    app.set_user_state(joe.id, UserState::Active, BY).await.unwrap();
    assert_eq!(app.store.sessions_of(joe.id, NOW).await.unwrap(), [], "nor when it is opened again");
}

#[tokio::test]
async fn a_session_cannot_guess_the_password_of_its_account() {
    let instance = Instance::new().await;
    let jane = instance.user("jane", false).await;
    let confirm = async |password: &str| instance.app.confirm_password(jane.id, &Secret::new(password), &BY).await;
    for _ in 0..6 {
        assert_eq!(confirm("wrong").await.unwrap(), None);
    }
    assert!(matches!(confirm(PASSWORD).await, Err(Refusal::Held(2))));
    instance.set_clock(NOW.plus_seconds(2));
    assert!(confirm(PASSWORD).await.unwrap().is_some());
}
