//! Who asks: HTTP Basic authentication (RFC 7617), with a token or an account's own password.

use std::sync::Arc;

use axum::http::HeaderMap;
use jeton_core::{
    caller::{Caller, Via},
    lock::{self, Denial},
    secret::Secret,
    token::is_meant_as_token,
};

use crate::{app::App, credentials, edge::Client, refusal::Refusal};

/// Finds the caller behind a request's Basic credentials; none if it brings none. Other schemes and headers count as
/// nothing here, as in GitLab. What is presented and wrong is refused, on public projects too.
pub(super) async fn authenticate(
    app: &App,
    headers: &HeaderMap,
    client: Option<Client>,
) -> Result<Option<Caller>, Refusal> {
    let caller = known(app, headers).await?;
    if let Some(caller) = &caller {
        app.limits.admit_place(&app.policy(), caller, client, app.now())?;
        app.note_use(caller, client);
    }
    Ok(caller)
}

/// The same, without noting a use.
pub(super) async fn known(app: &App, headers: &HeaderMap) -> Result<Option<Caller>, Refusal> {
    let Some((username, password)) = credentials::basic(headers)? else { return Ok(None) };
    let caller = identify(app, &username, password).await?;
    lock::stands(&caller, app.now())?;
    Ok(Some(caller))
}

/// A token stands where the password does, whatever the user name, or in the user name's place. Only what cannot be a
/// token is tried as an account's password: hashing it costs a thousand times as much.
async fn identify(app: &App, username: &str, password: Secret) -> Result<Caller, Refusal> {
    let places = [password.expose(), username];
    if let Some(token) = places.into_iter().find(|text| is_meant_as_token(text, &app.token_prefix())) {
        return app.find_token(token).await;
    }
    if places.contains(&"") {
        return Err(Denial::WrongPassword.into());
    }
    if !app.policy().password_authentication_enabled_for_git {
        return Err(Denial::PasswordsDisabled.into());
    }
    let account = app.check_password(username, password).await?.ok_or(Denial::WrongPassword)?;
    Ok(Caller::new(Arc::new(account.user), Via::Password))
}
