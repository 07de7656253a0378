//! What one page has to tell on the next one: only words and numbers travel in the cookie, never a name or a secret.

use jeton_core::id::TokenId;

/// Something that just happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum News {
    /// This token was revoked.
    Revoked(TokenId),
    /// A form was sent a second time, and did nothing.
    SentBefore,
    /// The session was ended.
    SignedOut,
    /// A new password was set.
    PasswordSet,
    /// Something that needs no number to be told.
    Done(Done),
}

/// Something that was done on one of the pages about oneself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Done {
    /// The password was changed.
    PasswordChanged,
    /// The same, and all tokens were revoked.
    PasswordChangedTokensRevoked,
    /// A session was ended.
    SessionEnded,
    /// All other sessions were ended.
    OtherSessionsEnded,
    /// A browser was forgotten.
    DeviceForgotten,
    /// What an administrator changed is saved.
    Saved,
}

impl Done {
    const ALL: [Self; 6] = [
        Self::PasswordChanged,
        Self::PasswordChangedTokensRevoked,
        Self::SessionEnded,
        Self::OtherSessionsEnded,
        Self::DeviceForgotten,
        Self::Saved,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::PasswordChanged => "password_changed",
            Self::PasswordChangedTokensRevoked => "password_changed_tokens_revoked",
            Self::SessionEnded => "session_ended",
            Self::OtherSessionsEnded => "other_sessions_ended",
            Self::DeviceForgotten => "device_forgotten",
            Self::Saved => "saved",
        }
    }

    /// What the next page says.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::PasswordChanged => {
                "Your password is changed, and your other sessions are ended. Your access tokens still work: if somebody \
                 else may have known the password, look through them."
            }
            Self::PasswordChangedTokensRevoked => {
                "Your password is changed, your other sessions are ended and all your access tokens are revoked."
            }
            Self::SessionEnded => "The session is ended.",
            Self::OtherSessionsEnded => "All other sessions are ended.",
            Self::DeviceForgotten => "The browser is forgotten.",
            Self::Saved => "Done. It is in force.",
        }
    }
}

impl News {
    /// How it stands in the cookie.
    pub(super) fn write(self) -> String {
        match self {
            Self::Revoked(id) => format!("revoked-{id}"),
            Self::SentBefore => "sent_before".to_owned(),
            Self::SignedOut => "signed_out".to_owned(),
            Self::PasswordSet => "password_set".to_owned(),
            Self::Done(done) => done.word().to_owned(),
        }
    }

    /// Reads it from the cookie; what is not understood is no news.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            "sent_before" => Some(Self::SentBefore),
            "signed_out" => Some(Self::SignedOut),
            "password_set" => Some(Self::PasswordSet),
            _ => match text.strip_prefix("revoked-") {
                Some(id) => id.parse().ok().map(TokenId).map(Self::Revoked),
                None => Done::ALL.into_iter().find(|done| done.word() == text).map(Self::Done),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_survive_the_cookie() {
        for news in [News::Revoked(TokenId(7)), News::SentBefore, News::SignedOut, News::PasswordSet] {
            assert_eq!(News::read(&news.write()), Some(news));
        }
        for done in Done::ALL {
            assert_eq!(News::read(&News::Done(done).write()), Some(News::Done(done)));
        }
        for odd in ["", "revoked-", "revoked-x", "signed_in"] {
            assert_eq!(News::read(odd), None, "{odd}");
        }
    }
}
