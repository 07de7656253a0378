//! What people do about their own account: sign in, sign out, and set a password by a one-time link.

use jeton_core::{
    caller::{Caller, Via},
    id::{SessionId, UserId},
    secret::Secret,
    user::{User, UserState},
};
use jeton_store::{
    By, Fault, Means,
    mails::Mail,
    sessions::{NewPassword, NewSession},
};

use crate::{app::App, notices::Notice, refusal::Refusal, session};

/// Where people sign in.
pub const SIGN_IN_PATH: &str = "/users/sign_in";
/// Where people set up their second factors.
pub const TWO_FACTOR_PATH: &str = "/-/profile/two_factor_auth";
/// Where people prove once more who they are.
pub const CONFIRM_PATH: &str = "/users/confirm";
/// Where people make their tokens.
pub const ACCESS_TOKENS_PATH: &str = "/-/user_settings/personal_access_tokens";
/// Where people ask for a link that sets another password.
pub const FORGOTTEN_PASSWORD_PATH: &str = "/users/password/new";
/// Where the form of a one-time link is.
pub const PASSWORD_LINK_PATH: &str = "/users/password/edit";
/// The parameter that carries a link's secret.
pub const PASSWORD_LINK_PARAMETER: &str = "reset_password_token";
/// Seconds for which a link works that an administrator hands on: one day.
const LINK_LIFE: i64 = 86_400;

impl App {
    /// Starts a session for somebody whose password was right, and answers its cookie. An account that an administrator
    /// had put to rest is awake again.
    pub async fn sign_in(&self, user: &User, by: By) -> Result<String, Refusal> {
        self.sign_in_for(user, false, by).await
    }

    /// The same, in a browser that may be asked to stay signed in.
    pub async fn sign_in_for(&self, user: &User, stays: bool, by: By) -> Result<String, Refusal> {
        if user.state == UserState::Deactivated {
            self.set_user_state(user.id, UserState::Active, by.clone()).await?;
        }
        let user = &User { state: UserState::Active, ..user.clone() };
        let mails = self.mails_about_sign_in(user, &by).await?;
        let cookie = session::new_secret()?;
        let (id, digest) = (user.id, self.sessions.digest(&cookie));
        self.see_through(move |app| async move {
            let new = NewSession { user: id, digest, stays };
            app.store.start_session_telling(new, mails, by, app.now()).await?;
            app.identities.forget_user(id);
            Ok(())
        })
        .await?;
        Ok(cookie)
    }

    /// Ends the session that the caller came with.
    pub async fn sign_out(&self, caller: &Caller, by: By) -> Result<(), Fault> {
        match caller.via {
            Via::Session(session) => self.end_session(caller.user.id, session, by).await.map(drop),
            Via::Token(_) | Via::Password => Ok(()),
        }
    }

    /// Ends one session of that user. False if there is none of that number. When this returns, no request is let in with
    /// it any more, and none that came with it is under way.
    pub async fn end_session(&self, user: UserId, session: SessionId, by: By) -> Result<bool, Fault> {
        self.see_through(move |app| async move { app.store.end_session(user, session, by, app.now()).await }).await
    }

    /// Ends the user's sessions but one, likewise. Answers how many.
    pub async fn end_other_sessions(&self, user: UserId, keep: SessionId, by: By) -> Result<u64, Fault> {
        self.see_through(move |app| async move { app.store.end_other_sessions(user, keep, by, app.now()).await }).await
    }

    /// Sets another password for somebody who proved to know the one of the hash `old`; sessions other than `keep` end, and
    /// `mails` tell of it.
    /// False if somebody else was faster.
    pub async fn change_password(
        &self,
        user: UserId,
        (old, new): (String, Secret),
        keep: Option<SessionId>,
        mails: Vec<Mail>,
        by: By,
    ) -> Result<bool, Refusal> {
        let new = self.passwords.hash(new).await?;
        Ok(self
            .see_through(move |app| async move {
                let changed = app.store.change_password(user, (old, new), keep, mails, by, app.now()).await?;
                app.identities.forget_user(user);
                Ok(changed)
            })
            .await?)
    }

    /// Ends all of somebody's tokens. When this returns, no request is let in with one of them any more.
    pub async fn revoke_all_tokens(&self, user: UserId, by: By) -> Result<(), Fault> {
        self.see_through(move |app| async move {
            for digest in app.store.revoke_all_tokens(user, by, app.now()).await? {
                app.identities.forget_token(&digest);
            }
            Ok(())
        })
        .await
    }

    /// Makes a link that sets the user's password once, within a day; links made before stop working.
    pub async fn make_password_link(&self, user: UserId) -> Result<String, Refusal> {
        let secret = session::new_secret()?;
        let digest = self.sessions.link_digest(&secret);
        self.store.create_password_link(user, digest, self.now().plus_seconds(LINK_LIFE)).await?;
        Ok(format!("{}{PASSWORD_LINK}{secret}", self.config.external_url))
    }

    /// Whose password the link with this secret sets, while it works.
    pub async fn password_link(&self, secret: &str) -> Result<Option<User>, Fault> {
        match self.store.password_link(&self.sessions.link_digest(secret), self.now()).await? {
            Some(id) => self.store.user(id).await,
            None => Ok(None),
        }
    }

    /// Uses a link up: sets the password and ends the account's sessions, and its tokens if that is wanted. False if the
    /// link does not work any more. When this returns, all that is in force.
    pub async fn use_password_link(
        &self,
        secret: &str,
        password: Secret,
        revoke_tokens: bool,
        by: By,
    ) -> Result<bool, Refusal> {
        let Some(user) = self.password_link(secret).await? else { return Ok(false) };
        let password = NewPassword { hash: self.passwords.hash(password).await?, revoke_tokens };
        let by = By { means: Means::Link, ..by };
        let mails = self.mails_to(&user, Notice::PasswordChanged { tokens_revoked: revoke_tokens }, &by);
        let digest = self.sessions.link_digest(secret);
        let done = self
            .see_through(move |app| async move {
                let done = app.store.use_password_link(digest, password, mails, by, app.now()).await?;
                if let Some(link) = &done {
                    link.forget.iter().for_each(|digest| app.identities.forget_token(digest));
                    app.identities.forget_user(link.user);
                }
                Ok(done)
            })
            .await?;
        Ok(done.is_some())
    }

    /// Sets somebody's password, as an administrator: the account's sessions end. `hash` is what
    /// [`Passwords::hash`](crate::passwords::Passwords::hash) made of it. When this returns, that is in force. False if there is no such user.
    pub async fn reset_password(&self, user: &User, hash: String, by: By) -> Result<bool, Fault> {
        let (id, mails) = (user.id, self.mails_to(user, Notice::PasswordReset { must_change: false }, &by));
        self.see_through(move |app| async move {
            let is_set = app.store.set_password_telling(id, hash, mails, by, app.now()).await?;
            app.identities.forget_user(id);
            Ok(is_set)
        })
        .await
    }
}

mod addresses;
mod requests;
#[cfg(test)]
mod tests;

pub use addresses::{
    CONFIRMATION_PARAMETER, CONFIRMATION_PATH, FURTHER_ADDRESSES, NEW_CONFIRMATION_PATH, NotChanged, unconfirmed,
};
pub(crate) use requests::PASSWORD_LINK;
