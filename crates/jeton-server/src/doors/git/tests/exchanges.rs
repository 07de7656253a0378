//! What people do: clone, fetch and push, in every way that git knows.

use http_body_util::BodyExt;

use super::*;

#[tokio::test]
async fn clone_fetch_and_push_in_every_version() {
    for version in ["0", "1", "2"] {
        let server = serve(Limits::default()).await;
        let protocol = format!("protocol.version={version}");
        let copy = server.working_copy(3).await;
        git(&copy, &["-c", &protocol, "push", "--quiet", "origin", "main"]).await;
        git(server.data.path(), &["-c", &protocol, "clone", "--quiet", &server.url, "clone"]).await;
        let clone = server.path("clone");
        assert_eq!(git(&clone, &["rev-parse", "HEAD"]).await, git(&copy, &["rev-parse", "main"]).await);

        commit(&clone, "more", b"more\n").await;
        git(&clone, &["-c", &protocol, "push", "--quiet", "origin", "main", "main:feature/x"]).await;
        git(&copy, &["-c", &protocol, "pull", "--quiet", "--ff-only", "origin", "main"]).await;
        assert_eq!(git(&copy, &["rev-parse", "HEAD"]).await, git(&clone, &["rev-parse", "HEAD"]).await);
        git(&clone, &["-c", &protocol, "push", "--quiet", "origin", ":feature/x"]).await;
        assert_eq!(git(&clone, &["ls-remote", "--heads", "origin"]).await.lines().count(), 1);
        git(&server.repository(), &["fsck", "--strict"]).await;

        let spoken = format!("upload-pack version={version}");
        assert_eq!(server.seen().contains(&spoken), version != "0", "{version}");
    }
}

#[tokio::test]
async fn an_empty_repository_is_cloned_with_its_branch() {
    let server = serve(Limits::default()).await;
    git(server.data.path(), &["clone", "--quiet", &server.url, "clone"]).await;
    assert_eq!(git(&server.path("clone"), &["symbolic-ref", "HEAD"]).await, "refs/heads/main");
}

#[tokio::test]
async fn what_is_pushed_first_is_what_a_clone_checks_out() {
    let server = serve(Limits::default()).await;
    let copy = server.working_copy(1).await;
    git(&copy, &["push", "--quiet", "origin", "main:trunk"]).await;
    git(server.data.path(), &["clone", "--quiet", &server.url, "clone"]).await;
    assert_eq!(git(&server.path("clone"), &["symbolic-ref", "HEAD"]).await, "refs/heads/trunk");
    assert!(server.path("clone/file0").exists());
}

#[tokio::test]
async fn shallow_clones_deepen() {
    for version in ["0", "2"] {
        let server = serve(Limits::default()).await;
        let protocol = format!("protocol.version={version}");
        let copy = server.working_copy(5).await;
        git(&copy, &["push", "--quiet", "origin", "main"]).await;
        git(server.data.path(), &["-c", &protocol, "clone", "--quiet", "--depth=1", &server.url, "clone"]).await;
        let clone = server.path("clone");
        let commits = async || git(&clone, &["rev-list", "--count", "HEAD"]).await;
        assert_eq!(commits().await, "1");
        git(&clone, &["-c", &protocol, "fetch", "--quiet", "--deepen=2"]).await;
        assert_eq!(commits().await, "3");
        git(&clone, &["-c", &protocol, "fetch", "--quiet", "--unshallow"]).await;
        assert_eq!(commits().await, "5");
        commit(&clone, "more", b"more\n").await;
        git(&clone, &["-c", &protocol, "push", "--quiet", "origin", "main"]).await;
    }
}

#[tokio::test]
async fn partial_clones_ask_for_the_rest_when_they_need_it() {
    let server = serve(Limits::default()).await;
    let copy = server.working_copy(3).await;
    git(&copy, &["push", "--quiet", "origin", "main"]).await;
    for filter in ["blob:none", "tree:0"] {
        let arguments = ["clone", "--quiet", "--no-checkout", "--filter", filter, &server.url, filter];
        git(server.data.path(), &arguments).await;
        let clone = server.path(filter);
        let missing = git(&clone, &["rev-list", "--objects", "--all", "--missing=print"]).await;
        assert!(missing.contains("\n?"), "{filter}: {missing}");
        assert_eq!(git(&clone, &["show", "HEAD:file2"]).await, "content 2");
    }
}

