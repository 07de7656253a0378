//! Where the pages are. Templates and routes read the same names.

use crate::accounts;

/// The start page.
pub(super) const HOME: &str = "/";
/// The sign-in form.
pub(super) const SIGN_IN: &str = accounts::SIGN_IN_PATH;
/// What a passkey is asked that signs in alone.
pub(super) const PASSKEY_OPTIONS: &str = "/users/sign_in/passkey_options";
/// Ends a session.
pub(super) const SIGN_OUT: &str = "/users/sign_out";
/// Takes a new password.
pub(super) const PASSWORD: &str = "/users/password";
/// The Access tokens page.
pub(super) const ACCESS_TOKENS: &str = accounts::ACCESS_TOKENS_PATH;
/// The page of second factors; it also takes the code that confirms an authenticator app.
pub(super) const TWO_FACTOR: &str = "/-/profile/two_factor_auth";
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
