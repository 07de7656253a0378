//! Real git against the running program: what people type, and what git shows them.

use crate::{
    git::project,
    harness::{Bearer, Git, Person, Server, Visitor, secrets, wait_for},
};

/// Jane with a token, and a project of hers with a first commit.
fn jane<'s>(server: &'s Server, name: &str, visibility: &str) -> (Person<'s>, Bearer<'s>, String) {
    let jane = server.person("jane");
    let token = jane.token("api");
    let path = project(&token, name, visibility, true) + ".git";
    (jane, token, path)
}

#[test]
fn clone_commit_push_and_fetch_with_a_token() {
    let server = Server::shared();
    for version in ["0", "1", "2"] {
        let (_, token, path) = jane(server, "everyday", "private");
        let git = Git::new();
        let url = server.url_as("jane", &token.token, &path);
        let protocol = format!("protocol.version={version}");
        git.run(".", &["-c", &protocol, "clone", "--quiet", &url, "one"]).expect_ok();
        git.run(".", &["-c", &protocol, "clone", "--quiet", &url, "two"]).expect_ok();
        git.write("one/hello.txt", "hello\n");
        git.commit("one", "Say hello");
        git.run("one", &["-c", &protocol, "push", "--quiet", "origin", "main", "main:topic"]).expect_ok();
        git.run("two", &["-c", &protocol, "pull", "--quiet", "--ff-only"]).expect_ok();
        assert!(git.path("two/hello.txt").exists());
        git.run("one", &["-c", &protocol, "push", "--quiet", "origin", ":topic"]).expect_ok();
        let heads = git.run("two", &["ls-remote", "--heads", "origin"]).expect_ok();
        assert_eq!(heads.lines().count(), 1, "{heads}");
        // Each push is a contribution, noted right behind it.
        let pushes = || token.get("/api/v4/events?action=pushed").expect(200).json();
        let pushes = wait_for("both pushes", || Some(pushes()).filter(|list| list.as_array().unwrap().len() == 2));
        assert_eq!(pushes[0]["action_name"], "pushed to");
    }
}

#[test]
fn a_former_path_is_cloned_from_and_pushed_to() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    for version in ["0", "2"] {
        let (jane, token, path) = jane(&server, "moved", "private");
        let git = Git::new();
        let url = server.url_as("jane", &token.token, &path);
        let new = format!("new-{}", jane.username);
        let user = format!("/api/v4/users/{}", token.user_id());
        root.put(&user, &serde_json::json!({ "username": new })).expect(200);
        let protocol = format!("protocol.version={version}");
        git.run(".", &["-c", &protocol, "clone", "--quiet", &url, "old"]).expect_ok();
        git.write("old/hello.txt", "hello\n");
        git.commit("old", "Say hello");
        let pushed = git.run("old", &["-c", &protocol, "push", "origin", "main"]);
        let there = server.url(&format!("/{new}/moved.git"));
        for line in [
            format!("remote: Project '{}/moved' was moved to '{new}/moved'.", jane.username),
            format!("remote:   git remote set-url origin {there}"),
        ] {
            assert!(pushed.stderr.contains(&line), "{line} in {}", pushed.stderr);
        }
        pushed.expect_ok();
        let now = server.url_as("jane", &token.token, &format!("/{new}/moved.git"));
        git.run(".", &["clone", "--quiet", &now, "new"]).expect_ok();
        assert!(git.path("new/hello.txt").exists());
        let pushed = git.run("new", &["push", "--quiet", "origin", "main:topic"]);
        assert!(!pushed.stderr.contains("was moved"), "{}", pushed.stderr);
        // Strangers cannot tell it from what never was.
        let stranger = server.person("joe").token("api");
        let refused = |path: &str| {
            let url = server.url_as("x", &stranger.token, path);
            git.run(".", &["ls-remote", &url]).expect_failed().replace(&server.url_as("x", &stranger.token, path), "")
        };
        let (former, never) = (refused(&path), refused(&path.replace("moved", "never")));
        assert_eq!(former.replace(&path, ""), never.replace(&path.replace("moved", "never"), ""));
        assert!(former.contains("could not be found"), "{former}");
    }
}

