//! What the pages about second factors show, as plain data.

use askama::Template;

use super::{
    paths,
    views::{Frame, Moment},
};

/// The page on which people set up and remove their second factors.
#[derive(Template)]
#[template(path = "two_factor.html")]
pub(super) struct TwoFactorPage<'a> {
    pub(super) frame: Frame<'a>,
    /// Two-factor authentication is on.
    pub(super) is_on: bool,
    /// Everybody must have it here.
    pub(super) is_required: bool,
    /// Nothing else can be done before it is set up.
    pub(super) is_overdue: bool,
    /// New recovery codes, shown by this very answer alone.
    pub(super) codes: Option<Codes<'a>>,
    /// When the app was added; none: it can be.
    pub(super) app_since: Option<Moment>,
    /// How to add an app.
    pub(super) offer: Option<Offer>,
    pub(super) passkeys: Vec<PasskeyRow>,
    /// How to add a passkey; none where browsers have none.
    pub(super) passkey_options: Option<String>,
    /// Why the last one was not added or renamed.
    pub(super) passkey_problem: Option<String>,
    pub(super) recovery_codes: i64,
}

/// Recovery codes that were just made.
pub(super) struct Codes<'a> {
    pub(super) codes: &'a [zeroize::Zeroizing<String>],
    /// They came with the first factor.
    pub(super) are_first: bool,
}

impl Codes<'_> {
    /// All of them as the address of a text, one in a line: a link to it saves them without a script.
    fn address(&self) -> String {
        let lines: Vec<&str> = self.codes.iter().map(|code| code.as_str()).collect();
        format!("data:text/plain;charset=utf-8,{}%0A", lines.join("%0A"))
    }
}

/// A secret for an authenticator app.
pub(super) struct Offer {
    /// For typing.
    pub(super) secret: String,
    /// The same for the app's camera.
    pub(super) picture: Picture,
    pub(super) pin_problem: Option<&'static str>,
    pub(super) password_problem: Option<&'static str>,
    /// The password is asked for: there is no other factor to ask for.
    pub(super) asks_password: bool,
}

/// A QR code.
pub(super) struct Picture {
    /// Modules on one side, with the quiet zone.
    pub(super) side: usize,
    /// The dark ones, as an SVG path.
    pub(super) dark: String,
}

/// One passkey.
pub(super) struct PasskeyRow {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) is_copied: bool,
    pub(super) created: Moment,
    pub(super) last_used: Option<Moment>,
    /// Its count went backwards then.
    pub(super) suspected: Option<Moment>,
}

impl PasskeyRow {
    fn rename_path(&self) -> String {
        paths::rename_passkey(self.id)
    }

    fn remove_path(&self) -> String {
        paths::remove_passkey(self.id)
    }
}

/// The second step of a sign-in.
#[derive(Template)]
#[template(path = "second_step.html")]
pub(super) struct SecondStepPage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) problem: Option<String>,
    /// Whether the browser was asked, with the password, to stay signed in.
    pub(super) stays: bool,
    /// What a passkey is asked; none if the user has none.
    pub(super) passkey_options: Option<String>,
}

/// Asks once more who somebody is, before something sensitive is done.
#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct ConfirmPage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) username: &'a str,
    /// A code is asked for, else the password.
    pub(super) asks_code: bool,
    pub(super) passkey_options: Option<String>,
    pub(super) problem: Option<String>,
    /// Where to go on.
    pub(super) to: &'a str,
    /// `post` if a form is waiting there, else `get`.
    pub(super) method: &'a str,
    /// What was entered there.
    pub(super) kept: Vec<(&'a str, &'a str)>,
}
