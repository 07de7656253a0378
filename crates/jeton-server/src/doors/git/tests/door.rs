//! The door with its lock: who is let in, and what the others are told.

use axum::http::{HeaderMap, request::Builder};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http_body_util::BodyExt;
use jeton_core::{
    id::UserId,
    lock::Denial,
    project::{Project, ProjectPath, Visibility},
    scope::{SCOPES, ScopeSet},
    token::{Expiry, MadeVia},
    user::{User, UserState},
};
use jeton_store::{projects::NewProject, rotation::Rotation, tokens::NewToken};

use super::*;
use crate::{
    app::App,
    doors::git::{door, refused::Refused, row, table},
    refusal::Refusal,
    test_instance::{BY, Instance, NOW, PASSWORD},
};

const VISIBILITIES: [Visibility; 3] = [Visibility::Public, Visibility::Internal, Visibility::Private];
/// What a 401 for a bad credential begins with.
const DENIED: &str = "HTTP Basic: Access denied";
/// Where the tests' instance has its tokens page.
const PAGE: &str = "http://jeton.example/-/user_settings/personal_access_tokens";

/// An instance with Jane, who owns the projects `jane/public`, `jane/internal` and `jane/private`, with Joe, who owns
/// nothing, and with an administrator.
struct World {
    instance: Instance,
    app: App,
    router: Router,
    jane: User,
    joe: User,
    root: User,
}

/// An answer's status, headers and text.
struct Told {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl World {
    async fn new() -> Self {
        let instance = Instance::with(|config| config.impersonation = false).await;
        let [jane, joe, root] =
            [instance.user("jane", false).await, instance.user("joe", false).await, instance.user("root", true).await];
        let app = instance.app.clone();
        let world = Self { router: door(&app), instance, app, jane, joe, root };
        for visibility in VISIBILITIES {
            let project = world.project(visibility.name(), visibility).await;
            world.app.repositories.create(project.id, BranchName::parse("main").unwrap(), None).await.unwrap();
        }
        world
    }

    /// A project of Jane's, without a repository.
    async fn project(&self, name: &str, visibility: Visibility) -> Project {
        let new = NewProject {
            namespace: self.jane.namespace,
            name: name.into(),
            path: ProjectPath::parse(name).unwrap(),
            description: None,
            visibility,
            default_branch: "main".into(),
            creator: self.jane.id,
            limit: 10,
        };
        self.app.store.create_project(new, BY, NOW).await.unwrap()
    }

    async fn token_with(&self, user: &User, scopes: &str, expiry: Expiry, impersonation: bool) -> (String, i64) {
        let (text, digest) = self.app.make_token().unwrap();
        let new = NewToken {
            user: user.id,
            handle: App::make_handle().unwrap(),
            name: "test".into(),
            description: None,
            scopes: ScopeSet::parse(scopes.split(' ')).unwrap(),
            expiry,
            impersonation,
            made_via: MadeVia::Api,
            digest,
            limit: 100,
        };
        let token = self.app.store.create_token(new, BY, NOW).await.unwrap();
        (text.reveal(), token.id.0)
    }

    async fn token(&self, user: &User, scopes: &str) -> String {
        self.token_with(user, scopes, Expiry::NEVER, false).await.0
    }

    /// Serves on a port of its own.
    async fn listen(&self) -> std::net::SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, router) = (listener.local_addr().unwrap(), self.router.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }

    async fn send(&self, request: Builder) -> Told {
        let request = request.body(Body::from("0000")).unwrap();
        let response = tower::ServiceExt::oneshot(self.router.clone(), request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.into_body().collect().await.unwrap().to_bytes();
        Told { status, headers, text: String::from_utf8(text.to_vec()).unwrap() }
    }

    /// Asks what `jane/<project>` offers for fetching or pushing.
    async fn ask(&self, project: &str, service: &str, authorization: &str) -> Told {
        self.send(refs(project, service).header("authorization", authorization)).await
    }

    /// What a fetch of the public project answers to this credential.
    async fn fetch(&self, authorization: &str) -> Told {
        self.ask("public", "git-upload-pack", authorization).await
    }
}

fn refs(project: &str, service: &str) -> Builder {
    Request::get(format!("/jane/{project}.git/info/refs?service={service}"))
}

fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}")))
}

