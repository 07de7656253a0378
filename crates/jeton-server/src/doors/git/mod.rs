//! Git over HTTP: Git's "smart" protocol (gitprotocol-http(5)) below `/namespace/project.git`, spoken by the installed
//! `git`. Statuses and texts are GitLab's, where GitLab has any.
//!
//! The rooms: [`authenticate`] (who asks), [`protocol`] (what a request says of itself), [`backend`] and [`pipe`] (git at
//! work), [`refused`] (everything that is said instead).

mod authenticate;
mod backend;
mod pipe;
mod protocol;
mod refused;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{LOCATION, RETRY_AFTER},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use jeton_core::{
    caller::Caller,
    git::{GitRequest, NotServed, RepositoryPath, Service, Step},
    lock::Denial,
    project::Project,
};

use self::{
    authenticate::{authenticate, still},
    backend::{Backend, Limits, Push, Serves, Serving},
    protocol::{Encoding, Version},
    refused::Refused,
};
use crate::{
    accounts::SIGN_IN_PATH,
    app::App,
    edge::Unfit,
    exchange,
    guard::{FetchCode, Grant, Need, Origin, PushCode, Route},
    origin,
    refusal::Refusal,
    underway::Ask,
};

/// How often a request that is under way is asked about while passwords wait for their turn, and how long in between.
const ASKS: u32 = 50;
const BETWEEN_ASKS: Duration = Duration::from_millis(100);

/// What this door serves and what it needs. Its handler reads the address itself: no pattern of routes knows where a
/// namespace ends.
pub(crate) fn table() -> Vec<Route> {
    fn row<N: Need>(method: &'static str, path: &'static str, summary: &'static str) -> Route {
        Route { method, path, need: N::NAME, act: N::ACT, summary }
    }
    let (fetch, push) = (row::<FetchCode>, row::<PushCode>);
    vec![
        fetch("GET", "/{namespace}/{project}.git/info/refs?service=git-upload-pack", "What there is to fetch"),
        fetch("POST", "/{namespace}/{project}.git/git-upload-pack", "Fetches"),
        push("GET", "/{namespace}/{project}.git/info/refs?service=git-receive-pack", "What can be pushed to"),
        push("POST", "/{namespace}/{project}.git/git-receive-pack", "Pushes"),
    ]
}

/// Which row of the table a request is.
const fn row(asked: &GitRequest) -> usize {
    match (asked.service, asked.step) {
        (Service::UploadPack, Step::Advertise) => 0,
        (Service::UploadPack, Step::Exchange) => 1,
        (Service::ReceivePack, Step::Advertise) => 2,
        (Service::ReceivePack, Step::Exchange) => 3,
    }
}

/// What the edge refuses.
pub(crate) fn refuse(unfit: Unfit) -> Response {
    (unfit.status(), format!("{unfit}.\n")).into_response()
}

/// This door.
pub(crate) fn door(app: &App) -> Router {
    let records = app.clone();
    let record =
        move |push| -> futures_util::future::BoxFuture<'static, ()> { Box::pin(record(records.clone(), push)) };
    let backend = Backend::new(app.repositories.clone(), Limits::default(), Arc::new(record));
    Router::new().fallback(handle).with_state(GitDoor { app: app.clone(), backend })
}

#[derive(Clone)]
struct GitDoor {
    app: App,
    backend: Backend,
}

async fn handle(State(door): State<GitDoor>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let served = exchange::catching_panics(door.serve(&parts, body)).await;
    match served.unwrap_or_else(|panic| Err(panic.into())) {
        Ok(response) => response,
        Err(refused) => refused.render(&door.app, parts.extensions.get().copied()),
    }
}

/// Notes a push in the database. The push is done and stays done, whatever happens here.
async fn record(app: App, push: Push) {
    let Push { project, by, branch } = push;
    if let Err(fault) = app.store.record_push(project, branch, by, app.now()).await {
        tracing::error!(project = project.0, %fault, "a push could not be noted");
    }
}

impl GitDoor {
    async fn serve(&self, parts: &Parts, body: Body) -> Result<Response, Refused> {
        match GitRequest::parse(parts.method.as_str(), parts.uri.path(), parts.uri.query()) {
            Ok(asked) => self.exchange(asked, parts, body).await,
            Err(NotServed::Moved(target)) => Ok(redirect(StatusCode::MOVED_PERMANENTLY, &target)),
            Err(NotServed::Page) => Ok(redirect(StatusCode::FOUND, SIGN_IN_PATH)),
            Err(NotServed::WithoutBody) => Ok(StatusCode::FORBIDDEN.into_response()),
            Err(NotServed::Missing | NotServed::Elsewhere) => Err(Refusal::from(Denial::Hidden).into()),
            Err(NotServed::UnknownService) => {
                let caller = authenticate(&self.app, parts).await?;
                Err(if caller.is_some() { Refused::UnknownService } else { Refusal::from(Denial::Anonymous).into() })
            }
        }
    }

