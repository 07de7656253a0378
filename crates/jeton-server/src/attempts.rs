//! Passwords and second factors that are tried, at the sign-in page or over Git: throttled before they are judged,
//! recorded when they are wrong. The rules of throttling are [`jeton_core::lockout`]'s; tokens have no part in any of this.
//!
//! Somebody who comes with a browser or from a network where the account signed in before is counted apart from
//! strangers. So strangers can be slowed down, and nobody can keep the owner out by guessing.

mod codes;
mod counting;

use std::net::{IpAddr, Ipv6Addr};

use jeton_core::{id::UserId, lock::Denial, secret::Secret, token::TokenDigest, user::User};
use jeton_store::{
    By, Fault,
    devices::{Familiarity, MOST_COOKIES},
    throttles::Subject,
    users::{self, Account},
};

use self::counting::{Attempt, Place, subjects};
use crate::{app::App, edge::Client, passwords::Verdict, refusal::Refusal, session};

/// No user has this number.
const NOBODY: UserId = UserId(0);
/// Between the values of the cookie that knows a browser, one for each account that signed in with it.
const SEPARATOR: char = '.';

/// Where somebody comes from.
#[derive(Clone, Debug)]
pub struct Whence {
    /// Who makes the change, for the audit log; nobody is known yet.
    pub by: By,
    network: Option<String>,
    cookies: Vec<String>,
}

impl Whence {
    /// A request of that client, in which a browser brought that cookie, if any.
    pub fn new(by: By, client: Option<Client>, cookie: Option<&str>) -> Self {
        let cookies = cookie.into_iter().flat_map(|cookie| cookie.split(SEPARATOR)).map(str::to_owned);
        Self { by, network: client.and_then(network_of), cookies: cookies.take(MOST_COOKIES).collect() }
    }

    /// What an account with that memory knows of it.
    fn seen_by(&self, familiarity: Familiarity) -> Place<'_> {
        Place::of(familiarity, self.network.as_deref())
    }

    /// The cookie with one of its values replaced, or with one more; the oldest makes room.
    fn renewed(&self, known: Option<usize>, value: &str) -> String {
        let mut values: Vec<&str> = self.cookies.iter().map(String::as_str).collect();
        match known {
            Some(place) if place < values.len() => {
                values.remove(place);
            }
            _ => {}
        }
        values.insert(0, value);
        values.truncate(MOST_COOKIES);
        values.join(&SEPARATOR.to_string())
    }
}

