//! Closing accounts and opening them again, and deleting them. When any of this answers, it is in force.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use jeton_core::{
    caller::Caller,
    user::{Closed, User, UserState},
};
use jeton_store::users::Contributions;
use serde_json::{Value, json};

use super::administrator;
use crate::{
    app::App,
    doors::api::{
        error::ApiError,
        params::{Given, Input, Reader},
        path::InPath,
        reply::{self, unmodified},
    },
    guard::{Grant, ProvenApi},
};

/// What is asked of an account.
#[derive(Clone, Copy)]
enum Step {
    Block,
    Unblock,
    Activate,
    Deactivate,
    Ban,
    Unban,
}

/// What comes of it.
enum Outcome {
    /// The state becomes this one, and the answer is `true`.
    Becomes(UserState),
    /// Nothing changes, and the answer is this.
    Stays(Value),
}

impl Step {
    /// GitLab's rules, in its order and words.
    fn outcome(self, user: &User, caller: &Caller) -> Result<Outcome, ApiError> {
        use Outcome::{Becomes, Stays};
        use UserState::{Active, Banned, Blocked, Deactivated};
        let oneself = |done: &str| {
            let text = format!("The API initiating user cannot be {done} by the API");
            if user.id == caller.user.id { Err(ApiError::forbidden_because(&text)) } else { Ok(()) }
        };
        let error = |text: String| Err(ApiError::message(StatusCode::FORBIDDEN, text));
        let internal = user.closed() == Some(Closed::Internal);
        if internal && !matches!(self, Self::Unblock | Self::Activate | Self::Unban) {
            return error("An internal user cannot be changed".to_owned());
        }
        match (self, user.state) {
            (Self::Block, state) => {
                oneself("blocked")?;
                Ok(if state == Blocked { Stays(Value::Null) } else { Becomes(Blocked) })
            }
            (Self::Unblock, Deactivated) => {
                Err(ApiError::forbidden_because("Deactivated users cannot be unblocked by the API"))
            }
            (Self::Unblock, Blocked) | (Self::Activate, Deactivated) | (Self::Unban, Banned) => Ok(Becomes(Active)),
            (Self::Unblock, Active | Banned) => Ok(Stays(json!(false))),
            (Self::Activate, Active) => Ok(Stays(json!(true))),
            (Self::Activate, Blocked | Banned) => {
                error("Error occurred. A blocked user must be unblocked to be activated".to_owned())
            }
            (Self::Deactivate, Deactivated) => Ok(Stays(Value::Null)),
            (Self::Deactivate, Blocked | Banned) => {
                error("Error occurred. A blocked user cannot be deactivated".to_owned())
            }
            (Self::Deactivate, Active) => oneself("deactivated").map(|()| Becomes(Deactivated)),
            (Self::Ban, Active) => oneself("banned").map(|()| Becomes(Banned)),
            (Self::Ban, state) => error(format!("You cannot ban {} users.", state.name())),
            (Self::Unban, state) => error(format!("You cannot unban {} users.", state.name())),
        }
    }
}

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident $step:ident;)*) => { $(
        $(#[$doc])*
        pub(crate) async fn $name(
            grant: Grant<ProvenApi>,
            State(app): State<App>,
            id: InPath,
        ) -> Result<Response, ApiError> {
            take(&app, &grant, &id, Step::$step).await
        }
    )* };
}
steps! {
    /// `POST /users/:id/block`.
    block Block;
    /// `POST /users/:id/unblock`.
    unblock Unblock;
    /// `POST /users/:id/activate`.
    activate Activate;
    /// `POST /users/:id/deactivate`.
    deactivate Deactivate;
    /// `POST /users/:id/ban`.
    ban Ban;
    /// `POST /users/:id/unban`.
    unban Unban;
}

async fn take(app: &App, grant: &Grant<ProvenApi>, id: &InPath, step: Step) -> Result<Response, ApiError> {
    let user = whom(app, grant, id).await?;
    let said = match step.outcome(&user, grant.somebody()?)? {
        Outcome::Stays(said) => said,
        Outcome::Becomes(state) => {
            app.set_user_state(user.id, state, grant.by()).await?;
            json!(true)
        }
    };
    Ok(reply::json(StatusCode::CREATED, &said))
}

/// The user whom an administrator means.
async fn whom(app: &App, grant: &Grant<ProvenApi>, id: &InPath) -> Result<User, ApiError> {
    let id = id.user_or_no_route()?;
    administrator(grant.somebody()?)?;
    app.store.user(id).await?.ok_or_else(|| ApiError::not_found("User"))
}

/// `PATCH /users/:id/disable_two_factor`.
pub(crate) async fn disable_two_factor(
    grant: Grant<ProvenApi>,
    State(app): State<App>,
    id: InPath,
) -> Result<Response, ApiError> {
    let user = whom(&app, &grant, &id).await?;
    if user.administrator {
        return Err(ApiError::forbidden_because(
            "Two-factor authentication for admins cannot be disabled via the API. Use the Rails console",
        ));
    }
    if app.reset_two_factor(&user, grant.by()).await? {
        Ok(reply::no_content())
    } else {
        Err(ApiError::bad_request("Two-factor authentication is not enabled for this user"))
    }
}

/// How to delete.
pub(crate) struct How {
    hard: bool,
}

impl Input for How {
    fn read(from: &mut Reader<'_>) -> Self {
        Self { hard: from.boolean("hard_delete").unwrap_or(false) }
    }
}

/// `DELETE /users/:id`. Its own projects go with it; what it made in places of others falls to a ghost, or is nobody's
/// when it is deleted hard.
pub(crate) async fn delete(
    grant: Grant<ProvenApi>,
    State(app): State<App>,
    Given(how): Given<How>,
    id: InPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user = whom(&app, &grant, &id).await?;
    // Otherwise an instance could be left without anybody who may administer it.
    if user.id == grant.somebody()?.user.id {
        return Err(ApiError::forbidden_because("The API initiating user cannot be deleted by the API"));
    }
    if user.closed() == Some(Closed::Internal) {
        return Err(ApiError::forbidden());
    }
    unmodified(&headers, user.updated_at)?;
    let contributions = if how.hard { Contributions::Removed } else { Contributions::Kept };
    if app.delete_user(user.id, contributions, grant.by()).await? {
        Ok(reply::no_content())
    } else {
        Err(ApiError::not_found("User"))
    }
}