#[test]
fn the_token_is_taken_in_every_way_that_git_has() {
    let server = Server::shared();
    let (jane, token, path) = jane(server, "ways", "private");
    let git = Git::new();
    let text = &token.token;
    for (user, password) in [
        ("jane", &**text),
        ("oauth2", text),
        ("x-access-token", text),
        (text, ""),
        (text, "x-oauth-basic"),
        (text, "x"),
    ] {
        git.run(".", &["ls-remote", &server.url_as(user, password, &path)]).expect_ok();
    }
    git.run(".", &["ls-remote", &server.url_as(&jane.username, &jane.password, &path)]).expect_ok();

    let header = format!(
        "Authorization: Basic {}",
        base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("oauth2:{text}"))
    );
    secrets::remember(&header);
    git.run(".", &["-c", &format!("http.extraHeader={header}"), "ls-remote", &server.url(&path)]).expect_ok();

    git.write("askpass", format!("#!/bin/sh\ncase $1 in Username*) echo jane;; *) echo {text};; esac\n"));
    let mut chmod = std::process::Command::new("chmod");
    assert!(chmod.arg("+x").arg(git.path("askpass")).status().unwrap().success());
    let mut asked = git.command(".");
    asked.env("GIT_ASKPASS", git.path("askpass")).args(["ls-remote", &server.url(&path)]);
    assert!(asked.output().unwrap().status.success());
}

/// What people see who have no token, a wrong one, or one that has died.
#[test]
fn git_shows_why_it_was_refused() {
    let server = Server::shared();
    let (jane, token, path) = jane(server, "refused", "private");
    let git = Git::new();
    let told = |user: &str, password: &str| {
        git.run(".", &["ls-remote", &server.url_as(user, password, &path)]).expect_failed()
    };
    let page = server.url("/-/user_settings/personal_access_tokens");

    let missing = git.run(".", &["ls-remote", &server.url(&path)]).expect_failed();
    assert!(missing.contains("could not read Username"), "{missing}");

    let wrong = told("jane", "jeton_7Lq2XbWc9RtYp0ZsVnKd4HgJm6FaEuTi3rPTL4");
    assert!(wrong.contains("remote: HTTP Basic: Access denied. There is no such token."), "{wrong}");
    assert!(wrong.contains(&format!("remote: You can make one at {page}")), "{wrong}");
    assert!(wrong.contains("Authentication failed"), "{wrong}");

    let mistyped = told("jane", &token.token[..token.token.len() - 1]);
    assert!(mistyped.contains("remote: HTTP Basic: Access denied. The token is mistyped or incomplete."), "{mistyped}");

    let password = told(&jane.username, "not-my-password");
    assert!(
        password.contains("remote: HTTP Basic: Access denied. The user name, password or token is incorrect."),
        "{password}"
    );

    let dead = jane.token("api");
    token.delete(&format!("/api/v4/personal_access_tokens/{}", dead.id())).expect(204);
    let revoked = told("jane", &dead.token);
    assert!(revoked.contains("remote: HTTP Basic: Access denied. The token was revoked on "), "{revoked}");
    assert!(revoked.contains(&format!("remote: You can make a new one at {page}")), "{revoked}");

    let narrow = jane.token("read_repository");
    git.run(".", &["clone", "--quiet", &server.url_as("jane", &narrow.token, &path), "narrow"]).expect_ok();
    let upload = git.run("narrow", &["push", "origin", "main"]).expect_failed();
    assert!(upload.contains("remote: You are not allowed to upload code."), "{upload}");
    assert!(upload.contains("403"), "{upload}");
}

/// Somebody else's projects.
#[test]
fn strangers_are_told_no_more_than_they_may_know() {
    let server = Server::shared();
    let (_, _, private) = jane(server, "stranger-private", "private");
    let (_, _, public) = jane(server, "stranger-public", "public");
    let joe = server.person("joe").token("api");
    let git = Git::new();
    let hidden = git.run(".", &["ls-remote", &server.url_as("joe", &joe.token, &private)]).expect_failed();
    assert!(hidden.contains("remote: The project you were looking for could not be found"), "{hidden}");
    git.run(".", &["clone", "--quiet", &server.url(&public), "public"]).expect_ok();
    let push = git.run("public", &["push", &server.url_as("joe", &joe.token, &public), "main"]).expect_failed();
    assert!(push.contains("remote: You are not allowed to push code to this project."), "{push}");
    let anonymous = git.run("public", &["push", "origin", "main"]).expect_failed();
    assert!(anonymous.contains("could not read Username"), "{anonymous}");
}

