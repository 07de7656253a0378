//! What needs a clock that can be moved: proofs that grow old, and times of grace that run out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::{
    body::Body,
    extract::Request,
    http::{Method, header},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jeton_core::{
    caller::Via,
    id::SessionId,
    policy::Value,
    second_factor::{AppSecret, STEP},
    time::Timestamp,
    user::User,
};

use super::paths;
use crate::{
    test_instance::{BY, NOW, PASSWORD},
    testing::{Told, World},
};

/// Somebody's browser.
struct Browser<'w> {
    world: &'w World,
    cookie: String,
}

impl<'w> Browser<'w> {
    async fn of(world: &'w World, user: &User) -> Self {
        Self { world, cookie: world.app.sign_in(user, BY).await.unwrap() }
    }

    fn csrf(&self) -> String {
        self.world.app.sessions.csrf_token(&self.cookie)
    }

    async fn send(&self, method: Method, path: &str, kind: &str, body: String) -> Told {
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind);
        let request = request.header(header::COOKIE, format!("jeton_session={}", self.cookie));
        self.world.send(request.header("x-csrf-token", self.csrf()).body(Body::from(body)).unwrap()).await
    }

    async fn open(&self, path: &str) -> Told {
        self.send(Method::GET, path, "text/plain", String::new()).await
    }

    async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Told {
        let csrf = self.csrf();
        let pairs = [("authenticity_token", csrf.as_str())].into_iter().chain(fields.iter().copied());
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.send(Method::POST, path, "application/x-www-form-urlencoded", body).await
    }

    async fn call(&self, path: &str, json: &str) -> Told {
        self.send(Method::POST, path, "application/json", json.to_owned()).await
    }

    async fn session(&self) -> SessionId {
        let caller = self.world.app.identify_session(&self.cookie).await.unwrap().unwrap();
        let Via::Session(session) = caller.via else { panic!("{caller:?}") };
        session
    }

    /// Sets an app up, and answers its secret.
    async fn with_app(&self, user: &User) -> AppSecret {
        let (app, session) = (&self.world.app, self.session().await);
        let secret = app.offered_app(user.id, session).await.unwrap();
        app.register_app(user, session, &code(&secret, app.now()), BY).await.unwrap().unwrap();
        secret
    }
}

fn code(secret: &AppSecret, moment: Timestamp) -> String {
    format!("{:06}", secret.code(moment.seconds() / STEP))
}

/// A quarter of an hour after the sign-in.
fn later() -> Timestamp {
    NOW.plus_seconds(900)
}

const NEW_TOKEN: [(&str, &str); 3] = [
    ("personal_access_token[name]", "for <ci> & \"me\""),
    ("personal_access_token[scopes][]", "api"),
    ("personal_access_token[scopes][]", "read_user"),
];

#[tokio::test]
async fn a_token_takes_a_fresh_proof_and_what_was_typed_is_kept() {
    let world = World::new().await;
    let jane = world.user("jane", false).await;
    let browser = Browser::of(&world, &jane).await;
    let tokens = async || world.app.living_tokens(jane.id).await.unwrap().len();
    assert_eq!(browser.submit(paths::ACCESS_TOKENS, &NEW_TOKEN).await.status, 200, "just signed in");
    assert_eq!(tokens().await, 1);

    world.set_clock(later());
    let asked = browser.submit(paths::ACCESS_TOKENS, &NEW_TOKEN).await;
    assert_eq!((asked.status, tokens().await), (403, 1), "{}", asked.text);
    assert!(
        asked.text.contains("Confirm that it is you") && asked.text.contains("for &#60;ci&#62; &#38; &#34;me&#34;")
    );
    assert_eq!(asked.text.matches("personal_access_token[scopes][]").count(), 2, "{}", asked.text);

    let script = Request::post(paths::ACCESS_TOKENS).header(header::ACCEPT, "application/json");
    let script = script.header(header::COOKIE, format!("jeton_session={}", browser.cookie));
    let told = world.send(script.header("x-csrf-token", browser.csrf()).body(Body::empty()).unwrap()).await;
    assert_eq!((told.status, told.header("content-type")), (403, "application/json"), "{}", told.text);

    let proof = |password| {
        let own = [("confirm[to]", paths::ACCESS_TOKENS), ("confirm[method]", "post"), ("confirm[password]", password)];
        [&own[..], &NEW_TOKEN].concat()
    };
    let wrong = browser.submit(paths::CONFIRM, &proof("wrong")).await;
    assert_eq!((wrong.status, tokens().await), (422, 1));
    assert!(wrong.text.contains("Invalid password.") && wrong.text.contains("&#60;ci&#62;"), "{}", wrong.text);
    assert!(!wrong.text.contains("value=\"wrong\""), "the password does not come back");

    let right = browser.submit(paths::CONFIRM, &proof(PASSWORD)).await;
    assert_eq!((right.status, right.header("location")), (307, paths::ACCESS_TOKENS));
    // What the browser does then: the same form, to the other address.
    let made = browser.submit(paths::ACCESS_TOKENS, &proof(PASSWORD)).await;
    assert_eq!((made.status, tokens().await), (200, 2), "{}", made.text);

    world.set_clock(later().plus_seconds(599));
    assert_eq!(browser.submit(paths::ACCESS_TOKENS, &NEW_TOKEN).await.status, 200);
    world.set_clock(later().plus_seconds(600));
    assert_eq!(browser.submit(paths::ACCESS_TOKENS, &NEW_TOKEN).await.status, 403);
}

