//! What people are told by mail: everything that a thief of an account would rather keep quiet.
//!
//! The mails are plain text and hold no link but those of a reset and a confirmation, so that nobody learns to follow
//! links in mails that look like ours: they name a path to type. They name a token by its name and its public handle.

mod client;
mod factors;
mod sign_ins;
#[cfg(test)]
mod tests;
mod text;

use jeton_core::{
    id::{TokenId, UserId},
    time::Timestamp,
    token::Expiry,
    user::{User, UserState},
};
use jeton_store::{By, Fault, mails::Mail};

use crate::{
    accounts::{ACCESS_TOKENS_PATH, FORGOTTEN_PASSWORD_PATH, TWO_FACTOR_PATH},
    app::App,
};
use text::Letter;

pub use factors::FactorNotice;
pub(crate) use sign_ins::network;

/// Something that happened to somebody's account.
#[derive(Clone, Copy, Debug)]
pub enum Notice<'a> {
    /// A sign-in with a browser or from a network that this account never used before.
    NewSignIn,
    /// The owner set another password.
    PasswordChanged {
        /// Whether the tokens ended too.
        tokens_revoked: bool,
    },
    /// An administrator, or the command line, set another password.
    PasswordReset {
        /// Whether the owner has to choose one of their own before anything else.
        must_change: bool,
    },
    /// Another address took the place of the present one. For both of them.
    EmailChanged {
        /// The new one.
        to: &'a str,
    },
    /// Something about a second factor.
    Factor(FactorNotice),
    /// Something about a token.
    Token(TokenNotice, NamedToken<'a>),
}

/// What happened to a token.
#[derive(Clone, Copy, Debug)]
pub enum TokenNotice {
    /// It was made.
    Created(Expiry),
    /// It was ended.
    Revoked,
    /// A new generation, with that end, took its place.
    Rotated(Expiry),
    /// Its text of before a rotation was used again, and the token was ended for that.
    Reused,
}

/// How a mail names a token.
#[derive(Clone, Copy, Debug)]
pub struct NamedToken<'a> {
    /// What its owner calls it.
    pub name: &'a str,
    /// Its public name.
    pub handle: &'a str,
}

impl App {
    /// The mails about it, to be queued in the transaction of the change; none if they would not be sent.
    pub async fn mails_about(&self, user: UserId, notice: Notice<'_>, by: &By) -> Result<Vec<Mail>, Fault> {
        let user = self.identities.user(&self.store, user).await?;
        Ok(user.map(|user| self.mails_to(&user, notice, by)).unwrap_or_default())
    }

    /// The same, for a user who is known. Accounts that are closed or rest, and addresses that nobody confirmed, get
    /// none.
    pub fn mails_to(&self, user: &User, notice: Notice<'_>, by: &By) -> Vec<Mail> {
        if user.state != UserState::Active || user.confirmed_at.is_none() {
            return Vec::new();
        }
        let letter = letter(user, notice, by, self.now());
        let mut mails = vec![letter.to(user, &user.email)];
        if let Notice::EmailChanged { to } = notice {
            mails.push(letter.to(user, to));
        }
        mails
    }

    /// The mails about a token that exists; none about impersonation tokens, which are not their user's affair.
    pub(crate) async fn mails_about_token(
        &self,
        id: TokenId,
        notice: TokenNotice,
        by: &By,
    ) -> Result<Vec<Mail>, Fault> {
        let Some(token) = self.store.token(id).await?.filter(|token| !token.impersonation) else {
            return Ok(Vec::new());
        };
        let named = NamedToken { name: &token.name, handle: &token.handle.0 };
        self.mails_about(token.user, Notice::Token(notice, named), by).await
    }
}

