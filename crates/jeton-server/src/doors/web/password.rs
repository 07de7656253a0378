//! Setting a password with a one-time link.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jeton_core::{secret::Secret, user::User};

use super::{
    cookies::Cookie,
    error::Problem,
    form::{Form, Pairs},
    news::News,
    paths,
    views::PasswordPage,
    visit::Visit,
};
use crate::{
    accounts::PASSWORD_LINK_PARAMETER,
    app::App,
    guard::{Anybody, Grant},
    passwords::{LONGEST, SHORTEST},
    refusal::Refusal,
};

/// What is wrong with the two passwords that were typed.
#[derive(Default)]
struct Flaws {
    password: Option<String>,
    confirmation: Option<&'static str>,
}

/// What is kept of the form when it is shown once more.
#[derive(Default)]
struct Entered {
    flaws: Flaws,
    revoke_tokens: bool,
}

impl Flaws {
    /// GitLab's words.
    fn of(password: &str, confirmation: &str) -> Self {
        let length = password.chars().count();
        let flaw = match length {
            0 => Some("Password can't be blank".to_owned()),
            _ if length < SHORTEST => Some(format!("Password is too short (minimum is {SHORTEST} characters)")),
            _ if length > LONGEST => Some(format!("Password is too long (maximum is {LONGEST} characters)")),
            _ => None,
        };
        let confirmation = (password != confirmation).then_some("Password confirmation doesn't match Password");
        Self { password: flaw, confirmation }
    }

    const fn any(&self) -> bool {
        self.password.is_some() || self.confirmation.is_some()
    }
}

/// The form behind the link.
pub(super) async fn show(
    _: Grant<Anybody>,
    State(app): State<App>,
    mut visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let Ok(query) = Pairs::parse(query.unwrap_or_default().as_bytes()) else {
        return Ok(Problem::Malformed.into_response());
    };
    let secret = query.get(PASSWORD_LINK_PARAMETER).unwrap_or_default();
    let Some(user) = app.password_link(secret).await? else { return Ok(Problem::DeadLink.into_response()) };
    visit.begin(&app)?;
    page(&visit, StatusCode::OK, &user, secret, Entered::default())
}

/// Takes the form: sets the password, uses the link up, and leads to the sign-in form.
pub(super) async fn submit(
    grant: Grant<Anybody>,
    State(app): State<App>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let field = |name| form.pairs.get(name).unwrap_or_default();
    let secret = field("user[reset_password_token]");
    let Some(user) = app.password_link(secret).await? else { return Ok(Problem::DeadLink.into_response()) };
    let (password, confirmation) = (field("user[password]"), field("user[password_confirmation]"));
    let revoke_tokens = field("user[revoke_tokens]") == "1";
    let flaws = Flaws::of(password, confirmation);
    if flaws.any() {
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &user, secret, Entered { flaws, revoke_tokens });
    }
    if !app.use_password_link(secret, Secret::new(password), revoke_tokens, grant.by()).await? {
        return Ok(Problem::DeadLink.into_response());
    }
    visit.set(Cookie::News, &News::PasswordSet.write())?;
    visit.go_on(paths::SIGN_IN)
}

fn page(visit: &Visit, status: StatusCode, user: &User, secret: &str, entered: Entered) -> Result<Response, Refusal> {
    let page = PasswordPage {
        frame: visit.frame("Set a password", None, &[]),
        username: &user.username,
        token: secret,
        least: SHORTEST,
        password_problem: entered.flaws.password,
        confirmation_problem: entered.flaws.confirmation,
        revoke_tokens: entered.revoke_tokens,
    };
    visit.page(status, &page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_in_characters() {
        assert!(!Flaws::of(&"é".repeat(8), &"é".repeat(8)).any());
        assert!(Flaws::of("sevench", "sevench").password.is_some());
        assert!(Flaws::of("", "").password.is_some());
        assert!(Flaws::of(&"x".repeat(129), &"x".repeat(129)).password.is_some());
        assert!(Flaws::of("long enough", "long Enough").confirmation.is_some());
    }
}
