//! Codes that are tried as a second factor.

use jeton_core::{id::UserId, second_factor::Typed, user::User};
use jeton_store::By;

use super::{
    Whence,
    counting::{Attempt, subjects},
};
use crate::{
    app::App,
    notices::{FactorNotice, Notice},
    refusal::Refusal,
};

impl App {
    /// Checks what somebody typed as a second factor: a code of the app, or a recovery code. Either counts once. Where a
    /// sign-in waits for it, `half` is the cookie of that, and a wrong code is one of the few that it may have.
    ///
    /// # Errors
    /// [`Refusal::Held`] while further attempts have to wait.
    pub async fn check_code(
        &self,
        user: &User,
        half: Option<&str>,
        typed: &str,
        whence: &Whence,
    ) -> Result<bool, Refusal> {
        let familiarity = self.familiarity(user.id, whence).await?;
        let subjects = subjects(Attempt::Code(user.id), whence.seen_by(familiarity));
        let by = By { user: Some(user.id), ..whence.by.clone() };
        let judging = async {
            if let Some(half) = half
                && self.try_second_step(half).await?.is_none()
            {
                return Ok(None);
            }
            let is_right = match Typed::parse(typed) {
                Typed::Code(code) => self.use_app_code(user.id, code).await?,
                Typed::Recovery(code) => self.use_recovery_code(user, &code, by.clone()).await?,
            };
            Ok(is_right.then_some(()))
        };
        let is_right = self.guarded(subjects, || Ok(()), judging).await?.is_some();
        if !is_right {
            self.store.refuse_second_step(user.id, by, self.now()).await?;
        }
        Ok(is_right)
    }

    async fn use_app_code(&self, user: UserId, code: u32) -> Result<bool, Refusal> {
        let Some((sealed, last)) = self.store.app_secret(user).await? else { return Ok(false) };
        match self.vault.open(user, &sealed)?.step_of(code, last, self.now()) {
            Some(step) => Ok(self.store.use_app_step(user, step).await?),
            None => Ok(false),
        }
    }

    async fn use_recovery_code(&self, user: &User, code: &str, by: By) -> Result<bool, Refusal> {
        let digest = self.vault.recovery_digest(user.id, code);
        let mails = self.mails_to(user, Notice::Factor(FactorNotice::CodeUsed), &by);
        Ok(self.store.use_recovery_code(user.id, digest, mails, by, self.now()).await?)
    }
}
