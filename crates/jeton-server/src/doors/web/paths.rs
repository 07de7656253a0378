//! Where the pages are. Templates and routes read the same names.

use crate::accounts;

/// The start page.
pub(super) const HOME: &str = "/";
/// The sign-in form.
pub(super) const SIGN_IN: &str = accounts::SIGN_IN_PATH;
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
