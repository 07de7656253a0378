//! What the lock and failures of ours say, in the API's words (GitLab API docs, "Authentication" and "Troubleshooting").

use jeton_core::{
    ability::Ability,
    lock::{Denial, scopes_granting},
    user::{Closed, User},
};

use super::error::ApiError;
use crate::{
    accounts::{CONFIRM_PATH, SIGN_IN_PATH, unconfirmed},
    app::App,
    refusal::Refusal,
};

/// The answer for a refusal of a request to that path.
pub(crate) fn answer(refusal: &Refusal, path: &str, app: &App) -> ApiError {
    match refusal {
        Refusal::Denied(denial) => denied(denial, path, &app.config.external_url),
        Refusal::Busy => ApiError::unavailable(),
        Refusal::TooOften(standing) => {
            ApiError::too_often(&app.policy().rate_limiting_response_text, standing.seconds_left())
        }
        Refusal::OverLimit(seconds) | Refusal::Held(seconds) => ApiError::too_many(*seconds),
        Refusal::Failed(_) if refusal.is_passing() => ApiError::unavailable(),
        Refusal::Moved(_) => ApiError::not_found("Project"),
        Refusal::Failed(_) | Refusal::Broken(_) => ApiError::internal(),
    }
}

fn denied(denial: &Denial, path: &str, external_url: &str) -> ApiError {
    match denial {
        Denial::Anonymous
        | Denial::Malformed(_)
        | Denial::Unknown
        | Denial::WrongPassword
        | Denial::TokenRequired
        | Denial::TokensDisabled
        | Denial::PasswordsDisabled
        | Denial::FactorRequired
        | Denial::NotFromOurPage => ApiError::unauthorized(),
        Denial::NotProven => {
            ApiError::forbidden_because(&format!("Prove once more who you are, at {external_url}{CONFIRM_PATH}"))
        }
        Denial::TwoCredentials => ApiError::two_tokens(),
        Denial::Expired { .. } => {
            ApiError::dead_token("Token is expired. You can either do re-authorization or token refresh.")
        }
        Denial::Revoked { .. } => ApiError::dead_token("Token was revoked. You have to re-authorize from the user."),
        Denial::ImpersonationDisabled => {
            ApiError::dead_token("Token is an impersonation token but impersonation was disabled.")
        }
        Denial::Account(user) => ApiError::forbidden_because(&account(user, external_url)),
        Denial::Scope { missing } => ApiError::insufficient_scope(&sufficient(*missing, path)),
        Denial::SudoNotAdministrator => ApiError::forbidden_because("Must be admin to use sudo"),
        Denial::SudoWithoutToken => {
            ApiError::forbidden_because("Must be authenticated using an OAuth or personal access token to use sudo")
        }
        Denial::SudoUnknownUser(asked) => ApiError::not_found(&format!("User with ID or username '{asked}'")),
        Denial::NotAdministrator | Denial::Right(_) | Denial::TooManyAddresses { .. } => ApiError::forbidden(),
        Denial::Hidden => ApiError::not_found("Project"),
    }
}

/// Why an account cannot be used.
fn account(user: &User, external_url: &str) -> String {
    match user.closed() {
        Some(Closed::Internal) => "This action cannot be performed by internal users".into(),
        Some(Closed::Unconfirmed) => unconfirmed(external_url),
        Some(Closed::Deactivated) => format!(
            "Your account has been deactivated by your administrator. Please log back in from a web browser to \
             reactivate your account at {external_url}{SIGN_IN_PATH}"
        ),
        Some(Closed::PasswordExpired) => {
            "Your password expired. Please access GitLab from a web browser to update your password.".into()
        }
        Some(Closed::Blocked) | None => "Your account has been blocked.".into(),
    }
}

/// The scopes that GitLab names as sufficient, whatever the method: those of the endpoint itself first, then the two that
/// open every ordinary endpoint. Below `/user` and `/users`, `read_user` stands among the first.
fn sufficient(missing: Ability, path: &str) -> Vec<&'static str> {
    if missing == Ability::Sudo {
        return vec!["sudo"];
    }
    let missing = if is_about_users(path) { Ability::ReadUsers } else { missing };
    let general = ["api", "read_api"];
    scopes_granting(missing).filter(|scope| !general.contains(scope)).chain(general).collect()
}

/// Whether the path is `/user`, `/users` or below one of them.
fn is_about_users(path: &str) -> bool {
    let resource = path.strip_prefix("/api/").and_then(|rest| rest.split('/').nth(1));
    matches!(resource, Some("user" | "users"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lists that GitLab's own suite expects, without the scopes that Jeton does not have.
    #[test]
    fn a_narrow_token_learns_what_would_do() {
        for (missing, path, expected) in [
            (Ability::ReadUsers, "/api/v4/metadata", &["read_user", "api", "read_api"][..]),
            (Ability::ReadApi, "/api/v4/projects", &["api", "read_api"]),
            (Ability::WriteApi, "/api/v4/usersettings", &["api", "read_api"]),
            (Ability::ReadUsers, "/api/v3/user", &["read_user", "api", "read_api"]),
            (Ability::WriteApi, "/api/v4/user/keys", &["read_user", "api", "read_api"]),
            (Ability::WriteApi, "/api/v4/users", &["read_user", "api", "read_api"]),
            (Ability::ReadApi, "/api/v4/users/1/impersonation_tokens", &["read_user", "api", "read_api"]),
            (Ability::Sudo, "/api/v4/user", &["sudo"]),
        ] {
            assert_eq!(sufficient(missing, path), expected, "{missing:?} for {path}");
        }
    }
}
