//! Administrators who act as somebody else.

use reqwest::Method;
use serde_json::json;

use super::own_id;
use crate::harness::{Server, Visitor};

const USER: &str = "/api/v4/user";

#[test]
fn an_administrators_token_acts_as_anybody() {
    let server = Server::shared();
    let jane = server.person("jane");
    let id = own_id(&jane.token("read_user")).to_string();
    let root = server.root().token("sudo");
    let upper = jane.username.to_uppercase();
    for answer in [
        root.request(Method::GET, USER).header("Sudo", &jane.username).send(),
        root.request(Method::GET, USER).header("SUDO", &upper).send(),
        root.request(Method::GET, USER).header("Sudo", &id).send(),
        root.get(&format!("{USER}?sudo={id}")),
        root.get(&format!("{USER}?sudo={upper}")),
    ] {
        let user = answer.expect(200).json();
        assert_eq!(user["username"], jane.username.as_str());
        assert!(user.get("is_admin").is_none());
    }
    let made = root.post("/api/v4/projects", &json!({ "name": "given", "sudo": jane.username })).expect(201).json();
    assert_eq!(made["path_with_namespace"], format!("{}/given", jane.username));
}

#[test]
fn nobody_else_does() {
    let server = Server::shared();
    let (jane, joe) = (server.person("jane"), server.person("joe"));
    let as_joe = format!("{USER}?sudo={}", joe.username);
    let message = |text: &str| json!({ "message": text });
    assert_eq!(jane.token("api").get(&as_joe).expect(403).json(), message("403 Forbidden - Must be admin to use sudo"));
    assert_eq!(server.anonymous().get(&as_joe).expect(401).json(), message("401 Unauthorized"));
    let root = server.root();
    assert_eq!(
        root.session().get(&as_joe).expect(403).json(),
        message("403 Forbidden - Must be authenticated using an OAuth or personal access token to use sudo")
    );
    let narrow = root.token("api").get(&as_joe).expect(403).json();
    assert_eq!((&narrow["error"], &narrow["scope"]), (&json!("insufficient_scope"), &json!("sudo")));
    assert_eq!(
        root.token("sudo").get(&format!("{USER}?sudo=nobody-at-all")).expect(404).json(),
        message("404 User with ID or username 'nobody-at-all' Not Found")
    );
    // Not even where anybody may ask; and what is nobody's name is never the administrator's own.
    server.anonymous().get("/api/v4/projects?sudo=root").expect(401);
    server.anonymous().request(Method::GET, "/api/v4/projects").header("Sudo", "root").send().expect(401);
    let both = root.token("sudo,api");
    both.request(Method::GET, USER).header("Sudo", "j\u{e4}ne").send().expect(404);
    both.request(Method::GET, USER).header("Sudo", &jane.username).header("Sudo", "root").send().expect(404);
    // Naming oneself is nothing special, so the token's own scopes count.
    root.token("sudo").get(&format!("{USER}?sudo=root")).expect(403);
    root.token("sudo").get(USER).expect(403);
}