/// The network by which a client is counted: an IPv4 address, or the 64 bits of an IPv6 address that a provider gives to
/// one customer. This machine is none, and neither is a proxy that nobody vouches for: everybody would come from there.
fn network_of(client: Client) -> Option<String> {
    match client.addr.filter(|addr| !client.relayed && !addr.is_loopback())? {
        IpAddr::V4(addr) => Some(format!("{addr}/32")),
        IpAddr::V6(addr) => {
            let [a, b, c, d, ..] = addr.segments();
            Some(format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
        }
    }
}

/// An account whose password was right.
#[derive(Clone, Debug)]
pub struct Proven {
    /// Whose it is. Whether it may be used is another question.
    pub account: Account,
    /// What was known of where the attempt came from.
    pub familiarity: Familiarity,
    /// Whether the password was judged just now, and not a moment ago.
    pub is_fresh: bool,
}

impl App {
    /// Tries a password. Unknown names and wrong passwords cost the same, get the same answer and are throttled alike.
    ///
    /// # Errors
    /// [`Denial::WrongPassword`]; [`Refusal::Held`] while further attempts have to wait; [`Refusal::Busy`].
    pub async fn try_password(&self, login: &str, password: &Secret, whence: &Whence) -> Result<Proven, Refusal> {
        let account = self.store.account(login).await?;
        self.try_account(login, account, password, whence).await
    }

    /// Tries a password as [`Self::try_password`] does; one that was right within the last minute is right at once.
    pub async fn try_password_again(&self, login: &str, password: &Secret, whence: &Whence) -> Result<Proven, Refusal> {
        let account = self.store.account(login).await?;
        if let Some(account) = account.clone().filter(|account| self.remembers(account, password)) {
            return Ok(Proven { account, familiarity: Familiarity::default(), is_fresh: false });
        }
        let proven = self.try_account(login, account, password, whence).await?;
        if let Some(hash) = &proven.account.password_hash {
            self.remembered.note(proven.account.user.id, hash, password, self.now());
        }
        Ok(proven)
    }

    /// Whose password it is, for a request that was let in with it before and is under way: that is no attempt of
    /// anybody's, so nothing is counted and nothing recorded.
    ///
    /// # Errors
    /// [`Denial::WrongPassword`]; [`Refusal::Busy`].
    pub async fn still_knows(&self, login: &str, password: &Secret) -> Result<User, Refusal> {
        let account = self.store.account(login).await?.ok_or(Denial::WrongPassword)?;
        let is_right = self.remembers(&account, password)
            || self.passwords.verify(password.clone(), account.password_hash).await? != Verdict::Wrong;
        if is_right { Ok(account.user) } else { Err(Denial::WrongPassword.into()) }
    }

    /// Whether the password was right within the last minute, and is the same still.
    fn remembers(&self, account: &Account, password: &Secret) -> bool {
        let hash = account.password_hash.as_deref();
        hash.is_some_and(|hash| self.remembered.knows(account.user.id, hash, password, self.now()))
    }

    async fn try_account(
        &self,
        login: &str,
        account: Option<Account>,
        password: &Secret,
        whence: &Whence,
    ) -> Result<Proven, Refusal> {
        if self.passwords.is_full() {
            // Under a flood, what is turned away must cost next to nothing.
            return Err(Refusal::Busy);
        }
        let user = account.as_ref().map(|account| account.user.id);
        let familiarity = self.familiarity(user.unwrap_or(NOBODY), whence).await?;
        let hash = account.as_ref().and_then(|account| account.password_hash.clone());
        let typed = self.sessions.login_name(&users::login_key(login));
        let attempt = Attempt::Password { account: user, typed: &typed };
        let verdict = self.judge(password, hash, subjects(attempt, whence.seen_by(familiarity))).await?;
        match account.zip(verdict) {
            None => {
                self.store.record_refusal(user, "wrong_password", whence.by.clone(), self.now()).await?;
                Err(Denial::WrongPassword.into())
            }
            Some((account, verdict)) => {
                let account = self.strengthened(account, verdict, password, &whence.by).await;
                Ok(Proven { account, familiarity, is_fresh: true })
            }
        }
    }

    /// Whether somebody who is signed in knows the password of that account: a stolen session must not become one
    /// that guesses.
    pub async fn confirm_password(&self, user: UserId, password: &Secret, by: &By) -> Result<Option<String>, Refusal> {
        let hash = self.store.password_hash(user).await?;
        let subjects = subjects(Attempt::OwnPassword(user), Place::Strange(None));
        if self.judge(password, hash.clone(), subjects).await?.is_none() {
            self.store.record_refusal(Some(user), "wrong_password", by.clone(), self.now()).await?;
            return Ok(None);
        }
        Ok(hash)
    }

    /// Somebody who proved by something else than the password who they are. To be asked before the proof is used up: what
    /// ends it, a new password among others, is seen by [`Self::enter`].
    pub async fn proven_otherwise(&self, user: User, whence: &Whence) -> Result<Proven, Fault> {
        let password_hash = self.store.password_hash(user.id).await?;
        let familiarity = self.familiarity(user.id, whence).await?;
        Ok(Proven { account: Account { user, password_hash }, familiarity, is_fresh: true })
    }

    /// Begins the session of somebody who proved who they are, and answers its cookie. None if that proof does not do any
    /// more: whoever changed the password, set up a second factor or closed the account meanwhile ended its sessions, and
    /// this one would have been among them.
    pub async fn enter(&self, proven: &Proven, stays: bool, by: By) -> Result<Option<String>, Refusal> {
        let user = &proven.account.user;
        let cookie = self.sign_in_for(user, stays, by.clone()).await?;
        if self.still_does(proven).await? {
            return Ok(Some(cookie));
        }
        if let Some(caller) = self.identify_session(&cookie).await? {
            self.sign_out(&caller, by).await?;
        }
        Ok(None)
    }

    /// Whether what somebody proved is enough to sign in now. To be asked after the session has begun, so that no change
    /// falls between.
    async fn still_does(&self, proven: &Proven) -> Result<bool, Fault> {
        let Account { user: then, password_hash } = &proven.account;
        let Some(now) = self.store.user(then.id).await? else { return Ok(false) };
        let factor_came = now.two_factor && !then.two_factor;
        Ok(now.closed().is_none() && !factor_came && self.store.password_hash(then.id).await? == *password_hash)
    }

    /// Remembers where somebody comes from who signed in. Answers the cookie by which the browser is known from now on.
    pub async fn remember_browser(
        &self,
        user: UserId,
        familiarity: Familiarity,
        whence: &Whence,
    ) -> Result<String, Refusal> {
        let value = session::new_secret()?;
        let known = familiarity.device;
        let by = By { user: Some(user), ..whence.by.clone() };
        let digest = self.sessions.device_digest(&value);
        self.store.remember_device(user, known.map(|(id, _)| id), digest, by, self.now()).await?;
        self.remember_network(user, whence).await?;
        Ok(whence.renewed(known.map(|(_, place)| place), &value))
    }

    /// Remembers the network from which somebody proved to be that user.
    pub async fn remember_network(&self, user: UserId, whence: &Whence) -> Result<(), Fault> {
        match &whence.network {
            Some(network) => self.store.remember_network(user, network.clone(), self.now()).await,
            None => Ok(()),
        }
    }

    async fn familiarity(&self, user: UserId, whence: &Whence) -> Result<Familiarity, Fault> {
        let cookies: Vec<TokenDigest> = whence.cookies.iter().map(|value| self.sessions.device_digest(value)).collect();
        self.store.familiarity(user, &cookies, whence.network.as_deref(), self.now()).await
    }

    /// What comes of a password under these subjects; none if it is wrong.
    async fn judge(
        &self,
        password: &Secret,
        hash: Option<String>,
        subjects: Vec<Subject>,
    ) -> Result<Option<Verdict>, Refusal> {
        let enter = || Ok(self.passwords.seat()?);
        let judging = async {
            let verdict = self.passwords.verify(password.clone(), hash).await?;
            Ok(Some(verdict).filter(|verdict| *verdict != Verdict::Wrong))
        };
        self.guarded(subjects, enter, judging).await
    }

    /// The account with a hash of today's strength. Where none can be made now, the next sign-in will.
    async fn strengthened(&self, mut account: Account, verdict: Verdict, password: &Secret, by: &By) -> Account {
        let Some(old) = account.password_hash.clone().filter(|_| verdict == Verdict::Outdated) else { return account };
        let user = account.user.id;
        let by = By { user: Some(user), ..by.clone() };
        let Ok(new) = self.passwords.hash(password.clone()).await else { return account };
        match self.store.strengthen_hash(user, old, new.clone(), by, self.now()).await {
            Ok(true) => account.password_hash = Some(new),
            Ok(false) => {}
            Err(fault) => tracing::warn!(user = user.0, %fault, "a password's hash could not be made stronger"),
        }
        account
    }
}

#[cfg(test)]
mod tests;
