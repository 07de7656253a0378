//! Second factors: an authenticator app, the second step, recovery codes.

use super::{Browser, FACTORS, SIGN_IN, TOKENS, csrf, recovery_codes};
use crate::harness::{Server, Visitor as _, between};

#[test]
fn an_app_is_set_up_with_its_code_and_the_password() {
    let server = Server::shared();
    let person = server.person("fay");
    let mut browser = Browser::of(server, &person);
    let page = browser.open(FACTORS).expect(200);
    assert!(page.text().contains("<svg") && page.text().contains("Register with two-factor app"), "{page}");
    let secret = between(page.text(), "id=\"two-factor-secret\">", "<").unwrap().to_owned();
    assert_eq!(secret.len(), 32);

    let attempt = |browser: &mut Browser<'_>, pin: &str, password: &str| {
        browser.submit(FACTORS, FACTORS, &[("pin_code", pin), ("current_password", password)])
    };
    let wrong = attempt(&mut browser, "000000", &person.password).expect(422);
    assert!(wrong.text().contains("Invalid pin code."), "{wrong}");
    assert!(wrong.text().contains(&secret), "the secret stays while the page is used");
    let wrong = attempt(&mut browser, "000000", "not the password").expect(422);
    assert!(wrong.text().contains("You must provide a valid current password."), "{wrong}");

    browser.set_up_app(&person.password);
    let page = browser.open(FACTORS).expect(200);
    assert!(!page.text().contains(&secret) && page.text().contains("10 are left."), "{page}");
    assert!(recovery_codes(&page).is_empty(), "they are shown once");
}

#[test]
fn a_sign_in_takes_both_steps() {
    let server = Server::shared();
    let person = server.person("flo");
    let app = Browser::of(server, &person).set_up_app(&person.password);

    let mut browser = Browser::new(server);
    let half = browser.sign_in(&person.username, &person.password).expect(200);
    assert!(half.text().contains("user[otp_attempt]"), "{half}");
    assert!(!browser.cookies.contains_key("jeton_session"), "no session yet");
    assert_eq!(browser.open(TOKENS).status, 302);
    assert!(browser.open(SIGN_IN).text().contains("user[otp_attempt]"), "one comes back to the second step");
    assert!(browser.open("/users/sign_in?start_over").text().contains("user[password]"));

    let wrong = browser.second_step("000000").expect(422);
    assert!(wrong.text().contains("Invalid two-factor code."), "{wrong}");
    let done = browser.second_step(&app.next_code()).expect(303);
    // What was wanted before the sign-in.
    assert_eq!(done.header("location"), TOKENS);
    browser.open(TOKENS).expect(200);
}

#[test]
fn recovery_codes_stand_in_once_and_are_replaced() {
    let server = Server::shared();
    let person = server.person("fin");
    let mut browser = Browser::of(server, &person);
    browser.set_up_app(&person.password);
    let page = browser.submit(FACTORS, "/-/profile/two_factor_auth/codes", &[]).expect(200);
    let codes = recovery_codes(&page);
    assert_eq!(codes.len(), 10);
    let sign_in = |code: &str| {
        let mut browser = Browser::new(server);
        browser.sign_in(&person.username, &person.password).expect(200);
        browser.second_step(code).status
    };
    assert_eq!(sign_in(&codes[0]), 303);
    assert_eq!(sign_in(&codes[0]), 422, "used up");
    assert_eq!(sign_in(&codes[1].to_uppercase()), 303);
    let fresh = recovery_codes(&browser.submit(FACTORS, "/-/profile/two_factor_auth/codes", &[]).expect(200));
    assert_eq!(sign_in(&codes[2]), 422, "replaced");
    assert_eq!(sign_in(&fresh[2]), 303);
}

#[test]
fn it_is_switched_off_on_the_page_and_by_the_command_line() {
    let server = Server::shared();
    let person = server.person("fox");
    let mut browser = Browser::of(server, &person);
    let signs_in_alone = || Browser::new(server).sign_in(&person.username, &person.password).status == 303;
    browser.set_up_app(&person.password);
    assert!(!signs_in_alone());
    browser.submit(FACTORS, "/-/profile/two_factor_auth/disable", &[]).expect(303);
    assert!(browser.open(FACTORS).text().contains("Two-factor authentication is switched off."));
    assert!(signs_in_alone());

    browser.set_up_app(&person.password);
    assert!(!signs_in_alone());
    server.jeton(&["user", "reset-two-factor", &person.username]).expect_ok();
    assert!(signs_in_alone());
    let refused = server.jeton(&["user", "reset-two-factor", &person.username]).expect_failed();
    assert!(refused.contains("not enabled"), "{refused}");
    server.jeton(&["user", "reset-two-factor", "nobody-of-this-name"]).expect_failed();
}

#[test]
fn without_a_name_for_its_host_a_server_offers_no_passkeys() {
    let server = Server::start(&[("JETON_EXTERNAL_URL", "http://192.0.2.1")]);
    let mut browser = Browser::of(&server, &server.root());
    let page = browser.open(FACTORS).expect(200);
    assert!(page.text().contains("at an address that is a name") && !page.text().contains("data-passkey="), "{page}");
    let proof = csrf(&page);
    let sent = [("authenticity_token", &*proof), ("passkey[name]", "x"), ("user[device_response]", "{}")];
    browser.send(reqwest::Method::POST, "/-/profile/two_factor_auth/create_webauthn", &sent).expect(422);
    assert!(server.anonymous().get(SIGN_IN).text().contains("user[password]"));
}