    async fn exchange(&self, asked: GitRequest, parts: &Parts, body: Body) -> Result<Response, Refused> {
        exchange::note_row(row(&asked));
        let ours =
            parts.method == Method::GET || origin::is_ours(&parts.headers, &parts.uri, &self.app.config.external_url);
        if !ours {
            // Browsers remember what they signed in with, and send it along with other sites' requests.
            return Err(Refused::Foreign);
        }
        let place = self.app.underway.enter(self.ask_again(&asked, parts));
        let caller = authenticate(&self.app, parts).await?;
        if self.app.policy().enabled_git_access_protocol == "ssh" {
            return Err(Refused::NoHttp);
        }
        let mut serving = self.admit(&asked, parts, caller).await?;
        while !place.admit() {
            serving = self.admit_still(&asked, parts).await?;
        }
        let answer = match asked.step {
            Step::Advertise => self.backend.advertise(serving).await,
            Step::Exchange => {
                let encoding = Encoding::of(&parts.headers).ok_or(Refused::Encoding)?;
                self.backend.exchange(serving, place, encoding, body).await
            }
        };
        answer.map_err(Refused::Ended)
    }

    /// Turns the lock once more, for a request that it let in before.
    async fn admit_still(&self, asked: &GitRequest, parts: &Parts) -> Result<Serving, Refused> {
        let caller = still(&self.app, parts).await?;
        self.admit(asked, parts, caller).await
    }

    async fn admit(&self, asked: &GitRequest, parts: &Parts, caller: Option<Caller>) -> Result<Serving, Refused> {
        match asked.service {
            Service::UploadPack => self.admit_to::<FetchCode>(&asked.repository, parts, caller).await,
            Service::ReceivePack => self.admit_to::<PushCode>(&asked.repository, parts, caller).await,
        }
    }

    /// Turns the lock. That a repository is missing on disk is told before what the user may not do to it, as GitLab
    /// does, but to nobody who may not see the project: for them not even the disk is looked at, which takes time.
    async fn admit_to<N: Serves>(
        &self,
        path: &RepositoryPath,
        parts: &Parts,
        caller: Option<Caller>,
    ) -> Result<Serving, Refused> {
        let anonymous = caller.is_none();
        let mut found = None;
        let mut hint = None;
        let load = async {
            let (project, is_moved) = self.project(path).await?;
            found = Some(project.id);
            hint = is_moved.then(|| self.tells_of_move(path, &project));
            Ok(project)
        };
        let granted = Grant::<N>::demand(&self.app, caller, Origin::of_request(parts), load).await;
        if let (Ok(_) | Err(Refusal::Denied(Denial::Right(_))), Some(project)) = (&granted, found) {
            let there = self.app.repositories.exists(project).await.map_err(Refusal::broken)?;
            if !there {
                return Err(Refused::NoRepository);
            }
        }
        match granted {
            Ok(grant) => Ok(Serving::granted(&grant, Version::asked_for(&parts.headers), hint)),
            // Signing in can help, and without it nobody learns what exists.
            Err(Refusal::Denied(Denial::Hidden)) if anonymous => Err(Refusal::from(Denial::Anonymous).into()),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Asks the lock what it was asked before, for a request that is under way.
    fn ask_again(&self, asked: &GitRequest, parts: &Parts) -> Ask {
        let (door, asked, parts) = (self.clone(), Arc::new(asked.clone()), Arc::new(parts.clone()));
        Box::new(move || {
            let (door, asked, parts) = (door.clone(), Arc::clone(&asked), Arc::clone(&parts));
            Box::pin(async move {
                for _ in 0..ASKS {
                    match door.admit_still(&asked, &parts).await {
                        // Passwords are checked a few at a time.
                        Err(Refused::Refusal(Refusal::Busy)) => tokio::time::sleep(BETWEEN_ASKS).await,
                        answer => return answer.is_ok(),
                    }
                }
                false
            })
        })
    }

    /// The project at that path, and whether it has another path by now.
    async fn project(&self, path: &RepositoryPath) -> Result<(Project, bool), Refusal> {
        let store = &self.app.store;
        if let Some(project) = store.project_at(&path.full()).await? {
            return Ok((project, false));
        }
        let moved = store.project_moved_from(&path.full()).await?;
        moved.map(|project| (project, true)).ok_or(Refusal::Denied(Denial::Hidden))
    }

    /// What whoever pushes to a former path is told, in GitLab's words.
    fn tells_of_move(&self, from: &RepositoryPath, project: &Project) -> String {
        let (from, to, url) = (from.full(), project.full_path(), &self.app.config.external_url);
        format!(
            "Project '{from}' was moved to '{to}'.\n\nPlease update your Git remote:\n\n  \
             git remote set-url origin {url}/{to}.git\n\n"
        )
    }
}

/// Leads to another place on this server, under whatever name the client reached it.
fn redirect(status: StatusCode, target: &str) -> Response {
    let mut response = status.into_response();
    if let Ok(target) = HeaderValue::from_str(target) {
        response.headers_mut().insert(LOCATION, target);
    }
    response
}

/// Seconds after which trying again can help.
fn try_again_after(response: &mut Response, seconds: i64) {
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
}
