//! What administrators do about users.

use reqwest::Method;
use serde_json::{Value, json};

use super::{column, own_id, tokens::message};
use crate::harness::{Answer, Bearer, Server, SignedIn, Visitor, secrets};

const USERS: &str = "/api/v4/users";

/// What a new user of that name is made from, with its password.
fn new_user(username: &str) -> (Value, String) {
    let password = secrets::new_password();
    let email = format!("{username}@example.com");
    (json!({ "username": username, "name": "Jane Doe", "email": email, "password": password }), password)
}

fn with(body: &Value, more: &Value) -> Value {
    let mut body = body.clone();
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn path(user: &Value, end: &str) -> String {
    format!("{USERS}/{}{end}", user["id"])
}

#[test]
fn an_administrator_makes_users() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    let (body, password) = new_user("jane");
    let profile = json!({
        "bio": "Builds things", "location": "Utrecht", "website_url": "https://jane.example", "linkedin": "in",
        "twitter": "tw", "discord": "dc", "github": "gh", "job_title": "Engineer", "pronouns": "she/her",
        "organization": "Acme", "public_email": "jane@example.com", "commit_email": "JANE@example.com", "note": "Careful",
        "theme_id": 3, "color_scheme_id": 5, "projects_limit": 7, "can_create_group": true, "external": true,
        "private_profile": "true",
    });
    let made = root.post(USERS, &with(&body, &profile)).expect(201).json();
    for (field, value) in profile.as_object().unwrap() {
        let expected = if field == "private_profile" { &json!(true) } else { value };
        assert_eq!(&made[field], expected, "{field}");
    }
    assert_eq!(made["work_information"], "Engineer at Acme");
    assert_eq!((&made["state"], &made["is_admin"], &made["bot"]), (&json!("active"), &json!(false), &json!(false)));
    assert_eq!(made["created_by"]["username"], "root");
    assert!(made["confirmed_at"].is_string() && made["namespace_id"].is_i64());
    SignedIn::sign_in(&server, "jane", &password).get("/api/v4/user").expect(200);

    let detail = root.get(&path(&made, "")).expect(200).json();
    assert_eq!((&detail["sign_in_count"], &detail["current_sign_in_ip"]), (&json!(1), &json!("127.0.0.1")));
    assert_eq!(detail["highest_role"], 0);
    // Whoever has a private profile does not tell others since when.
    let joe = server.person("joe").token("read_user");
    let seen = joe.get(&path(&made, "")).expect(200).json();
    assert_eq!(
        (seen.get("created_at"), &seen["bio"], &seen["public_email"]),
        (None, &made["bio"], &made["public_email"])
    );
    assert!(seen.get("note").is_none());
    let found = |email: &str| column(&joe.get(&format!("{USERS}?public_email={email}")).expect(200).json(), "id").len();
    assert_eq!((found("jane@example.com"), found("nobody@example.com")), (1, 0));
}

