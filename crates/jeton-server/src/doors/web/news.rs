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
    /// Something about second factors.
    Factors(FactorNews),
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

/// What happened to second factors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FactorNews {
    /// One more was added.
    Added,
    /// One was removed.
    Removed,
    /// One was not, because it is the last.
    NotRemoved,
    /// One has a new name.
    Renamed,
    /// There is none any more.
    Off,
    /// They were not switched off, because everybody must have one.
    Required,
}

impl FactorNews {
    const ALL: [Self; 6] = [Self::Added, Self::Removed, Self::NotRemoved, Self::Renamed, Self::Off, Self::Required];

    const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::NotRemoved => "not_removed",
            Self::Renamed => "renamed",
            Self::Off => "off",
            Self::Required => "required",
        }
    }

    fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|news| news.word() == word)
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
            Self::Factors(news) => format!("factor-{}", news.word()),
            Self::Mail(news) => format!("mail-{}", news.name()),
        }
    }

    /// Reads it from the cookie; what is not understood is no news.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            "sent_before" => Some(Self::SentBefore),
            "signed_out" => Some(Self::SignedOut),
            "password_set" => Some(Self::PasswordSet),
            _ => {
                let told = |prefix| text.strip_prefix(prefix);
                if let Some(factor) = told("factor-") {
                    FactorNews::named(factor).map(Self::Factors)
                } else if let Some(mail) = told("mail-") {
                    MailNews::ALL.into_iter().find(|news| news.name() == mail).map(Self::Mail)
                } else if let Some(id) = told("revoked-") {
                    id.parse().ok().map(TokenId).map(Self::Revoked)
                } else {
                    Done::ALL.into_iter().find(|done| done.word() == text).map(Self::Done)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_survive_the_cookie() {
        for news in [News::Revoked(TokenId(7)), News::SentBefore, News::SignedOut, News::PasswordSet]
            .into_iter()
            .chain(FactorNews::ALL.map(News::Factors))
        {
            assert_eq!(News::read(&news.write()), Some(news));
        }
        for news in MailNews::ALL.map(News::Mail).into_iter().chain(Done::ALL.map(News::Done)) {
            assert_eq!(News::read(&news.write()), Some(news));
        }
        for odd in ["", "mail-", "revoked-", "revoked-x", "signed_in"] {
            assert_eq!(News::read(odd), None, "{odd}");
        }
    }
}
