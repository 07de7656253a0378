//! Where the pages are. Templates and routes read the same names.

use jeton_core::id::UserId;

use crate::accounts;

/// The start page.
pub(super) const HOME: &str = "/";
/// The sign-in form.
pub(super) const SIGN_IN: &str = accounts::SIGN_IN_PATH;
/// The administrators' pages.
pub(super) const ADMIN: &str = "/admin";
/// The accounts of people.
pub(super) const ADMIN_USERS: &str = "/admin/users";
/// The form for a new one.
pub(super) const ADMIN_NEW_USER: &str = "/admin/users/new";

/// The address of the page about that account.
pub(super) fn admin_user(id: UserId) -> String {
    format!("{ADMIN_USERS}/{id}")
}

/// The audit log.
pub(super) const AUDIT_EVENTS: &str = "/admin/audit_events";
/// The settings that are changed at run time.
pub(super) const SETTINGS: &str = "/admin/application_settings";
/// What a passkey is asked that signs in alone.
pub(super) const PASSKEY_OPTIONS: &str = "/users/sign_in/passkey_options";
/// Ends a session.
pub(super) const SIGN_OUT: &str = "/users/sign_out";
/// Takes a new password.
pub(super) const PASSWORD: &str = "/users/password";
/// Asks for a link that sets a password.
pub(super) const FORGOTTEN_PASSWORD: &str = accounts::FORGOTTEN_PASSWORD_PATH;
/// The form behind the link that confirms an address.
pub(super) const CONFIRMATION: &str = accounts::CONFIRMATION_PATH;
/// Asks for that link once more.
pub(super) const NEW_CONFIRMATION: &str = accounts::NEW_CONFIRMATION_PATH;
/// The own addresses.
pub(super) const EMAILS: &str = "/-/profile/emails";
/// Takes another primary address.
pub(super) const PRIMARY_EMAIL: &str = "/-/profile/emails/primary";
/// Sends the link for an address that waits once more.
pub(super) const REMIND: &str = "/-/profile/emails/resend";
/// The route that removes a further address.
pub(super) const REMOVE_EMAIL: &str = "/-/profile/emails/{id}/remove";

/// The address that removes the further address `id`.
pub(super) fn remove_email(id: i64) -> String {
    format!("{EMAILS}/{id}/remove")
}
/// The Access tokens page.
pub(super) const ACCESS_TOKENS: &str = accounts::ACCESS_TOKENS_PATH;
/// The page of second factors; it also takes the code that confirms an authenticator app.
pub(super) const TWO_FACTOR: &str = accounts::TWO_FACTOR_PATH;
/// Removes the authenticator app.
pub(super) const REMOVE_APP: &str = "/-/profile/two_factor_auth/destroy_otp";
/// Makes new recovery codes.
pub(super) const RECOVERY_CODES: &str = "/-/profile/two_factor_auth/codes";
/// Adds a passkey.
pub(super) const ADD_PASSKEY: &str = "/-/profile/two_factor_auth/create_webauthn";
/// The route that gives a passkey another name.
pub(super) const RENAME_PASSKEY: &str = "/-/profile/webauthn_registrations/{id}/rename";
/// The route that removes a passkey.
pub(super) const REMOVE_PASSKEY: &str = "/-/profile/webauthn_registrations/{id}/remove";
/// Switches two-factor authentication off.
pub(super) const SWITCH_OFF: &str = "/-/profile/two_factor_auth/disable";
/// Where people prove once more who they are.
pub(super) const CONFIRM: &str = accounts::CONFIRM_PATH;
/// Where GitLab had that page before; bookmarks and scripts still name them.
pub(super) const EARLIER_ACCESS_TOKENS: [&str; 2] =
    ["/profile/personal_access_tokens", "/-/profile/personal_access_tokens"];
/// The route of the page that asks whether a token shall be revoked, and takes the answer.
pub(super) const REVOKE: &str = "/-/user_settings/personal_access_tokens/{id}/revoke";

/// The own profile.
pub(super) const PROFILE: &str = "/-/profile";
/// How one signs in.
pub(super) const ACCOUNT: &str = "/-/profile/account";
/// Takes another password from somebody who knows the present one.
pub(super) const CHANGE_PASSWORD: &str = "/-/profile/password";
/// Where one is signed in.
pub(super) const SESSIONS: &str = "/-/user_settings/active_sessions";
/// Ends one session.
pub(super) const END_SESSION: &str = "/-/user_settings/active_sessions/{id}/end";
/// Ends all sessions but the present one.
pub(super) const END_OTHER_SESSIONS: &str = "/-/user_settings/active_sessions/end_others";
/// Forgets a browser in which one signed in.
pub(super) const FORGET_DEVICE: &str = "/-/user_settings/devices/{id}/forget";
/// What happened to the account.
pub(super) const AUTHENTICATION_LOG: &str = "/-/user_settings/authentication_log";

/// One of the pages about oneself.
pub(super) struct Section {
    /// In the navigation.
    pub(super) title: &'static str,
    /// Its address.
    pub(super) path: &'static str,
    /// What it is for, in one sentence.
    pub(super) about: &'static str,
}

/// All of them, in the order of the navigation that they share. A new page is one row.
pub(super) const SECTIONS: &[Section] = &[
    Section { title: "Profile", path: PROFILE, about: "Who you are here." },
    Section { title: "Account", path: ACCOUNT, about: "Change your password." },
    Section { title: "Access tokens", path: ACCESS_TOKENS, about: "Let scripts, tools and Git act for you." },
    Section { title: "E-mail", path: EMAILS, about: "Change your address, and add further ones." },
    Section {
        title: "Two-factor authentication",
        path: TWO_FACTOR,
        about: "Ask for more than your password: an app's codes, or a passkey.",
    },
    Section { title: "Active sessions", path: SESSIONS, about: "See where you are signed in, and sign out there." },
    Section {
        title: "Authentication log",
        path: AUTHENTICATION_LOG,
        about: "See sign-ins, refusals and what happened to your tokens.",
    },
];

/// The address that ends the session `id`.
pub(super) fn end_session(id: i64) -> String {
    format!("{SESSIONS}/{id}/end")
}

/// The address that forgets the browser `id`.
pub(super) fn forget_device(id: i64) -> String {
    format!("/-/user_settings/devices/{id}/forget")
}

/// The same for rotating a token.
pub(super) const ROTATE: &str = "/-/user_settings/personal_access_tokens/{id}/rotate";

/// The address of the page that rotates the token `id`.
pub(super) fn rotate(id: i64) -> String {
    format!("{ACCESS_TOKENS}/{id}/rotate")
}

/// The address of the page that revokes the token `id`.
pub(super) fn revoke(id: i64) -> String {
    format!("{ACCESS_TOKENS}/{id}/revoke")
}

/// The address that gives the passkey `id` another name.
pub(super) fn rename_passkey(id: i64) -> String {
    RENAME_PASSKEY.replace("{id}", &id.to_string())
}

/// The address that removes the passkey `id`.
pub(super) fn remove_passkey(id: i64) -> String {
    REMOVE_PASSKEY.replace("{id}", &id.to_string())
}