#[test]
fn what_cannot_be_a_user_is_refused_with_reasons() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    let (jane, _) = new_user("jane");
    root.post(USERS, &jane).expect(201);
    let missing = "email is missing, password, reset_password, force_random_password are missing, at least one parameter \
                   must be provided, name is missing, username is missing";
    assert_eq!(root.post(USERS, &json!({})).expect(400).json(), json!({ "error": missing }));
    let (joe, _) = new_user("joe");
    for (change, expected) in [
        (json!({ "username": "JANE" }), "Username has already been taken"),
        (json!({ "email": "Jane@Example.com" }), "Email has already been taken"),
        (json!({ "email": "Jane@Example.com", "password": "short", "bio": "x" }), "Email has already been taken"),
    ] {
        assert_eq!(root.post(USERS, &with(&joe, &change)).expect(409).json(), message(expected), "{change}");
    }
    let form =
        "can contain only letters, digits, '_', '-' and '.'. Cannot start with '-' or end in '.', '.git' or '.atom'.";
    for (change, attribute, expected) in [
        (json!({ "password": "short" }), "password", "is too short (minimum is 8 characters)"),
        (json!({ "password": "" }), "password", "can't be blank"),
        (json!({ "password": "x".repeat(129) }), "password", "is too long (maximum is 128 characters)"),
        (json!({ "bio": "x".repeat(256) }), "bio", "is too long (maximum is 255 characters)"),
        (json!({ "projects_limit": -1 }), "projects_limit", "must be greater than or equal to 0"),
        (json!({ "username": "-x" }), "username", form),
        (json!({ "username": "admin" }), "username", "admin is a reserved name"),
        (json!({ "name": "" }), "name", "can't be blank"),
        (json!({ "email": "nowhere" }), "email", "is invalid"),
        (json!({ "website_url": "javascript:alert(1)" }), "website_url", "must be a valid URL"),
        (json!({ "public_email": "root@example.com" }), "public_email", "is not an email you own"),
        (json!({ "theme_id": 99 }), "theme_id", "is not included in the list"),
    ] {
        let told = root.post(USERS, &with(&joe, &change)).expect(400).json();
        assert_eq!(told, json!({ "message": { attribute: [expected] } }), "{change}");
    }
    let token = server.person("ann").token("api");
    token.post(USERS, &json!({})).expect(400);
    assert_eq!(token.post(USERS, &joe).expect(403).json(), message("403 Forbidden"));
    assert_eq!(server.anonymous().post(USERS, &joe).expect(401).json(), message("401 Unauthorized"));
    root.post(USERS, &with(&joe, &json!({ "extern_uid": "1" }))).expect(400);
}

/// A form with a picture in it.
fn with_picture(visitor: &Bearer<'_>, method: Method, path: &str, fields: &[(&str, &str)], picture: &[u8]) -> Answer {
    let field = |(name, value): &(&str, &str)| {
        format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let head = "--edge\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"me.png\"\r\n\r\n";
    let fields: String = fields.iter().map(field).collect();
    let body = [fields.as_bytes(), head.as_bytes(), picture, b"\r\n--edge--\r\n"];
    visitor.request(method, path).body("multipart/form-data; boundary=edge", body.concat()).send()
}

#[test]
fn a_user_is_made_and_changed_with_a_picture() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    let fields =
        [("email", "jane@example.com"), ("name", "Jane"), ("username", "jane"), ("force_random_password", "true")];
    let refused = with_picture(&root, Method::POST, USERS, &fields, b"<svg/>").expect(400).json();
    assert!(refused["message"]["avatar"][0].as_str().unwrap().starts_with("file format is not supported"), "{refused}");
    assert_eq!(root.get(&format!("{USERS}?username=jane")).expect(200).json(), json!([]));

    let png: &[u8] = b"\x89PNG\r\n\x1a\nnothing more";
    let jane = with_picture(&root, Method::POST, USERS, &fields, png).expect(201).json();
    let kind_served = |user: &Value| {
        let url = user["avatar_url"].as_str().unwrap_or_else(|| panic!("no picture in {user}"));
        root.get(url.strip_prefix(&server.url("")).unwrap()).expect(200).header("content-type").to_owned()
    };
    assert_eq!(kind_served(&jane), "image/png");
    let gif: &[u8] = b"GIF89a nothing more";
    let changed = with_picture(&root, Method::PUT, &path(&jane, ""), &[("bio", "Draws")], gif).expect(200).json();
    assert_eq!((kind_served(&changed).as_str(), &changed["bio"]), ("image/gif", &json!("Draws")));
    assert_eq!(root.get(&path(&jane, "")).expect(200).json()["avatar_url"], changed["avatar_url"]);
    let big = [gif, &vec![0; 200 * 1024]].concat();
    let refused = with_picture(&root, Method::PUT, &path(&jane, ""), &[("bio", "Lost")], &big).expect(400).json();
    assert_eq!(refused, json!({ "message": { "avatar": ["is too big (should be at most 200 KiB)"] } }));
    let kept = root.put(&path(&jane, ""), &json!({ "location": "Utrecht" })).expect(200).json();
    assert_eq!((&kept["avatar_url"], &kept["bio"]), (&changed["avatar_url"], &json!("Draws")));
    assert_eq!(root.put(&path(&jane, ""), &json!({ "avatar": "" })).expect(200).json()["avatar_url"], Value::Null);
}

