//! Parameters in every kind of request, and requests that cannot be read.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Server, Visitor};

const TOKENS: &str = "/api/v4/user/personal_access_tokens";

#[test]
fn query_form_multipart_and_json_are_equal() {
    let server = Server::shared();
    let jane = server.person("jane").token("api,read_user,read_api");
    let multipart = "--edge\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nn\r\n\
                     --edge\r\nContent-Disposition: form-data; name=\"scopes[]\"\r\n\r\nread_user\r\n\
                     --edge\r\nContent-Disposition: form-data; name=\"scopes[]\"\r\n\r\nread_api\r\n\
                     --edge\r\nContent-Disposition: form-data; name=\"expires_at\"\r\n\r\n2099-01-31\r\n--edge--\r\n";
    let query = format!("{TOKENS}?name=n&scopes[]=read_user&scopes[]=read_api&expires_at=2099-01-31");
    let form = [("name", "n"), ("scopes", "read_user, read_api"), ("expires_at", "2099-01-31T23:00:00Z")];
    let post = |path: &str| jane.request(Method::POST, path);
    for answer in [
        post(&query).send(),
        post(TOKENS).form(&form).send(),
        post(TOKENS).body("multipart/form-data; boundary=edge", multipart).send(),
        post(TOKENS)
            .json(&json!({"name": "n", "scopes": ["read_user", "read_api"], "expires_at": "2099-01-31"}))
            .send(),
        post(TOKENS)
            .json(&json!({"name": "n", "scopes": "read_api,read_user", "expires_at": "2099-01-31 10:00"}))
            .send(),
        post(&format!("{TOKENS}?name=n&expires_at=2099-01-31")).json(&json!({"scopes": ["read_user,read_api"]})).send(),
    ] {
        let token = answer.expect(201).json();
        assert_eq!(token["scopes"], json!(["read_api", "read_user"]));
        assert_eq!((&token["name"], &token["expires_at"]), (&json!("n"), &json!("2099-01-31")));
    }
}

#[test]
fn what_is_missing_or_not_valid_is_named_in_order() {
    let server = Server::shared();
    let jane = server.person("jane").token("api");
    for (path, error) in [
        ("personal_access_tokens?state=dead", "state does not have a valid value"),
        ("personal_access_tokens?revoked=maybe", "revoked is invalid"),
        ("personal_access_tokens?created_before=soon", "created_before is invalid"),
        ("personal_access_tokens?expires_after=2026-02-30", "expires_after is invalid"),
        ("personal_access_tokens?revoked=x&user_id=me", "user_id is invalid, revoked is invalid"),
        ("personal_access_tokens?per_page=0", "per_page has a value not allowed"),
        ("personal_access_tokens?per_page=x", "per_page is invalid"),
        ("personal_access_tokens/me", "id is invalid"),
        ("users?order_by=shoe_size", "order_by does not have a valid value"),
        ("users?provider=x", "extern_uid, provider provide all or none of parameters"),
        ("projects?visibility=secret", "visibility does not have a valid value"),
        ("projects?order_by=beauty", "order_by does not have a valid value"),
    ] {
        assert_eq!(jane.get(&format!("/api/v4/{path}")).expect(400).json(), json!({ "error": error }), "{path}");
    }
    for (body, error) in [
        (json!({}), "name is missing, scopes is missing"),
        (json!({"name": "x"}), "scopes is missing"),
        (json!({"name": ["x"], "scopes": [], "expires_at": "never"}), "name is invalid, expires_at is invalid"),
        (json!({"name": "x", "scopes": ["everything"]}), "scopes does not have a valid value"),
    ] {
        assert_eq!(jane.post(TOKENS, &body).expect(400).json(), json!({ "error": error }), "{body}");
    }
    let missing = json!({ "error": "name, path are missing, at least one parameter must be provided" });
    assert_eq!(jane.post("/api/v4/projects", &json!({})).expect(400).json(), missing);
}

