#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use jeton_core::{policy::Value, time::Timestamp};
use jeton_store::devices::Familiarity;

use super::*;
use crate::attempts::Whence;
use crate::test_instance::{BY, Instance, NOW, PASSWORD};

/// What comes of a code: whether it is right, or how many seconds it has to wait.
async fn check(app: &App, user: &User, code: &str) -> Result<bool, i64> {
    match app.check_code(user, None, code, &Whence::new(BY, None, None)).await {
        Ok(is_right) => Ok(is_right),
        Err(Refusal::Held(seconds)) => Err(seconds),
        Err(other) => panic!("{other}"),
    }
}

/// Somebody who signed in, and the number of the session.
async fn signed_in(instance: &Instance, name: &str) -> (User, SessionId) {
    let user = instance.user(name, false).await;
    let cookie = instance.app.sign_in(&user, BY).await.unwrap();
    let caller = instance.app.identify_session(&cookie).await.unwrap().unwrap();
    let Via::Session(session) = caller.via else { panic!("{caller:?}") };
    (user, session)
}

/// The code that the app with this secret shows at that moment.
fn code_at(secret: &AppSecret, moment: Timestamp) -> String {
    format!("{:06}", secret.code(moment.seconds() / second_factor::STEP))
}

/// Sets an app up, and answers its secret, with the recovery codes.
async fn with_app(instance: &Instance, user: &User, session: SessionId) -> (AppSecret, RecoveryCodes) {
    let app = &instance.app;
    let secret = app.offered_app(user.id, session).await.unwrap();
    let code = code_at(&secret, app.now());
    match app.register_app(user, session, &code, BY).await.unwrap() {
        Some(Registered::First(codes)) => (secret, codes),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_first_app_switches_it_on_and_its_code_counts_once() {
    let instance = Instance::new().await;
    let (jane, session) = signed_in(&instance, "jane").await;
    let other = instance.app.sign_in(&jane, BY).await.unwrap();
    let app = &instance.app;
    let secret = app.offered_app(jane.id, session).await.unwrap();
    let again = app.offered_app(jane.id, session).await.unwrap();
    assert_eq!(secret.expose(), again.expose(), "a page that is loaded again shows the same");
    assert!(app.register_app(&jane, session, "no code", BY).await.unwrap().is_none());

    let (secret, codes) = with_app(&instance, &jane, session).await;
    assert_eq!(codes.len(), 10);
    assert!(app.identities.user(&app.store, jane.id).await.unwrap().unwrap().two_factor, "seen at once");
    assert!(app.identify_session(&other).await.unwrap().is_none(), "opened with the password alone");

    let code = code_at(&secret, NOW);
    assert_eq!(check(app, &jane, &code).await, Ok(false), "it confirmed the app");
    let later = NOW.plus_seconds(60);
    instance.set_clock(later);
    let code = code_at(&secret, later);
    assert_eq!(check(app, &jane, &code).await, Ok(true));
    assert_eq!(check(app, &jane, &code).await, Ok(false), "used up");
    let spaced = format!(" {} {}", &code[..3], &code[3..]);
    assert_eq!(check(app, &jane, &spaced).await, Ok(false), "however it is written");
}

#[tokio::test]
async fn an_offer_does_not_live_for_ever() {
    let instance = Instance::new().await;
    let (jane, session) = signed_in(&instance, "jane").await;
    let first = instance.app.offered_app(jane.id, session).await.unwrap();
    instance.set_clock(NOW.plus_seconds(OFFER));
    let second = instance.app.offered_app(jane.id, session).await.unwrap();
    assert_ne!(first.expose(), second.expose());
}

#[tokio::test]
async fn a_recovery_code_counts_once_for_its_own_user_until_they_are_replaced() {
    let instance = Instance::new().await;
    let (jane, session) = signed_in(&instance, "jane").await;
    let (joe, joes) = signed_in(&instance, "joe").await;
    let app = &instance.app;
    let (_, codes) = with_app(&instance, &jane, session).await;
    with_app(&instance, &joe, joes).await;
    assert_eq!(check(app, &joe, &codes[0]).await, Ok(false), "somebody else's");
    assert_eq!(check(app, &jane, &codes[0]).await, Ok(true));
    assert_eq!(check(app, &jane, &codes[0]).await, Ok(false), "used up");
    assert_eq!(check(app, &jane, &codes[1].to_uppercase().replace('-', " ")).await, Ok(true));
    let fresh = app.replace_codes(&jane, BY).await.unwrap().unwrap();
    assert_eq!(check(app, &jane, &codes[2]).await, Ok(false), "replaced");
    assert_eq!(check(app, &jane, &fresh[2]).await, Ok(true));
}

#[tokio::test]
async fn wrong_codes_make_the_account_wait_and_a_right_one_forgets_them() {
    let instance = Instance::new().await;
    let (jane, session) = signed_in(&instance, "jane").await;
    let (_, codes) = with_app(&instance, &jane, session).await;
    let app = &instance.app;
    for _ in 0..6 {
        assert_eq!(check(app, &jane, "wrong").await, Ok(false));
    }
    assert_eq!(check(app, &jane, &codes[0]).await, Err(2), "not looked at");
    let next = NOW.plus_seconds(2);
    instance.set_clock(next);
    assert_eq!(check(app, &jane, "wrong").await, Ok(false));
    assert_eq!(check(app, &jane, "wrong").await, Err(4));
    instance.set_clock(next.plus_seconds(4));
    assert_eq!(check(app, &jane, &codes[0]).await, Ok(true));
    assert_eq!(check(app, &jane, "wrong").await, Ok(false), "it begins anew");
}

/// Mallory has jane's password, and tries codes all day.
#[tokio::test]
async fn wrong_codes_from_elsewhere_do_not_keep_the_own_browser_waiting() {
    let instance = Instance::new().await;
    let (jane, session) = signed_in(&instance, "jane").await;
    let (_, codes) = with_app(&instance, &jane, session).await;
    let app = &instance.app;
    let elsewhere = Whence::new(BY, None, None);
    let value = app.remember_browser(jane.id, Familiarity::default(), &elsewhere).await.unwrap();
    let own = Whence::new(BY, None, Some(&value));
    for _ in 0..6 {
        assert!(!app.check_code(&jane, None, "wrong", &elsewhere).await.unwrap());
    }
    assert_eq!(check(app, &jane, &codes[0]).await, Err(2));
    assert!(app.check_code(&jane, None, &codes[0], &own).await.unwrap());
    assert_eq!(check(app, &jane, &codes[1]).await, Err(2), "and it helps mallory to nothing");
    // What was tried at factors that are gone says nothing of new ones.
    app.reset_two_factor(&jane, BY).await.unwrap();
    assert_eq!(check(app, &jane, "wrong").await, Ok(false));
}

/// A held code costs none of the few that a sign-in may have.
#[tokio::test]
async fn a_code_that_was_not_looked_at_ends_no_sign_in() {
    let instance = Instance::new().await;
    let (jane, session) = signed_in(&instance, "jane").await;
    let (_, codes) = with_app(&instance, &jane, session).await;
    let (app, whence) = (&instance.app, Whence::new(BY, None, None));
    for _ in 0..6 {
        assert_eq!(check(app, &jane, "wrong").await, Ok(false));
    }
    let half = app.begin_second_step(jane.id).await.unwrap();
    for _ in 0..9 {
        let held = app.check_code(&jane, Some(&half), &codes[0], &whence).await;
        assert!(matches!(held, Err(Refusal::Held(2))), "{held:?}");
    }
    instance.set_clock(NOW.plus_seconds(2));
    assert!(app.check_code(&jane, Some(&half), &codes[0], &whence).await.unwrap());
}

/// Many at once: no step of an app and no recovery code counts twice.
#[tokio::test]
async fn a_code_that_comes_many_times_at_once_counts_once() {
    let instance = Instance::new().await;
    let (jane, session) = signed_in(&instance, "jane").await;
    let (secret, codes) = with_app(&instance, &jane, session).await;
    let later = NOW.plus_seconds(60);
    instance.set_clock(later);
    for code in [code_at(&secret, later), codes[0].to_string()] {
        let tries = (0..5).map(|_| {
            let (app, jane, code) = (instance.app.clone(), jane.clone(), code.clone());
            tokio::spawn(async move { check(&app, &jane, &code).await })
        });
        let mut right = 0;
        for one in tries.collect::<Vec<_>>() {
            right += u32::from(one.await.unwrap() == Ok(true));
        }
        assert_eq!(right, 1, "{code}");
    }
}

#[tokio::test]
async fn a_second_step_is_bound_to_its_cookie_and_does_not_wait_for_ever() {
    let instance = Instance::new().await;
    let jane = instance.user("jane", false).await;
    let app = &instance.app;
    let cookie = app.begin_second_step(jane.id).await.unwrap();
    assert_eq!(app.second_step(&cookie).await.unwrap().unwrap().id, jane.id);
    assert!(app.second_step("another").await.unwrap().is_none());
    assert!(app.identify_session(&cookie).await.unwrap().is_none(), "it is no session");
    for _ in 0..second_factor::ATTEMPTS {
        assert!(app.try_second_step(&cookie).await.unwrap().is_some());
    }
    assert!(app.try_second_step(&cookie).await.unwrap().is_none(), "tried too often");

    let cookie = app.begin_second_step(jane.id).await.unwrap();
    instance.set_clock(NOW.plus_seconds(second_factor::HALF_SIGN_IN));
    assert!(app.second_step(&cookie).await.unwrap().is_none(), "too late");
    let cookie = app.begin_second_step(jane.id).await.unwrap();
    assert!(app.end_second_step(&cookie).await.unwrap());
    assert!(!app.end_second_step(&cookie).await.unwrap(), "taken once");
}

#[tokio::test]
async fn a_factor_stays_until_everything_is_switched_off() {
    let instance = Instance::new().await;
    let (jane, session) = signed_in(&instance, "jane").await;
    let (_, codes) = with_app(&instance, &jane, session).await;
    let app = &instance.app;
    assert!(!app.remove_app(&jane, BY).await.unwrap(), "the last one");
    assert!(app.reset_two_factor(&jane, BY).await.unwrap());
    assert!(!app.identities.user(&app.store, jane.id).await.unwrap().unwrap().two_factor, "seen at once");
    assert_eq!(check(app, &jane, &codes[0]).await, Ok(false));
    assert!(!app.reset_two_factor(&jane, BY).await.unwrap(), "it was off");
    assert!(app.replace_codes(&jane, BY).await.unwrap().is_none());
}

#[tokio::test]
async fn a_required_factor_is_owed_from_the_first_sign_in_under_the_rule() {
    let instance = Instance::new().await;
    let (jane, session) = signed_in(&instance, "jane").await;
    let app = &instance.app;
    let decide = async |required, hours| {
        let changes = vec![
            ("require_two_factor_authentication", Value::Boolean(required)),
            ("two_factor_grace_period", Value::Number(hours)),
        ];
        app.change_policy(changes, BY).await.unwrap();
    };
    let duty = async || {
        let jane = app.identities.user(&app.store, jane.id).await.unwrap().unwrap();
        app.duty(&jane, BY).await.unwrap()
    };
    assert_eq!(duty().await, Duty::None);
    decide(true, 2).await;
    let (asked, hour) = (NOW.plus_seconds(3_600), 3_600);
    instance.set_clock(asked);
    assert_eq!(duty().await, Duty::Until(asked.plus_seconds(2 * hour)), "the time begins when the user comes by");
    instance.set_clock(asked.plus_seconds(hour));
    assert_eq!(duty().await, Duty::Until(asked.plus_seconds(2 * hour)));
    instance.set_clock(asked.plus_seconds(2 * hour));
    assert_eq!(duty().await, Duty::Overdue);
    decide(false, 2).await;
    assert_eq!(duty().await, Duty::None);
    decide(true, 2).await;
    assert_eq!(duty().await, Duty::Until(asked.plus_seconds(4 * hour)), "a new rule, a new time");
    decide(true, 0).await;
    assert_eq!(duty().await, Duty::Overdue);
    with_app(&instance, &jane, session).await;
    assert_eq!(duty().await, Duty::None);
    assert!(app.confirm_password(jane.id, &jeton_core::secret::Secret::new(PASSWORD), &BY).await.unwrap().is_some());
}