impl Told {
    fn is_challenge(&self) -> bool {
        let challenge = self.headers.get("www-authenticate").map(|value| value.to_str().unwrap());
        self.status == 401 && challenge == Some("Basic realm=\"GitLab\"")
    }

    /// A 401 whose text begins as git's users know it and goes on with a reason.
    #[track_caller]
    fn assert_denied(&self, reason: &str) {
        assert!(self.is_challenge(), "{} {}", self.status, self.text);
        assert!(self.text.starts_with(&format!("{DENIED}. ")) && self.text.contains(reason), "{}", self.text);
        assert_eq!(self.headers["content-type"], "text/plain; charset=utf-8");
        assert_eq!(self.headers["cache-control"], "no-cache, max-age=0, must-revalidate");
    }

    #[track_caller]
    fn assert_is(&self, status: u16, text: &str) {
        assert_eq!((self.status, &*self.text), (status, text));
        assert!(!self.headers.contains_key("www-authenticate"));
    }
}

const NOT_FOUND: &str = "The project you were looking for could not be found or you don't have permission to view it.";

/// GitLab's table of visibility and role, as far as there are roles: members come through the lock, which has a table
/// of its own.
#[tokio::test]
async fn who_may_fetch_and_push_what() {
    let world = World::new().await;
    let [owner, stranger, administrator] = [
        world.token(&world.jane, "api").await,
        world.token(&world.joe, "api").await,
        world.token(&world.root, "api").await,
    ];
    let people = [
        ("anonymous", String::new()),
        ("stranger", basic("x", &stranger)),
        ("owner", basic("x", &owner)),
        ("owner's password", basic("jane", PASSWORD)),
        ("administrator", basic("x", &administrator)),
    ];
    let table = [
        ("public", "git-upload-pack", [200, 200, 200, 200, 200]),
        ("internal", "git-upload-pack", [401, 200, 200, 200, 200]),
        ("private", "git-upload-pack", [401, 404, 200, 200, 200]),
        ("missing", "git-upload-pack", [401, 404, 404, 404, 404]),
        ("public", "git-receive-pack", [401, 403, 200, 200, 200]),
        ("internal", "git-receive-pack", [401, 403, 200, 200, 200]),
        ("private", "git-receive-pack", [401, 404, 200, 200, 200]),
        ("missing", "git-receive-pack", [401, 404, 404, 404, 404]),
    ];
    for (project, service, expected) in table {
        for ((who, authorization), expected) in people.iter().zip(expected) {
            let mut request = refs(project, service);
            if !authorization.is_empty() {
                request = request.header("authorization", authorization);
            }
            let told = world.send(request).await;
            assert_eq!(told.status, expected, "{project} {service} {who}: {}", told.text);
            assert_eq!(told.is_challenge(), expected == 401);

            let mut request = Request::post(format!("/jane/{project}.git/{service}"));
            if !authorization.is_empty() {
                request = request.header("authorization", authorization);
            }
            assert_eq!(world.send(request).await.status, expected, "POST {project} {service} {who}");
        }
    }
    let told = world.ask("public", "git-receive-pack", &basic("x", &stranger)).await;
    told.assert_is(403, "You are not allowed to push code to this project.");
    world.ask("private", "git-upload-pack", &basic("x", &stranger)).await.assert_is(404, NOT_FOUND);
    world.ask("missing", "git-upload-pack", &basic("x", &owner)).await.assert_is(404, NOT_FOUND);
}

/// A narrow token learns nothing about what exists, and opens not even what is public.
#[tokio::test]
async fn scopes_come_before_existence() {
    let world = World::new().await;
    for scope in SCOPES {
        let token = basic("x", &world.token(&world.jane, scope.name).await);
        let fetches = matches!(scope.name, "api" | "read_api" | "read_repository" | "write_repository");
        let pushes = matches!(scope.name, "api" | "write_repository");
        for (service, allowed, text) in [
            ("git-upload-pack", fetches, "You are not allowed to download code."),
            ("git-receive-pack", pushes, "You are not allowed to upload code."),
        ] {
            for project in ["public", "internal", "private", "missing"] {
                let told = world.ask(project, service, &token).await;
                match (allowed, project) {
                    (false, _) => told.assert_is(403, text),
                    (true, "missing") => told.assert_is(404, NOT_FOUND),
                    (true, _) => assert_eq!(told.status, 200, "{} {service} {project}", scope.name),
                }
            }
        }
    }
}