#[tokio::test]
async fn everything_sensitive_asks_for_a_fresh_proof_and_the_rest_does_not() {
    let world = World::new().await;
    let jane = world.user("jane", true).await;
    let (token, text) = world.token(&jane, "api").await;
    let browser = Browser::of(&world, &jane).await;
    let rotate = format!("{}/{}/rotate", paths::ACCESS_TOKENS, token.id);
    world.set_clock(later());
    let sensitive = [
        paths::ACCESS_TOKENS.to_owned(),
        rotate,
        paths::REMOVE_APP.to_owned(),
        paths::ADD_PASSKEY.to_owned(),
        paths::remove_passkey(1),
        paths::RECOVERY_CODES.to_owned(),
        paths::SWITCH_OFF.to_owned(),
    ];
    for path in &sensitive {
        let asked = browser.submit(path, &[]).await;
        assert!(asked.status == 403 && asked.text.contains("Confirm that it is you"), "{path}: {}", asked.text);
    }
    for path in [paths::HOME, paths::ACCESS_TOKENS, paths::TWO_FACTOR, paths::CONFIRM] {
        assert_eq!(browser.open(path).await.status, 200, "{path}");
    }
    let new = r#"{"name":"x","scopes":["api"],"expires_at":"2027-06-01"}"#;
    let user = format!("/api/v4/users/{}/personal_access_tokens", jane.id);
    let other = format!("/api/v4/personal_access_tokens/{}/rotate", token.id);
    for path in ["/api/v4/user/personal_access_tokens", &user, &other] {
        let refused = browser.call(path, new).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.text);
        assert!(refused.text.contains("http://jeton.example/users/confirm"), "{}", refused.text);
    }
    assert_eq!(browser.call("/api/v4/projects", r#"{"name":"p"}"#).await.status, 201, "not sensitive");
    let by_token = Request::post("/api/v4/user/personal_access_tokens").header("private-token", text);
    let by_token = by_token.header(header::CONTENT_TYPE, "application/json").body(Body::from(new)).unwrap();
    assert_eq!(world.send(by_token).await.status, 201, "a token is presented anew each time");
}

#[tokio::test]
async fn beside_a_second_factor_the_password_proves_nothing() {
    let world = World::new().await;
    let jane = world.user("jane", false).await;
    let browser = Browser::of(&world, &jane).await;
    let secret = browser.with_app(&jane).await;
    world.set_clock(later());
    let confirm = async |field, value: &str| {
        browser.submit(paths::CONFIRM, &[("confirm[to]", paths::TWO_FACTOR), (field, value)]).await
    };
    assert_eq!(confirm("confirm[password]", PASSWORD).await.status, 422);
    assert_eq!(confirm("confirm[passkey]", "{}").await.status, 422);
    let code = code(&secret, later());
    let done = confirm("confirm[code]", &code).await;
    assert_eq!((done.status, done.header("location")), (303, paths::TWO_FACTOR));
    assert_eq!(confirm("confirm[code]", &code).await.status, 422, "used up");
    assert_eq!(browser.submit(paths::SWITCH_OFF, &[]).await.status, 303);
    // A session from before that has a factor again: the form of the first factor does not do for another one.
    let jane = world.app.store.user(jane.id).await.unwrap().unwrap();
    browser.with_app(&jane).await;
    world.set_clock(later().plus_seconds(900));
    let asked = browser.submit(paths::TWO_FACTOR, &[("pin_code", "000000"), ("current_password", PASSWORD)]).await;
    assert!(asked.status == 403 && asked.text.contains("Confirm that it is you"), "{}", asked.text);
}

#[tokio::test]
async fn the_confirmation_leads_nowhere_else() {
    let world = World::new().await;
    let jane = world.user("jane", false).await;
    let browser = Browser::of(&world, &jane).await;
    for elsewhere in ["//evil.example", "https://evil.example/", "/\\evil.example", ""] {
        let fields = [("confirm[to]", elsewhere), ("confirm[method]", "post"), ("confirm[password]", PASSWORD)];
        assert_eq!(browser.submit(paths::CONFIRM, &fields).await.header("location"), "/", "{elsewhere}");
        let shown = browser.open(&super::confirm::on_the_way_to(elsewhere)).await;
        assert!(shown.text.contains("name=\"confirm[to]\" value=\"/\""), "{}", shown.text);
    }
}

/// Everybody must have two factors, within so many hours.
async fn demand(world: &World, hours: i64) {
    let changes = vec![
        ("require_two_factor_authentication", Value::Boolean(true)),
        ("two_factor_grace_period", Value::Number(hours)),
    ];
    world.app.change_policy(changes, BY).await.unwrap();
}

async fn fetch(world: &World, password: &str) -> Told {
    let basic = BASE64_STANDARD.encode(format!("jane:{password}"));
    let request = Request::get("/jane/code.git/info/refs?service=git-upload-pack");
    world.send(request.header(header::AUTHORIZATION, format!("Basic {basic}")).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn within_the_time_of_grace_pages_nag_and_after_it_they_lead_to_the_factors() {
    let world = World::new().await;
    let jane = world.user("jane", false).await;
    let (_, token) = world.token(&jane, "api").await;
    let browser = Browser::of(&world, &jane).await;
    assert!(!browser.open("/").await.text.contains("requires two-factor"));

    demand(&world, 2).await;
    let nag = "Set it up</a> before 15 Jan 2027, 10:00 UTC.";
    for path in ["/", paths::ACCESS_TOKENS] {
        let page = browser.open(path).await;
        assert!(page.status == 200 && page.text.contains(nag), "{}", page.text);
    }
    assert_eq!(fetch(&world, PASSWORD).await.status, 404, "the password still does; there is no such project");
    assert_eq!(browser.open("/api/v4/user").await.status, 200);

    world.set_clock(NOW.plus_seconds(7_200));
    for path in ["/", paths::ACCESS_TOKENS] {
        let led = browser.open(path).await;
        assert_eq!((led.status, led.header("location")), (302, paths::TWO_FACTOR), "{path}");
    }
    let led = browser.submit(paths::ACCESS_TOKENS, &NEW_TOKEN).await;
    assert_eq!((led.status, led.header("location")), (303, paths::TWO_FACTOR));
    assert_eq!(browser.open("/api/v4/user").await.status, 401, "the session is nobody to the API");
    assert_eq!(browser.call("/api/v4/projects", r#"{"name":"p"}"#).await.status, 401);
    let refused = fetch(&world, PASSWORD).await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, ""));
    assert!(refused.text.contains("http://jeton.example/-/user_settings/personal_access_tokens"), "{}", refused.text);
    assert_eq!(fetch(&world, &token).await.status, 404, "tokens go on working");

    let page = browser.open(paths::TWO_FACTOR).await;
    assert!(page.status == 200 && page.text.contains("everything else waits"), "{}", page.text);
    browser.with_app(&jane).await;
    assert_eq!(browser.open(paths::ACCESS_TOKENS).await.status, 200);
    let kept = browser.submit(paths::CONFIRM, &[]).await;
    assert_eq!(kept.status, 422, "a code is asked for now");
}

#[tokio::test]
async fn without_any_time_of_grace_it_holds_at_once_and_one_can_still_sign_out() {
    let world = World::new().await;
    let jane = world.user("jane", false).await;
    demand(&world, 0).await;
    assert_eq!(fetch(&world, PASSWORD).await.status, 401);
    let browser = Browser::of(&world, &jane).await;
    assert_eq!(browser.open("/").await.status, 302);
    assert_eq!(browser.submit(paths::SIGN_OUT, &[]).await.header("location"), paths::SIGN_IN);
    assert_eq!(browser.open(paths::TWO_FACTOR).await.header("location"), paths::SIGN_IN);
}

#[tokio::test]
async fn where_it_is_required_it_cannot_be_switched_off() {
    let world = World::new().await;
    let jane = world.user("jane", false).await;
    let browser = Browser::of(&world, &jane).await;
    browser.with_app(&jane).await;
    demand(&world, 48).await;
    assert!(!browser.open(paths::TWO_FACTOR).await.text.contains("Switch off"));
    assert_eq!(browser.submit(paths::SWITCH_OFF, &[]).await.status, 303);
    assert!(world.app.store.user(jane.id).await.unwrap().unwrap().two_factor);
}
