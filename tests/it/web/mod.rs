//! The pages, as a browser without JavaScript uses them.

mod access_tokens;
mod account;
mod admin;
mod admin_users;
mod confirmation;
mod forgotten_password;
mod password;
mod protection;
mod sign_in;
mod two_factor;

use std::{collections::BTreeMap, process::Command};

use reqwest::Method;

use crate::harness::{Answer, Outcome, Person, Server, Visitor, between, secrets};

pub(crate) const SIGN_IN: &str = "/users/sign_in";
/// The page of second factors.
pub(crate) const FACTORS: &str = "/-/profile/two_factor_auth";
pub(crate) const TOKENS: &str = "/-/user_settings/personal_access_tokens";

/// A browser: it keeps cookies, reads the value that forms must bring, and follows no redirect by itself.
#[derive(Clone)]
pub(crate) struct Browser<'s> {
    server: &'s Server,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl<'s> Browser<'s> {
    /// A new one, without cookies.
    pub(crate) fn new(server: &'s Server) -> Self {
        Self { server, cookies: BTreeMap::new() }
    }

    /// A browser in which that person has signed in.
    #[track_caller]
    pub(crate) fn of(server: &'s Server, person: &Person<'_>) -> Self {
        let mut browser = Self::new(server);
        browser.sign_in(&person.username, &person.password).expect(303);
        browser
    }

    /// Opens a page.
    pub(crate) fn open(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[])
    }

    /// Opens the page to which an answer leads.
    #[track_caller]
    pub(crate) fn follow(&mut self, answer: &Answer) -> Answer {
        assert!(matches!(answer.status, 302 | 303), "{answer}");
        let to = answer.header("location").to_owned();
        self.open(&to)
    }

    /// Fills in and sends a form of the page at `from`.
    pub(crate) fn submit(&mut self, from: &str, to: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.open(from);
        let csrf = csrf(&page);
        let fields: Vec<(&str, &str)> = [("authenticity_token", csrf.as_str())].iter().chain(fields).copied().collect();
        self.send(Method::POST, to, &fields)
    }

    /// Signs in through the form.
    pub(crate) fn sign_in(&mut self, login: &str, password: &str) -> Answer {
        self.submit(SIGN_IN, SIGN_IN, &[("user[login]", login), ("user[password]", password)])
    }

    /// Sets up an authenticator app, as the person with that password.
    #[track_caller]
    pub(crate) fn set_up_app(&mut self, password: &str) -> Authenticator {
        let page = self.open(FACTORS).expect(200);
        let app = Authenticator(between(page.text(), "id=\"two-factor-secret\">", "<").unwrap().to_owned());
        secrets::remember(&app.0);
        let (code, proof) = (app.code(), csrf(&page));
        let fields = [("authenticity_token", &*proof), ("pin_code", &*code), ("current_password", password)];
        let done = self.send(Method::POST, FACTORS, &fields).expect(200);
        assert_eq!(recovery_codes(&done).len(), 10, "{done}");
        app
    }

    /// Takes the second step of a sign-in, for which the browser waits.
    pub(crate) fn second_step(&mut self, code: &str) -> Answer {
        self.submit(SIGN_IN, SIGN_IN, &[("user[otp_attempt]", code)])
    }

    /// Sends a request with the cookies, and takes those of the answer.
    pub(crate) fn send(&mut self, method: Method, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.server.anonymous().request(method, path).header("Cookie", &self.cookie_line());
        let answer = if fields.is_empty() { request.send() } else { request.form(fields).send() };
        for line in answer.headers.get_all("set-cookie") {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if (name.ends_with("jeton_session") || name.ends_with("jeton_device")) && !value.is_empty() {
                value.split('.').for_each(secrets::remember);
            }
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// The value of the `Cookie` header.
    fn cookie_line(&self) -> String {
        let pairs = self.cookies.iter().filter(|(_, value)| !value.is_empty());
        pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }
}

/// The recovery codes that a page shows.
pub(crate) fn recovery_codes(page: &Answer) -> Vec<String> {
    let list = between(page.text(), "<ul id=\"recovery-codes\"", "</ul>").unwrap_or_default();
    let codes: Vec<String> =
        list.split("<li>").skip(1).map(|item| item.split('<').next().unwrap().to_owned()).collect();
    for code in &codes {
        secrets::remember(code);
    }
    codes
}

/// Somebody's authenticator app: `oathtool`, which is not ours.
pub(crate) struct Authenticator(String);

impl Authenticator {
    /// The code of now.
    pub(crate) fn code(&self) -> String {
        self.code_at("now")
    }

    /// The code of the next half minute, which counts already.
    pub(crate) fn next_code(&self) -> String {
        self.code_at("now + 30 seconds")
    }

    fn code_at(&self, moment: &str) -> String {
        let printed = Command::new("oathtool").args(["--totp", "--base32", "--now", moment, &self.0]).output().unwrap();
        Outcome::of(&printed).expect_ok().trim().to_owned()
    }
}

/// The value that the page's forms bring.
#[track_caller]
fn csrf(page: &Answer) -> String {
    let value = between(page.text(), "<meta name=\"csrf-token\" content=\"", "\"");
    value.unwrap_or_else(|| panic!("no csrf-token in {page}")).to_owned()
}

/// How many active tokens the page counts.
#[track_caller]
fn count(page: &Answer) -> u32 {
    let count = between(page.text(), "Active personal access tokens <span class=\"count\">(", ")");
    count.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no count in {page}"))
}
