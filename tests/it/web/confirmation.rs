//! Addresses that are confirmed by a link.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::json;

use super::{Browser, SIGN_IN};
use crate::harness::{Person, Server, Visitor as _, secrets};

const EMAILS: &str = "/-/profile/emails";
const SUBJECT: &str = "Confirmation instructions";

/// A server where addresses have to be confirmed.
fn strict() -> Server {
    let mut server = Server::start(&[]);
    server.stop();
    server.query(
        "INSERT INTO policy_settings (name, value) VALUES ('email_confirmation_setting', '\"hard\"') RETURNING name",
    );
    server.start_again();
    server
}

/// Confirms with that link.
fn confirm(browser: &mut Browser<'_>, link: &str) -> crate::harness::Answer {
    let secret = link.rsplit_once('=').unwrap().1;
    browser.submit(link, "/users/confirmation", &[("confirmation_token", secret)])
}

#[test]
fn an_account_whose_address_is_not_confirmed_cannot_be_used() {
    let server = strict();
    let jane = server.person("jane");
    let address = format!("{}@example.com", jane.username);
    let mail = server.wait_for_mail(&address, SUBJECT, 1);
    assert!(mail.body.starts_with("Hi jane") && mail.body.matches("://").count() == 1, "{}", mail.body);
    let token = jane.token("api");

    let mut browser = Browser::new(&server);
    let refused = browser.sign_in(&jane.username, &jane.password).expect(422);
    assert!(refused.text().contains("You have to confirm your email address before continuing."), "{refused}");
    assert!(browser.sign_in(&jane.username, "not the password").expect(422).text().contains("Invalid login"));
    let why = "Your primary email address is not confirmed. Please check your inbox for the confirmation instructions. In \
               case the link is expired, you can request a new confirmation email at";
    let answer = token.get("/api/v4/user").expect(403).json();
    let message = answer["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("403 Forbidden - {why} http://")), "{message}");
    assert!(message.ends_with("/users/confirmation/new"), "{message}");
    for password in [&token.token, &jane.password] {
        let credential = BASE64_STANDARD.encode(format!("{}:{password}", jane.username));
        let path = format!("/{}/x.git/info/refs?service=git-upload-pack", jane.username);
        let request = server.anonymous().request(Method::GET, &path);
        let answer = request.header("Authorization", &format!("Basic {credential}")).send();
        assert!(answer.status == 401 && answer.text().contains(why), "{answer}");
    }

    // Looking at the link changes nothing: programs that look into mails do that too.
    let (link, _) = mail.link("/users/confirmation?confirmation_token=");
    browser.open(&link).expect(200);
    token.get("/api/v4/user").expect(403);
    let done = confirm(&mut browser, &link).expect(303);
    assert!(browser.follow(&done).text().contains("successfully confirmed"));
    token.get("/api/v4/user").expect(200);
    browser.sign_in(&jane.username, &jane.password).expect(303);
    Browser::new(&server).open(&link).expect(404);
}

#[test]
fn the_link_is_sent_again_to_who_needs_it_and_to_nobody_else() {
    let server = strict();
    let waiting = server.person("waiting");
    let known = Person::create(&server, "known".to_owned(), &["--skip-confirmation"]);
    known.session();
    let (new, mut browser) = ("/users/confirmation/new", Browser::new(&server));
    assert!(browser.open(SIGN_IN).text().contains(&format!("href=\"{new}\"")));
    let address = format!("{}@example.com", waiting.username);
    for email in [&*address, "known@example.com", "nobody@example.com"] {
        let done = browser.submit(new, new, &[("user[email]", email)]).expect(303);
        assert!(browser.follow(&done).text().contains("If your email address exists in our database"));
    }
    let (link, _) = server.wait_for_mail(&address, SUBJECT, 2).link("/users/confirmation?");
    confirm(&mut browser, &link).expect(303);
    waiting.session();
    assert!(server.mails_to("known@example.com").iter().all(|mail| mail.subject != SUBJECT));
    assert!(server.mails_to("nobody@example.com").is_empty());
}

#[test]
fn accounts_that_the_api_makes_wait_too_unless_an_administrator_vouches_for_them() {
    let server = strict();
    let root = server.root().token("api");
    let make = |name: &str, vouched: bool| {
        let password = secrets::new_password();
        let body = json!({
            "username": name, "name": name, "email": format!("{name}@api.example"), "password": password,
            "skip_confirmation": vouched,
        });
        let made = root.post("/api/v4/users", &body).expect(201).json();
        assert_eq!(made["confirmed_at"].is_string(), vouched, "{made}");
        password
    };
    let vouched = make("vouched", true);
    Browser::new(&server).sign_in("vouched", &vouched).expect(303);
    let waits = make("waits", false);
    let mut browser = Browser::new(&server);
    browser.sign_in("waits", &waits).expect(422);
    let (link, _) = server.wait_for_mail("waits@api.example", SUBJECT, 1).link("/users/confirmation?");
    confirm(&mut browser, &link).expect(303);
    browser.sign_in("waits", &waits).expect(303);
    assert!(server.mails_to("vouched@api.example").is_empty());
}

#[test]
fn an_administrator_vouches_for_an_address() {
    let server = strict();
    let root = server.root();
    let (token, mut browser) = (root.token("api"), Browser::of(&server, &root));
    let jane = server.person("jane");
    let hers = jane.token("api");
    hers.get("/api/v4/user").expect(403);
    let id = token.get(&format!("/api/v4/users?username={}", jane.username)).expect(200).json()[0]["id"].clone();
    let (page, user) = (format!("/admin/users/{id}"), format!("/api/v4/users/{id}"));
    let email = format!("{}@example.com", jane.username);
    let fields = [
        ("user[username]", &*jane.username),
        ("user[name]", "Jane Doe"),
        ("user[email]", &*email),
        ("user[projects_limit]", "5"),
    ];
    browser.submit(&page, &page, &fields).expect(303);
    token.put(&user, &json!({ "name": "Jane" })).expect(200);
    token.put(&user, &json!({ "email": email })).expect(200);
    hers.get("/api/v4/user").expect(403);
    assert!(browser.open(&page).expect(200).text().contains("Confirm the address"));
    let (link, _) = server.wait_for_mail(&email, SUBJECT, 1).link("/users/confirmation?");
    browser.submit(&page, &format!("{page}/step"), &[("step", "confirm")]).expect(303);
    hers.get("/api/v4/user").expect(200);
    assert!(!browser.open(&page).expect(200).text().contains("Confirm the address"));
    Browser::new(&server).open(&link).expect(404);
    let log = browser.open(&format!("/admin/audit_events?user={}", jane.username)).expect(200);
    assert!(log.text().contains("user.email_confirm"), "{log}");

    // Over the API, an address that an administrator sets waits for its link, unless it is vouched for.
    let new = format!("{}@new.example", jane.username);
    let changed = token.put(&user, &json!({ "email": new })).expect(200).json();
    assert_eq!(changed["email"], json!(email));
    let (link, _) = server.wait_for_mail(&new, SUBJECT, 1).link("/users/confirmation?");
    confirm(&mut Browser::new(&server), &link).expect(303);
    assert_eq!(hers.get("/api/v4/user").expect(200).json()["email"], json!(new));
    let third = format!("{}@third.example", jane.username);
    let changed = token.put(&user, &json!({ "email": third, "skip_reconfirmation": true })).expect(200).json();
    assert!(changed["email"] == json!(third) && changed["confirmed_at"].is_string(), "{changed}");
    assert!(server.mails_to(&third).iter().all(|mail| mail.subject != SUBJECT));
    let waits = server.person("waits");
    let id = token.get(&format!("/api/v4/users?username={}", waits.username)).expect(200).json()[0]["id"].clone();
    let own = json!({ "email": format!("{}@example.com", waits.username), "skip_reconfirmation": true });
    token.put(&format!("/api/v4/users/{id}"), &own).expect(200);
    waits.token("api").get("/api/v4/user").expect(200);
}

#[test]
fn nobody_adds_any_number_of_addresses_on_the_page() {
    let server = Server::start(&[]);
    let jane = server.person("jane");
    let hers = jane.token("api");
    for number in 0..100 {
        let email = format!("jane-{number}@many.example");
        hers.post("/api/v4/user/emails", &json!({ "email": email })).expect(201);
    }
    let mut browser = Browser::of(&server, &jane);
    let page = browser.submit(EMAILS, EMAILS, &[("email[email]", "more@many.example")]).expect(422);
    assert!(page.text().contains("You have 100 further addresses, as many as you may."), "{page}");
}

#[test]
fn another_address_takes_the_place_of_the_present_one_when_it_is_confirmed() {
    let server = Server::shared();
    let (jane, joe) = (server.person("edda"), server.person("egon"));
    let (old, new) = (format!("{}@example.com", jane.username), format!("{}@new.example", jane.username));
    let mut browser = Browser::of(server, &jane);
    assert!(browser.open(EMAILS).expect(200).text().contains(&old));
    let change = |browser: &mut Browser<'_>, email: &str, password: &str| {
        let fields = [("user[email]", email), ("user[current_password]", password)];
        browser.submit(EMAILS, "/-/profile/emails/primary", &fields)
    };
    for (email, password, problem) in [
        (&*new, "not the password", "Current password is invalid"),
        ("no address", &*jane.password, "Email is invalid"),
        (&*format!("{}@Example.com", joe.username), &*jane.password, "Email has already been taken"),
    ] {
        let page = change(&mut browser, email, password).expect(422);
        assert!(page.text().contains(problem), "{problem} in {page}");
    }
    let done = change(&mut browser, &new, &jane.password).expect(303);
    let page = browser.follow(&done);
    assert!(page.text().contains("Waiting for your confirmation") && page.text().contains(&new), "{page}");
    let done = browser.submit(EMAILS, "/-/profile/emails/resend", &[("email[email]", &new)]).expect(303);
    assert!(browser.follow(&done).text().contains("once more"));
    let (link, _) = server.wait_for_mail(&new, SUBJECT, 2).link("/users/confirmation?");
    Browser::new(server).sign_in(&new, &jane.password).expect(422);
    Browser::new(server).sign_in(&old, &jane.password).expect(303);

    let done = confirm(&mut browser, &link).expect(303);
    assert_eq!(done.header("location"), EMAILS);
    let page = browser.follow(&done);
    assert!(page.text().contains(&new) && !page.text().contains(&old), "{page}");
    Browser::new(server).sign_in(&old, &jane.password).expect(422);
    Browser::new(server).sign_in(&new, &jane.password).expect(303);
    for address in [&old, &new] {
        let told = server.wait_for_mail(address, "Your e-mail address has been changed", 1);
        assert!(told.body.contains(&old) && told.body.contains(&new), "{}", told.body);
    }
}

