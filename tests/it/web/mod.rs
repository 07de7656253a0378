//! The pages, as a browser without JavaScript uses them.

mod access_tokens;
mod confirmation;
mod forgotten_password;
mod password;
mod protection;
mod sign_in;

use std::collections::BTreeMap;

use reqwest::Method;

use crate::harness::{Answer, Person, Server, Visitor, between, secrets};

const SIGN_IN: &str = "/users/sign_in";
const TOKENS: &str = "/-/user_settings/personal_access_tokens";

/// A browser: it keeps cookies, reads the value that forms must bring, and follows no redirect by itself.
#[derive(Clone)]
struct Browser<'s> {
    server: &'s Server,
    cookies: BTreeMap<String, String>,
}

impl<'s> Browser<'s> {
    /// A new one, without cookies.
    fn new(server: &'s Server) -> Self {
        Self { server, cookies: BTreeMap::new() }
    }

    /// A browser in which that person has signed in.
    #[track_caller]
    fn of(server: &'s Server, person: &Person<'_>) -> Self {
        let mut browser = Self::new(server);
        browser.sign_in(&person.username, &person.password).expect(303);
        browser
    }

    /// Opens a page.
    fn open(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[])
    }

    /// Opens the page to which an answer leads.
    #[track_caller]
    fn follow(&mut self, answer: &Answer) -> Answer {
        assert!(matches!(answer.status, 302 | 303), "{answer}");
        let to = answer.header("location").to_owned();
        self.open(&to)
    }

    /// Fills in and sends a form of the page at `from`.
    fn submit(&mut self, from: &str, to: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.open(from);
        let csrf = csrf(&page);
        let fields: Vec<(&str, &str)> = [("authenticity_token", csrf.as_str())].iter().chain(fields).copied().collect();
        self.send(Method::POST, to, &fields)
    }

    /// Signs in through the form.
    fn sign_in(&mut self, login: &str, password: &str) -> Answer {
        self.submit(SIGN_IN, SIGN_IN, &[("user[login]", login), ("user[password]", password)])
    }

    /// Sends a request with the cookies, and takes those of the answer.
    fn send(&mut self, method: Method, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.server.anonymous().request(method, path).header("Cookie", &self.cookie_line());
        let answer = if fields.is_empty() { request.send() } else { request.form(fields).send() };
        for line in answer.headers.get_all("set-cookie") {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if name.ends_with("jeton_session") && !value.is_empty() {
                secrets::remember(value);
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
