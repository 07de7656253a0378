//! The Access tokens page: making, seeing and revoking tokens.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Browser, TOKENS, count, csrf};
use crate::harness::{Answer, Bearer, Person, Server, Visitor, between};

/// A form's fields for a token of that name.
fn named(name: &str) -> [(&'static str, &str); 2] {
    [("personal_access_token[name]", name), ("personal_access_token[scopes][]", "read_user")]
}

fn create(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> Answer {
    browser.submit(TOKENS, TOKENS, fields)
}

fn owner(server: &Server, token: &str) -> (u16, Value) {
    let answer = Bearer::new(server, token).get("/api/v4/user");
    (answer.status, answer.json()["username"].clone())
}

/// The new token that the page shows, if it does.
fn shown_token(page: &Answer) -> Option<String> {
    let field = between(page.text(), "<input id=\"created-personal-access-token\"", ">")?;
    between(field, "value=\"", "\"").map(str::to_owned)
}

/// The row of that name in the list.
#[track_caller]
fn row(page: &Answer, name: &str) -> String {
    let rows =
        page.text().split("<tr role=\"row\">").find(|row| row.contains(&format!("<span class=\"name\">{name}</span>")));
    rows.unwrap_or_else(|| panic!("no row {name} in {page}")).to_owned()
}

/// The number of the token of that name.
#[track_caller]
fn id(page: &Answer, name: &str) -> String {
    between(&row(page, name), "id=\"token-", "\"").unwrap().to_owned()
}

fn person_with_browser<'s>(server: &'s Server, name: &str) -> (Person<'s>, Browser<'s>) {
    let person = server.person(name);
    let browser = Browser::of(server, &person);
    (person, browser)
}

#[test]
fn a_token_is_shown_by_the_answer_that_made_it_and_never_again() {
    let server = Server::shared();
    let (person, mut browser) = person_with_browser(server, "tara");
    let page = create(
        &mut browser,
        &[
            ("personal_access_token[name]", "CI & <deploy>"),
            ("personal_access_token[description]", "nightly"),
            ("personal_access_token[expires_at]", "2099-01-31"),
            ("personal_access_token[scopes][]", "api"),
            ("personal_access_token[scopes][]", "read_user"),
        ],
    )
    .expect(200);
    let token = shown_token(&page).expect("the new token");
    assert_eq!(page.text().matches(&token).count(), 1, "nothing repeats the token");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.headers.get("set-cookie").is_none(), "nothing travels in a cookie");
    assert_eq!(owner(server, &token), (200, json!(person.username)));

    let page = browser.open(TOKENS).expect(200);
    assert!(!page.text().contains(&token) && shown_token(&page).is_none());
    let row = row(&page, "CI &#38; &#60;deploy&#62;");
    for part in ["nightly", "<code>api</code>", "<code>read_user</code>", "31 Jan 2099", "just now", "Revoke"] {
        assert!(row.contains(part), "{part} in {row}");
    }
}

#[test]
fn a_form_sent_again_makes_no_second_token() {
    let server = Server::shared();
    let (_, mut browser) = person_with_browser(server, "tony");
    let page = browser.open(TOKENS);
    let (proof, form_id) = (csrf(&page), between(page.text(), "name=\"form_id\" value=\"", "\"").unwrap());
    let fields = [&[("authenticity_token", &*proof), ("form_id", form_id)][..], &named("once")].concat();
    assert!(shown_token(&browser.send(Method::POST, TOKENS, &fields).expect(200)).is_some());
    let again = browser.send(Method::POST, TOKENS, &fields).expect(303);
    let page = browser.follow(&again).expect(200);
    assert!(page.text().contains("This form was sent before."), "{page}");
    assert_eq!((count(&page), shown_token(&page)), (1, None));
    // The notice is shown once.
    assert!(!browser.open(TOKENS).text().contains("This form was sent before."));
    // Another name in the same form is another token, and so is a script's form without an id.
    let other = [&[("authenticity_token", &*proof), ("form_id", form_id)][..], &named("twice")].concat();
    browser.send(Method::POST, TOKENS, &other).expect(200);
    for _ in 0..2 {
        create(&mut browser, &named("by a script")).expect(200);
    }
    assert_eq!(count(&browser.open(TOKENS)), 4);
}

