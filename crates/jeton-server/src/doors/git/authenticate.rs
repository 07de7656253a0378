//! Who asks: HTTP Basic authentication (RFC 7617), with a token or an account's own password.

use std::sync::Arc;

use axum::http::request::Parts;
use jeton_core::{
    caller::Caller,
    lock::{self, Denial},
    secret::Secret,
    token::{begins_as_token, is_meant_as_token},
};
use jeton_store::{By, Means};

use crate::{app::App, attempts::Whence, credentials, guard::Origin, refusal::Refusal};

/// Finds the caller behind a request's Basic credentials; none if it brings none. Other schemes and headers count as
/// nothing here, as in GitLab. What is presented and wrong is refused, on public projects too.
pub(super) async fn authenticate(app: &App, parts: &Parts) -> Result<Option<Caller>, Refusal> {
    let caller = known(app, parts).await?;
    if let Some(caller) = &caller {
        let client = Origin::of_request(parts).client();
        app.limits.admit_place(&app.policy(), caller, client, app.now())?;
        app.note_use(caller, client);
    }
    Ok(caller)
}

/// The same, without noting a use.
pub(super) async fn known(app: &App, parts: &Parts) -> Result<Option<Caller>, Refusal> {
    let Some((username, password)) = credentials::basic(&parts.headers)? else { return Ok(None) };
    // A token stands where the password does, whatever the user name, or in the user name's place. Only what cannot be
    // a token is tried as an account's password: hashing it costs a thousand times as much.
    let places = [password.expose(), &username];
    let prefix = app.token_prefix();
    let is_token = [begins_as_token(places[0], &prefix), is_meant_as_token(places[1], &prefix)];
    if let Some((token, _)) = places.into_iter().zip(is_token).find(|(_, is_token)| *is_token) {
        let caller = app.find_token(token).await?;
        lock::stands(&caller, app.now())?;
        return Ok(Some(caller));
    }
    if places.contains(&"") {
        return Err(Denial::WrongPassword.into());
    }
    if !app.policy().password_authentication_enabled_for_git {
        return Err(Denial::PasswordsDisabled.into());
    }
    // Rare, and large.
    Box::pin(by_password(app, &username, &password, parts)).await.map(Some)
}

async fn by_password(app: &App, username: &str, password: &Secret, parts: &Parts) -> Result<Caller, Refusal> {
    let origin = Origin::of_request(parts);
    let whence = Whence::new(origin.by_user(None, Means::Password), origin.client(), None);
    let proven = app.try_password_again(username, password, &whence).await?;
    let user = proven.account.user;
    let by = By { user: Some(user.id), ..By::local(Means::Password) };
    let duty = app.duty(&user, by).await?;
    let caller = Caller::by_password(Arc::new(user), duty);
    let stands = lock::stands(&caller, app.now());
    if proven.is_fresh {
        let user = caller.user.id;
        match &stands {
            Ok(()) if proven.familiarity.network => {}
            Ok(()) => app.remember_network(user, &whence).await?,
            // Somebody knows the password who must not use it here.
            Err(denial) => app.store.record_refusal(Some(user), denial.reason(), whence.by, app.now()).await?,
        }
    }
    stands?;
    Ok(caller)
}
