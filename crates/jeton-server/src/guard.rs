//! The only place where a [`Grant`] is made, and the route table that takes only handlers which ask for one.
//!
//! A handler's first argument is `Grant<Need>`; the lock turned before it runs. One need is one row of the table `needs!`.
//!
//! # An unguarded handler does not compile
//!
//! ```
//! use jeton_server::guard::{Anybody, Grant, Routes};
//! async fn greet(_: Grant<Anybody>) -> &'static str { "hello" }
//! let routes = Routes::default().get("/greet", "Says hello", greet);
//! ```
//!
//! The same without the grant:
//!
//! ```compile_fail
//! use jeton_server::guard::{Anybody, Grant, Routes};
//! async fn greet() -> &'static str { "hello" }
//! let routes = Routes::default().get("/greet", "Says hello", greet);
//! ```

use std::marker::PhantomData;

use axum::{
    Router,
    extract::{FromRequestParts, RawPathParams, Request},
    handler::Handler,
    http::{Extensions, HeaderMap, HeaderValue, header::USER_AGENT, request::Parts},
    routing::{MethodFilter, on},
};
use jeton_core::{
    ability::Ability,
    caller::{Caller, Via},
    id::{ProjectId, UserId},
    lock::{self, Act, Asker, Denial, On},
    project::{Project, Right},
};
use jeton_store::{By, Means};

use crate::{
    app::App,
    credentials::{self, Credential},
    edge::Client,
    exchange,
    limits::Endpoint,
    refusal::Refusal,
    request_id::RequestId,
};

/// Where a need's credential is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// All the places that the API reads: headers, parameters, and last the session's cookie.
    Api,
    /// As [`Source::Api`]. Who presents nothing and comes from an address in the setting `metrics_allow` needs nothing.
    ApiOrAddress,
    /// The session's cookie alone.
    Page,
    /// Nowhere: the route is the same for everybody.
    Nowhere,
}

/// What a route needs. One need is one row of the table below.
pub trait Need: Send + Sync + 'static {
    /// What the act is done to, loaded between the two halves of the lock.
    type On: Target;
    /// What is asked of the lock.
    const ACT: Act;
    /// Where the credential is looked for.
    const SOURCE: Source;
    /// The need's name, for the route table.
    const NAME: &'static str;
}

/// What an act is done to.
pub trait Target: Sized + Send + 'static {
    /// Finds it, from the request's path.
    fn load(parts: &mut Parts, app: &App) -> impl Future<Output = Result<Self, Refusal>> + Send;
    /// How the lock sees it.
    fn on(&self) -> On<'_>;
}

/// The server as a whole, or things whose owner stands in the store's WHERE clause.
#[derive(Debug)]
pub struct Server;

impl Target for Server {
    async fn load(_: &mut Parts, _: &App) -> Result<Self, Refusal> {
        Ok(Self)
    }

    fn on(&self) -> On<'_> {
        On::Server
    }
}

/// The project that the path names with `{id}`: its number, or its whole path with `/` written as `%2F`.
impl Target for Project {
    async fn load(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let named = path_parameter(parts, "id").await;
        let project = match named.parse() {
            Ok(id) => app.store.project(ProjectId(id)).await?,
            Err(_) => match app.store.project_at(&named).await? {
                None => {
                    let moved = app.store.project_moved_from(&named).await?;
                    if let Some(project) = &moved {
                        parts.extensions.insert(Moved(project.id));
                    }
                    moved
                }
                found => found,
            },
        };
        project.ok_or(Refusal::Denied(Denial::Hidden))
    }

    fn on(&self) -> On<'_> {
        On::Project(self)
    }
}

/// The project that a request names by a path which it had before.
#[derive(Clone, Copy)]
struct Moved(ProjectId);

/// A parameter of the route's path, decoded; empty if the path has none of that name or it is no text.
async fn path_parameter(parts: &mut Parts, name: &str) -> String {
    let Ok(parameters) = RawPathParams::from_request_parts(parts, &()).await else { return String::new() };
    parameters.iter().find(|(given, _)| *given == name).map(|(_, value)| value.to_owned()).unwrap_or_default()
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident: $source:ident, $asker:ident, $ability:expr, on $on:ty $(, $right:ident)?;)*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Need for $name {
            type On = $on;
            const ACT: Act = Act { asker: Asker::$asker, ability: $ability, right: needs!(@right $($right)?) };
            const SOURCE: Source = Source::$source;
            const NAME: &'static str = stringify!($name);
        }
    )* };
    (@right) => { None };
    (@right $right:ident) => { Some(Right::$right) };
}

