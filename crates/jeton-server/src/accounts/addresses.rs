//! Addresses that are confirmed by a link: of a new account, and in the place of another one.

use jeton_core::{
    id::UserId,
    user::{Email, User},
};
use jeton_store::{
    By, Fault, Means,
    confirmation::{NotTaken, Unconfirmed, Waiting},
    mails::{LinkMail, Mail},
    users::{
        NewUser, NotMade,
        emails::{Email as FurtherEmail, NewEmail, NotAdded},
    },
};

use super::requests::{asked, asked_for_address};
use crate::{
    app::App,
    nature::NoChance,
    notices::{self, Notice},
    refusal::Refusal,
};

/// Where a mailed link confirms an address.
pub const CONFIRMATION_PATH: &str = "/users/confirmation";
/// Where people ask for that link once more.
pub const NEW_CONFIRMATION_PATH: &str = "/users/confirmation/new";
/// The parameter that carries the link's secret.
pub const CONFIRMATION_PARAMETER: &str = "confirmation_token";
/// Path and parameter of a mailed link.
const LINK: &str = "/users/confirmation?confirmation_token=";
/// Seconds for which such a link works: one day.
const LIFE: i64 = 86_400;

/// How many further addresses a user may have: each may get a mail that its holder did not ask for.
pub const FURTHER_ADDRESSES: i64 = 100;

/// Why an address is not waited for.
#[derive(Debug)]
pub enum NotChanged {
    /// It is somebody's, perhaps the user's own.
    Taken,
    /// The user has as many further addresses as it may.
    TooMany(i64),
    /// Too many mails were asked for within an hour.
    TooOften,
    /// Something of ours failed.
    Refused(Refusal),
}

impl<E: Into<Refusal>> From<E> for NotChanged {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

impl From<NotTaken> for NotChanged {
    fn from(error: NotTaken) -> Self {
        match error {
            NotTaken::Taken => Self::Taken,
            NotTaken::TooOften => Self::TooOften,
            NotTaken::Fault(fault) => Self::Refused(fault.into()),
        }
    }
}

/// What programs are told of an account whose address is not confirmed, in GitLab's words.
pub fn unconfirmed(external_url: &str) -> String {
    format!(
        "Your primary email address is not confirmed. Please check your inbox for the confirmation instructions. In case \
         the link is expired, you can request a new confirmation email at {external_url}{NEW_CONFIRMATION_PATH}"
    )
}

impl From<NotAdded> for NotChanged {
    fn from(error: NotAdded) -> Self {
        match error {
            NotAdded::Taken => Self::Taken,
            NotAdded::TooMany(limit) => Self::TooMany(limit),
            NotAdded::TooOften => Self::TooOften,
            NotAdded::Fault(fault) => Self::Refused(fault.into()),
        }
    }
}

impl App {
    /// Makes a user. Where addresses have to be confirmed (and `is_confirmed` does not say that this one is), a link is
    /// mailed, and the account cannot be used before it was opened.
    pub async fn create_user(
        &self,
        new: NewUser,
        is_confirmed: bool,
        by: By,
    ) -> Result<Result<User, NotMade>, NoChance> {
        if is_confirmed || !self.must_confirm() {
            return Ok(self.store.create_user(new, by, self.now()).await);
        }
        let mail = notices::confirmation_link(new.username.as_str(), &new.name, None, new.email.as_str());
        let new = NewUser { confirmation: Some(self.confirmable(mail)?), ..new };
        Ok(self.store.create_user(new, by, self.now()).await)
    }

    /// Whether an address counts only when its link was opened.
    pub fn must_confirm(&self) -> bool {
        self.policy().email_confirmation_setting == "hard"
    }

    /// Lets an account be used whose address nobody confirmed; see [`jeton_store::Store::confirm_account`]. When this
    /// returns, that is in force.
    pub async fn confirm_account(&self, user: UserId, by: By) -> Result<bool, Fault> {
        self.see_through(move |app| async move {
            let confirmed = app.store.confirm_account(user, by, app.now()).await?;
            app.identities.forget_user(user);
            Ok(confirmed)
        })
        .await
    }

    /// Mails the link with which an address takes the place of the present one.
    pub async fn want_email(&self, user: &User, email: Email, by: By) -> Result<(), NotChanged> {
        let mail = self.confirmation_mail(user, email.as_str())?;
        Ok(self.store.want_email(asked(Some(user), &by), email, mail, by, self.now()).await?)
    }

    /// Adds a further address, and mails the link that confirms it, if it is not confirmed by the word of an
    /// administrator. What administrators ask for is not counted.
    pub async fn add_email(
        &self,
        user: &User,
        address: Email,
        is_confirmed: bool,
        by: By,
    ) -> Result<FurtherEmail, NotChanged> {
        let confirmation = if is_confirmed { None } else { Some(self.confirmation_mail(user, address.as_str())?) };
        let request = (by.user == Some(user.id)).then(|| asked_for_address(user, &by));
        let new = NewEmail { user: user.id, address, confirmation, request, limit: FURTHER_ADDRESSES };
        Ok(self.store.add_email(new, by, self.now()).await?)
    }

    /// Mails the link for an address of the user that waits to be confirmed once more. False if it does not wait.
    pub async fn remind(&self, user: &User, address: &str, by: &By) -> Result<bool, NotChanged> {
        let Ok(email) = Email::parse(address) else { return Ok(false) };
        let Some(waiting) = self.store.waiting_email(user.id, &email.key()).await? else { return Ok(false) };
        let mail = self.confirmation_mail(user, &waiting.email)?;
        let request = asked(Some(user), by);
        if self.store.request_confirmation_mail(request, Some((email, mail)), by.clone(), self.now()).await? {
            Ok(true)
        } else {
            Err(NotChanged::TooOften)
        }
    }

    /// Which address the link with this secret confirms, while it works.
    pub async fn confirmation(&self, secret: &str) -> Result<Option<Unconfirmed>, Fault> {
        self.store.unconfirmed(&self.sessions.link_digest(secret), self.now()).await
    }

    /// Uses a link up. None if it does not work any more, or the address became somebody else's. When this returns, the
    /// address counts.
    pub async fn confirm(&self, secret: &str, by: By) -> Result<Option<Unconfirmed>, Fault> {
        let Some(found) = self.confirmation(secret).await? else { return Ok(None) };
        let by = By { user: Some(found.user), means: Means::Link, ..by };
        let mails = match found.waiting {
            Waiting::Wanted => self.mails_about(found.user, Notice::EmailChanged { to: &found.email }, &by).await?,
            Waiting::Primary | Waiting::Secondary => Vec::new(),
        };
        let digest = self.sessions.link_digest(secret);
        self.see_through(move |app| async move {
            let confirmed = app.store.confirm_email(digest, mails, by, app.now()).await?;
            if let Some(confirmed) = &confirmed {
                app.identities.forget_user(confirmed.user);
            }
            Ok(confirmed)
        })
        .await
    }

    /// The mail whose link confirms that address of the user.
    pub(crate) fn confirmation_mail(&self, user: &User, address: &str) -> Result<LinkMail, NoChance> {
        self.confirmable(notices::confirmation_link(&user.username, &user.name, Some(user.id), address))
    }

    fn confirmable(&self, mail: Mail) -> Result<LinkMail, NoChance> {
        self.with_link(mail, LINK, self.now().plus_seconds(LIFE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mailed_link_is_the_page_s() {
        assert_eq!(LINK, format!("{CONFIRMATION_PATH}?{CONFIRMATION_PARAMETER}="));
    }
}
