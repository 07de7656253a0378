//! Who asks: nobody, a browser in which somebody signed in, or the bearer of a token. All over one trait.

use std::{sync::LazyLock, time::Duration};

use reqwest::{
    Method, StatusCode,
    blocking::{Client, RequestBuilder, Response},
    header::HeaderMap,
    redirect::Policy,
};
use serde_json::Value;

use super::{Server, secrets};

/// The client of every request: no redirects, no proxies, no cookies of its own.
pub(crate) fn http() -> &'static Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        let builder = Client::builder().redirect(Policy::none()).no_proxy().timeout(Duration::from_mins(1));
        builder.build().unwrap()
    });
    &CLIENT
}

/// Somebody who sends requests to a server.
pub(crate) trait Visitor {
    /// The server that is asked.
    fn server(&self) -> &Server;

    /// Puts the visitor's credential into a request.
    fn present(&self, request: RequestBuilder) -> RequestBuilder;

    /// A request with this visitor's credential.
    fn request(&self, method: Method, path: &str) -> Request {
        Request(self.present(http().request(method, self.server().url(path))))
    }

    /// `GET`.
    fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send()
    }

    /// `POST` of a JSON body.
    fn post(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::POST, path).json(body).send()
    }

    /// `PUT` of a JSON body.
    fn put(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::PUT, path).json(body).send()
    }

    /// `POST` of a form.
    fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.request(Method::POST, path).form(fields).send()
    }

    /// `DELETE`.
    fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).send()
    }
}

/// A request that is being put together.
pub(crate) struct Request(RequestBuilder);

impl Request {
    /// Adds a header.
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// Sends JSON.
    pub(crate) fn json(self, body: &Value) -> Self {
        Self(self.0.json(body))
    }

    /// Sends a form.
    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        Self(self.0.form(fields))
    }

    /// Sends these bytes as that type.
    pub(crate) fn body(self, content_type: &str, body: impl Into<reqwest::blocking::Body>) -> Self {
        Self(self.0.header("Content-Type", content_type).body(body))
    }

    /// Sends it and reads the whole answer.
    #[track_caller]
    pub(crate) fn send(self) -> Answer {
        self.try_send().unwrap()
    }

    /// The same; none if no answer comes.
    pub(crate) fn try_send(self) -> Option<Answer> {
        Answer::read(self.0.send().ok()?)
    }
}

/// An answer, read to its end. Tokens in it are noted as secrets.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status, as a number.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn read(response: Response) -> Option<Self> {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().ok()?.to_vec();
        secrets::learn(&String::from_utf8_lossy(&body));
        Some(Self { status: StatusCode::as_u16(&status), headers, body })
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self}"))
    }

    /// A header; empty if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Itself, if it has this status; panics with the whole answer if not.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }
}

/// Status and body, for messages.
impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// Without any credential.
#[derive(Clone, Copy)]
pub(crate) struct Anonymous<'s> {
    /// The server that is asked.
    pub(crate) server: &'s Server,
}

impl Visitor for Anonymous<'_> {
    fn server(&self) -> &Server {
        self.server
    }

    fn present(&self, request: RequestBuilder) -> RequestBuilder {
        request
    }
}

/// With a token in `PRIVATE-TOKEN`.
#[derive(Clone)]
pub(crate) struct Bearer<'s> {
    server: &'s Server,
    /// The token's text.
    pub(crate) token: String,
}

impl<'s> Bearer<'s> {
    /// The bearer of this text, which need not be a good token.
    pub(crate) fn new(server: &'s Server, token: &str) -> Self {
        if token.len() >= 8 {
            secrets::remember(token);
        }
        Self { server, token: token.to_owned() }
    }

    /// The token's number.
    pub(crate) fn id(&self) -> i64 {
        self.about("id")
    }

    /// The number of the user whose token it is.
    pub(crate) fn user_id(&self) -> i64 {
        self.about("user_id")
    }

    fn about(&self, field: &str) -> i64 {
        self.get("/api/v4/personal_access_tokens/self").expect(200).json()[field].as_i64().unwrap()
    }
}

impl Visitor for Bearer<'_> {
    fn server(&self) -> &Server {
        self.server
    }

    fn present(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("PRIVATE-TOKEN", &self.token)
    }
}

/// A browser in which somebody signed in.
#[derive(Clone)]
pub(crate) struct SignedIn<'s> {
    server: &'s Server,
    cookies: String,
    /// What forms send as `authenticity_token` and scripts as `X-CSRF-Token`; empty: this browser sends none.
    pub(crate) csrf: String,
}

impl<'s> SignedIn<'s> {
    /// Signs in through the form.
    #[track_caller]
    pub(crate) fn sign_in(server: &'s Server, login: &str, password: &str) -> Self {
        let (mut browser, done) = Self::send_form(server, login, password);
        assert!(matches!(done.status, 302 | 303), "signing in: {done}");
        browser.take_cookies(&done);
        browser.csrf = csrf_of(&browser.get("/").expect(200));
        browser
    }

    /// What the form answers.
    pub(crate) fn try_sign_in(server: &'s Server, login: &str, password: &str) -> Answer {
        Self::send_form(server, login, password).1
    }

    fn send_form(server: &'s Server, login: &str, password: &str) -> (Self, Answer) {
        let form = server.anonymous().get("/users/sign_in").expect(200);
        let mut browser = Self { server, cookies: String::new(), csrf: csrf_of(&form) };
        browser.take_cookies(&form);
        let csrf = browser.csrf.clone();
        let fields = [("authenticity_token", &*csrf), ("user[login]", login), ("user[password]", password)];
        let done = browser.request(Method::POST, "/users/sign_in").form(&fields).send();
        (browser, done)
    }

    /// The same browser, whose requests do not prove that they come from our own page.
    pub(crate) fn without_csrf(&self) -> Self {
        Self { csrf: String::new(), ..self.clone() }
    }

    /// The value of the `Cookie` header.
    pub(crate) fn cookies(&self) -> &str {
        &self.cookies
    }

    fn take_cookies(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.len() >= 16 {
                secrets::remember(value);
            }
            let others = self.cookies.split("; ").filter(|other| !other.starts_with(&format!("{name}=")));
            let all: Vec<&str> = others.filter(|other| !other.is_empty()).chain([pair]).collect();
            self.cookies = all.join("; ");
        }
    }
}

impl Visitor for SignedIn<'_> {
    fn server(&self) -> &Server {
        self.server
    }

    fn present(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header("Cookie", &self.cookies);
        if self.csrf.is_empty() { request } else { request.header("X-CSRF-Token", &self.csrf) }
    }
}

fn csrf_of(page: &Answer) -> String {
    let value = between(page.text(), "<meta name=\"csrf-token\" content=\"", "\"");
    value.expect("the page has its csrf-token").to_owned()
}

/// What stands between two texts, the first time.
pub(crate) fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}