needs! {
    /// Nothing: the route is the same for everybody, and reads no credential.
    Anybody: Nowhere, Anyone, None, on Server;
    /// Read what the server says of itself, and the own user.
    ReadSelf: Api, SignedIn, Some(Ability::ReadUsers), on Server;
    /// Read users; what an anonymous request may see is for the handler.
    ReadUsers: Api, Anyone, Some(Ability::ReadUsers), on Server;
    /// Read what only administrators may know of users.
    InspectUsers: Api, Administrator, Some(Ability::ReadUsers), on Server;
    /// Read over the API what only administrators may know.
    InspectApi: Api, Administrator, Some(Ability::ReadApi), on Server;
    /// Read over the API as somebody.
    ReadApi: Api, SignedIn, Some(Ability::ReadApi), on Server;
    /// Read over the API what everybody may see, and more as somebody.
    BrowseApi: Api, Anyone, Some(Ability::ReadApi), on Server;
    /// Change something over the API.
    WriteApi: Api, SignedIn, Some(Ability::WriteApi), on Server;
    /// Change over the API what is too sensitive for a session alone.
    ProvenApi: Api, Proven, Some(Ability::WriteApi), on Server;
    /// Change something over the API as an administrator; a session alone is not enough for that.
    AdministerApi: Api, ProvenAdministrator, Some(Ability::WriteApi), on Server;
    /// Ask about or revoke the token that asks.
    OwnToken: Api, SignedIn, Some(Ability::OwnToken), on Server;
    /// Replace the token that asks.
    RotateToken: Api, SignedIn, Some(Ability::RotateOwnToken), on Server;
    /// Read a project.
    SeeProject: Api, Anyone, Some(Ability::ReadApi), on Project, See;
    /// Delete a project.
    OwnProject: Api, SignedIn, Some(Ability::WriteApi), on Project, Own;
    /// Clone and fetch.
    FetchCode: Nowhere, Anyone, Some(Ability::PullCode), on Project, Fetch;
    /// Push.
    PushCode: Nowhere, SignedIn, Some(Ability::PushCode), on Project, Push;
    /// Use the pages as the person who signed in.
    OwnPages: Page, SignedIn, Some(Ability::UsePages), on Server;
    /// Read the administrators' pages.
    AdminPages: Page, Administrator, Some(Ability::UsePages), on Server;
    /// Change something on the administrators' pages.
    Administer: Page, ProvenAdministrator, Some(Ability::UsePages), on Server;
    /// Use the pages for what is too sensitive for a session alone.
    ProvenPages: Page, Proven, Some(Ability::UsePages), on Server;
    /// Sign out, prove who one is, set up a first factor: also whoever must set one up before anything else.
    OwnFactors: Page, SignedIn, Some(Ability::SetUpFactors), on Server;
    /// Change second factors.
    ProvenFactors: Page, Proven, Some(Ability::SetUpFactors), on Server;
    /// Read the metrics.
    ReadMetrics: ApiOrAddress, Administrator, Some(Ability::ReadApi), on Server;
}

/// Proof that both halves of the lock turned for this request.
#[derive(Debug)]
pub struct Grant<N: Need> {
    caller: Option<Caller>,
    on: N::On,
    origin: Origin,
    need: PhantomData<N>,
}

impl<N: Need> Grant<N> {
    /// Turns both halves of the lock around `load`. Doors with credentials of their own (Git) call it directly.
    pub async fn demand(
        app: &App,
        caller: Option<Caller>,
        origin: Origin,
        load: impl Future<Output = Result<N::On, Refusal>>,
    ) -> Result<Self, Refusal> {
        Self::turn(N::ACT, app, caller, origin, load).await
    }

