//! `POST /users`.

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::{
    secret::Secret,
    user::{Email, Username, name_flaw},
};
use jeton_store::users::{NewUser, NotMade};

use super::{administrator, around::flaw, attributes::Attributes, show_account};
use crate::{
    app::App,
    doors::api::{
        error::ApiError,
        flaws::Flaws,
        params::{Given, Input, Reader},
    },
    guard::{Grant, ProvenApi},
    passwords::strength::{self, About},
    refusal::Refusal,
};

/// What a user is made from.
pub(crate) struct Wanted {
    email: String,
    password: Option<String>,
    reset_password: bool,
    force_random_password: bool,
    skip_confirmation: bool,
    name: String,
    username: String,
    attributes: Attributes,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        let email = from.required_text("email");
        let password = from.text("password");
        let mut yes = |name| from.boolean(name).unwrap_or(false);
        let (reset_password, skip_confirmation) = (yes("reset_password"), yes("skip_confirmation"));
        let force_random_password = yes("force_random_password");
        from.at_least_one_of(&["password", "reset_password", "force_random_password"]);
        Self {
            email,
            password,
            reset_password,
            force_random_password,
            skip_confirmation,
            name: from.required_text("name"),
            username: from.required_text("username"),
            attributes: Attributes::read(from),
        }
    }
}

/// How the user will get in.
enum Key {
    /// With this password.
    Password(Secret),
    /// With one that it chooses itself, by a link in a mail.
    Link,
    /// Not at all, until it gets a password in another way. GitLab makes up one that nobody knows; none is as good.
    None,
}

impl Wanted {
    fn key(&mut self, url: &str, flaws: &mut Flaws) -> Key {
        if self.reset_password {
            return Key::Link;
        }
        if self.force_random_password {
            return Key::None;
        }
        let password = self.password.take().unwrap_or_default();
        let about = About { username: &self.username, name: &self.name, email: &self.email, url };
        flaws.note("password", strength::check(&password, about).err().map(|weakness| weakness.to_string()));
        Key::Password(Secret::new(password))
    }
}

/// An administrator makes a user. Whether it is one is asked after the parameters were read, as GitLab does.
pub(crate) async fn create(
    grant: Grant<ProvenApi>,
    State(app): State<App>,
    Given(mut wanted): Given<Wanted>,
) -> Result<Response, ApiError> {
    administrator(grant.somebody()?)?;
    let mut flaws = Flaws::default();
    let key = wanted.key(&app.config.external_url, &mut flaws);
    let is_confirmed = wanted.skip_confirmation;
    let avatar = wanted.attributes.avatar(&mut flaws);
    let new = checked(&app, wanted, flaws).await?;
    let new = unlock(&app, new, key).await?;
    let mut made = app.create_user(new, is_confirmed, grant.by()).await.map_err(Refusal::from)?.map_err(not_made)?;
    avatar.of(&mut made, &app, grant.by()).await?;
    show_account(&app, StatusCode::CREATED, &made).await
}

/// What is to be made, if nothing is wrong with it. That name or address are in use is told before all other flaws.
async fn checked(app: &App, wanted: Wanted, mut flaws: Flaws) -> Result<NewUser, ApiError> {
    let username = flaws.keep("username", Username::parse(&wanted.username));
    let email = flaws.keep("email", Email::parse(&wanted.email));
    flaws.note("name", name_flaw(&wanted.name));
    if let (Some(username), Some(email)) = (username.clone(), email.clone()) {
        let limit = app.policy().default_projects_limit;
        let new = NewUser::plain(username, wanted.name.trim().to_owned(), email, limit);
        let new = wanted.attributes.put_into(new, &mut flaws);
        if flaws.is_empty() {
            return Ok(new);
        }
    }
    app.store.taken(username.as_ref(), email.as_ref(), None).await.map_err(not_made)?;
    Err(flaws.into_error())
}

async fn unlock(app: &App, new: NewUser, key: Key) -> Result<NewUser, ApiError> {
    Ok(match key {
        Key::None => new,
        Key::Link => NewUser { invitation: Some(app.invitation(&new.username, &new.name, &new.email)?), ..new },
        Key::Password(password) => {
            let hash = app.passwords.hash(password).await.map_err(Refusal::from)?;
            NewUser { password_hash: Some(hash), ..new }
        }
    })
}

/// Somebody else has the name or the address.
pub(super) fn not_made(error: NotMade) -> ApiError {
    match error {
        NotMade::Fault(fault) => fault.into(),
        NotMade::IdentityTaken => flaw("identities.extern_uid", "has already been taken"),
        taken @ (NotMade::EmailTaken | NotMade::UsernameTaken) => ApiError::conflict(taken.to_string()),
    }
}