#[tokio::test]
async fn a_token_stands_where_the_password_does_or_the_name() {
    let world = World::new().await;
    let token = world.token(&world.jane, "read_repository").await;
    for (username, password) in [
        ("jane", &*token),
        ("oauth2", &*token),
        ("", &*token),
        ("joe", &*token),
        (&*token, ""),
        (&*token, "x-oauth-basic"),
        (&*token, "whatever"),
        (&*token, &*token),
    ] {
        let told = world.ask("private", "git-upload-pack", &basic(username, password)).await;
        assert_eq!(told.status, 200, "{username}:{password}");
    }
    // Other places count as nothing, as in GitLab: the request is an anonymous one.
    for (name, value) in [("authorization", format!("Bearer {token}")), ("private-token", token.clone())] {
        let told = world.send(refs("private", "git-upload-pack").header(name, &value)).await;
        assert!(told.is_challenge(), "{name}");
        assert_eq!(world.send(refs("public", "git-upload-pack").header(name, value)).await.status, 200);
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_on_public_projects_too() {
    let world = World::new().await;
    let good = world.token(&world.jane, "api").await;
    let foreign = format!("jeton_{}", "7Lq2XbWc9RtYp0ZsVnKd4HgJm6FaEuTi3rPTL4");
    world.fetch(&basic("x", &foreign)).await.assert_denied("no such token");
    world.fetch(&basic("x", &good[..good.len() - 1])).await.assert_denied("mistyped");
    world.fetch(&basic(&foreign, "")).await.assert_denied("no such token");
    for (username, password) in [("jane", "wrong"), ("nobody", PASSWORD), ("", PASSWORD), ("jane", ""), ("", "")] {
        world.fetch(&basic(username, password)).await.assert_denied("password or token is incorrect");
    }
    for nonsense in ["Basic !!!", "Basic amFuZQ==", "Basic /w=="] {
        world.fetch(nonsense).await.assert_denied("You can make one at");
    }
    let twice = refs("public", "git-upload-pack").header("authorization", basic("x", &good));
    let told = world.send(twice.header("authorization", basic("jane", PASSWORD))).await;
    told.assert_denied("two credentials");
    let told = world.fetch(&basic("x", &foreign)).await;
    assert!(told.text.contains(PAGE), "{}", told.text);
    assert!(!told.text.contains(&foreign));
}

#[tokio::test]
async fn dead_tokens_say_how_they_died() {
    let world = World::new().await;
    let expiry = Expiry::at(NOW.plus_seconds(86_400));
    let (expiring, _) = world.token_with(&world.jane, "api", expiry, false).await;
    let (revoked, id) = world.token_with(&world.jane, "api", Expiry::NEVER, false).await;
    world.app.revoke_token(jeton_core::id::TokenId(id), None, BY).await.unwrap();
    let (rotated, id) = world.token_with(&world.jane, "api", Expiry::NEVER, false).await;
    let (_, digest) = world.app.make_token().unwrap();
    let rotation = Rotation { token: jeton_core::id::TokenId(id), owner: None, digest, expiry: Expiry::NEVER };
    assert!(world.app.rotate_token(rotation, BY).await.unwrap().is_ok());
    let (impersonation, _) = world.token_with(&world.jane, "api", Expiry::NEVER, true).await;

    assert_eq!(world.fetch(&basic("x", &expiring)).await.status, 200);
    world.instance.set_clock(NOW.plus_seconds(86_400));
    world.fetch(&basic("x", &expiring)).await.assert_denied("The token expired on 2027-01-16.\nYou can make a new one");
    world.fetch(&basic("x", &revoked)).await.assert_denied("The token was revoked on 2027-01-15.\nYou can make");
    world.fetch(&basic("x", &rotated)).await.assert_denied("replaced by a newer one, and so revoked, on 2027-01-15");
    world.fetch(&basic("x", &impersonation)).await.assert_denied("Impersonation tokens are not accepted");
    assert!(world.fetch(&basic("x", &revoked)).await.text.contains(PAGE));
}

#[tokio::test]
async fn an_account_that_cannot_be_used_opens_nothing() {
    let world = World::new().await;
    let token = basic("x", &world.token(&world.jane, "api").await);
    let password = basic("jane", PASSWORD);
    let set = async |state| world.app.set_user_state(world.jane.id, state, BY).await.unwrap().unwrap();
    for state in [UserState::Blocked, UserState::Banned] {
        set(state).await;
        world.fetch(&token).await.assert_denied("Your account has been blocked.");
        world.fetch(&password).await.assert_denied("Your account has been blocked.");
    }
    set(UserState::Deactivated).await;
    let text = "Your account has been deactivated by your administrator. Please log back in from a web browser to \
                reactivate your account at http://jeton.example/users/sign_in";
    world.fetch(&token).await.assert_is(403, text);
    world.fetch(&password).await.assert_is(403, text);
    set(UserState::Active).await;
    assert_eq!(world.fetch(&token).await.status, 200);
}

/// Git would ask for the password again and again; without a challenge it shows what to do instead.
#[tokio::test]
async fn a_password_beside_a_second_factor_is_told_to_be_a_token() {
    let world = World::new().await;
    let response = Refused::from(Refusal::from(Denial::TokenRequired)).render(&world.app, None);
    assert_eq!(response.status(), 401);
    assert!(!response.headers().contains_key("www-authenticate"));
    let text = response.into_body().collect().await.unwrap().to_bytes();
    let lines = String::from_utf8(text.to_vec()).unwrap();
    assert!(
        lines.starts_with(&format!("{DENIED}\nYou have 2FA enabled, please use a personal access token")),
        "{lines}"
    );
    assert!(lines.contains(PAGE));
}

#[tokio::test]
async fn unknown_services_and_odd_addresses() {
    let world = World::new().await;
    let token = basic("x", &world.token(&world.joe, "self_rotate").await);
    let get = async |target: &str, authorization: Option<&str>| {
        let mut request = Request::get(target);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        world.send(request).await
    };
    for target in ["/jane/public.git/info/refs", "/jane/missing.git/info/refs?service=git-upload-archive"] {
        assert!(get(target, None).await.is_challenge());
        assert!(get(target, Some("Basic !")).await.is_challenge());
        get(target, Some(&token)).await.assert_is(403, "The command you're trying to execute is not allowed.");
    }
    get("/jane/public.git/HEAD", None).await.assert_is(404, NOT_FOUND);
    get("/jane/%2e%2e/public.git/info/refs?service=git-upload-pack", None).await.assert_is(404, NOT_FOUND);
    let moved = get("/jane/private/info/refs?service=git-upload-pack&private_token=secret", None).await;
    moved.assert_is(301, "");
    assert_eq!(moved.headers["location"], "/jane/private.git/info/refs?service=git-upload-pack");
    let page = get("/jane/private/info/refs?service=other", None).await;
    page.assert_is(302, "");
    assert_eq!(page.headers["location"], "/users/sign_in");
    let head = world.send(Request::head("/jane/public.git/info/refs?service=git-upload-pack")).await;
    head.assert_is(403, "");
    let post = world.send(Request::post("/jane/public/git-upload-pack")).await;
    post.assert_is(404, NOT_FOUND);
}

#[tokio::test]
async fn a_missing_repository_is_told_to_those_who_see_the_project() {
    let world = World::new().await;
    world.project("bare", Visibility::Public).await;
    world.project("secret", Visibility::Private).await;
    let text = "A repository for this project does not exist yet.";
    let [owner, stranger] = [world.token(&world.jane, "api").await, world.token(&world.joe, "api").await];
    world.ask("bare", "git-upload-pack", &basic("x", &owner)).await.assert_is(404, text);
    world.ask("bare", "git-receive-pack", &basic("x", &stranger)).await.assert_is(404, text);
    world.ask("secret", "git-upload-pack", &basic("x", &owner)).await.assert_is(404, text);
    world.ask("secret", "git-upload-pack", &basic("x", &stranger)).await.assert_is(404, NOT_FOUND);
    assert!(world.send(refs("secret", "git-upload-pack")).await.is_challenge());
}

/// The attack: a browser that once signed in to a clone address sends that credential with whatever another site's page
/// makes it send, for example the commands of a push.
#[tokio::test]
async fn pages_of_other_sites_cannot_push() {
    let world = World::new().await;
    let token = basic("x", &world.token(&world.jane, "api").await);
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "http://evil.example"), ("origin", "null")] {
        let request = Request::post("/jane/public.git/git-receive-pack").header("authorization", &token);
        assert_eq!(world.send(request.header(name, value)).await.status, 403, "{name}: {value}");
    }
    let request = Request::post("/jane/public.git/git-receive-pack").header("authorization", &token);
    assert_eq!(world.send(request.header("origin", "http://jeton.example")).await.status, 200);
}

