//! Second factors: what people set up, and what they prove with it. Codes that are tried are in [`crate::attempts`]. A change of what somebody has goes through a method of
//! [`App`] here, which commits, and forgets the user before it returns.

mod passkeys;
mod vault;

pub use passkeys::{BadPasskey, Purpose};
pub use vault::Vault;

use std::sync::Arc;

use jeton_core::{
    caller::{Caller, Via},
    id::{SessionId, UserId},
    second_factor::{self, AppSecret, Demand, Duty, RECOVERY_CODES, Typed},
    token::TokenDigest,
    user::User,
};
use jeton_store::{
    By, Fault,
    factors::{Along, Half, NewApp},
};
use zeroize::Zeroizing;

use crate::{
    app::App,
    nature,
    notices::{FactorNotice, Notice},
    refusal::Refusal,
    session,
};

/// Seconds after which a page offers another secret.
const OFFER: i64 = 3_600;

/// Recovery codes, for the one answer that shows them.
pub type RecoveryCodes = Vec<Zeroizing<String>>;

/// What came of setting up a factor.
#[derive(Debug)]
pub enum Registered {
    /// It is the first one: these are the recovery codes.
    First(RecoveryCodes),
    /// There were others before.
    Another,
}

impl App {
    /// What administrators ask of everybody.
    pub fn demand(&self) -> Demand {
        let policy = self.policy();
        Demand { required: policy.require_two_factor_authentication, grace_hours: policy.two_factor_grace_period }
    }

    /// What that user owes now. With the first sign-in under the rule the time of grace begins.
    pub async fn duty(&self, user: &User, by: By) -> Result<Duty, Fault> {
        let (demand, id) = (self.demand(), user.id);
        if demand.required && !user.two_factor && user.two_factor_asked_at.is_none() {
            // It takes nothing away, so nothing that is under way is asked again; the very request that waits here is.
            self.store.ask_for_two_factor(id, by, self.now()).await?;
            self.identities.forget_user(id);
        }
        Ok(Duty::of(user, demand, self.now()))
    }

    /// The secret for an authenticator app that this session's page offers: the same for a while.
    pub async fn offered_app(&self, user: UserId, session: SessionId) -> Result<AppSecret, Refusal> {
        let now = self.now();
        let new = self.vault.seal(user, &AppSecret::new(nature::chance()?))?;
        let offered = self.store.offer_app(session, new, now.plus_seconds(-OFFER), now).await?;
        self.vault.open(user, &offered)
    }

    /// Makes the app that was offered in this session the user's, if the code is one of its. None if it is not.
    pub async fn register_app(
        &self,
        user: &User,
        session: SessionId,
        code: &str,
        by: By,
    ) -> Result<Option<Registered>, Refusal> {
        let Some(sealed) = self.store.offered_app(session).await? else { return Ok(None) };
        let secret = self.vault.open(user.id, &sealed)?;
        let Typed::Code(code) = Typed::parse(code) else { return Ok(None) };
        let Some(step) = secret.step_of(code, 0, self.now()) else { return Ok(None) };
        let (codes, along) = self.along(user, session, FactorNotice::AppAdded, &by)?;
        let id = user.id;
        let is_first = self
            .see_through(move |app| async move {
                let is_first = app.store.add_app(id, NewApp { sealed, step }, along, by, app.now()).await?;
                app.identities.forget_user(id);
                Ok(is_first)
            })
            .await?;
        Ok(Some(if is_first { Registered::First(codes) } else { Registered::Another }))
    }

    /// What a new factor brings along, and the recovery codes in plain.
    fn along(
        &self,
        user: &User,
        session: SessionId,
        notice: FactorNotice,
        by: &By,
    ) -> Result<(RecoveryCodes, Along), Refusal> {
        let (codes, digests) = self.new_codes(user.id)?;
        let mails = self.mails_to(user, Notice::Factor(notice), by);
        Ok((codes, Along { session: Some(session), codes: digests, mails }))
    }

    fn new_codes(&self, user: UserId) -> Result<(RecoveryCodes, Vec<TokenDigest>), Refusal> {
        let mut codes = RecoveryCodes::with_capacity(RECOVERY_CODES);
        for _ in 0..RECOVERY_CODES {
            codes.push(second_factor::recovery_code(&*nature::chance()?));
        }
        let digests = codes.iter().filter_map(|code| match Typed::parse(code) {
            Typed::Recovery(plain) => Some(self.vault.recovery_digest(user, &plain)),
            Typed::Code(_) => None,
        });
        let digests = digests.collect();
        Ok((codes, digests))
    }

    /// New recovery codes; the old ones are dead. None if two-factor authentication is off.
    pub async fn replace_codes(&self, user: &User, by: By) -> Result<Option<RecoveryCodes>, Refusal> {
        let (codes, digests) = self.new_codes(user.id)?;
        let mails = self.mails_to(user, Notice::Factor(FactorNotice::CodesReplaced), &by);
        let replaced = self.store.replace_recovery_codes(user.id, digests, mails, by, self.now()).await?;
        Ok(replaced.then_some(codes))
    }

    /// Takes the app away. False if it is the last factor, or there is none.
    pub async fn remove_app(&self, user: &User, by: By) -> Result<bool, Fault> {
        let mails = self.mails_to(user, Notice::Factor(FactorNotice::AppRemoved), &by);
        self.store.remove_app(user.id, mails, by, self.now()).await
    }

    /// Takes every factor away: two-factor authentication is off. False if it was.
    pub async fn reset_two_factor(&self, user: &User, by: By) -> Result<bool, Fault> {
        let (id, mails) = (user.id, self.mails_to(user, Notice::Factor(FactorNotice::SwitchedOff), &by));
        self.see_through(move |app| async move {
            let reset = app.store.reset_two_factor(id, mails, by, app.now()).await?;
            app.identities.forget_user(id);
            Ok(reset)
        })
        .await
    }

    /// Begins a sign-in whose second step is still to come, and answers its cookie.
    pub async fn begin_second_step(&self, user: UserId) -> Result<String, Refusal> {
        let cookie = session::new_secret()?;
        let now = self.now();
        let digest = self.vault.half_digest(&cookie);
        self.store.begin_half(user, digest, now.plus_seconds(second_factor::HALF_SIGN_IN), now).await?;
        Ok(cookie)
    }

    /// Whose second step that cookie waits for.
    pub async fn second_step(&self, cookie: &str) -> Result<Option<Arc<User>>, Refusal> {
        let half = self.store.half(&self.vault.half_digest(cookie), self.now()).await?;
        self.whose(half).await
    }

    /// The same, and counts a try.
    pub async fn try_second_step(&self, cookie: &str) -> Result<Option<Arc<User>>, Refusal> {
        let half = self.store.try_half(&self.vault.half_digest(cookie), self.now()).await?;
        self.whose(half).await
    }

    async fn whose(&self, half: Option<Half>) -> Result<Option<Arc<User>>, Refusal> {
        match half {
            Some(half) => Ok(self.identities.user(&self.store, half.user).await?),
            None => Ok(None),
        }
    }

    /// Takes that sign-in's second step. False if somebody was faster.
    pub async fn end_second_step(&self, cookie: &str) -> Result<bool, Fault> {
        self.store.end_half(&self.vault.half_digest(cookie)).await
    }

    /// Notes that the caller proved once more who they are.
    pub async fn prove(&self, caller: &Caller, by: By) -> Result<(), Fault> {
        match caller.via {
            Via::Session(session) => self.store.prove_session(caller.user.id, session, by, self.now()).await,
            Via::Token(_) | Via::Password => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