#[test]
fn who_a_user_is_to_another_provider_is_set_and_one_persons_only() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    let at = |provider: &str, uid: &str| json!({ "provider": provider, "extern_uid": uid });
    let jane = root.post(USERS, &with(&new_user("jane").0, &at("ldapmain", "cn=jane"))).expect(201).json();
    assert_eq!(jane["identities"], json!([{ "provider": "ldapmain", "extern_uid": "cn=jane" }]));
    let changed = root.put(&path(&jane, ""), &at("github", "4711")).expect(200).json();
    assert_eq!(changed["identities"].as_array().unwrap().len(), 2, "{changed}");
    let changed = root.put(&path(&jane, ""), &at("ldapmain", "cn=jane doe")).expect(200).json();
    let all = changed["identities"].as_array().unwrap();
    assert!(all.len() == 2 && all.contains(&at("ldapmain", "cn=jane doe")), "{changed}");
    let found = root.get(&format!("{USERS}?provider=ldapmain&extern_uid=cn%3Djane%20doe")).expect(200).json();
    assert_eq!(column(&found, "id"), [&jane["id"]]);

    let taken = json!({ "message": { "identities.extern_uid": ["has already been taken"] } });
    let joe = with(&new_user("joe").0, &at("github", "4711"));
    assert_eq!(root.post(USERS, &joe).expect(400).json(), taken);
    assert_eq!(root.get(&format!("{USERS}?username=joe")).expect(200).json(), json!([]), "nothing was made");
    let joe = root.post(USERS, &new_user("joe").0).expect(201).json();
    let refused = root.put(&path(&joe, ""), &with(&at("github", "4711"), &json!({ "name": "Joseph" })));
    assert_eq!(refused.expect(400).json(), taken);
    assert_eq!(root.get(&path(&joe, "")).expect(200).json()["name"], joe["name"]);
    let blank = root.put(&path(&joe, ""), &at("github", "")).expect(400).json();
    assert_eq!(blank, json!({ "message": { "identities.extern_uid": ["can't be blank"] } }));
    let half = root.put(&path(&joe, ""), &json!({ "provider": "github" })).expect(400).json();
    assert_eq!(half, json!({ "error": "extern_uid, provider provide all or none of parameters" }));
}

#[test]
fn who_gets_no_password_cannot_sign_in_with_one() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    for (name, key) in [("ann", json!({ "reset_password": true })), ("zoe", json!({ "force_random_password": true }))] {
        let body = with(&json!({ "username": name, "name": name, "email": format!("{name}@example.com") }), &key);
        root.post(USERS, &body).expect(201);
    }
}

