//! Headers of every answer, entity tags, other sites, methods and addresses that there are not.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Server, Visitor};

#[test]
fn every_answer_has_gitlabs_headers() {
    let server = Server::shared();
    let jane = server.person("jane").token("api");
    for answer in [jane.get("/api/v4/user").expect(200), server.anonymous().get("/api/v4/user").expect(401)] {
        for (name, value) in [
            ("content-type", "application/json"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "SAMEORIGIN"),
            ("cache-control", "max-age=0, private, must-revalidate"),
            ("vary", "Origin"),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
        let id = answer.header("x-request-id");
        assert!(!id.is_empty());
        assert_eq!(answer.header("x-gitlab-meta"), format!("{{\"correlation_id\":\"{id}\",\"version\":\"1\"}}"));
        assert!(answer.header("x-runtime").parse::<f64>().unwrap() < 60.0);
    }
}

#[test]
fn who_has_the_answer_already_gets_304() {
    let server = Server::shared();
    let jane = server.person("jane").token("api");
    let first = jane.get("/api/v4/version").expect(200);
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    let again = jane.request(Method::GET, "/api/v4/version").header("If-None-Match", &tag).send().expect(304);
    assert!(again.body.is_empty());
    assert_eq!(again.header("etag"), tag);
    jane.request(Method::GET, "/api/v4/version").header("If-None-Match", "\"other\"").send().expect(200);
}

#[test]
fn head_answers_as_get_does_without_the_body() {
    let server = Server::shared();
    let jane = server.person("jane").token("api");
    for path in
        ["/api/v4/user", "/api/v4/projects?owned=true", "/api/v4/personal_access_tokens/self", "/api/v4/version"]
    {
        let (head, get) = (jane.request(Method::HEAD, path).send().expect(200), jane.get(path).expect(200));
        assert!(head.body.is_empty());
        for name in ["content-type", "content-length", "x-total", "link"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
    assert_eq!(jane.request(Method::HEAD, "/api/v4/projects?owned=true").send().header("x-total"), "0");
}

#[test]
fn scripts_of_other_sites_may_ask_with_a_token() {
    let server = Server::shared();
    let preflight = server
        .anonymous()
        .request(Method::OPTIONS, "/api/v4/projects")
        .header("Origin", "https://app.example.com")
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "private-token,content-type")
        .send()
        .expect(200);
    assert_eq!(preflight.header("access-control-allow-origin"), "*");
    assert_eq!(preflight.header("access-control-allow-headers"), "private-token,content-type");
    assert!(preflight.header("access-control-allow-methods").contains("POST"));
    let jane = server.person("jane").token("api");
    let answer = jane.request(Method::GET, "/api/v4/projects").header("Origin", "https://app.example.com").send();
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert!(answer.header("access-control-expose-headers").contains("X-Total"));
}

#[test]
fn addresses_and_methods_that_there_are_not() {
    let server = Server::shared();
    let nobody = server.anonymous();
    for path in ["/api/v4/nothing", "/api/v4", "/api/v4/", "/api/v5/user", "/api/v4/users/jane", "/api/v4/projects/a/b"]
    {
        assert_eq!(nobody.get(path).expect(404).json(), json!({ "error": "404 Not Found" }), "{path}");
    }
    let wrong = nobody.request(Method::PATCH, "/api/v4/user").send().expect(405);
    assert_eq!((wrong.json(), wrong.header("allow")), (json!({ "error": "405 Not Allowed" }), "GET,HEAD"));
    let asked = nobody.request(Method::OPTIONS, "/api/v4/projects").send().expect(204);
    assert!(asked.header("allow").contains("POST"));
    let gone = json!({ "error": "API V3 is no longer supported. Use API V4 instead." });
    assert_eq!(nobody.get("/api/v3/projects").expect(410).json(), gone);
    assert_eq!(nobody.post("/api/v3/user", &json!({})).expect(410).json(), gone);
    let jane = server.person("jane");
    assert_eq!(jane.token("api").get("/api/v3/user").expect(200).json()["username"], jane.username.as_str());
}

#[test]
fn version_and_metadata_say_the_same_to_whoever_is_signed_in() {
    let server = Server::shared();
    let jane = server.person("jane").token("read_user");
    let version = jane.get("/api/v4/version").expect(200).json();
    assert_eq!(jane.get("/api/v4/metadata").expect(200).json(), version);
    assert_eq!((&version["enterprise"], &version["kas"]["enabled"]), (&json!(false), &json!(false)));
    // Clients compare the three numbers, after cutting at the hyphen.
    let numbers = version["version"].as_str().unwrap().split('-').next().unwrap().split('.');
    assert_eq!(numbers.filter(|number| number.parse::<u32>().is_ok()).count(), 3);
    server.anonymous().get("/api/v4/version").expect(401);
}

#[test]
fn the_api_describes_itself() {
    let server = Server::shared();
    let document = server.anonymous().get("/api/v4/openapi.json").expect(200).json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["paths"]["/projects"]["post"]["summary"], "Makes a project");
}
