#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::http::Method;
use jeton_core::user::Identity;
use serde_json::{Value, json};

use crate::{
    test_instance::{BY, NOW},
    testing::{World, request},
};

/// Only other programs make identities, so this is tested with one that is put into the store.
#[tokio::test]
async fn identities_are_shown_sought_and_removed() {
    let world = World::new().await;
    let (root, jane) = (world.user("root", true).await, world.user("jane", false).await);
    let (_, token) = world.token(&root, "api").await;
    let (_, hers) = world.token(&jane, "read_user").await;
    let identity = Identity { provider: "ldap".into(), extern_uid: "cn=jane,dc=example".into() };
    world.app.store.set_identity(jane.id, identity, BY, NOW).await.unwrap();
    world.app.identities.forget_user(jane.id);

    let ask = async |method: Method, path: &str, token: &str| {
        let mut request = request(method, &format!("/api/v4{path}"));
        request.headers_mut().insert("private-token", token.parse().unwrap());
        let told = world.send(request).await;
        (told.status, serde_json::from_str::<Value>(&told.text).unwrap_or_default())
    };
    let shown = json!([{ "provider": "ldap", "extern_uid": "cn=jane,dc=example" }]);
    let one = format!("/users/{}", jane.id);
    assert_eq!(ask(Method::GET, &one, &token).await.1["identities"], shown);
    assert_eq!(ask(Method::GET, "/user", &hers).await.1["identities"], shown);
    let sought = "/users?provider=ldap&extern_uid=cn%3Djane%2Cdc%3Dexample";
    let (_, found) = ask(Method::GET, sought, &token).await;
    assert_eq!((found.as_array().unwrap().len(), &found[0]["identities"]), (1, &shown));
    assert_eq!(ask(Method::GET, "/users?provider=ldap&extern_uid=jane", &token).await, (200, json!([])));
    assert_eq!(ask(Method::GET, sought, &hers).await.0, 403);
    assert_eq!(ask(Method::GET, "/users?provider=ldap", &token).await.0, 400);

    let place = format!("{one}/identities/ldap");
    assert_eq!(ask(Method::DELETE, &place, &hers).await.0, 403);
    assert_eq!(ask(Method::DELETE, &place, &token).await.0, 204);
    assert_eq!(ask(Method::DELETE, &place, &token).await.0, 404);
    assert_eq!(ask(Method::GET, &one, &token).await.1["identities"], json!([]));
}
