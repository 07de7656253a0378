//! The REST API under `/api/v4`: GitLab's paths, fields, statuses and headers.

mod denial;
mod endpoints;
mod entities;
mod error;
mod events;
mod flaws;
mod impersonation;
mod moved;
mod openapi;
mod page;
mod params;
mod path;
mod projects;
mod reply;
mod settings;
mod tokens;
mod users;
mod version;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{Method, StatusCode},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};

use self::{
    endpoints::Endpoints,
    error::ApiError,
    params::{Malformed, Params},
    reply::Asked,
};
use crate::{
    app::App, edge::Unfit, exchange, guard::Route, nature::Stopwatch, refusal::Refusal, request_id::RequestId,
};

/// Every endpoint.
fn endpoints() -> Endpoints {
    Endpoints::default()
        .get("/api/v4/version", "The version of this server", version::version)
        .get("/api/v4/metadata", "The version of this server", version::version)
        .get("/api/v4/openapi.json", "This description", openapi::document)
        .get("/api/v4/user", "The user who asks", users::current)
        // The one path of the older API that still answers.
        .get("/api/v3/user", "The user who asks", users::current)
        .get("/api/v4/users", "Users", users::list)
        .post("/api/v4/users", "Makes a user", users::create)
        .get("/api/v4/users/{id}", "One user", users::one)
        .put("/api/v4/users/{id}", "Changes a user", users::modify)
        .delete("/api/v4/users/{id}", "Deletes a user", users::delete)
        .post("/api/v4/users/{id}/block", "Closes an account", users::block)
        .post("/api/v4/users/{id}/unblock", "Opens a blocked account again", users::unblock)
        .post("/api/v4/users/{id}/deactivate", "Puts an account to rest", users::deactivate)
        .post("/api/v4/users/{id}/activate", "Wakes a deactivated account", users::activate)
        .post("/api/v4/users/{id}/ban", "Closes an account and hides what it made", users::ban)
        .post("/api/v4/users/{id}/unban", "Opens a banned account again", users::unban)
        .patch(
            "/api/v4/users/{id}/disable_two_factor",
            "Switches off somebody's second factor",
            users::disable_two_factor,
        )
        .get("/api/v4/users/{id}/projects", "A user's own projects", users::projects)
        .get("/api/v4/users/{id}/memberships", "What a user is a member of", users::memberships)
        .get("/api/v4/users/{id}/associations_count", "How much belongs to a user", users::associations_count)
        .get("/api/v4/users/{user_id}/impersonation_tokens", "Tokens to act as a user", impersonation::list)
        .post("/api/v4/users/{user_id}/impersonation_tokens", "Makes a token to act as a user", impersonation::create)
        .get(
            "/api/v4/users/{user_id}/impersonation_tokens/{impersonation_token_id}",
            "One token to act as a user",
            impersonation::one,
        )
        .delete(
            "/api/v4/users/{user_id}/impersonation_tokens/{impersonation_token_id}",
            "Revokes a token to act as a user",
            impersonation::revoke,
        )
        .get("/api/v4/application/settings", "What administrators decided", settings::show)
        .put("/api/v4/application/settings", "Decides about the instance", settings::change)
        .get("/api/v4/personal_access_tokens", "Tokens: the own ones, or all for administrators", tokens::list)
        .get("/api/v4/personal_access_tokens/self", "The token that asks", tokens::myself)
        .delete("/api/v4/personal_access_tokens/self", "Revokes the token that asks", tokens::revoke_myself)
        .get("/api/v4/personal_access_tokens/{id}", "One token", tokens::one)
        .delete("/api/v4/personal_access_tokens/{id}", "Revokes a token", tokens::revoke)
        .post("/api/v4/personal_access_tokens/self/rotate", "Replaces the token that asks", tokens::rotate_myself)
        .post("/api/v4/personal_access_tokens/{id}/rotate", "Replaces a token", tokens::rotate)
        .post("/api/v4/users/{user_id}/personal_access_tokens", "Makes a token for a user", tokens::for_user)
        .post("/api/v4/user/personal_access_tokens", "Makes a token for the user who asks", tokens::for_myself)
        .get("/api/v4/projects", "Projects that the user who asks may see", projects::list)
        .post("/api/v4/projects", "Makes a project", projects::create)
        .get("/api/v4/projects/{id}", "One project, by number or path", projects::one)
        .delete("/api/v4/projects/{id}", "Deletes a project", projects::delete)
        .with(users::around)
        .get("/api/v4/events", "What the user who asks did", events::own)
        .get("/api/v4/users/{user_id}/events", "What a user did", events::of_user)
}

