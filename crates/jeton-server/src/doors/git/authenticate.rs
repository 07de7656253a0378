//! Who asks: HTTP Basic authentication (RFC 7617), with a token or an account's own password.

use std::sync::Arc;

use axum::http::HeaderMap;
use jeton_core::{
    caller::Caller,
    lock::{self, Denial},
    secret::Secret,
    token::is_meant_as_token,
};
use jeton_store::{By, Means};

use crate::{app::App, credentials, edge::Client, refusal::Refusal};

/// Finds the caller behind a request's Basic credentials; none if it brings none. Other schemes and headers count as
/// nothing here, as in GitLab. What is presented and wrong is refused, on public projects too.
pub(super) async fn authenticate(
    app: &App,
    headers: &HeaderMap,
    client: Option<Client>,
) -> Result<Option<Caller>, Refusal> {
    let Some((username, password)) = credentials::basic(headers)? else { return Ok(None) };
    let caller = identify(app, &username, password).await?;
    lock::stands(&caller, app.now())?;
    app.note_use(&caller, client);
    Ok(Some(caller))
}

/// A token stands where the password does, whatever the user name, or in the user name's place. Only what cannot be a
/// token is tried as an account's password: hashing it costs a thousand times as much.
async fn identify(app: &App, username: &str, password: Secret) -> Result<Caller, Refusal> {
    let places = [password.expose(), username];
    if let Some(token) = places.into_iter().find(|text| is_meant_as_token(text, &app.config.token_prefix)) {
        return app.find_token(token).await;
    }
    if places.contains(&"") {
        return Err(Denial::WrongPassword.into());
    }
    let account = app.check_password(username, password).await?.ok_or(Denial::WrongPassword)?;
    let by = By { user: Some(account.user.id), ..By::local(Means::Password) };
    let duty = app.duty(&account.user, by).await?;
    Ok(Caller::by_password(Arc::new(account.user), duty))
}
