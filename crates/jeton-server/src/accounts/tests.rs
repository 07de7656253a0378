#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::FutureExt as _;
use jeton_core::{
    policy::Value,
    user::{Email, Username},
};
use jeton_store::users::NewUser;

use super::*;
use crate::attempts::Whence;
use crate::test_instance::{BY, Instance, NOW, PASSWORD};

/// A user's state, as requests see it from memory.
async fn state(instance: &Instance, cookie: &str) -> Option<UserState> {
    instance.app.identify_session(cookie).await.unwrap().map(|caller| caller.user.state)
}

#[tokio::test]
async fn signing_in_wakes_an_account_that_was_put_to_rest() {
    let instance = Instance::new().await;
    let jane = instance.user("jane", false).await;
    let jane = instance.app.set_user_state(jane.id, UserState::Deactivated, BY).await.unwrap().unwrap();
    let cookie = instance.app.sign_in(&jane, BY).await.unwrap();
    assert_eq!(state(&instance, &cookie).await, Some(UserState::Active));
}

#[tokio::test]
async fn a_sign_in_is_seen_in_the_profile_at_once() {
    let instance = Instance::new().await;
    let jane = instance.user("jane", false).await;
    let first = instance.app.sign_in(&jane, BY).await.unwrap();
    let seen =
        async |cookie: &str| instance.app.identify_session(cookie).await.unwrap().unwrap().user.current_sign_in_at;
    assert_eq!(seen(&first).await, Some(NOW));
    let later = NOW.plus_seconds(60);
    instance.set_clock(later);
    instance.app.sign_in(&jane, BY).await.unwrap();
    assert_eq!(seen(&first).await, Some(later));
}

#[tokio::test]
async fn a_session_ends_by_signing_out_and_by_itself() {
    let instance = Instance::new().await;
    let jane = instance.user("jane", false).await;
    let (one, two) = (instance.app.sign_in(&jane, BY).await.unwrap(), instance.app.sign_in(&jane, BY).await.unwrap());
    let caller = instance.app.identify_session(&one).await.unwrap().unwrap();
    instance.app.sign_out(&caller, BY).await.unwrap();
    assert_eq!((state(&instance, &one).await, state(&instance, &two).await), (None, Some(UserState::Active)));

    let week = 7 * 86_400;
    instance.set_clock(NOW.plus_seconds(week - 1));
    assert!(state(&instance, &two).await.is_some(), "used just before it was idle for too long");
    instance.set_clock(NOW.plus_seconds(2 * week - 1));
    assert_eq!(state(&instance, &two).await, None);
}

/// A request that was let in and is under way in that session, and whether it has ended.
fn under_way(instance: &Instance, cookie: &str) -> (tokio::task::JoinHandle<()>, Arc<AtomicBool>) {
    let (app, cookie) = (instance.app.clone(), cookie.to_owned());
    let place = instance.app.underway.enter(Box::new(move || {
        let (app, cookie) = (app.clone(), cookie.clone());
        Box::pin(async move { app.identify_session(&cookie).await.unwrap().is_some() })
    }));
    assert!(place.admit());
    place.into_request()
}

#[tokio::test]
async fn what_is_under_way_in_a_session_ends_with_it() {
    let instance = Instance::new().await;
    let (app, jane) = (&instance.app, instance.user("jane", false).await);
    let mut sessions = Vec::new();
    for _ in 0..4 {
        let cookie = app.sign_in(&jane, BY).await.unwrap();
        let caller = app.identify_session(&cookie).await.unwrap().unwrap();
        let (request, ended) = under_way(&instance, &cookie);
        sessions.push((caller, request, ended));
    }
    let number = |index: usize| match sessions[index].0.via {
        Via::Session(session) => session,
        Via::Token(_) | Via::Password => panic!("no session"),
    };
    let ended = || sessions.iter().map(|(_, _, ended)| ended.load(Ordering::SeqCst)).collect::<Vec<_>>();
    assert!(!app.end_session(UserId(jane.id.0 + 1), number(0), BY).await.unwrap(), "somebody else's");
    assert_eq!(ended(), [false; 4]);
    assert!(app.end_session(jane.id, number(0), BY).await.unwrap());
    assert_eq!(ended(), [true, false, false, false]);
    app.sign_out(&sessions[1].0, BY).await.unwrap();
    assert_eq!(ended(), [true, true, false, false]);
    assert_eq!(app.end_other_sessions(jane.id, number(3), BY).await.unwrap(), 1);
    assert_eq!(ended(), [true, true, true, false]);
    assert_eq!(app.underway.count(), 1);
}