#[test]
fn a_user_is_changed() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    let (body, _) = new_user("jane");
    let made = root.post(USERS, &with(&body, &json!({ "bio": "Hello", "public_email": "jane@example.com" })));
    let made = made.expect(201).json();
    let token = token_for(&server, &root, &made);
    let change = json!({
        "username": "janet", "name": "Janet", "email": "janet@example.com", "admin": true, "note": "Promoted", "bio": null,
    });
    let changed = root.put(&path(&made, ""), &change).expect(200).json();
    for (field, expected) in [
        ("username", json!("janet")),
        ("name", json!("Janet")),
        ("email", json!("janet@example.com")),
        ("public_email", json!("janet@example.com")),
        ("is_admin", json!(true)),
        ("note", json!("Promoted")),
        ("bio", json!("")),
        ("projects_limit", made["projects_limit"].clone()),
    ] {
        assert_eq!(changed[field], expected, "{field}");
    }
    // In force at once, for whoever had a token before.
    assert_eq!(token.get("/api/v4/user").expect(200).json()["note"], "Promoted");
    let app = token.post("/api/v4/projects", &json!({ "name": "app" })).expect(201).json();
    assert_eq!(app["path_with_namespace"], "janet/app");
    token.put(&path(&made, ""), &json!({ "admin": false })).expect(403);
    root.put(&path(&made, ""), &json!({ "admin": false, "external": true })).expect(200);
    token.post(USERS, &new_user("x").0).expect(403);
    let in_use = root.put(&path(&made, ""), &json!({ "username": "ROOT", "bio": "x".repeat(300) })).expect(409);
    assert_eq!(in_use.json(), message("Username has already been taken"));
    let flaws = root.put(&path(&made, ""), &json!({ "bio": "x".repeat(300), "projects_limit": -1 })).expect(400).json();
    assert_eq!(flaws["message"].as_object().unwrap().len(), 2, "{flaws}");
    let missing = root.put(&format!("{USERS}/9223372036854775808"), &json!({ "name": "x" })).expect(404);
    assert_eq!(missing.json(), message("404 User Not Found"));
    root.put(&format!("{USERS}/+1"), &json!({ "name": "x" })).expect(404);
    assert_eq!(root.get(&format!("{USERS}/+1")).expect(404).json(), json!({ "error": "404 Not Found" }));
}

fn token_for<'s>(server: &'s Server, root: &Bearer<'_>, user: &Value) -> Bearer<'s> {
    let body = json!({ "name": "test", "scopes": ["api"] });
    let made = root.post(&path(user, "/personal_access_tokens"), &body).expect(201).json();
    Bearer::new(server, made["token"].as_str().unwrap())
}

#[test]
fn a_password_that_an_administrator_chose_is_replaced_first() {
    let server = Server::start(&[]);
    let (root, jane) = (server.root().token("api"), server.person("jane"));
    let (token, session) = (jane.token("api"), jane.session());
    let user = json!({ "id": own_id(&token) });
    let chosen = secrets::new_password();
    root.put(&path(&user, ""), &json!({ "password": chosen })).expect(200);
    session.get("/api/v4/user").expect(401);
    let expired =
        "403 Forbidden - Your password expired. Please access GitLab from a web browser to update your password.";
    assert_eq!(token.get("/api/v4/user").expect(403).json(), message(expired));
    let led = SignedIn::try_sign_in(&server, &jane.username, &chosen);
    assert!(led.header("location").starts_with("/users/password/edit?"), "{led}");
}

#[test]
fn accounts_are_closed_and_opened() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    let jane = server.person("jane");
    let token = jane.token("api");
    let user = json!({ "id": own_id(&token) });
    let step = |name: &str| {
        let answer = root.post(&path(&user, &format!("/{name}")), &json!({}));
        (answer.status, answer.json())
    };
    let refused = |text: &str| (403, message(text));
    for (name, expected, works) in [
        ("unblock", (201, json!(false)), 200),
        ("activate", (201, json!(true)), 200),
        ("unban", refused("You cannot unban active users."), 200),
        ("block", (201, json!(true)), 403),
        ("block", (201, Value::Null), 403),
        ("activate", refused("Error occurred. A blocked user must be unblocked to be activated"), 403),
        ("deactivate", refused("Error occurred. A blocked user cannot be deactivated"), 403),
        ("ban", refused("You cannot ban blocked users."), 403),
        ("unblock", (201, json!(true)), 200),
        ("unblock", (201, json!(false)), 200),
        ("deactivate", (201, json!(true)), 403),
        ("deactivate", (201, Value::Null), 403),
        ("unblock", refused("403 Forbidden - Deactivated users cannot be unblocked by the API"), 403),
        ("activate", (201, json!(true)), 200),
        ("ban", (201, json!(true)), 403),
        ("unblock", (201, json!(false)), 403),
        ("unban", (201, json!(true)), 200),
    ] {
        assert_eq!(step(name), expected, "{name}");
        assert_eq!(token.get("/api/v4/user").status, works, "after {name}");
    }
    let session = jane.session();
    assert_eq!(step("block"), (201, json!(true)));
    session.get("/api/v4/user").expect(401);
    let own = json!({ "id": own_id(&root) });
    let oneself = root.post(&path(&own, "/block"), &json!({})).expect(403).json();
    assert_eq!(oneself, message("403 Forbidden - The API initiating user cannot be blocked by the API"));
    root.post(&format!("{USERS}/99999999/block"), &json!({})).expect(404);
    server.person("joe").token("api").post(&path(&own, "/block"), &json!({})).expect(403);
}