#[test]
fn a_form_with_flaws_creates_nothing_and_keeps_what_was_entered() {
    let server = Server::shared();
    let (_, mut browser) = person_with_browser(server, "theo");
    let too_long = "x".repeat(256);
    for (fields, problem) in [
        (
            &[("personal_access_token[name]", " "), ("personal_access_token[scopes][]", "api")][..],
            "Name can't be blank",
        ),
        (&[("personal_access_token[name]", "kept")], "Scopes can't be blank"),
        (&[("personal_access_token[name]", "kept"), ("personal_access_token[scopes][]", "")], "Scopes can't be blank"),
        (
            &[
                ("personal_access_token[name]", "kept"),
                ("personal_access_token[scopes][]", "api"),
                ("personal_access_token[scopes][]", "sudo"),
            ],
            "Scopes can only contain available scopes",
        ),
        (
            &[
                ("personal_access_token[name]", "kept"),
                ("personal_access_token[expires_at]", "soon"),
                ("personal_access_token[scopes][]", "api"),
            ],
            "Expiration date is invalid",
        ),
        (
            &[("personal_access_token[name]", &too_long), ("personal_access_token[scopes][]", "api")],
            "Name is too long (maximum is 255 characters)",
        ),
    ] {
        let page = create(&mut browser, fields).expect(422);
        let text = page.text().replace("&#39;", "'");
        assert!(text.contains(&format!("<li>{problem}</li>")), "{problem} in {page}");
        assert!(text.contains(&format!("-problem\">{problem}</p>")), "{problem} in {page}");
        assert!(text.contains(&format!("value=\"{}\"", fields[0].1)), "{page}");
    }
    assert_eq!(count(&browser.open(TOKENS)), 0);
}