#[test]
fn a_further_address_is_added_confirmed_and_removed() {
    let server = Server::shared();
    let (jane, joe) = (server.person("elke"), server.person("emil"));
    let work = format!("{}@work.example", jane.username);
    let mut browser = Browser::of(server, &jane);
    for (email, problem) in [
        ("no address", "Email is invalid"),
        (&*format!("{}@example.com", jane.username), "Email has already been taken"),
        (&*format!("{}@example.com", joe.username), "Email has already been taken"),
    ] {
        let page = browser.submit(EMAILS, EMAILS, &[("email[email]", email)]).expect(422);
        assert!(page.text().contains(problem), "{problem} in {page}");
    }
    let done = browser.submit(EMAILS, EMAILS, &[("email[email]", &work)]).expect(303);
    let page = browser.follow(&done);
    assert!(page.text().contains(&work) && page.text().contains("not confirmed"), "{page}");
    let (link, _) = server.wait_for_mail(&work, SUBJECT, 1).link("/users/confirmation?");
    confirm(&mut browser, &link).expect(303);
    let page = browser.open(EMAILS).expect(200);
    assert!(page.text().contains(&work) && !page.text().contains("not confirmed"), "{page}");
    Browser::new(server).sign_in(&work, &jane.password).expect(422);

    let at = page.text().find("/remove\"").unwrap();
    let path = &page.text()[page.text()[..at].rfind('"').unwrap() + 1..at + "/remove".len()];
    Browser::of(server, &joe).submit(EMAILS, path, &[("x", "y")]).expect(404);
    let done = browser.submit(EMAILS, path, &[("x", "y")]).expect(303);
    assert!(!browser.follow(&done).text().contains(&work));
}

#[test]
fn a_made_up_link_confirms_nothing() {
    let mut browser = Browser::new(Server::shared());
    for query in ["", "?confirmation_token=", "?confirmation_token=made-up", "?confirmation_token=%00"] {
        let status = browser.open(&format!("/users/confirmation{query}")).status;
        assert_eq!(status, if query.contains("%00") { 400 } else { 404 }, "{query}");
    }
    let form = [("confirmation_token", "made-up")];
    browser.submit("/users/confirmation/new", "/users/confirmation", &form).expect(404);
}
