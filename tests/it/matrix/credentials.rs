//! The columns: every kind of credential, good and bad.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jeton_core::{
    git::GitRequest,
    token::{Prefix, Token},
};
use reqwest::Method;

use super::World;
use crate::harness::{Person, Request, SignedIn};

/// What a request brings.
#[derive(Clone)]
pub(super) enum Credential {
    /// Nothing.
    None,
    /// Something where a token is expected.
    Token(String),
    /// A browser's cookies, and what proves that the request comes from our page.
    Session { cookies: String, csrf: String },
    /// A user's name and password.
    Password { user: String, password: String },
}

impl Credential {
    /// Puts it where the door of that path looks for it.
    pub(super) fn present(&self, request: Request, path: &str, method: &Method) -> Request {
        let basic =
            |user: &str, password: &str| format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
        let git = GitRequest::is_address(path.split('?').next().unwrap_or_default());
        let mut fields = Vec::new();
        let request = match self {
            Self::None => request,
            Self::Token(token) if git => {
                request.header("Authorization", &basic(&format!("any-{}", new_number()), token))
            }
            Self::Token(token) => request.header("PRIVATE-TOKEN", token),
            Self::Password { user, password } => request.header("Authorization", &basic(user, password)),
            Self::Session { cookies, csrf } => {
                fields.push(("authenticity_token", &**csrf));
                let request = request.header("Cookie", cookies);
                if csrf.is_empty() { request } else { request.header("X-CSRF-Token", csrf) }
            }
        };
        if git && method == Method::POST {
            let service = path.rsplit('/').next().unwrap_or_default();
            // A flush: the end of a conversation that asks for nothing.
            request.body(&format!("application/x-{service}-request"), "0000")
        } else if method == Method::GET || path.starts_with("/api/") {
            request
        } else {
            request.form(&fields)
        }
    }
}

/// A kind of credential.
pub(super) struct Column {
    /// What it is called in the table.
    pub(super) name: &'static str,
    /// Makes one; a new one if it is to be `fresh`.
    pub(super) make: fn(&World<'_>, fresh: bool) -> Credential,
    /// As whom an API request is to act, beside the credential.
    pub(super) sudo: Option<for<'w> fn(&'w World<'_>) -> &'w str>,
    /// An administrator, from whom no thing is hidden.
    pub(super) sees_everything: bool,
}

const fn plain(name: &'static str, make: fn(&World<'_>, bool) -> Credential) -> Column {
    Column { name, make, sudo: None, sees_everything: false }
}

/// All of them, in the order of the table.
pub(super) const COLUMNS: &[Column] = &[
    plain("anonymous", |_, _| Credential::None),
    plain("garbage", |_, _| Credential::Token("no-token-at-all".to_owned())),
    plain("mistyped token", |world, _| Credential::Token(mistyped(&world.token(world.jane_id, "api")))),
    plain("unknown token", |_, _| Credential::Token(unknown())),
    plain("expired token", |world, _| Credential::Token(world.expired.clone())),
    plain("revoked token", |world, _| Credential::Token(world.revoked.clone())),
    plain("blocked user's token", |world, _| Credential::Token(world.blocked.clone())),
    plain("api", |world, _| world.janes_token("api")),
    plain("read_api", |world, _| world.janes_token("read_api")),
    plain("read_user", |world, _| world.janes_token("read_user")),
    plain("read_repository", |world, _| world.janes_token("read_repository")),
    plain("write_repository", |world, _| world.janes_token("write_repository")),
    plain("read_registry", |world, _| world.janes_token("read_registry")),
    plain("write_registry", |world, _| world.janes_token("write_registry")),
    plain("self_rotate", |world, _| world.janes_token("self_rotate")),
    Column { sees_everything: true, ..plain("root api", |world, _| world.roots_token("api")) },
    Column { sees_everything: true, ..plain("root sudo", |world, _| world.roots_token("sudo")) },
    Column {
        sudo: Some(|world| &world.jane.username),
        ..plain("root sudo as jane", |world, _| world.roots_token("sudo"))
    },
    Column {
        sudo: Some(|world| &world.jane.username),
        ..plain("root api as jane", |world, _| world.roots_token("api"))
    },
    Column { sudo: Some(|world| &world.bob.username), ..plain("api as bob", |world, _| world.janes_token("api")) },
    plain("session", |world, fresh| session(&world.session, &world.jane, fresh)),
    plain("session, no proof", |world, fresh| match session(&world.session, &world.jane, fresh) {
        Credential::Session { cookies, .. } => Credential::Session { cookies, csrf: String::new() },
        other => other,
    }),
    plain("forged session", |world, _| forged(&world.session)),
    plain("ended session", |world, _| of(&world.ended_session)),
    plain("blocked user's session", |world, _| of(&world.blocked_session)),
    Column {
        sees_everything: true,
        ..plain("root session", |world, fresh| session(&world.root_session, &world.root, fresh))
    },
    plain("password", |world, _| password(&world.jane.username, &world.jane.password)),
    plain("wrong password", |_, _| password(&format!("somebody-{}", new_number()), "not-the-password")),
    plain("blocked user's password", |world, _| password(&world.carl.username, &world.carl.password)),
];

/// Each wrong password, and each token that is none, is somebody else's: so many at one account would have to wait.
fn new_number() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

fn mistyped(token: &str) -> String {
    let other = if token.as_bytes()[20] == b'x' { "y" } else { "x" };
    let mut text = token.to_owned();
    text.replace_range(20..21, other);
    text
}

/// A token that has the form of one but was never made here.
fn unknown() -> String {
    Token::make(&Prefix::default(), [7; 32].into()).reveal()
}

fn of(browser: &SignedIn<'_>) -> Credential {
    Credential::Session { cookies: browser.cookies().to_owned(), csrf: browser.csrf.clone() }
}

fn session(usual: &SignedIn<'_>, person: &Person<'_>, fresh: bool) -> Credential {
    if fresh { of(&person.session()) } else { of(usual) }
}

fn forged(real: &SignedIn<'_>) -> Credential {
    let Credential::Session { cookies, csrf } = of(real) else { unreachable!("a browser has a session") };
    let names = cookies.split("; ").filter_map(|cookie| cookie.split('=').next());
    let forged: Vec<String> = names.map(|name| format!("{name}={}", "A".repeat(43))).collect();
    Credential::Session { cookies: forged.join("; "), csrf }
}

fn password(user: &str, password: &str) -> Credential {
    Credential::Password { user: user.to_owned(), password: password.to_owned() }
}