    async fn turn(
        act: Act,
        app: &App,
        caller: Option<Caller>,
        origin: Origin,
        load: impl Future<Output = Result<N::On, Refusal>>,
    ) -> Result<Self, Refusal> {
        if let Some(caller) = &caller {
            exchange::note_caller(caller);
        }
        let asked = lock::may_ask(caller.as_ref(), act, app.now())?;
        let on = load.await?;
        lock::may_act(&asked, on.on())?;
        Ok(Self { caller, on, origin, need: PhantomData })
    }

    /// Who was granted; none for the anonymous.
    pub const fn caller(&self) -> Option<&Caller> {
        self.caller.as_ref()
    }

    /// The thing that the grant is for.
    pub const fn on(&self) -> &N::On {
        &self.on
    }

    /// Counts the request for an endpoint that is limited by itself.
    ///
    /// # Errors
    /// [`Refusal::OverLimit`] if it is one too many.
    pub fn count(&self, app: &App, endpoint: Endpoint) -> Result<(), Refusal> {
        app.limits.endpoints.admit(endpoint, &app.policy(), self.caller(), self.origin.client, app.now())
    }

    /// Who makes the change, for the audit log.
    pub fn by(&self) -> By {
        self.origin.by(self.caller.as_ref())
    }

    /// Where the request comes from.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Who was granted, on a route that the anonymous cannot use.
    ///
    /// # Errors
    /// [`Denial::Anonymous`] if nobody is known after all.
    pub fn somebody(&self) -> Result<&Caller, Refusal> {
        self.caller.as_ref().ok_or(Refusal::Denied(Denial::Anonymous))
    }
}

/// Where a request comes from, for the audit log.
#[derive(Clone, Debug)]
pub struct Origin {
    client: Option<Client>,
    request_id: Option<RequestId>,
    agent: Option<HeaderValue>,
}

/// Characters of a client's name that are kept.
const LONGEST_AGENT: usize = 255;

impl Origin {
    /// Of a request that came through the server's edge.
    pub fn of(headers: &HeaderMap, extensions: &Extensions) -> Self {
        let agent = headers.get(USER_AGENT).cloned();
        Self { client: extensions.get().copied(), request_id: extensions.get().copied(), agent }
    }

    /// The same, of a request in parts.
    pub fn of_request(parts: &Parts) -> Self {
        Self::of(&parts.headers, &parts.extensions)
    }

    /// What the client calls itself, as far as it is kept.
    pub fn agent(&self) -> Option<String> {
        let agent = self.agent.as_ref()?.to_str().ok()?;
        Some(agent.chars().take(LONGEST_AGENT).collect())
    }

    /// The client, as far as can be believed.
    pub const fn client(&self) -> Option<Client> {
        self.client
    }

    /// A change that this caller makes.
    pub fn by(&self, caller: Option<&Caller>) -> By {
        By {
            user: caller.map(|caller| caller.person().id),
            means: caller.map_or(Means::Server, |caller| match caller.via {
                Via::Token(_) => Means::Token,
                Via::Session(_) => Means::Session,
                Via::Password => Means::Password,
            }),
            address: self.client.and_then(|client| client.addr),
            request_id: self.request_id.map(|id| id.to_string()),
            client: self.agent(),
        }
    }

    /// A change that somebody makes who proved to be that user in another way than by a credential.
    pub fn by_user(&self, user: Option<UserId>, means: Means) -> By {
        By { user, means, ..self.by(None) }
    }
}

impl<N: Need> FromRequestParts<App> for Grant<N> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let origin = Origin::of_request(parts);
        let found = identify(N::SOURCE, parts, app, origin.client).await;
        if N::SOURCE == Source::Api
            && let Some(standing) = app.limits.count(&app.policy(), &found, origin.client, app.now())
        {
            exchange::note_standing(standing);
            if standing.is_over() {
                return Err(Refusal::TooOften(standing));
            }
        }
        let caller = found?;
        // A browser sends its cookie whether the person wants to or not: that must not count against its address.
        let brought_nothing = caller.as_ref().is_none_or(|caller| matches!(caller.via, Via::Session(_)));
        let address_will_do =
            N::SOURCE == Source::ApiOrAddress && brought_nothing && app.config.may_read_metrics(origin.client);
        let act = if address_will_do { Act::OPEN } else { N::ACT };
        let grant = Self::turn(act, app, caller, origin, N::On::load(parts, app)).await?;
        match parts.extensions.get() {
            Some(Moved(project)) => Err(Refusal::Moved(*project)),
            None => Ok(grant),
        }
    }
}