/// The rows of the route table that are this door's.
pub(crate) fn routes() -> Vec<Route> {
    endpoints().routes().to_vec()
}

/// The whole door.
pub(crate) fn door(app: &App) -> Router {
    let router = endpoints().into_router().fallback(no_such_route).method_not_allowed_fallback(wrong_method);
    router.layer(from_fn_with_state(app.clone(), serve)).with_state(app.clone())
}

/// What the edge refuses.
pub(crate) fn refuse(unfit: Unfit) -> Response {
    ApiError::unfit(unfit).into_response()
}

/// Everything that is no endpoint.
async fn no_such_route(request: Request) -> ApiError {
    if is_of_older_api(&request) {
        ApiError::error(StatusCode::GONE, "API V3 is no longer supported. Use API V4 instead.")
    } else {
        ApiError::no_such_route()
    }
}

fn is_of_older_api(request: &Request) -> bool {
    request.uri().path().starts_with("/api/v3/")
}

/// An endpoint that is asked with another method. The router adds `Allow`, so that whoever only asks which there are
/// needs no words.
async fn wrong_method(request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        reply::no_content()
    } else if is_of_older_api(&request) {
        no_such_route(request).await.into_response()
    } else {
        ApiError::wrong_method().into_response()
    }
}

/// What happens to every request around its endpoint: its parameters are read, a refusal is put into words, and the
/// answer gets the headers that all answers have.
async fn serve(State(app): State<App>, request: Request, next: Next) -> Response {
    let stopwatch = Stopwatch::start();
    let asked = Asked::of(request.method(), request.headers());
    let id = request.extensions().get::<RequestId>().copied();

    let rotation = tokens::Attempt::of(&request);
    let (method, uri) = (request.method().clone(), request.uri().clone());

    let mut response = match reply::preflight(request.method(), request.headers()) {
        Some(response) => response,
        None => exchange::unless_it_panics(endpoint(request, next)).await,
    };
    if let Some(mut refusal) = Refusal::of(&response).cloned() {
        if let Some(rotation) = rotation {
            refusal = Box::pin(rotation.was_refused(&refusal, &app)).await.err().unwrap_or(refusal);
        }
        log(&refusal, id.as_ref());
        response = match &refusal {
            Refusal::Moved(project) => moved::answer(*project, &method, &uri, &app.config.external_url),
            _ => denial::answer(&refusal, uri.path(), &app).into_response(),
        };
    }
    reply::stamp(&mut response, id.as_ref(), stopwatch.elapsed());
    if let Some(standing) = exchange::noted_standing() {
        reply::limit(&mut response, &standing);
    }
    asked.finish(response)
}

/// Reads the parameters before the guard looks for a credential among them, and hands the request on.
async fn endpoint(request: Request, next: Next) -> Response {
    match receive(request).await {
        Ok(request) => next.run(request).await,
        Err(malformed) => ApiError::from(malformed).into_response(),
    }
}

async fn receive(request: Request) -> Result<Request, Malformed> {
    // Decoded, this would be a NUL, which no database keeps in a text.
    if request.uri().path().contains("%00") {
        return Err(Malformed::Encoding);
    }
    let (mut parts, body) = request.into_parts();
    let (params, credentials) = Params::receive(&parts, body).await?;
    params.leave_in(&mut parts.extensions);
    if let Some(credentials) = credentials {
        parts.extensions.insert(credentials);
    }
    Ok(Request::from_parts(parts, Body::empty()))
}

/// Failures of ours are logged once, here, under the name that the client gets to see.
fn log(refusal: &Refusal, id: Option<&RequestId>) {
    match refusal {
        Refusal::Denied(_)
        | Refusal::Moved(_)
        | Refusal::Busy
        | Refusal::TooOften(_)
        | Refusal::OverLimit(_)
        | Refusal::Held(_) => {}
        Refusal::Failed(_) | Refusal::Broken(_) => {
            let id = id.map(ToString::to_string).unwrap_or_default();
            tracing::error!(request_id = id, %refusal, "a request to the API failed");
        }
    }
}
