//! Projects.

use reqwest::Method;
use serde_json::{Value, json};

use super::{column, own_id};
use crate::harness::{Server, Visitor};

const PROJECTS: &str = "/api/v4/projects";

#[test]
fn a_project_is_made_with_name_or_path() {
    let server = Server::shared();
    let jane = server.person("jane");
    let token = jane.token("api");
    let create = |body: Value| token.post(PROJECTS, &body).expect(201).json();
    let made = create(json!({ "name": "My First App", "description": "A thing", "visibility": "internal" }));
    let base = server.url(&format!("/{}/my-first-app", jane.username));
    for (field, value) in [
        ("name", json!("My First App")),
        ("path", json!("my-first-app")),
        ("description", json!("A thing")),
        ("visibility", json!("internal")),
        ("default_branch", json!("main")),
        ("path_with_namespace", json!(format!("{}/my-first-app", jane.username))),
        ("http_url_to_repo", json!(format!("{base}.git"))),
        ("web_url", json!(base)),
        ("empty_repo", json!(true)),
        ("archived", json!(false)),
        ("creator_id", json!(own_id(&token))),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert_eq!(made["namespace"]["full_path"], jane.username.as_str());
    assert_eq!((&made["owner"]["username"], &made["namespace"]["kind"]), (&json!(jane.username), &json!("user")));
    assert_eq!(made["permissions"]["project_access"]["access_level"], 50);

    let named_by_path = create(json!({ "path": "Tools.v2" }));
    assert_eq!((&named_by_path["name"], &named_by_path["visibility"]), (&json!("Tools.v2"), &json!("private")));
    let readme = create(json!({ "name": "begun", "initialize_with_readme": "True", "default_branch": "trunk" }));
    assert_eq!((&readme["empty_repo"], &readme["default_branch"]), (&json!(false), &json!("trunk")));
}

#[test]
fn what_cannot_be_a_project_is_refused_with_reasons() {
    let server = Server::shared();
    let (jane, joe) = (server.person("jane"), server.person("joe"));
    let token = jane.token("api");
    token.post(PROJECTS, &json!({ "name": "app" })).expect(201);
    let again = json!(["has already been taken"]);
    let his_home = server.root().token("api").get(&format!("/api/v4/users/{}", own_id(&joe.token("read_user"))));
    let not_valid = json!({ "namespace": ["is not valid"] });
    for (body, expected) in [
        (json!({ "name": "APP" }), json!({ "project_namespace.name": again, "name": again, "path": again })),
        (json!({ "name": "x", "namespace_id": 99_999_999 }), not_valid.clone()),
        (json!({ "name": "x", "namespace_id": his_home.json()["namespace_id"] }), not_valid),
        (json!({ "name": "x", "path": "tree" }), json!({ "path": ["tree is a reserved name"] })),
        (json!({ "name": "", "path": "" }), json!({ "name": ["can't be blank"], "path": ["can't be blank"] })),
        (json!({ "name": "x", "default_branch": "a..b" }), json!({ "default_branch": ["is invalid"] })),
    ] {
        assert_eq!(token.post(PROJECTS, &body).expect(400).json(), json!({ "message": expected }), "{body}");
    }
    let bad =
        token.post(PROJECTS, &json!({ "name": "a/b", "path": "-", "description": "x".repeat(2_001) })).expect(400);
    let bad = bad.json();
    for attribute in ["name", "path", "description"] {
        assert!(bad["message"][attribute].is_array(), "{bad}");
    }
    server.anonymous().post(PROJECTS, &json!({ "name": "x" })).expect(401);
}

#[test]
fn a_project_is_shown_to_those_who_may_see_it() {
    let server = Server::shared();
    let (jane, joe) = (server.person("jane"), server.person("joe"));
    let (hers, his, root) = (jane.token("api"), joe.token("api"), server.root().token("api"));
    let hidden = json!({ "message": "404 Project Not Found" });
    for (visibility, to_others, to_anybody) in [("private", 404, 404), ("internal", 200, 404), ("public", 200, 200)] {
        let made = hers.post(PROJECTS, &json!({ "name": visibility, "visibility": visibility })).expect(201).json();
        let encoded = format!("{PROJECTS}/{}%2F{visibility}", jane.username.to_uppercase());
        for path in [format!("{PROJECTS}/{}", made["id"]), encoded] {
            assert_eq!(hers.get(&path).expect(200).json(), made);
            root.get(&path).expect(200);
            jane.token("read_api").get(&path).expect(200);
            let (other, anybody) = (his.get(&path), server.anonymous().get(&path));
            assert_eq!((other.status, anybody.status), (to_others, to_anybody), "{path}");
            if to_others == 200 {
                assert_eq!(other.json()["permissions"], json!({ "project_access": null, "group_access": null }));
            } else {
                assert_eq!(other.json(), hidden);
            }
            if to_anybody == 200 {
                assert!(anybody.json().get("permissions").is_none());
            } else {
                assert_eq!(anybody.json(), hidden);
            }
        }
    }
    let wrong = server.anonymous().request(Method::GET, &format!("{PROJECTS}/{}%2Fpublic", jane.username));
    wrong.header("PRIVATE-TOKEN", "x").send().expect(401);
    for missing in ["99999999", "nobody%2Fnothing", "nothing", "%ff"] {
        assert_eq!(hers.get(&format!("{PROJECTS}/{missing}")).expect(404).json(), hidden, "{missing}");
    }
}

#[test]
fn lists_hold_what_the_viewer_may_see() {
    let server = Server::start(&[]);
    let (jane, joe) = (server.person("jane"), server.person("joe"));
    let (hers, his, root) = (jane.token("api"), joe.token("api"), server.root().token("api"));
    for (owner, name, visibility) in
        [(&hers, "web", "private"), (&hers, "docs", "internal"), (&hers, "site", "public"), (&his, "tools", "private")]
    {
        owner.post(PROJECTS, &json!({ "name": name, "visibility": visibility })).expect(201);
    }
    let nobody = server.anonymous();
    let names = |who: &dyn Visitor, query: &str| {
        let list = who.get(&format!("{PROJECTS}{query}")).expect(200).json();
        column(&list, "name").into_iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let (anybody, hers, his, root): (&dyn Visitor, &dyn Visitor, &dyn Visitor, &dyn Visitor) =
        (&nobody, &hers, &his, &root);
    for (who, query, expected) in [
        (anybody, "", "site"),
        (hers, "", "site docs web"),
        (his, "", "tools site docs"),
        (root, "", "tools site docs web"),
        (root, "?owned=true", ""),
        (his, "?owned=true", "tools"),
        (his, "?membership=true&min_access_level=30&archived=false", "tools"),
        (hers, "?visibility=private", "web"),
        (hers, "?search=doc", "docs"),
        (hers, "?search=jane&search_namespaces=true", "site docs web"),
        (hers, "?archived=true", ""),
        (hers, "?starred=true", ""),
        (hers, "?topic=x", ""),
        (hers, "?order_by=name&sort=asc", "docs site web"),
        (hers, "?order_by=id&sort=asc&id_after=1", "docs site"),
        (hers, "?last_activity_before=2020-01-01", ""),
        (hers, "?simple=true", "site docs web"),
    ] {
        assert_eq!(names(who, query), expected, "{query}");
    }
    let simple = hers.get(&format!("{PROJECTS}?simple=true")).json();
    assert!(simple[0].get("permissions").is_none() && simple[0].get("namespace").is_some());
    assert!(hers.get(PROJECTS).json()[0].get("permissions").is_some());
    assert!(anybody.get(PROJECTS).json()[0].get("permissions").is_none());
}

#[test]
fn a_project_is_deleted_by_its_owner_or_an_administrator() {
    let server = Server::shared();
    let (jane, joe) = (server.person("jane"), server.person("joe"));
    let (hers, his) = (jane.token("api"), joe.token("api"));
    let make = |name: &str, visibility: &str| {
        let made = hers.post(PROJECTS, &json!({ "name": name, "visibility": visibility })).expect(201).json();
        format!("{PROJECTS}/{}", made["id"])
    };
    let (private, public) = (make("private", "private"), make("public", "public"));
    assert_eq!(his.delete(&private).expect(404).json(), json!({ "message": "404 Project Not Found" }));
    assert_eq!(his.delete(&public).expect(403).json(), json!({ "message": "403 Forbidden" }));
    server.anonymous().delete(&public).expect(401);
    jane.token("read_api").delete(&private).expect(403);
    assert_eq!(hers.delete(&private).expect(202).json(), json!({ "message": "202 Accepted" }));
    hers.get(&private).expect(404);
    server.root().token("api").delete(&public).expect(202);
    // The path is free again.
    make("private", "private");
}

/// One repository that is lost, or not made yet, must not take everybody's list away.
#[test]
fn a_project_without_a_repository_is_shown_and_can_be_deleted() {
    let server = Server::shared();
    let token = server.person("jane").token("api");
    let made = token.post(PROJECTS, &json!({ "name": "lost", "initialize_with_readme": true })).expect(201).json();
    let id = made["id"].as_i64().unwrap();
    let repository = server.data_dir().join(format!("repositories/{:03x}/{id}.git", id & 0xfff));
    std::fs::remove_dir_all(repository).unwrap();
    let path = format!("{PROJECTS}/{id}");
    assert_eq!(token.get(&path).expect(200).json()["empty_repo"], true);
    assert_eq!(token.get(PROJECTS).expect(200).json()[0]["id"], id);
    token.delete(&path).expect(202);
    token.get(&path).expect(404);
}
