//! What another site, or another person at the same browser, tries with the pages.

use reqwest::Method;

use crate::harness::{Server, SignedIn, Visitor as _, between};

const TOKENS: &str = "/-/user_settings/personal_access_tokens";
const MAKE: [(&str, &str); 2] = [("personal_access_token[name]", "stolen"), ("personal_access_token[scopes][]", "api")];

fn tokens_named_stolen(browser: &SignedIn<'_>) -> bool {
    browser.get(TOKENS).expect(200).text().contains("stolen")
}

/// A page elsewhere holds a form that posts to ours; the visitor's browser sends the cookie along.
#[test]
fn a_form_of_another_site_makes_no_token() {
    let server = Server::shared();
    let browser = server.person("jane").session();
    let bare = browser.without_csrf();
    let with = |value: &str| {
        [("authenticity_token", value), MAKE[0], MAKE[1]].map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let forms = [
        bare.request(Method::POST, TOKENS).form(&MAKE),
        bare.request(Method::POST, TOKENS).form(&borrowed(&with("AAAA"))),
        bare.request(Method::POST, TOKENS)
            .form(&borrowed(&with(&browser.csrf)))
            .header("Origin", "https://evil.example"),
        bare.request(Method::POST, TOKENS).form(&borrowed(&with(&browser.csrf))).header("Sec-Fetch-Site", "cross-site"),
        bare.request(Method::POST, TOKENS).form(&borrowed(&with(&browser.csrf))).header("Origin", "null"),
    ];
    for form in forms {
        let answer = form.send();
        assert!(matches!(answer.status, 403 | 422), "{answer}");
    }
    assert!(!tokens_named_stolen(&browser));
}

fn borrowed(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (&**name, &**value)).collect()
}

/// A value that proves that a form is ours was stolen from one browser and is used in another.
#[test]
fn the_proof_of_one_session_is_none_in_another() {
    let server = Server::shared();
    let (jane, mallory) = (server.person("jane").session(), server.person("mallory").session());
    let form = [("authenticity_token", &*mallory.csrf), MAKE[0], MAKE[1]];
    let answer = jane.without_csrf().request(Method::POST, TOKENS).form(&form).send();
    assert!(matches!(answer.status, 403 | 422), "{answer}");
    assert!(!tokens_named_stolen(&jane));
}

/// Somebody leaves an own cookie in a public browser, waits for a sign-in, and shares the session.
#[test]
fn signing_in_begins_a_new_session() {
    let server = Server::shared();
    let jane = server.person("jane");
    let planted = server.anonymous().get("/users/sign_in").expect(200);
    let cookies: Vec<_> = planted.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    let planted = cookies.iter().map(|cookie| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ");
    let browser = jane.session();
    for cookie in planted.split("; ").filter(|cookie| !cookie.is_empty()) {
        assert!(!browser.cookies().contains(cookie), "the cookie from before the sign-in is still in use");
    }
    let thief = server.anonymous().request(Method::GET, TOKENS).header("Cookie", &planted).send();
    assert_ne!(thief.status, 200, "{thief}");
}

/// Somebody plants a value of their own choice as the session's cookie, where a neighbouring host or a script of another
/// program lets them, and waits for it to become a session.
#[test]
fn a_planted_session_cookie_never_becomes_a_session() {
    let server = Server::shared();
    let jane = server.person("jane");
    let planted = format!("jeton_session={}", "A".repeat(43));
    let form = server.anonymous().request(Method::GET, "/users/sign_in").header("Cookie", &planted).send().expect(200);
    let proof = between(form.text(), "name=\"authenticity_token\" value=\"", "\"").unwrap();
    let fields = [("authenticity_token", proof), ("user[login]", &*jane.username), ("user[password]", &*jane.password)];
    let request = server.anonymous().request(Method::POST, "/users/sign_in").header("Cookie", &planted);
    let done = request.form(&fields).send().expect(303);
    let cookies: Vec<_> = done.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    assert!(cookies.iter().any(|line| line.starts_with("jeton_session=")), "{cookies:?}");
    assert!(!cookies.iter().any(|line| line.starts_with(&planted)), "{cookies:?}");
    let thief = server.anonymous().request(Method::GET, TOKENS).header("Cookie", &planted).send();
    assert_eq!(thief.status, 302, "{thief}");
}

/// A link to our sign-in page leads to a page of the attacker's afterwards.
#[test]
fn the_way_back_after_signing_in_stays_here() {
    let server = Server::shared();
    for wanted in ["//evil.example/", "/\\evil.example/", "/%09/evil.example", "https://evil.example/"] {
        for path in [
            format!("/users/sign_in?redirect_to={wanted}"),
            format!("/users/sign_in?return_to={wanted}"),
            wanted.to_owned(),
        ] {
            let Some(path) = path.starts_with('/').then_some(path) else { continue };
            let answer = server.anonymous().get(&path);
            let location = answer.header("location");
            let stays = location.is_empty()
                || (location.starts_with('/') && !location.starts_with("//") && !location.starts_with("/\\"))
                || location.starts_with(&server.url("/"));
            assert!(stays, "{path} leads to {location}");
        }
    }
}

/// Names are guessed at the sign-in form: a name that exists must not look different from one that does not.
#[test]
fn the_sign_in_form_tells_nothing_about_names() {
    let server = Server::shared();
    let jane = server.person("jane");
    let answer = |login: &str| {
        let page = server.anonymous().get("/users/sign_in").expect(200);
        let csrf = between(page.text(), "name=\"authenticity_token\" value=\"", "\"").unwrap();
        let cookies: Vec<_> =
            page.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
        let cookies = cookies.iter().map(|cookie| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ");
        let fields = [("authenticity_token", csrf), ("user[login]", login), ("user[password]", "not-the-password")];
        let answer =
            server.anonymous().request(Method::POST, "/users/sign_in").header("Cookie", &cookies).form(&fields).send();
        let text = answer.text().replace(csrf, "").replace(login, "");
        (answer.status, between(&text, "role=\"alert\">", "<").map(str::to_owned))
    };
    assert_eq!(answer(&jane.username), answer("nobody-of-this-name"));
    assert!(answer("nobody-of-this-name").1.is_some(), "the form says that it was wrong");
}
