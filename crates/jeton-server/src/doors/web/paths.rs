//! Where the pages are. Templates and routes read the same names.

/// The start page.
pub(super) const HOME: &str = "/";
/// The sign-in form.
pub(super) const SIGN_IN: &str = "/users/sign_in";
/// Ends a session.
pub(super) const SIGN_OUT: &str = "/users/sign_out";
/// Takes a new password.
pub(super) const PASSWORD: &str = "/users/password";
/// The form behind a one-time link.
pub(super) const PASSWORD_EDIT: &str = "/users/password/edit";
/// The Access tokens page.
pub(super) const ACCESS_TOKENS: &str = "/-/user_settings/personal_access_tokens";

/// The page that asks whether token `id` shall be revoked, and takes the answer.
pub(super) fn revoke(id: i64) -> String {
    format!("{ACCESS_TOKENS}/{id}/revoke")
}