#[tokio::test]
async fn long_requests_come_compressed() {
    for version in ["0", "2"] {
        let server = serve(Limits::default()).await;
        let copy = server.working_copy(1).await;
        for number in 0..60 {
            git(&copy, &["checkout", "--quiet", "--orphan", &format!("b{number}")]).await;
            git(&copy, &["commit", "--quiet", "-m", &number.to_string()]).await;
        }
        git(&copy, &["push", "--quiet", "origin", "--all"]).await;
        server.seen();
        let protocol = format!("protocol.version={version}");
        git(server.data.path(), &["-c", &protocol, "clone", "--quiet", "--bare", &server.url, "clone"]).await;
        let seen = server.seen();
        assert!(seen.iter().any(|request| request.starts_with("upload-pack gzip")), "{seen:?}");
    }
}

#[tokio::test]
async fn a_large_push_comes_in_pieces_after_a_probe() {
    let server = serve(Limits::default()).await;
    let copy = server.working_copy(0).await;
    commit(&copy, "noise", &noise(5_000_000)).await;
    git(&copy, &["-c", "http.postBuffer=65536", "push", "--quiet", "origin", "main"]).await;
    assert_eq!(server.seen(), ["receive-pack", "receive-pack", "receive-pack chunked"]);
    git(&server.repository(), &["fsck", "--strict"]).await;
}

#[tokio::test]
async fn a_push_that_git_refuses_says_why() {
    let server = serve(Limits::default()).await;
    let copy = server.working_copy(1).await;
    git(&copy, &["push", "--quiet", "origin", "main"]).await;
    let output = try_git(&copy, &["push", "origin", ":main"]).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("deletion of the current branch prohibited"), "{told}");

    let tree = git(&copy, &["rev-parse", "HEAD^{tree}"]).await;
    let bad = format!("tree {tree}\nauthor x <x> 1 +0000\ncommitter no address\n\nx\n");
    std::fs::write(copy.join("bad"), bad).unwrap();
    let bad = git(&copy, &["hash-object", "-w", "-t", "commit", "--literally", "bad"]).await;
    let output = try_git(&copy, &["push", "origin", &format!("{bad}:refs/heads/bad")]).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("missingEmail"), "{told}");
}

#[tokio::test]
async fn the_advertisement_is_gits_own() {
    let server = serve(Limits::default()).await;
    let get = async |service: &str, version: &str| {
        let uri = format!("/n/p.git/info/refs?service={service}");
        let request = Request::get(uri).header("git-protocol", version).body(Body::empty()).unwrap();
        let response = server.request(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), format!("application/x-{service}-advertisement"));
        assert_eq!(header("expires"), "Fri, 01 Jan 1980 00:00:00 GMT");
        assert_eq!(header("pragma"), "no-cache");
        assert_eq!(header("cache-control"), "no-cache, max-age=0, must-revalidate");
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    };
    assert!(get("git-upload-pack", "").await.starts_with("001e# service=git-upload-pack\n0000"));
    assert!(
        get("git-upload-pack", "version=1").await.starts_with("001e# service=git-upload-pack\n0000000eversion 1\n")
    );
    assert!(get("git-upload-pack", "version=2").await.starts_with("000eversion 2\n"));
    assert!(get("git-receive-pack", "version=2").await.starts_with("001f# service=git-receive-pack\n0000"));
    assert!(get("git-upload-pack", "version=2;x").await.starts_with("001e#"));
}

#[tokio::test]
async fn the_probe_before_a_large_push_is_answered() {
    let server = serve(Limits::default()).await;
    let request = Request::post("/n/p.git/git-receive-pack").body(Body::from("0000")).unwrap();
    let response = server.request(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/x-git-receive-pack-result");
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), 0);
}
