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
    /// Something about mails.
    Mail(MailNews),
}

/// Something about mails that just happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MailNews {
    /// A link to set a password was asked for.
    ResetAsked,
    /// A link to confirm an address was asked for.
    ConfirmationAsked,
    /// An address was confirmed.
    Confirmed,
    /// Another address is wanted, and was sent a link.
    Wanted,
    /// A further address was added, and was sent a link.
    Added,
    /// A further address was removed.
    Removed,
    /// The link was sent once more.
    Reminded,
    /// Too many links were asked for.
    TooOften,
}

impl MailNews {
    const ALL: [Self; 8] = [
        Self::ResetAsked,
        Self::ConfirmationAsked,
        Self::Confirmed,
        Self::Wanted,
        Self::Added,
        Self::Removed,
        Self::Reminded,
        Self::TooOften,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::ResetAsked => "reset_asked",
            Self::ConfirmationAsked => "confirmation_asked",
            Self::Confirmed => "confirmed",
            Self::Wanted => "wanted",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Reminded => "reminded",
            Self::TooOften => "too_often",
        }
    }

    /// What the next page says. The first two are GitLab's words, and the same whether there is such an account or not.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::ResetAsked => {
                "If your email address exists in our database, you will receive a password recovery link at your email \
                 address in a few minutes."
            }
            Self::ConfirmationAsked => {
                "If your email address exists in our database, you will receive an email with instructions for how to \
                 confirm your email address in a few minutes."
            }
            Self::Confirmed => "Your email address has been successfully confirmed.",
            Self::Wanted => "A link was sent to the new address. It counts when you have opened that link.",
            Self::Added => "The address was added. It is yours when you have opened the link that was sent there.",
            Self::Removed => "The address was removed.",
            Self::Reminded => "The link was sent once more.",
            Self::TooOften => "Too many links were asked for. Try again in an hour.",
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
            Self::Mail(news) => format!("mail-{}", news.name()),
        }
    }

    /// Reads it from the cookie; what is not understood is no news.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            "sent_before" => Some(Self::SentBefore),
            "signed_out" => Some(Self::SignedOut),
            "password_set" => Some(Self::PasswordSet),
            _ if text.starts_with("mail-") => {
                MailNews::ALL.into_iter().find(|news| text["mail-".len()..] == *news.name()).map(Self::Mail)
            }
            _ => text.strip_prefix("revoked-")?.parse().ok().map(TokenId).map(Self::Revoked),
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
        for news in MailNews::ALL.map(News::Mail) {
            assert_eq!(News::read(&news.write()), Some(news));
        }
        for odd in ["", "mail-", "revoked-", "revoked-x", "signed_in"] {
            assert_eq!(News::read(odd), None, "{odd}");
        }
    }
}
