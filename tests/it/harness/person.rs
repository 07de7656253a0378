//! Users of a server, made with the command line.

use super::{Bearer, Server, SignedIn, secrets};

/// Somebody with an account and a password.
#[derive(Clone)]
pub(crate) struct Person<'s> {
    server: &'s Server,
    /// Unique on its server.
    pub(crate) username: String,
    /// In plain.
    pub(crate) password: String,
}

impl<'s> Person<'s> {
    /// Somebody whose account exists.
    pub(crate) fn known(server: &'s Server, username: String, password: String) -> Self {
        Self { server, username, password }
    }

    /// Makes the account; `extra` are more arguments of `jeton user create`.
    pub(crate) fn create(server: &'s Server, username: String, extra: &[&str]) -> Self {
        let password = secrets::new_password();
        let email = format!("{username}@example.com");
        let mut arguments = vec!["user", "create", &username, "--email", &email, "--password-stdin"];
        arguments.extend(extra);
        server.jeton_with_input(&arguments, &password).expect_ok();
        Self { server, username, password }
    }

    /// A new token with these scopes (a comma list), made with the command line.
    pub(crate) fn token(&self, scopes: &str) -> Bearer<'s> {
        let arguments = ["token", "create", "--user", &self.username, "--name", "test", "--scopes", scopes];
        let printed = self.server.jeton(&arguments).expect_ok();
        Bearer::new(self.server, printed.trim_end())
    }

    /// A browser in which this person has signed in.
    pub(crate) fn session(&self) -> SignedIn<'s> {
        SignedIn::sign_in(self.server, &self.username, &self.password)
    }
}