#[tokio::test]
async fn an_unknown_encoding_is_refused() {
    let world = World::new().await;
    let request = Request::post("/jane/public.git/git-upload-pack").header("content-encoding", "br");
    let told = world.send(request).await;
    assert_eq!(told.status, 415);
    assert_eq!(told.headers["accept-encoding"], "gzip");
}

/// Neither 401, on which git would forget a good token, nor 403 or 404, which would be a lie.
#[tokio::test]
async fn without_a_database_nobody_is_refused_for_good() {
    let world = World::new().await;
    let token = basic("x", &world.token(&world.jane, "api").await);
    world.app.store.close().await;
    for authorization in [&*token, &basic("jane", PASSWORD), "Bearer x"] {
        let told = world.fetch(authorization).await;
        assert_eq!((told.status, told.headers["retry-after"].to_str().unwrap()), (503, "5"), "{}", told.text);
    }
}

/// What somebody sees whose token has run out since the last fetch.
#[tokio::test]
async fn git_shows_that_a_token_expired() {
    let world = World::new().await;
    let address = world.listen().await;
    let expiry = Expiry::at(NOW.plus_seconds(86_400));
    let (token, _) = world.token_with(&world.jane, "read_repository", expiry, false).await;
    let url = format!("http://x:{token}@{address}/jane/private.git");
    git(world.instance.dir(), &["ls-remote", &url]).await;
    world.instance.set_clock(NOW.plus_seconds(86_400));
    let output = try_git(world.instance.dir(), &["ls-remote", &url]).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("remote: HTTP Basic: Access denied. The token expired on 2027-01-16."), "{told}");
    assert!(told.contains(&format!("remote: You can make a new one at {PAGE}")), "{told}");
    assert!(told.contains("Authentication failed"), "{told}");
}

