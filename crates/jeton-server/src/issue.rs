//! Making a token: the one place where its text, its digest and its record come together.

use jeton_core::{
    id::UserId,
    token::{MadeVia, Plan},
};
use jeton_store::{
    By,
    tokens::{NewToken, NotMade, Token},
};

use crate::{app::App, nature::NoChance, refusal::Refusal};

/// A token that was made.
pub struct Issued {
    /// Its record.
    pub token: Token,
    /// Its text, for the one answer that shows it.
    pub text: String,
}

/// Why a token was not made.
#[derive(Debug, thiserror::Error)]
pub enum NotIssued {
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

impl From<NoChance> for NotIssued {
    fn from(error: NoChance) -> Self {
        Self::Refused(error.into())
    }
}

impl App {
    /// Makes the planned token for a user.
    pub async fn issue_token(&self, user: UserId, plan: Plan, made_via: MadeVia, by: By) -> Result<Issued, NotIssued> {
        let (text, digest) = self.make_token()?;
        let new = NewToken {
            user,
            handle: Self::make_handle()?,
            name: plan.name,
            description: plan.description,
            scopes: plan.scopes,
            expiry: plan.expiry,
            impersonation: false,
            made_via,
            digest,
            limit: self.config.token_limit,
        };
        let token = self.store.create_token(new, by, self.now()).await?;
        Ok(Issued { token, text: text.reveal() })
    }
}
