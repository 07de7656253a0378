//! What is told of second factors.

use super::text::Letter;

/// What happened to somebody's second factors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FactorNotice {
    /// An authenticator app was added.
    AppAdded,
    /// It was removed.
    AppRemoved,
    /// A passkey was added.
    PasskeyAdded,
    /// One was removed.
    PasskeyRemoved,
    /// One may have been copied.
    PasskeySuspected,
    /// There are new recovery codes.
    CodesReplaced,
    /// One was used.
    CodeUsed,
    /// There is no second factor any more.
    SwitchedOff,
}

impl FactorNotice {
    /// Every notice.
    #[cfg(test)]
    pub(super) const ALL: [Self; 8] = [
        Self::AppAdded,
        Self::AppRemoved,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::PasskeySuspected,
        Self::CodesReplaced,
        Self::CodeUsed,
        Self::SwitchedOff,
    ];

    /// What it is about, in a word; the subject line; what follows the account's name in the text.
    const fn words(self) -> [&'static str; 3] {
        match self {
            Self::AppAdded => {
                ["two_factor_app_added", "An authenticator app was added to your account", "got an authenticator app"]
            }
            Self::AppRemoved => [
                "two_factor_app_removed",
                "The authenticator app was removed from your account",
                "has lost its authenticator app: it was removed",
            ],
            Self::PasskeyAdded => ["passkey_added", "A passkey was added to your account", "got another passkey"],
            Self::PasskeyRemoved => {
                ["passkey_removed", "A passkey was removed from your account", "has lost a passkey: it was removed"]
            }
            Self::PasskeySuspected => [
                "passkey_suspected",
                "A security key of your account may have been copied",
                "was signed in to with a security key whose count did not grow. It may have been copied",
            ],
            Self::CodesReplaced => [
                "recovery_codes_replaced",
                "The recovery codes of your account were replaced",
                "got new recovery codes; the old ones are worth nothing any more",
            ],
            Self::CodeUsed => [
                "recovery_code_used",
                "A recovery code of your account was used",
                "was signed in to with a recovery code, which is used up",
            ],
            Self::SwitchedOff => [
                "two_factor_disabled",
                "Two-factor authentication was switched off for your account",
                "has no second factor any more: two-factor authentication was switched off",
            ],
        }
    }

    /// The beginning of the mail.
    pub(super) fn letter(self, account: &str) -> Letter {
        let [kind, subject, what] = self.words();
        Letter::default().about(kind, subject).says(&format!("Your account {account} {what}."))
    }
}