async fn identify(source: Source, parts: &Parts, app: &App, client: Option<Client>) -> Result<Option<Caller>, Refusal> {
    let credential = match source {
        Source::Nowhere => None,
        Source::Page => credentials::of_session(parts, app.is_secure()).map(as_page),
        Source::Api | Source::ApiOrAddress => credentials::of_api(parts, app.is_secure())?,
    };
    let caller = match credential {
        None => None,
        Some(credential) => match app.identify(credential, client).await {
            // A cookie whose session ended: as if there were none.
            Err(Refusal::Denied(Denial::Anonymous)) => None,
            other => Some(other?),
        },
    };
    // Only the API takes tokens, and lets administrators act for others.
    let reads_tokens = matches!(source, Source::Api | Source::ApiOrAddress);
    let caller = caller.filter(|caller| !(reads_tokens && lock::is_nobody_to_the_api(caller)));
    if let Some(caller) = &caller {
        app.limits.admit_place(&app.policy(), caller, client, app.now())?;
    }
    match (caller, credentials::sudo(parts).filter(|_| reads_tokens)) {
        (Some(caller), Some(target)) => Box::pin(app.sudo(caller, &target)).await.map(Some),
        // Who wants to act as somebody must be somebody, also where everybody may ask.
        (None, Some(_)) => Err(Denial::Anonymous.into()),
        (caller, None) => Ok(caller),
    }
}

/// A page's forms carry their proof in a field, which the page's handler checks.
fn as_page(credential: Credential<'_>) -> Credential<'_> {
    match credential {
        Credential::Session { cookie, .. } => Credential::Session { cookie, proof: credentials::Proof::NotNeeded },
        token @ Credential::Token(_) => token,
    }
}

/// The arguments of a handler whose first argument is a [`Grant`].
pub trait Guarded {
    /// What the grant is for.
    type Need: Need;
}

macro_rules! guarded {
    ($([$($argument:ident)*])*) => { $(
        impl<M, N: Need, $($argument),*> Guarded for (M, Grant<N>, $($argument,)*) {
            type Need = N;
        }
    )* };
}
guarded! { [] [A] [A B] [A B C] [A B C D] }

/// One row of the route table.
#[derive(Clone, Debug)]
pub struct Route {
    /// `GET`, `POST` …; what answers `GET` answers `HEAD` too.
    pub method: &'static str,
    /// The path, with `{name}` for what varies.
    pub path: &'static str,
    /// The need's name.
    pub need: &'static str,
    /// What is asked of the lock.
    pub act: Act,
    /// One line for the documentation.
    pub summary: &'static str,
}

/// Routes, and the table of them.
#[derive(Default)]
pub struct Routes {
    router: Router<App>,
    table: Vec<Route>,
}

/// A handler that says which row of its door's table it is.
#[derive(Clone)]
struct Row<H> {
    number: usize,
    handler: H,
}

impl<T, H: Handler<T, App>> Handler<T, App> for Row<H> {
    type Future = H::Future;

    fn call(self, request: Request, app: App) -> H::Future {
        exchange::note_row(self.number);
        self.handler.call(request, app)
    }
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident $method:ident;)*) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name<H, T>(mut self, path: &'static str, summary: &'static str, handler: H) -> Self
        where
            H: Handler<T, App>,
            T: Guarded + 'static,
        {
            let handler = Row { number: self.table.len(), handler };
            self.router = self.router.route(path, on(MethodFilter::$method, handler));
            let (need, act) = (T::Need::NAME, T::Need::ACT);
            self.table.push(Route { method: stringify!($method), path, need, act, summary });
            self
        }
    )* };
}

impl Routes {
    methods! {
        /// Adds a route for `GET` (and `HEAD`).
        get GET;
        /// Adds a route for `POST`.
        post POST;
        /// Adds a route for `PUT`.
        put PUT;
        /// Adds a route for `PATCH`.
        patch PATCH;
        /// Adds a route for `DELETE`.
        delete DELETE;
    }

    /// The table of the routes.
    pub fn table(&self) -> &[Route] {
        &self.table
    }

    /// The router, to be wrapped in the door's own layers.
    pub fn into_router(self) -> Router<App> {
        self.router
    }
}
