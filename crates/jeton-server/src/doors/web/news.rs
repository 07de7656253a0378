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
    /// What a form changes is saved.
    Saved,
}

impl News {
    /// How it stands in the cookie.
    pub(super) fn write(self) -> String {
        match self {
            Self::Revoked(id) => format!("revoked-{id}"),
            Self::SentBefore => "sent_before".to_owned(),
            Self::SignedOut => "signed_out".to_owned(),
            Self::PasswordSet => "password_set".to_owned(),
            Self::Saved => "saved".to_owned(),
        }
    }

    /// Reads it from the cookie; what is not understood is no news.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            "sent_before" => Some(Self::SentBefore),
            "signed_out" => Some(Self::SignedOut),
            "password_set" => Some(Self::PasswordSet),
            "saved" => Some(Self::Saved),
            _ => text.strip_prefix("revoked-")?.parse().ok().map(TokenId).map(Self::Revoked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_survive_the_cookie() {
        for news in [News::Revoked(TokenId(7)), News::SentBefore, News::SignedOut, News::PasswordSet, News::Saved] {
            assert_eq!(News::read(&news.write()), Some(news));
        }
        for odd in ["", "revoked-", "revoked-x", "signed_in"] {
            assert_eq!(News::read(odd), None, "{odd}");
        }
    }
}