/// What the mail says.
fn letter(user: &User, notice: Notice<'_>, by: &By, now: Timestamp) -> Letter {
    let account = &user.username;
    let base = Letter::default();
    match notice {
        Notice::NewSignIn => base
            .about("new_sign_in", "New sign-in to your account")
            .says(&format!("Somebody signed in to your account {account}, with a browser or from a network that this account did not use before."))
            .circumstances(user, by, now)
            .if_not_you("set another password, which ends all sessions:", FORGOTTEN_PASSWORD_PATH),
        Notice::PasswordChanged { tokens_revoked } => {
            let tokens = if tokens_revoked {
                "All other sessions have ended, and all personal access tokens were revoked."
            } else {
                "All other sessions have ended. Personal access tokens go on working."
            };
            base.about("password_changed", "Your password has been changed")
                .says(&format!("The password of your account {account} was changed. {tokens}"))
                .circumstances(user, by, now)
                .if_not_you("ask for a link that sets another one:", FORGOTTEN_PASSWORD_PATH)
        }
        Notice::PasswordReset { must_change } => {
            let next = if must_change { " You will be asked to choose another one when you sign in." } else { "" };
            base.about("password_reset", "Your password has been reset by an administrator")
                .says(&format!("An administrator set another password for your account {account}. All sessions have ended.{next}"))
                .circumstances(user, by, now)
                .if_unexpected("ask an administrator, or set a password that only you know:", FORGOTTEN_PASSWORD_PATH)
        }
        Notice::Factor(notice) => notice
            .letter(account)
            .circumstances(user, by, now)
            .if_not_you("set another password, remove what you do not know, and tell an administrator:", TWO_FACTOR_PATH),
        Notice::EmailChanged { to } => base
            .about("email_changed", "Your e-mail address has been changed")
            .says(&format!("The e-mail address of your account {account} was changed."))
            .fact("Before", &user.email)
            .fact("Now", to)
            .circumstances(user, by, now)
            .if_not_you("ask an administrator at once: whoever did it can set your password. Your tokens are here:", ACCESS_TOKENS_PATH),
        Notice::Token(notice, token) => about_token(base, account, notice, token)
            .circumstances(user, by, now)
            .if_not_you("revoke what you do not know, and change your password:", ACCESS_TOKENS_PATH),
    }
}

/// The subjects are GitLab's.
fn about_token(base: Letter, account: &str, notice: TokenNotice, token: NamedToken<'_>) -> Letter {
    let (kind, subject, what, expiry) = match notice {
        TokenNotice::Created(expiry) => (
            "token_created",
            "A new personal access token has been created",
            format!("A personal access token was made for your account {account}."),
            Some(expiry),
        ),
        TokenNotice::Revoked => (
            "token_revoked",
            "Your personal access token has been revoked",
            format!("A personal access token of your account {account} was revoked. It does not work any more."),
            None,
        ),
        TokenNotice::Rotated(expiry) => (
            "token_rotated",
            "Your personal access token has been rotated",
            format!(
                "A personal access token of your account {account} was rotated: a new secret took the place of the old one."
            ),
            Some(expiry),
        ),
        TokenNotice::Reused => (
            "token_reused",
            "Your personal access token has been revoked",
            format!(
                "A personal access token of your account {account} was revoked, because a secret that it had before a rotation was used again. Somebody may have stolen that secret, or a program still has it."
            ),
            None,
        ),
    };
    let letter = base.about(kind, subject).says(&what).fact("Token", token.name).fact("Handle", token.handle);
    match expiry {
        Some(expiry) => letter.fact("Expires", &expiry.to_string()),
        None => letter,
    }
}

/// The mail whose link sets a password.
pub(crate) fn reset_link(user: &User, by: &By, now: Timestamp) -> Mail {
    Letter::default()
        .about("password_link", "Reset password instructions")
        .says(&format!("Somebody, hopefully you, asked for a link that sets another password for your account {}. It works once, within an hour:", user.username))
        .link()
        .origin(by, now)
        .ends("If you did not ask for it, do nothing: your password stays as it is.")
        .to(user, &user.email)
}

/// The mail whose link lets a new user choose a password.
pub(crate) fn invitation(username: &str, name: &str, address: &str) -> Mail {
    Letter::default()
        .about("account_created", "Account was created for you")
        .says(&format!(
            "An administrator made the account {username} for you. Choose its password; the link works once, within a day:"
        ))
        .link()
        .ends("If you know nothing of such an account, do nothing: without a password nobody can sign in to it.")
        .to_somebody(name, None, address)
}

/// The mail whose link confirms an address.
pub(crate) fn confirmation_link(username: &str, name: &str, user: Option<UserId>, address: &str) -> Mail {
    Letter::default()
        .about("confirmation_link", "Confirmation instructions")
        .says(&format!(
            "Confirm that this address belongs to the account {username}. The link works once, within a day:"
        ))
        .link()
        .ends("If you know nothing of such an account, do nothing: without your confirmation the address is not used.")
        .to_somebody(name, user, address)
}
