//! Mails that somebody asks for without being signed in. The answer is the same, and comes as soon, whether there is such
//! an account or not: looking for one is done behind it.

use jeton_core::user::{Email, User, UserState};
use jeton_store::{
    By,
    confirmation::{Limits, MailRequest},
};

use crate::{
    app::{App, MAIL_REQUESTS},
    notices::{self, network},
    refusal::Refusal,
};

/// Seconds for which a mailed link sets a password: one hour.
const RESET_LIFE: i64 = 3600;
/// Mails an hour: enough for somebody who does not find the first one, too few to bury anything.
const LIMITS: Limits = Limits { account: 3, network: 20 };
/// The same for further addresses, which are bounded by themselves: enough to enter all that one may have, too few to
/// remove them and write to others on and on.
const ADDRESS_LIMITS: Limits = Limits { account: 120, network: 1_200 };
/// Path and parameter of a mailed link that sets the password.
pub(crate) const PASSWORD_LINK: &str = "/users/password/edit?reset_password_token=";

impl App {
    /// Sends a link that sets the password to the account of that name or address, if there is one.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when very many ask at once.
    pub fn request_password_link(&self, login: String, by: By) -> Result<(), Refusal> {
        self.behind_the_answer(async move |app| app.send_password_link(&login, &by).await)
    }

    /// Sends the link that confirms an address once more, if an account waits for that.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when very many ask at once.
    pub fn request_confirmation_link(&self, address: String, by: By) -> Result<(), Refusal> {
        self.behind_the_answer(async move |app| app.send_confirmation_again(&address, &by).await)
    }

    fn behind_the_answer<W>(&self, work: impl FnOnce(Self) -> W) -> Result<(), Refusal>
    where
        W: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        let permit = self.mail_requests.clone().try_acquire_owned().map_err(|_| Refusal::Busy)?;
        let work = work(self.clone());
        tokio::spawn(async move {
            if let Err(refusal) = work.await {
                tracing::warn!(%refusal, "a mail that was asked for could not be queued");
            }
            drop(permit);
        });
        Ok(())
    }

    /// Waits until what was asked for is queued; afterwards, nothing more can be asked for.
    pub async fn finish_mail_requests(&self) {
        let all = u32::try_from(MAIL_REQUESTS).unwrap_or(u32::MAX);
        // Only a closed semaphore refuses, and nobody else closes it.
        drop(self.mail_requests.acquire_many(all).await);
        self.mail_requests.close();
    }

    async fn send_password_link(&self, login: &str, by: &By) -> Result<(), Refusal> {
        let account = self.store.account(login).await?.map(|account| account.user);
        let user = account.filter(|user| matches!(user.state, UserState::Active | UserState::Deactivated));
        let now = self.now();
        let mail = match &user {
            Some(user) => {
                let mail = notices::reset_link(user, by, now);
                Some(self.with_link(mail, PASSWORD_LINK, now.plus_seconds(RESET_LIFE))?)
            }
            None => None,
        };
        if !self.store.request_password_mail(asked(user.as_ref(), by), mail, by.clone(), now).await? {
            tracing::info!(user = user.map(|user| user.id.0), "too many links were asked for; none is sent");
        }
        Ok(())
    }

    async fn send_confirmation_again(&self, address: &str, by: &By) -> Result<(), Refusal> {
        let account = self.store.account(address).await?.map(|account| account.user);
        let user = account.filter(|user| user.confirmed_at.is_none());
        let mail = match &user {
            Some(user) => match Email::parse(&user.email) {
                Ok(email) => Some((email, self.confirmation_mail(user, &user.email)?)),
                Err(_) => None,
            },
            None => None,
        };
        if !self.store.request_confirmation_mail(asked(user.as_ref(), by), mail, by.clone(), self.now()).await? {
            tracing::info!(user = user.map(|user| user.id.0), "too many links were asked for; none is sent");
        }
        Ok(())
    }
}

/// A request for a mail, as it is counted.
pub(super) fn asked(user: Option<&User>, by: &By) -> MailRequest {
    let network = by.address.map_or_else(|| "unknown".to_owned(), network);
    MailRequest { user: user.map(|user| user.id), network, limits: LIMITS }
}

/// The same for a mail to a further address of the user who asks.
pub(super) fn asked_for_address(user: &User, by: &By) -> MailRequest {
    MailRequest { limits: ADDRESS_LIMITS, ..asked(Some(user), by) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::{PASSWORD_LINK_PARAMETER, PASSWORD_LINK_PATH};

    #[test]
    fn the_mailed_link_is_the_page_s() {
        assert_eq!(PASSWORD_LINK, format!("{PASSWORD_LINK_PATH}?{PASSWORD_LINK_PARAMETER}="));
    }
}