#[test]
fn the_form_offers_what_the_person_may_have() {
    let server = Server::shared();
    let scopes = |page: &Answer| {
        let boxes = page.text().split("name=\"personal_access_token[scopes][]\"").skip(1);
        boxes.map(|field| between(field, "value=\"", "\"").unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (_, mut browser) = person_with_browser(server, "tina");
    let plain = ["api", "read_api", "read_user", "read_repository", "write_repository"];
    let registry = ["read_registry", "write_registry"];
    let page = browser.open(TOKENS);
    assert_eq!(scopes(&page), [&plain[..], &registry, &["self_rotate"]].concat());
    assert!(!page.text().contains(" checked"), "no scope is chosen for anybody");
    let page = Browser::of(server, &server.root()).open(TOKENS);
    assert_eq!(scopes(&page), [&plain[..], &registry, &["self_rotate", "sudo"]].concat());

    let without_registry = Server::start(&[("JETON_REGISTRY", "off")]);
    let page = Browser::of(&without_registry, &without_registry.root()).open(TOKENS);
    assert_eq!(scopes(&page), [&plain[..], &["self_rotate", "sudo"]].concat());
}

#[test]
fn an_address_fills_the_form() {
    let server = Server::shared();
    let (_, mut browser) = person_with_browser(server, "troy");
    let query = "name=CI+%22x%22&description=why&scopes=api%2C%20read_user%20%2C%2Cnonsense&expires_at=2099-12-31";
    for path in ["/profile/personal_access_tokens", "/-/profile/personal_access_tokens"] {
        let moved = browser.open(&format!("{path}?{query}&private_token=x")).expect(302);
        assert_eq!(moved.header("location"), format!("{TOKENS}?{query}"));
    }
    let page = browser.open(&format!("{TOKENS}?{query}")).expect(200);
    for value in ["CI &#34;x&#34;", "why", "2099-12-31"] {
        assert!(page.text().contains(&format!("value=\"{value}\"")), "{value} in {page}");
    }
    let checked = |name: &str| between(page.text(), &format!("value=\"{name}\""), ">").unwrap().contains(" checked");
    assert!(checked("api") && checked("read_user") && !checked("read_api"));
    assert_eq!(page.text().matches(" checked").count(), 2);
    assert_eq!(count(&page), 0, "an address creates nothing");
}

#[test]
fn revoking_asks_first_and_counts_at_once() {
    let server = Server::shared();
    let (_, mut browser) = person_with_browser(server, "tess");
    let token = shown_token(&create(&mut browser, &named("doomed")).expect(200)).unwrap();
    let path = format!("{TOKENS}/{}/revoke", id(&browser.open(TOKENS), "doomed"));
    assert!(browser.open(&path).expect(200).text().contains("Revoke “doomed”?"));
    assert_eq!(owner(server, &token).0, 200, "asking changes nothing");
    let done = browser.submit(&path, &path, &[]).expect(303);
    assert_eq!(owner(server, &token).0, 401);
    let page = browser.follow(&done).expect(200);
    assert!(page.text().contains("Revoked personal access token doomed!"), "{page}");
    assert_eq!(count(&page), 0);
    assert!(!browser.open(TOKENS).text().contains("doomed"), "the notice is shown once");
    browser.open(&path).expect(404);
    // Once more, as a script of GitLab's page did: nothing to do, and no fault.
    let proof = csrf(&browser.open(TOKENS));
    browser.send(Method::PUT, &path, &[("authenticity_token", &proof)]).expect(303);
}

#[test]
fn rotating_asks_first_and_keeps_the_lifetime() {
    let server = Server::shared();
    let (_, mut browser) = person_with_browser(server, "tina");
    let old = shown_token(&create(&mut browser, &named("turning")).expect(200)).unwrap();
    let path = format!("{TOKENS}/{}/rotate", id(&browser.open(TOKENS), "turning"));
    assert!(browser.open(&path).expect(200).text().contains("Rotate “turning”?"));
    assert_eq!(owner(server, &old).0, 200, "asking changes nothing");
    let own = |token: &str| Bearer::new(server, token).get("/api/v4/personal_access_tokens/self").expect(200).json();
    let expiry = own(&old)["expires_at"].clone();

    let page = browser.submit(&path, &path, &[]).expect(200);
    let new = shown_token(&page).unwrap();
    assert_eq!((owner(server, &old).0, owner(server, &new).0), (401, 200));
    assert_eq!(own(&new)["expires_at"], expiry, "both were made today");
    assert_eq!(count(&page), 1);
    // A reloaded page sends its form again.
    let again = browser.submit(TOKENS, &path, &[]).expect(303);
    let page = browser.follow(&again).expect(200);
    assert!(shown_token(&page).is_none() && page.text().contains("sent before"), "{page}");
    assert_eq!(owner(server, &new).0, 200);
}

#[test]
fn somebody_elses_token_is_as_good_as_none() {
    let server = Server::shared();
    let (_, mut hers) = person_with_browser(server, "tilda");
    let (_, mut his) = person_with_browser(server, "titus");
    let token = shown_token(&create(&mut hers, &named("hers")).expect(200)).unwrap();
    let number = id(&hers.open(TOKENS), "hers");
    for number in [number.as_str(), "0", "9223372036854775807", "9223372036854775808", "-1", "x"] {
        for act in ["revoke", "rotate"] {
            let path = format!("{TOKENS}/{number}/{act}");
            let (asked, done) = (his.open(&path), his.submit(TOKENS, &path, &[]));
            assert_eq!((asked.status, done.status), (404, 404), "{act} {number}");
            assert!(!asked.text().contains("hers"));
        }
    }
    // Not even an administrator revokes it from the own page.
    let mut root = Browser::of(server, &server.root());
    assert_eq!(root.submit(TOKENS, &format!("{TOKENS}/{number}/revoke"), &[]).status, 404);
    assert_eq!(owner(server, &token).0, 200);
}

#[test]
fn scripts_get_json_as_from_gitlabs_page() {
    let server = Server::shared();
    let (person, mut browser) = person_with_browser(server, "toby");
    let proof = csrf(&browser.open(TOKENS));
    let send = |fields: &[(&str, &str)]| {
        let request = server.anonymous().request(Method::POST, TOKENS).header("Cookie", &browser.cookie_line());
        request.header("Accept", "application/json").header("X-CSRF-Token", &proof).form(fields).send()
    };
    let made = send(&named("script")).expect(200).json();
    assert_eq!(owner(server, made["token"].as_str().unwrap()), (200, json!(person.username)));
    let refused = send(&[("personal_access_token[scopes][]", "sudo")]).expect(422).json();
    assert_eq!(refused, json!({"errors": ["Name can't be blank", "Scopes can only contain available scopes"]}));
}

#[test]
fn a_token_opens_no_page() {
    let server = Server::shared();
    let token = server.person("thea").token("api");
    assert_eq!(token.get(TOKENS).status, 302);
    assert_eq!(token.get(&format!("{TOKENS}?private_token={}", token.token)).status, 302);
}

#[test]
fn a_long_list_has_pages() {
    let server = Server::start(&[]);
    let mut browser = Browser::of(&server, &server.root());
    let proof = csrf(&browser.open(TOKENS));
    for number in 0..101 {
        let name = format!("token {number}");
        let fields = [&[("authenticity_token", &*proof)][..], &named(&name)].concat();
        browser.send(Method::POST, TOKENS, &fields).expect(200);
    }
    let (first, second) = (browser.open(TOKENS), browser.open(&format!("{TOKENS}?page=2")));
    let rows = |page: &Answer| page.text().matches("class=\"name\"").count();
    assert_eq!((count(&first), rows(&first), rows(&second)), (101, 100, 1));
    assert!(first.text().contains("Page 1 of 2") && second.text().contains("Page 2 of 2"));
}
