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
/// Ends a session.
pub(super) const SIGN_OUT: &str = "/users/sign_out";
/// Takes a new password.
pub(super) const PASSWORD: &str = "/users/password";
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
