//! Who asks: HTTP Basic authentication (RFC 7617), with a token or an account's own password.

use std::sync::Arc;

use axum::http::request::Parts;
use jeton_core::{
    caller::Caller,
    lock::{self, Denial},
    secret::Secret,
    token::{begins_as_token, is_meant_as_token},
    user::User,
};
use jeton_store::{By, Means};

use crate::{app::App, attempts::Whence, credentials, guard::Origin, refusal::Refusal};

/// Finds the caller behind a request's Basic credentials; none if it brings none. Other schemes and headers count as
/// nothing here, as in GitLab. What is presented and wrong is refused, on public projects too.
pub(super) async fn authenticate(app: &App, parts: &Parts) -> Result<Option<Caller>, Refusal> {
    let caller = named(app, parts, Asked::First).await?;
    if let Some(caller) = &caller {
        let client = Origin::of_request(parts).client();
        app.limits.admit_place(&app.policy(), caller, client, app.now())?;
        app.note_use(caller, client);
    }
    Ok(caller)
}

/// The same for a request that was authenticated before: that is neither another use of its credential nor another
/// attempt at its password.
pub(super) async fn still(app: &App, parts: &Parts) -> Result<Option<Caller>, Refusal> {
    named(app, parts, Asked::Again).await
}

/// How often a request was asked who sends it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    First,
    Again,
}

async fn named(app: &App, parts: &Parts, asked: Asked) -> Result<Option<Caller>, Refusal> {
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
    if asked == Asked::Again {
        let user = app.still_knows(&username, &password).await?;
        let caller = owing(app, user).await?;
        lock::stands(&caller, app.now())?;
        return Ok(Some(caller));
    }
    // Rare, and large.
    Box::pin(by_password(app, &username, &password, parts)).await.map(Some)
}

/// Somebody who proved to be that user by their password, with what they owe.
async fn owing(app: &App, user: User) -> Result<Caller, Refusal> {
    let by = By { user: Some(user.id), ..By::local(Means::Password) };
    let duty = app.duty(&user, by).await?;
    Ok(Caller::by_password(Arc::new(user), duty))
}

async fn by_password(app: &App, username: &str, password: &Secret, parts: &Parts) -> Result<Caller, Refusal> {
    let origin = Origin::of_request(parts);
    let whence = Whence::new(origin.by_user(None, Means::Password), origin.client(), None);
    let proven = app.try_password_again(username, password, &whence).await?;
    let caller = owing(app, proven.account.user).await?;
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