/// Git forgets a stored credential on a 401 and keeps it on a 403 and a 404.
#[test]
fn a_good_credential_is_not_forgotten() {
    let server = Server::shared();
    let (jane, token, path) = jane(server, "remembered", "private");
    let reader = jane.token("read_repository");
    let git = Git::new();
    let stored = |token: &str| {
        git.write(".git-credentials", format!("{}\n", server.url_as("jane", token, "")));
    };
    let kept = || std::fs::read_to_string(git.path(".git-credentials")).unwrap().contains("jeton_");
    let run = |directory: &str, arguments: &[&str]| {
        git.run(directory, &[&["-c", "credential.helper=store"], arguments].concat())
    };
    stored(&reader.token);
    run(".", &["clone", "--quiet", &server.url(&path), "copy"]).expect_ok();
    run("copy", &["push", "origin", "main"]).expect_failed();
    run(".", &["ls-remote", &server.url("/nobody/nothing.git")]).expect_failed();
    assert!(kept());
    token.delete(&format!("/api/v4/personal_access_tokens/{}", reader.id())).expect(204);
    run("copy", &["fetch", "origin"]).expect_failed();
    assert!(!kept());
}

#[test]
fn shallow_partial_and_suffixless_clones() {
    let server = Server::shared();
    let (_, token, path) = jane(server, "kinds", "private");
    let git = Git::new();
    let url = server.url_as("jane", &token.token, &path);
    git.run(".", &["clone", "--quiet", &url, "full"]).expect_ok();
    for number in 0..3 {
        git.write(&format!("full/{number}"), number.to_string());
        git.commit("full", &format!("Add {number}"));
    }
    git.run("full", &["push", "--quiet"]).expect_ok();

    git.run(".", &["clone", "--quiet", "--depth=1", &url, "shallow"]).expect_ok();
    assert_eq!(git.run("shallow", &["rev-list", "--count", "HEAD"]).expect_ok().trim(), "1");
    git.run("shallow", &["fetch", "--quiet", "--unshallow"]).expect_ok();
    assert_eq!(git.run("shallow", &["rev-list", "--count", "HEAD"]).expect_ok().trim(), "4");

    git.run(".", &["clone", "--quiet", "--no-checkout", "--filter=blob:none", &url, "partial"]).expect_ok();
    assert_eq!(git.run("partial", &["show", "HEAD:2"]).expect_ok(), "2");

    let without = url.strip_suffix(".git").unwrap();
    git.run(".", &["clone", "--quiet", without, "suffixless"]).expect_ok();
    assert!(git.path("suffixless/README.md").exists());
}

/// Requests above a kilobyte come compressed, pushes above the client's buffer in chunks.
#[test]
fn compressed_and_chunked_requests() {
    let server = Server::shared();
    let token = server.person("jane").token("api");
    let path = project(&token, "encodings", "private", false);
    let git = Git::new();
    let url = server.url_as("jane", &token.token, &format!("{path}.git"));
    git.repository("work", &[("large", &"0123456789abcdef\n".repeat(20_000))]);
    for number in 0..40 {
        git.run("work", &["checkout", "--quiet", "--orphan", &format!("b{number}")]).expect_ok();
        git.commit("work", &format!("{number}"));
    }
    git.run("work", &["-c", "core.compression=0", "-c", "http.postBuffer=65536", "push", "--quiet", &url, "--all"])
        .expect_ok();
    for version in ["0", "2"] {
        let protocol = format!("protocol.version={version}");
        let to = format!("copy{version}");
        git.run(".", &["-c", &protocol, "clone", "--quiet", "--bare", &url, &to]).expect_ok();
        assert_eq!(git.run(&to, &["for-each-ref", "refs/heads/"]).expect_ok().lines().count(), 41);
    }
}

/// The first push decides what a clone checks out, whatever the project was made with.
#[test]
fn the_first_push_decides_the_default_branch() {
    let server = Server::shared();
    let token = server.person("jane").token("api");
    let path = project(&token, "trunk", "private", false);
    let git = Git::new();
    let url = server.url_as("jane", &token.token, &format!("{path}.git"));
    git.repository("work", &[("file", "text")]);
    git.run("work", &["push", "--quiet", &url, "main:trunk"]).expect_ok();
    git.run(".", &["clone", "--quiet", &url, "copy"]).expect_ok();
    assert!(git.path("copy/file").exists());
    let id = path.trim_start_matches('/').replace('/', "%2F");
    let seen = token.get(&format!("/api/v4/projects/{id}")).expect(200).json();
    assert_eq!(seen["default_branch"], "trunk");
}
