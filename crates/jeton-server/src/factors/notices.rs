//! What people are told by mail when their second factors change. None of these mails holds a link.

use jeton_core::user::User;
use jeton_store::mails::Mail;

use crate::app::App;

/// What changed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
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

impl Change {
    const fn kind(self) -> &'static str {
        match self {
            Self::AppAdded => "two_factor_app_added",
            Self::AppRemoved => "two_factor_app_removed",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRemoved => "passkey_removed",
            Self::PasskeySuspected => "passkey_suspected",
            Self::CodesReplaced => "recovery_codes_replaced",
            Self::CodeUsed => "recovery_code_used",
            Self::SwitchedOff => "two_factor_disabled",
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::AppAdded => "An authenticator app was added to your account",
            Self::AppRemoved => "The authenticator app was removed from your account",
            Self::PasskeyAdded => "A passkey was added to your account",
            Self::PasskeyRemoved => "A passkey was removed from your account",
            Self::PasskeySuspected => "A security key of your account may have been copied",
            Self::CodesReplaced => "The recovery codes of your account were replaced",
            Self::CodeUsed => "A recovery code of your account was used",
            Self::SwitchedOff => "Two-factor authentication was switched off for your account",
        }
    }
}

/// The mails about a change.
pub(super) fn told(app: &App, user: &User, change: Change) -> Vec<Mail> {
    let (what, url) = (change.what(), &app.config.external_url);
    let body = format!(
        "Hello {},\n\n{what} @{} on {url}.\n\nIf that was not you, sign in there, remove what you do not know under \
         \"Two-factor authentication\", set another password, and tell an administrator.\n",
        user.name, user.username,
    );
    let (recipient, subject) = (user.email.clone(), what.to_owned());
    vec![Mail { kind: change.kind(), user: Some(user.id), recipient, subject, body }]
}