/// A client that hangs up when its change is asked for does not stop it half-way.
#[tokio::test]
async fn a_session_ends_also_when_whoever_ends_it_hangs_up() {
    let instance = Instance::new().await;
    let (app, jane) = (&instance.app, instance.user("jane", false).await);
    let cookie = app.sign_in(&jane, BY).await.unwrap();
    let caller = app.identify_session(&cookie).await.unwrap().unwrap();
    let (request, ended) = under_way(&instance, &cookie);
    let asking = app.sign_out(&caller, BY);
    assert!(asking.now_or_never().is_none(), "it is dropped after its first step");
    request.await.unwrap();
    assert!(ended.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_link_sets_the_password_once_within_a_day() {
    let instance = Instance::new().await;
    let (app, jane) = (&instance.app, instance.user("jane", false).await);
    let session = app.sign_in(&jane, BY).await.unwrap();
    let whence = Whence::new(BY, None, None);
    let knows = async |password: &str| app.try_password("jane", &Secret::new(password), &whence).await.is_ok();
    let link = async || {
        let link = app.make_password_link(jane.id).await.unwrap();
        let start = "http://jeton.example/users/password/edit?reset_password_token=";
        link.strip_prefix(start).unwrap_or_else(|| panic!("{link}")).to_owned()
    };
    let (late, secret) = (link().await, link().await);
    assert!(
        !app.use_password_link(&late, Secret::new("too late"), false, BY).await.unwrap(),
        "a newer one replaced it"
    );
    assert_eq!(app.password_link(&secret).await.unwrap().map(|user| user.id), Some(jane.id));

    assert!(app.use_password_link(&secret, Secret::new("battery staple"), false, BY).await.unwrap());
    assert!(knows("battery staple").await && !knows(PASSWORD).await);
    assert_eq!(state(&instance, &session).await, None, "sessions of before have ended");
    assert!(!app.use_password_link(&secret, Secret::new("once more"), false, BY).await.unwrap());

    let secret = link().await;
    instance.set_clock(NOW.plus_seconds(LINK_LIFE));
    assert!(app.password_link(&secret).await.unwrap().is_none());
    assert!(!app.use_password_link(&secret, Secret::new("too late"), false, BY).await.unwrap());
}

#[tokio::test]
async fn an_account_that_waits_for_its_confirmation_is_let_in_by_it_or_when_none_is_asked_for() {
    let instance = Instance::new().await;
    let app = &instance.app;
    let decide = async |word: &str| {
        let changes = vec![("email_confirmation_setting", Value::Text(word.to_owned()))];
        app.change_policy(changes, BY).await.unwrap();
    };
    let make = async |name: &str, is_confirmed| {
        let email = Email::parse(&format!("{name}@example.com")).unwrap();
        let new = NewUser::plain(Username::parse(name).unwrap(), name.to_owned(), email, 10);
        app.create_user(new, is_confirmed, BY).await.unwrap().unwrap()
    };
    assert!(make("early", false).await.closed().is_none(), "nobody asks for it");
    decide("hard").await;
    assert!(make("known", true).await.closed().is_none());
    let (one, two) = (make("one", false).await, make("two", false).await);
    let is_usable =
        async |user: &User| app.identities.user(&app.store, user.id).await.unwrap().unwrap().closed().is_none();
    assert!(!is_usable(&one).await && !is_usable(&two).await);

    let mails = app.store.take_mails(9, NOW, NOW.plus_seconds(1)).await.unwrap();
    assert_eq!(mails.iter().map(|mail| mail.user).collect::<Vec<_>>(), [Some(one.id), Some(two.id)]);
    let secret = app.sessions.mailed_secret(&mails[0].link.as_ref().unwrap().1);
    assert_eq!(app.confirm(&secret, BY).await.unwrap().map(|found| found.user), Some(one.id));
    assert!(is_usable(&one).await && !is_usable(&two).await);
    decide("off").await;
    assert!(is_usable(&two).await, "also where it was remembered otherwise");
}