#[test]
fn a_second_factor_that_there_is_not_cannot_be_switched_off() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    let switch = |user: &Value| root.request(Method::PATCH, &path(user, "/disable_two_factor")).send();
    let jane = json!({ "id": own_id(&server.person("jane").token("read_user")) });
    let off = "400 Bad request - Two-factor authentication is not enabled for this user";
    assert_eq!(switch(&jane).expect(400).json(), message(off));
    let administrators = "403 Forbidden - Two-factor authentication for admins cannot be disabled via the API. Use the \
                          Rails console";
    assert_eq!(switch(&json!({ "id": own_id(&root) })).expect(403).json(), message(administrators));
    switch(&json!({ "id": 99_999_999 })).expect(404);
}

#[test]
fn a_deleted_user_is_gone_with_all_that_it_had() {
    let server = Server::start(&[]);
    let (root, jane, joe) = (server.root().token("api"), server.person("jane"), server.person("joe"));
    let (token, session, his) = (jane.token("api"), jane.session(), joe.token("api"));
    let user = json!({ "id": own_id(&token) });
    let own =
        token.post("/api/v4/projects", &json!({ "name": "own", "initialize_with_readme": true })).expect(201).json();
    let number = own["id"].as_i64().unwrap();
    let repository = server.data_dir().join(format!("repositories/{:03x}/{number}.git", number & 0xfff));
    assert!(repository.exists());
    root.put(&path(&user, ""), &json!({ "admin": true })).expect(200);
    let home = root.get(&format!("{USERS}/{}", own_id(&his))).expect(200).json()["namespace_id"].clone();
    let given = token.post("/api/v4/projects", &json!({ "name": "given", "namespace_id": home })).expect(201).json();

    let old =
        root.request(Method::DELETE, &path(&user, "")).header("If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT");
    assert_eq!(old.send().expect(412).json(), message("412 Precondition Failed"));
    root.delete(&path(&user, "")).expect(204);
    assert_eq!(token.get("/api/v4/user").expect(401).json(), message("401 Unauthorized"));
    session.get("/api/v4/user").expect(401);
    root.get(&path(&user, "")).expect(404);
    root.delete(&path(&user, "")).expect(404);
    root.get(&format!("/api/v4/projects/{}", own["id"])).expect(404);
    assert!(!repository.exists());
    // What she made for him is his, made by nobody who can still do anything.
    let ghost = his.get(&format!("/api/v4/projects/{}", given["id"])).expect(200).json()["creator_id"].clone();
    assert_eq!(root.get(&format!("{USERS}/{ghost}")).expect(200).json()["name"], "Ghost User");
    let people = |query: &str| {
        let list = root.get(&format!("{USERS}{query}")).expect(200).json();
        let names = column(&list, "username").into_iter().map(|name| name.as_str().unwrap());
        names.map(|name| name.split('-').next().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((people("?humans=true"), people("?exclude_humans=true")), ("joe root".into(), "ghost".into()));
    assert_eq!(people("?exclude_internal=true"), "joe root");
    let oneself = root.delete(&format!("{USERS}/{}", own_id(&root))).expect(403);
    assert!(oneself.text().contains("initiating user"), "{oneself}");
    // The name is free again.
    let (again, _) = new_user(&jane.username);
    root.post(USERS, &again).expect(201);
    root.delete(&format!("{USERS}/{}?hard_delete=true", own_id(&his))).expect(204);
    root.get(&format!("/api/v4/projects/{}", given["id"])).expect(404);
}

#[test]
fn what_belongs_to_a_user_is_listed_for_those_who_may_see_it() {
    let server = Server::start(&[]);
    let (root, jane) = (server.root().token("read_user"), server.person("jane"));
    let (hers, joe) = (jane.token("api"), server.person("joe").token("read_user"));
    for (name, visibility) in [("one", "private"), ("two", "internal"), ("three", "public")] {
        hers.post("/api/v4/projects", &json!({ "name": name, "visibility": visibility })).expect(201);
    }
    let user = json!({ "id": own_id(&hers) });
    let names = |who: &dyn Visitor, named: &str, query: &str| {
        let list = who.get(&format!("{USERS}/{named}/projects{query}")).expect(200).json();
        column(&list, "name").into_iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let id = user["id"].to_string();
    let nobody = server.anonymous();
    for named in [&id, &jane.username, &jane.username.to_uppercase()] {
        assert_eq!(names(&jane.token("read_user"), named, ""), "three two one", "{named}");
    }
    assert_eq!((names(&joe, &id, ""), names(&nobody, &id, "")), ("three two".into(), "three".into()));
    assert_eq!(names(&root, &id, "?order_by=id&sort=asc&per_page=2&page=2"), "three");
    let keyset = root.get(&format!("{USERS}/{id}/projects?pagination=keyset&order_by=id&per_page=2")).expect(200);
    assert!(keyset.header("link").contains("id_before="), "{:?}", keyset.headers);
    assert_eq!(root.get(&format!("{USERS}/nobody/projects")).expect(404).json(), message("404 User Not Found"));

    let memberships = root.get(&path(&user, "/memberships?per_page=2")).expect(200);
    assert_eq!((memberships.header("x-total"), memberships.json().as_array().unwrap().len()), ("3", 2));
    let first = &memberships.json()[0];
    assert_eq!((&first["source_name"], &first["source_type"]), (&json!("one"), &json!("Project")));
    assert_eq!(first["access_level"], 50);
    assert_eq!(root.get(&path(&user, "/memberships?type=Namespace")).expect(200).json(), json!([]));
    root.get(&path(&user, "/memberships?type=Group")).expect(400);
    hers.get(&path(&user, "/memberships")).expect(403);

    let counts = json!({ "groups_count": 0, "projects_count": 3, "issues_count": 0, "merge_requests_count": 0 });
    for who in [&root, &hers] {
        assert_eq!(who.get(&path(&user, "/associations_count")).expect(200).json(), counts);
    }
    joe.get(&path(&user, "/associations_count")).expect(403);
    nobody.get(&path(&user, "/associations_count")).expect(401);
}

#[test]
fn sudo_works_on_all_of_it() {
    let server = Server::start(&[]);
    let (root, jane) = (server.root().token("sudo"), server.person("jane"));
    let id = own_id(&jane.token("read_user"));
    root.get(&format!("{USERS}/{id}/associations_count?sudo={id}")).expect(200);
    root.get(&format!("{USERS}/{id}/memberships?sudo={id}")).expect(403);
    root.post(&format!("{USERS}/{id}/block?sudo={}", jane.username), &json!({})).expect(403);
    root.get(&format!("/api/v4/application/settings?sudo={id}")).expect(403);
}
