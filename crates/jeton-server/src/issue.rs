//! Making a token: the one place where its text, its digest and its record come together.

use jeton_core::{
    id::{TokenId, UserId},
    time::Timestamp,
    token::{Expiry, MadeVia, Plan},
};
use jeton_store::{
    By, Fault,
    rotation::{NotRotated, Rotation},
    tokens::{NewToken, NotMade, Token},
};

use crate::{
    app::App,
    nature::NoChance,
    notices::{NamedToken, Notice, TokenNotice},
    refusal::Refusal,
};

/// A token that was made.
pub struct Issued {
    /// Its record.
    pub token: Token,
    /// Its text, for the one answer that shows it.
    pub text: String,
}

/// Who will use a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The user that it acts for.
    Own,
    /// An administrator.
    Impersonation,
}

/// Why a token was not made.
#[derive(Debug, thiserror::Error)]
pub enum NotIssued {
    /// Administrators switched tokens off.
    #[error("Personal access tokens are disabled")]
    Disabled,
    /// The user has as many living tokens as one may have; the text says what to do.
    #[error("{0}")]
    TooMany(String),
    /// Something of ours failed.
    #[error("{0}")]
    Refused(Refusal),
}

impl From<NotMade> for NotIssued {
    fn from(error: NotMade) -> Self {
        match error {
            NotMade::TooMany(_) => Self::TooMany(error.to_string()),
            NotMade::Fault(fault) => Self::Refused(fault.into()),
        }
    }
}

impl From<Fault> for NotIssued {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault.into())
    }
}

impl From<NoChance> for NotIssued {
    fn from(error: NoChance) -> Self {
        Self::Refused(error.into())
    }
}

/// Why a token was not replaced.
#[derive(Debug)]
pub enum NotReissued {
    /// There is no such token, or it is somebody else's.
    Missing,
    /// It was ended before.
    Ended,
    /// Something of ours failed.
    Refused(Refusal),
}

impl From<NotRotated> for NotReissued {
    fn from(error: NotRotated) -> Self {
        match error {
            NotRotated::Missing => Self::Missing,
            NotRotated::Ended => Self::Ended,
            NotRotated::Fault(fault) => Self::Refused(fault.into()),
        }
    }
}

impl<E: Into<Refusal>> From<E> for NotReissued {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

/// The end of a token that lives, from `now` on, as long as this one was meant to.
pub fn same_lifetime(token: &Token, now: Timestamp) -> Expiry {
    let Some(end) = token.expiry.moment() else { return Expiry::NEVER };
    if end == end.date().midnight() {
        let days = end.date().days_since(token.created_at.date());
        return Expiry::on(Some(now.date().plus_days(i32::try_from(days).unwrap_or(i32::MAX))));
    }
    Expiry::at(now.plus_seconds(end.seconds() - token.created_at.seconds()))
}

impl App {
    /// Replaces a token by the next generation of its family. With an `owner`, only a token of that user is found.
    /// When this returns, the old text is dead.
    pub async fn reissue_token(
        &self,
        token: TokenId,
        owner: Option<UserId>,
        expiry: Expiry,
        by: By,
    ) -> Result<Issued, NotReissued> {
        let (text, digest) = self.make_token()?;
        let rotated = self.rotate_token(Rotation { token, owner, digest, expiry }, by).await??;
        Ok(Issued { token: rotated.token, text: text.reveal() })
    }

    /// Makes the planned token for a user.
    pub async fn issue_token(&self, user: UserId, plan: Plan, made_via: MadeVia, by: By) -> Result<Issued, NotIssued> {
        self.issue(user, plan, made_via, Kind::Own, by).await
    }

    /// Makes the planned token for an administrator who will act as that user with it.
    pub async fn issue_impersonation_token(&self, user: UserId, plan: Plan, by: By) -> Result<Issued, NotIssued> {
        self.issue(user, plan, MadeVia::Api, Kind::Impersonation, by).await
    }

    async fn issue(
        &self,
        user: UserId,
        plan: Plan,
        made_via: MadeVia,
        kind: Kind,
        by: By,
    ) -> Result<Issued, NotIssued> {
        if self.policy().disable_personal_access_tokens {
            return Err(NotIssued::Disabled);
        }
        let (text, digest) = self.make_token()?;
        let handle = Self::make_handle()?;
        let mails = match kind {
            Kind::Own => {
                let named = NamedToken { name: &plan.name, handle: &handle.0 };
                self.mails_about(user, Notice::Token(TokenNotice::Created(plan.expiry), named), &by).await?
            }
            // Not its user's affair.
            Kind::Impersonation => Vec::new(),
        };
        let new = NewToken {
            user,
            handle,
            name: plan.name,
            description: plan.description,
            scopes: plan.scopes,
            expiry: plan.expiry,
            impersonation: kind == Kind::Impersonation,
            made_via,
            digest,
            limit: self.config.token_limit,
        };
        let token = self.store.create_token_telling(new, mails, by, self.now()).await?;
        Ok(Issued { token, text: text.reveal() })
    }
}
