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
    /// Something about second factors.
    Factors(FactorNews),
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
            Self::Factors(news) => format!("factor-{}", news.word()),
        }
    }

    /// Reads it from the cookie; what is not understood is no news.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text {
            "sent_before" => Some(Self::SentBefore),
            "signed_out" => Some(Self::SignedOut),
            "password_set" => Some(Self::PasswordSet),
            _ if text.starts_with("factor-") => {
                text.strip_prefix("factor-").and_then(FactorNews::named).map(Self::Factors)
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
        for news in [News::Revoked(TokenId(7)), News::SentBefore, News::SignedOut, News::PasswordSet]
            .into_iter()
            .chain(FactorNews::ALL.map(News::Factors))
        {
            assert_eq!(News::read(&news.write()), Some(news));
        }
        for odd in ["", "revoked-", "revoked-x", "signed_in"] {
            assert_eq!(News::read(odd), None, "{odd}");
        }
    }
}
