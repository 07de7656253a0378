//! Projects whose owner got another name.

use reqwest::Method;
use serde_json::json;

use super::own_id;
use crate::harness::{Server, Visitor};

#[test]
fn a_former_path_leads_to_the_number() {
    let server = Server::start(&[]);
    let person = server.person("jane");
    let (name, jane, joe) = (&person.username, person.token("api"), server.person("joe").token("api"));
    let root = server.root().token("api");
    let make = |name: &str, visibility: &str| {
        let body = json!({ "name": name, "visibility": visibility });
        jane.post("/api/v4/projects", &body).expect(201).json()["id"].as_i64().unwrap()
    };
    let (open, hidden) = (make("open", "public"), make("hidden", "private"));
    let rename = |user: i64, name: &str| root.put(&format!("/api/v4/users/{user}"), &json!({ "username": name }));
    rename(own_id(&jane), "janet").expect(200);

    let path = &format!("/api/v4/projects/{}%2Fopen?private_token=&statistics=true", name.to_uppercase());
    let target = server.url(&format!("/api/v4/projects/{open}?statistics=true"));
    let told = format!("This resource has been moved permanently to {target}");
    let answer = server.anonymous().get(path).expect(301);
    assert_eq!((answer.header("location"), answer.text()), (&*target, &*told));
    assert!(answer.header("content-type").starts_with("text/plain"), "{answer}");
    assert_eq!(jane.request(Method::HEAD, path).send().header("location"), target);
    let refused = jane.delete(&format!("/api/v4/projects/{name}%2Fopen")).expect(405);
    assert_eq!(refused.json(), json!({ "message": "Non GET methods are not allowed for moved projects" }));
    jane.get("/api/v4/projects/janet%2Fopen").expect(200);

    // Nobody learns that there was something which they may not see.
    jane.get(&format!("/api/v4/projects/{name}%2Fhidden")).expect(301);
    for visitor in [&joe as &dyn Asks, &server.anonymous()] {
        for name in ["hidden", "nothing"] {
            let refused = visitor.ask(&format!("/api/v4/projects/{}%2F{name}", person.username));
            assert_eq!(refused, (404, json!({ "message": "404 Project Not Found" }).to_string()));
        }
    }

    // All former names lead there, until somebody takes one of them.
    rename(own_id(&jane), "jana").expect(200);
    for name in [name.as_str(), "janet"] {
        jane.get(&format!("/api/v4/projects/{name}%2Fhidden")).expect(301);
    }
    rename(own_id(&joe), "janet").expect(200);
    jane.get("/api/v4/projects/janet%2Fhidden").expect(404);
    jane.get(&format!("/api/v4/projects/{name}%2Fhidden")).expect(301);
    joe.post("/api/v4/projects", &json!({ "name": "open" })).expect(201);
    assert_eq!(joe.get("/api/v4/projects/janet%2Fopen").expect(200).json()["visibility"], "private");
    jane.get(&format!("/api/v4/projects/{hidden}")).expect(200);
    // Whoever takes the own name back has it again.
    rename(own_id(&jane), name).expect(200);
    jane.get(&format!("/api/v4/projects/{name}%2Fhidden")).expect(200);
    jane.get("/api/v4/projects/jana%2Fhidden").expect(301);
    root.delete(&format!("/api/v4/users/{}?hard_delete=true", own_id(&jane))).expect(204);
    root.get("/api/v4/projects/jana%2Fhidden").expect(404);
}

/// Whoever asks.
trait Asks {
    fn ask(&self, path: &str) -> (u16, String);
}

impl<V: Visitor> Asks for V {
    fn ask(&self, path: &str) -> (u16, String) {
        let answer = self.get(path);
        (answer.status, answer.text().to_owned())
    }
}
