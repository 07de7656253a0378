//! The start page: who you are, and how to use a token on this very server.

use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    views::{HomePage, Step},
    visit::Visit,
};
use crate::{
    app::App,
    guard::{Grant, OwnPages},
    refusal::Refusal,
};

/// The page.
pub(super) async fn show(grant: Grant<OwnPages>, State(app): State<App>, visit: Visit) -> Result<Response, Refusal> {
    let user = &grant.somebody()?.user;
    let url = app.config.external_url.as_str();
    let page = HomePage {
        frame: visit.frame("Start", Some(user), &[]),
        name: &user.name,
        username: &user.username,
        admin: user.administrator,
        live_tokens: app.store.living_tokens(user.id, app.now()).await?.len(),
        url,
        steps: steps(url, &user.username),
    };
    visit.page(StatusCode::OK, &page)
}

/// A command that shows whose token stands in the variable `TOKEN`.
pub(super) fn try_token(url: &str) -> String {
    format!(r#"curl --header "PRIVATE-TOKEN: $TOKEN" {url}/api/v4/user"#)
}

fn steps(url: &str, username: &str) -> Vec<Step> {
    let step = |title, explanation: &str, command: String| Step { title, explanation: explanation.to_owned(), command };
    vec![
        step(
            "Put a token into a variable",
            "Paste it and press Enter. It stays out of the shell's history.",
            "read -rs TOKEN".to_owned(),
        ),
        step("Call the API", "Shows whose token it is. The scope read_user is enough.", try_token(url)),
        step(
            "Create a project",
            "Needs the scope api.",
            format!(
                r#"curl --header "PRIVATE-TOKEN: $TOKEN" --data name=hello --data initialize_with_readme=true {url}/api/v4/projects"#
            ),
        ),
        step(
            "Clone it",
            &format!(
                "Git asks for a username and a password: answer {username} and the token. The scope read_repository is enough."
            ),
            format!("git clone {url}/{username}/hello.git"),
        ),
    ]
}
