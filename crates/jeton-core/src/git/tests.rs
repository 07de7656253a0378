#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
//! Request lines, good and bad. The outcomes are those of GitLab's Git-over-HTTP routes.

use proptest::prelude::*;

use super::*;

fn parse(line: &str) -> Result<GitRequest, NotServed> {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    GitRequest::parse(method, path, query)
}

fn served(namespace: &str, project: &str, service: Service, step: Step) -> GitRequest {
    let repository = RepositoryPath { namespace: namespace.into(), project: project.into() };
    GitRequest { repository, service, step }
}

#[test]
fn the_four_requests_of_the_protocol() {
    use Service::{ReceivePack, UploadPack};
    use Step::{Advertise, Exchange};
    for (line, expected) in [
        ("GET /ns/p.git/info/refs?service=git-upload-pack", served("ns", "p", UploadPack, Advertise)),
        ("GET /ns/p.git/info/refs?service=git-receive-pack", served("ns", "p", ReceivePack, Advertise)),
        ("GET /ns/p.git/info/refs?a=b&service=git-upload-pack&c", served("ns", "p", UploadPack, Advertise)),
        ("POST /ns/p.git/git-upload-pack", served("ns", "p", UploadPack, Exchange)),
        ("POST /ns/p.git/git-upload-pack?service=git-upload-pack", served("ns", "p", UploadPack, Exchange)),
        ("POST /a/b.c/d-e_F.git/git-receive-pack", served("a/b.c", "d-e_F", ReceivePack, Exchange)),
        ("POST /ns/info/refs.git/git-receive-pack", served("ns/info", "refs", ReceivePack, Exchange)),
        ("POST /jane.doe/p.wiki.git/git-receive-pack", served("jane.doe", "p.wiki", ReceivePack, Exchange)),
    ] {
        assert_eq!(parse(line), Ok(expected), "{line}");
    }
}

#[test]
fn path_and_service_must_agree() {
    for line in [
        "GET /ns/p.git/info/refs",
        "GET /ns/p.git/info/refs?service=",
        "GET /ns/p.git/info/refs?service=upload-pack",
        "GET /ns/p.git/info/refs?service=git-upload-archive",
        "GET /ns/p.git/info/refs?service=git%2Dupload-pack",
        "GET /ns/p.git/info/refs?service=git-upload-pack&service=git-receive-pack",
        "POST /ns/p.git/git-upload-pack?service=git-receive-pack",
        "POST /ns/p.git/git-receive-pack?service=git-upload-pack",
        "POST /ns/p.git/git-receive-pack?service=x",
    ] {
        assert_eq!(parse(line), Err(NotServed::UnknownService), "{line}");
    }
}

#[test]
fn what_is_never_there() {
    for line in [
        "GET /ns/p.git/HEAD",
        "GET /ns/p.git/objects/info/packs",
        "GET /ns/p.git/objects/3f/1f9ab6ea2a3a5ab0e5ea4fd0e1cbcfdd31d3f0",
        "GET /ns/p.git/git-upload-pack",
        "PUT /ns/p.git/git-receive-pack",
        "POST /ns/p.git/info/refs?service=git-upload-pack",
        "POST /ns/p/git-upload-pack",
        "GET /ns/p/git-upload-pack",
        "DELETE /ns/p/info/refs",
        "GET /ns/p.git/info/refs/?service=git-upload-pack",
        "GET /ns/../p.git/info/refs?service=git-upload-pack",
        "GET /ns/...git/info/refs?service=git-upload-pack",
        "GET /ns/.git/info/refs?service=git-upload-pack",
        "GET /p.git/info/refs?service=git-upload-pack",
        "GET //p.git/info/refs?service=git-upload-pack",
        "GET /ns//p.git/info/refs?service=git-upload-pack",
        "GET //ns/p.git/info/refs?service=git-upload-pack",
        "GET /ns/p.git.git/info/refs?service=git-upload-pack",
        "GET /ns.git/p.git/info/refs?service=git-upload-pack",
        "GET /ns/p.git/x.git/info/refs?service=git-upload-pack",
        "GET /ns%2Fp.git/info/refs?service=git-upload-pack",
        "GET /ns/%2e%2e/p.git/info/refs?service=git-upload-pack",
        "GET /ns/p%00.git/info/refs?service=git-upload-pack",
        "GET /ns/p\0.git/info/refs?service=git-upload-pack",
        "GET /ns/p\\q.git/info/refs?service=git-upload-pack",
        "GET /ns/p;x.git/info/refs?service=git-upload-pack",
        "GET /ns/-p.git/info/refs?service=git-upload-pack",
        "GET /ns/\u{fc}.git/info/refs?service=git-upload-pack",
        "GET /ns/p .git/info/refs?service=git-upload-pack",
    ] {
        assert_eq!(parse(line), Err(NotServed::Missing), "{line}");
    }
    let long = "a".repeat(256);
    assert_eq!(parse(&format!("POST /ns/{long}.git/git-upload-pack")), Err(NotServed::Missing));
    let deep = "/a".repeat(1100);
    assert_eq!(parse(&format!("POST {deep}.git/git-upload-pack")), Err(NotServed::Missing));
    assert_eq!(parse("HEAD /ns/p.git/info/refs?service=git-upload-pack"), Err(NotServed::WithoutBody));
}