/// From the token's use to the project's activity: what a push leaves in the database.
#[tokio::test]
async fn a_push_is_noted() {
    let world = World::new().await;
    let address = world.listen().await;
    let (token, id) = world.token_with(&world.jane, "write_repository", Expiry::NEVER, false).await;
    git(world.instance.dir(), &["init", "--quiet", "-b", "trunk", "work"]).await;
    let copy = world.instance.dir().join("work");
    commit(&copy, "file", b"content\n").await;
    world.instance.set_clock(NOW.plus_seconds(60));
    let url = format!("http://x:{token}@{address}/jane/private.git");
    git(&copy, &["push", "--quiet", &url, "trunk"]).await;

    let project = world.app.store.project_at("jane/private").await.unwrap().unwrap();
    assert_eq!((&*project.default_branch, project.last_activity_at), ("trunk", NOW.plus_seconds(60)));
    world.app.last_used.flush(&world.app.store).await.unwrap();
    let token = world.app.store.token(jeton_core::id::TokenId(id)).await.unwrap().unwrap();
    assert_eq!(token.last_used_at, Some(NOW.plus_seconds(60)));
    assert_eq!(token.user, UserId(world.jane.id.0));
}

#[test]
fn every_request_knows_its_row_of_the_table() {
    for (number, route) in table().iter().enumerate() {
        let path = route.path.replace("{namespace}", "jane").replace("{project}", "app");
        let (path, query) = path.split_once('?').map_or((&*path, None), |(path, query)| (path, Some(query)));
        assert_eq!(row(&GitRequest::parse(route.method, path, query).unwrap()), number, "{}", route.path);
    }
}
