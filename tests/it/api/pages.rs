//! Long lists in parts.

use serde_json::json;

use super::column;
use crate::harness::{Bearer, Server, Visitor, between};

fn links(visitor: &Bearer<'_>, path: &str, relation: &str) -> Option<String> {
    let answer = visitor.get(path).expect(200);
    let end = format!(">; rel=\"{relation}\"");
    let link = answer.header("link").split(", ").find(|link| link.ends_with(&end))?.to_owned();
    let url = between(&link, "<", ">").unwrap().to_owned();
    // Links carry the public address, and must be usable as they stand.
    Some(url.strip_prefix(&visitor.server().url("")).unwrap_or_else(|| panic!("{url}")).to_owned())
}

#[test]
fn pages_are_numbered_and_linked() {
    let server = Server::shared();
    let jane = server.person("jane");
    let token = jane.token("api");
    for _ in 0..4 {
        jane.token("read_user");
    }
    let answer = token.get("/api/v4/personal_access_tokens?per_page=2&page=2&sort=created_asc").expect(200);
    for (name, value) in [
        ("x-page", "2"),
        ("x-per-page", "2"),
        ("x-next-page", "3"),
        ("x-prev-page", "1"),
        ("x-total", "5"),
        ("x-total-pages", "3"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let link = |page: u8, relation: &str| {
        let path = format!("/api/v4/personal_access_tokens?page={page}&per_page=2&sort=created_asc");
        format!("<{}>; rel=\"{relation}\"", server.url(&path))
    };
    let expected = [link(1, "prev"), link(3, "next"), link(1, "first"), link(3, "last")].join(", ");
    assert_eq!(answer.header("link"), expected);

    let (mut path, mut seen) = (Some("/api/v4/personal_access_tokens?per_page=2".to_owned()), 0);
    while let Some(this) = path {
        seen += token.get(&this).expect(200).json().as_array().unwrap().len();
        path = links(&token, &this, "next");
    }
    assert_eq!(seen, 5);
}

#[test]
fn the_ends_of_a_list_are_empty_and_not_absent() {
    let server = Server::shared();
    let jane = server.person("jane").token("api");
    let empty = jane.get("/api/v4/projects?owned=true").expect(200);
    assert_eq!(empty.json(), json!([]));
    for (name, value) in [("x-total", "0"), ("x-total-pages", "1"), ("x-next-page", ""), ("x-prev-page", "")] {
        assert_eq!(empty.headers[name], value, "{name}");
    }
    let past = jane.get("/api/v4/personal_access_tokens?page=9").expect(200);
    assert_eq!((past.json(), past.header("x-page"), past.header("x-total")), (json!([]), "9", "1"));
    assert_eq!(jane.get("/api/v4/projects?per_page=1000").expect(200).header("x-per-page"), "100");
    jane.get("/api/v4/projects?page=9223372036854775807&per_page=100").expect(200);
}

#[test]
fn a_token_in_the_address_is_not_repeated_in_links() {
    let server = Server::shared();
    let token = server.person("jane").token("api").token;
    let answer = server.anonymous().get(&format!("/api/v4/projects?private_token={token}&simple=true")).expect(200);
    assert!(!answer.header("link").contains("token") && answer.header("link").contains("simple=true"));
}

#[test]
fn users_and_projects_can_be_walked_by_key() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    for name in ["ann", "bob", "cat", "dan"] {
        server.person(name);
    }
    let walk = |start: &str, field: &str| {
        let (mut path, mut seen) = (Some(start.to_owned()), Vec::new());
        while let Some(this) = path {
            let answer = root.get(&this).expect(200);
            assert_eq!(answer.header("x-total"), "", "{this}");
            seen.extend(column(&answer.json(), field).into_iter().map(ToString::to_string));
            path = links(&root, &this, "next");
        }
        seen
    };
    for order in ["id", "name", "username", "created_at", "updated_at"] {
        let start = format!("/api/v4/users?pagination=keyset&per_page=2&sort=asc&order_by={order}");
        assert_eq!(walk(&start, "id").len(), 5, "{order}");
    }
    let first = root.get("/api/v4/users?pagination=keyset&per_page=2&order_by=id").expect(200);
    let next = first.header("x-next-cursor");
    let second = root.get(&format!("/api/v4/users?pagination=keyset&per_page=2&order_by=id&cursor={next}")).expect(200);
    let before = second.header("x-prev-cursor");
    let back = root.get(&format!("/api/v4/users?pagination=keyset&per_page=2&order_by=id&cursor={before}")).expect(200);
    assert_eq!((back.json(), back.header("x-next-cursor")), (first.json(), next));
    root.get("/api/v4/users?pagination=keyset&cursor=x").expect(400);

    for name in ["one", "two", "three"] {
        root.post("/api/v4/projects", &json!({ "name": name })).expect(201);
    }
    assert_eq!(walk("/api/v4/projects?pagination=keyset&order_by=id&per_page=2", "id"), ["3", "2", "1"]);
    assert_eq!(walk("/api/v4/projects?pagination=keyset&order_by=id&sort=asc&per_page=2", "id"), ["1", "2", "3"]);
    let text = "Keyset pagination is not yet available for this type of request";
    let refused = root.get("/api/v4/projects?pagination=keyset&order_by=name").expect(405).json();
    assert_eq!(refused, json!({ "error": text }));
    let refused = root.get("/api/v4/users?page=501&per_page=100").expect(405).json();
    assert!(refused["error"].as_str().unwrap().starts_with("Offset pagination has a maximum allowed offset of 50000"));
}