#[test]
fn pages_and_other_doors_keep_their_addresses() {
    for line in [
        "GET /",
        "GET /ns/p",
        "GET /ns/p.git",
        "GET /users/sign_in",
        "GET /api/v4/projects/x.git/info/refs?service=git-upload-pack",
        "GET /-/p.git/info/refs?service=git-upload-pack",
        "POST /v2/ns/p.git/git-upload-pack",
        "GET /ns/p/-/blob/main/info/refs",
        "GET /info/refs",
        "GET /p/info/refs",
        "OPTIONS *",
    ] {
        assert_eq!(parse(line), Err(NotServed::Elsewhere), "{line}");
    }
}

#[test]
fn an_address_without_the_suffix_moves_and_leaves_secrets_behind() {
    for (query, kept) in [
        ("", ""),
        ("?", ""),
        ("?service=git-upload-pack", "?service=git-upload-pack"),
        ("?service=git-receive-pack&x=1", "?service=git-receive-pack&x=1"),
        ("?private_token=s&service=git-upload-pack", "?service=git-upload-pack"),
        ("?service=git-upload-pack&private_token=s", "?service=git-upload-pack"),
        ("?PRIVATE_TOKEN=s&access_token=s&bearer_token=s&job_token=s&private_token", ""),
        ("?private%5Ftoken=s&private+token=s&x=1;private_token=s&private_token[]=s", ""),
    ] {
        let moved = Err(NotServed::Moved(format!("/ns/p.git/info/refs{kept}")));
        assert_eq!(parse(&format!("GET /ns/p/info/refs{query}")), moved, "{query}");
    }
    assert_eq!(parse("GET /ns/p/info/refs?service=other"), Err(NotServed::Page));
}

proptest! {
    #[test]
    fn no_request_line_is_trouble(method in "GET|POST|HEAD|.*", path in ".*", query in proptest::option::of(".*")) {
        let _ = GitRequest::parse(&method, &path, query.as_deref());
    }

    /// Which door answers depends on the path alone.
    #[test]
    fn an_address_is_one_for_every_method_and_query(
        path in "(/[a-c.-]{0,3}){0,3}(\\.git)?/(info/refs|git-upload-pack|git-receive-pack|HEAD|x)",
        method in "GET|POST|HEAD|PUT",
        query in proptest::option::of("service=(git-upload-pack|x)"),
    ) {
        let elsewhere = GitRequest::parse(&method, &path, query.as_deref()) == Err(NotServed::Elsewhere);
        prop_assert_eq!(elsewhere, !GitRequest::is_address(&path));
    }

    /// Whatever is served names exactly one address, made of harmless characters.
    #[test]
    fn what_is_served_is_well_formed(
        path in "(/[a-c.%_2eF\\\\;-]{0,4}){0,4}(\\.git)?/(info/refs|git-upload-pack|git-receive-pack)",
        method in "GET|POST",
        query in proptest::option::of("(&?service=(git-upload-pack|git-receive-pack)){0,2}"),
    ) {
        if let Ok(request) = GitRequest::parse(&method, &path, query.as_deref()) {
            let full = request.repository.full();
            prop_assert!(full.split('/').all(is_segment) && full.contains('/'));
            let tail = if request.step == Step::Advertise { "info/refs" } else { request.service.name() };
            prop_assert_eq!(format!("/{full}.git/{tail}"), path);
            let other = Service::ALL.into_iter().find(|other| *other != request.service).unwrap();
            prop_assert!(!query.unwrap_or_default().contains(other.name()));
        }
    }

    #[test]
    fn a_redirect_repeats_no_secret(query in "([a-z_%;&=+]|private_token=|access_token|%5F|%70){0,12}") {
        if let Err(NotServed::Moved(target)) = GitRequest::parse("GET", "/ns/p/info/refs", Some(&query)) {
            for pair in target.split_once('?').map_or("", |(_, query)| query).split(['&', ';']) {
                prop_assert!(!names_a_credential(pair));
            }
        }
    }
}