#[test]
fn a_body_that_cannot_be_read_is_refused_in_the_apis_words() {
    let server = Server::shared();
    let jane = server.person("jane").token("api");
    let deep = format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200));
    let wide = format!(r#"{{"scopes":[{}1]}}"#, "1,".repeat(50_000));
    for (content_type, body, error) in [
        ("application/json", "{", "message body does not match declared format"),
        ("application/json", "[]", "message body does not match declared format"),
        ("application/json", &*deep, "message body does not match declared format"),
        ("application/json", r#"{"name":"\u0000"}"#, "params contain an invalid format or byte sequence"),
        ("application/json", &*wide, "Too many total parameters"),
        ("application/x-www-form-urlencoded", "name=%", "params contain an invalid format or byte sequence"),
        ("application/x-www-form-urlencoded", "a=1&a[]=2", "params contain conflicting types"),
        ("multipart/form-data; boundary=edge", "nothing", "message body does not match declared format"),
    ] {
        let answer = jane.request(Method::POST, TOKENS).body(content_type, body.to_owned()).send();
        assert_eq!(answer.expect(400).json(), json!({ "error": error }), "{content_type} {body:.40}");
    }
    let answer = jane.request(Method::POST, TOKENS).body("application/xml", "<a/>").send();
    let text = "The provided content-type 'application/xml' is not supported.";
    assert_eq!(answer.expect(415).json(), json!({ "error": text }));
    let answer = jane.request(Method::POST, TOKENS).body("application/json", vec![b' '; (1 << 20) + 1]).send();
    assert_eq!(answer.expect(413).json(), json!({ "message": "413 Request Entity Too Large" }));
    for path in ["/api/v4/user?a=%ff", "/api/v4/user?a=%00", "/api/v4/projects/a%2Fb%00"] {
        jane.get(path).expect(400);
    }
}

/// gitbeaker sends a content type with requests that have no body.
#[test]
fn an_empty_json_body_is_no_body() {
    let server = Server::shared();
    let jane = server.person("jane");
    let token = jane.token("api");
    let id = jane.token("read_user").id();
    let request = token.request(Method::DELETE, &format!("/api/v4/personal_access_tokens/{id}"));
    request.body("application/json", "").send().expect(204);
}

#[test]
fn bounds_are_read_in_every_usual_form() {
    let server = Server::shared();
    let root = server.root().token("api");
    for moment in [
        "2999-11-26",
        "2999/11/26",
        "26 Nov 2999",
        "2999-11-26 00:00:00 UTC",
        "2999-11-26T00:00:00Z",
        "2999-11-26T00:00:00+02:00",
        "2999-11-26T00:00:00%2B02:00",
        "Tue, 26 Nov 2999 00:00:00 GMT",
        "Tue, 26 Nov 2999 00:00:00 -0500",
        "9999-12-31",
    ] {
        let moment = moment.replace(' ', "%20");
        for path in ["/api/v4/users", "/api/v4/personal_access_tokens"] {
            let before = root.get(&format!("{path}?created_before={moment}")).expect(200).json();
            let after = root.get(&format!("{path}?created_after={moment}")).expect(200).json();
            assert_ne!(before, json!([]), "{path} {moment}");
            assert_eq!(after, json!([]), "{path} {moment}");
        }
    }
    let refused = root.get("/api/v4/users?created_before=11/26/2999").expect(400);
    assert_eq!(refused.json(), json!({ "error": "created_before is invalid" }));
}

#[test]
fn numbers_that_no_record_has_are_those_of_records_that_there_are_not() {
    let server = Server::shared();
    let (root, jane) = (server.root().token("api"), server.person("jane").token("api"));
    for number in ["9223372036854775807", "9223372036854775808", "99999999999999999999"] {
        let user = format!("/api/v4/users/{number}");
        assert_eq!(jane.get(&user).expect(404).json(), json!({ "message": "404 User Not Found" }));
        assert_eq!(
            jane.get(&format!("{user}/projects")).expect(404).json(),
            json!({ "message": "404 User Not Found" })
        );
        let token = format!("/api/v4/personal_access_tokens/{number}");
        jane.get(&token).expect(401);
        assert_eq!(root.get(&token).expect(404).json(), json!({ "message": "404 Not Found" }));
        assert_eq!(root.delete(&token).expect(404).json(), json!({ "message": "404 Not found" }));
    }
    for path in ["/api/v4/users/+1", "/api/v4/users/-1", "/api/v4/users/1.0"] {
        assert_eq!(jane.get(path).expect(404).json(), json!({ "error": "404 Not Found" }), "{path}");
    }
}
