#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::http::Method;
use jeton_store::{By, Means};

use super::*;
use crate::testing::{World, request, request_from};

#[tokio::test]
async fn a_server_without_its_database_lives_and_is_not_ready() {
    let world = World::new().await;
    let ready = world.get(READINESS).await;
    assert_eq!((ready.status, &*ready.text), (200, r#"{"status":"ok","db_check":[{"status":"ok"}]}"#));
    assert_eq!((ready.header("content-type"), ready.header("cache-control")), ("application/json", "no-store"));

    world.app.store.close().await;
    let away = world.get(READINESS).await;
    assert_eq!((away.status, away.header("retry-after")), (503, "5"));
    let said: Value = serde_json::from_str(&away.text).unwrap();
    assert_eq!((&said["status"], &said["db_check"][0]["status"]), (&"failed".into(), &"failed".into()));
    let lives = world.get(LIVENESS).await;
    assert_eq!((lives.status, &*lives.text), (200, r#"{"status":"ok"}"#));
    let healthy = world.get(HEALTH).await;
    assert_eq!((healthy.status, &*healthy.text), (200, "Jeton OK"));
}

#[tokio::test]
async fn only_reading_is_served_and_only_here() {
    let world = World::new().await;
    for path in [HEALTH, LIVENESS, READINESS, METRICS] {
        let head = world.send(request(Method::HEAD, path)).await;
        assert_eq!((head.status, &*head.text), (if path == METRICS { 403 } else { 200 }, ""), "{path}");
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let answer = world.send(request(method, path)).await;
            assert_eq!((answer.status, answer.header("allow")), (405, "GET,HEAD"), "{path}");
        }
    }
    for path in ["/-/health/", "/-/Health", "/-/", "/health"] {
        let page = world.get(path).await;
        assert!(page.status == 404 && page.header("content-type").starts_with("text/html"), "{path}: {page:?}");
    }
}

#[tokio::test]
async fn addresses_that_may_read_the_metrics_need_nothing() {
    let world = World::new().await;
    for (address, status) in
        [("127.0.0.1", 200), ("127.8.8.8", 200), ("::1", 200), ("192.0.2.1", 403), ("at a unix socket", 403)]
    {
        assert_eq!(world.send(request_from(address, METRICS)).await.status, status, "{address}");
    }
    // A browser's cookie does not count against its address.
    let jane = world.user("jane", false).await;
    let cookie = world.app.sign_in(&jane, By::local(Means::Server)).await.unwrap();
    for (address, status) in [("127.0.0.1", 200), ("192.0.2.1", 403)] {
        let mut signed_in = request_from(address, METRICS);
        signed_in.headers_mut().insert("cookie", format!("jeton_session={cookie}").parse().unwrap());
        assert_eq!(world.send(signed_in).await.status, status, "{address}");
    }
    let mut relayed = request_from("127.0.0.1", METRICS);
    relayed.headers_mut().insert("x-forwarded-for", HeaderValue::from_static("127.0.0.1"));
    assert_eq!(world.send(relayed).await.status, 403, "a stranger's proxy on this machine passes anybody on");
    assert_eq!(world.get(METRICS).await.status, 403, "from nowhere");
}

#[tokio::test]
async fn elsewhere_an_administrators_token_is_needed() {
    let world = World::new().await;
    let (jane, root) = (world.user("jane", false).await, world.user("root", true).await);
    let (dead, revoked) = world.token(&root, "api").await;
    world.revoke(&dead).await;
    for (token, status, reason) in [
        (world.token(&root, "api").await.1, 200, "# EOF"),
        (world.token(&root, "read_api").await.1, 200, "# EOF"),
        (world.token(&root, "read_user").await.1, 403, "(scope)"),
        (world.token(&jane, "api").await.1, 403, "(not_administrator)"),
        (revoked, 401, "(revoked)"),
        ("jeton_000000000000000000000000000000002CuaM8".to_owned(), 401, "(unknown)"),
        ("mistyped".to_owned(), 401, "(malformed)"),
    ] {
        // Whoever presents a credential is judged by it, wherever he comes from.
        for address in ["192.0.2.1", "127.0.0.1"] {
            let mut request = request_from(address, METRICS);
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
            let answer = world.send(request).await;
            assert_eq!(answer.status, status, "{reason} from {address}: {answer:?}");
            assert!(answer.text.contains(reason), "{reason} from {address}: {answer:?}");
            assert_eq!(answer.header("www-authenticate").starts_with("Bearer"), status == 401);
            assert!(!answer.text.contains(&token));
        }
    }
    let nobody = world.send(request_from("192.0.2.1", METRICS)).await;
    assert!(nobody.text.contains("metrics_allow"), "{nobody:?}");
}
