//! What holds for every page: headers, and how requests that are no good are answered.

use reqwest::Method;

use super::{Browser, SIGN_IN, TOKENS, csrf};
use crate::harness::{Server, Visitor, between};

#[test]
fn every_answer_protects_the_browser() {
    let server = Server::shared();
    let mut browser = Browser::of(server, &server.person("hugo"));
    for path in ["/", TOKENS, "/nothing/here", "/-/user_settings/personal_access_tokens/0/revoke"] {
        let answer = browser.open(path);
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("content-type", "text/html; charset=utf-8"),
        ] {
            assert_eq!(answer.header(name), value, "{name} of {path}");
        }
        assert!(!answer.header("permissions-policy").is_empty());
        assert_eq!(answer.header("strict-transport-security"), "", "not without HTTPS");
        let page = answer.text();
        assert!(!page.contains("style=") && !page.contains("<style") && !page.contains(" onclick"), "{path}");
    }
}

#[test]
fn the_pages_assets_are_kept_for_ever_under_addresses_of_their_content() {
    let server = Server::shared();
    let page = server.anonymous().get(SIGN_IN).expect(200);
    let addresses: Vec<&str> = page.text().split('"').filter(|text| text.starts_with("/-/assets/")).collect();
    assert!(addresses.len() >= 6, "{addresses:?}");
    for address in addresses {
        let asset = server.anonymous().get(address).expect(200);
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable", "{address}");
        let known =
            server.anonymous().request(Method::GET, address).header("If-None-Match", asset.header("etag")).send();
        assert_eq!((known.status, known.body.len()), (304, 0), "{address}");
        let (_, name) = address.rsplit_once('/').unwrap();
        let other = server.anonymous().get(&format!("/-/assets/other/{name}")).expect(200);
        assert_eq!(other.header("cache-control"), "no-cache", "an address of another version");
    }
    server.anonymous().get("/-/assets/x/nothing.css").expect(404);
    assert_eq!(server.anonymous().get("/favicon.ico").expect(200).header("content-type"), "image/svg+xml");
}

#[test]
fn forms_from_other_sites_are_refused() {
    let server = Server::shared();
    let person = server.person("hans");
    let mut browser = Browser::of(server, &person);
    let proof = csrf(&browser.open(TOKENS));
    let (here, cookies) = (server.url(""), browser.cookie_line());
    let send = |headers: &[(&str, &str)]| {
        let mut request = server.anonymous().request(Method::POST, TOKENS).header("Cookie", &cookies);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let name = ("personal_access_token[name]", "from elsewhere");
        request.form(&[("authenticity_token", &*proof), name, ("personal_access_token[scopes][]", "api")]).send()
    };
    for elsewhere in [
        &[("Sec-Fetch-Site", "cross-site")][..],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", &here)],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
    ] {
        let refused = send(elsewhere);
        assert_eq!(refused.status, 403, "{elsewhere:?}: {refused}");
        assert!(refused.text().contains("sent from another site"), "{refused}");
    }
    assert_eq!(super::count(&browser.open(TOKENS)), 0);
    send(&[("Sec-Fetch-Site", "same-origin"), ("Origin", &here)]).expect(200);
    send(&[("Origin", &here)]).expect(200);
}

#[test]
fn requests_that_are_no_good_get_a_page_that_says_so() {
    let server = Server::shared();
    let mut browser = Browser::of(server, &server.person("hana"));
    let cookies = browser.cookie_line();
    let ask = |method: Method, path: &str| server.anonymous().request(method, path).header("Cookie", &cookies);
    let form = "application/x-www-form-urlencoded";
    let huge = "a".repeat(70_000);
    for (what, answer, status) in [
        ("unknown", ask(Method::GET, "/nothing").send(), 404),
        ("unknown, not text", ask(Method::GET, "/%ff%00").send(), 404),
        ("unknown to a form", ask(Method::POST, "/nothing").body(form, "a=1").send(), 404),
        ("wrong method", ask(Method::DELETE, TOKENS).send(), 405),
        ("wrong method", ask(Method::POST, "/").body(form, "a=1").send(), 405),
        ("too large", ask(Method::POST, TOKENS).body(form, huge).send(), 413),
        ("no form", ask(Method::POST, TOKENS).body("application/json", "{}").send(), 415),
        ("no form", ask(Method::POST, TOKENS).body("text/plain", "a=1").send(), 415),
        ("not text", ask(Method::POST, TOKENS).body(form, "a=%ff").send(), 400),
        ("not text", ask(Method::POST, TOKENS).body(form, "a=%00").send(), 400),
        ("not text in the query", ask(Method::GET, &format!("{TOKENS}?name=%00")).send(), 400),
        ("without the form's value", ask(Method::POST, TOKENS).body(form, "a=1").send(), 422),
        ("empty", ask(Method::POST, TOKENS).send(), 422),
    ] {
        assert_eq!(answer.status, status, "{what}: {answer}");
        let page = answer.text();
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{what}");
        assert_eq!(between(page, "<p class=\"status\">", "<"), Some(&*status.to_string()), "{what}");
        assert!(page.contains("name this request"), "{what}");
    }
    assert_eq!(ask(Method::DELETE, TOKENS).send().header("allow"), "GET,HEAD,POST");
    assert_eq!(super::count(&browser.open(TOKENS)), 0);
}

#[test]
fn head_is_answered_like_get() {
    let server = Server::shared();
    let browser = Browser::of(server, &server.person("hera"));
    for path in ["/", TOKENS, SIGN_IN, "/nothing"] {
        let ask = |method| server.anonymous().request(method, path).header("Cookie", &browser.cookie_line()).send();
        let (get, head) = (ask(Method::GET), ask(Method::HEAD));
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
    }
}
