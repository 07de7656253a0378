//! What stands around a user: addresses, picture, attributes, status, deeds.

use reqwest::Method;
use serde_json::{Value, json};

use super::{column, own_id};
use crate::harness::{Answer, Bearer, Server, Visitor};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnothing more";

fn message(value: &Value) -> Value {
    json!({ "message": value })
}

fn put(visitor: &Bearer<'_>, path: &str, body: &Value) -> Answer {
    visitor.request(Method::PUT, path).json(body).send()
}

#[test]
fn further_addresses_are_added_and_removed() {
    let server = Server::shared();
    let (jane, joe) = (server.person("jane"), server.person("joe"));
    let (hers, reading, root) = (jane.token("api"), jane.token("read_user"), server.root().token("api"));
    let address = format!("{}@work.example", jane.username);
    let made = hers.post("/api/v4/user/emails", &json!({ "email": address })).expect(201).json();
    assert_eq!(made, json!({ "id": made["id"], "email": address, "confirmed_at": null }));
    let own = format!("/api/v4/user/emails/{}", made["id"]);
    assert_eq!(reading.get(&own).expect(200).json(), made);
    // The first address is no further one.
    assert_eq!(reading.get("/api/v4/user/emails").expect(200).json(), json!([made]));

    let taken = message(&json!({ "email": ["has already been taken"] }));
    let first = format!("{}@EXAMPLE.com", joe.username);
    for (visitor, email) in [(&hers, &address.to_uppercase()), (&root, &address), (&hers, &first)] {
        let refused = visitor.post("/api/v4/user/emails", &json!({ "email": email }));
        assert_eq!(refused.expect(400).json(), taken, "{email}");
    }
    for (email, flaws) in [("x", json!(["is invalid"])), ("", json!(["can't be blank", "is invalid"]))] {
        let refused = hers.post("/api/v4/user/emails", &json!({ "email": email })).expect(400);
        assert_eq!(refused.json(), message(&json!({ "email": flaws })));
    }
    let nothing = hers.post("/api/v4/user/emails", &json!({}));
    assert_eq!(nothing.expect(400).json(), json!({ "error": "email is missing" }));
    let missing = message(&json!("404 Email Not Found"));
    assert_eq!(root.get(&own).expect(404).json(), missing);
    hers.delete(&own).expect(204);
    assert_eq!(hers.delete(&own).expect(404).json(), missing);

    // An administrator's word is as good as a confirmation.
    let theirs = format!("/api/v4/users/{}/emails", own_id(&hers));
    let made = root.post(&theirs, &json!({ "email": address, "skip_confirmation": true })).expect(201).json();
    assert!(made["confirmed_at"].is_string());
    assert_eq!(server.root().token("read_user").get(&theirs).expect(200).json(), json!([made]));
    for refused in [hers.get(&theirs), hers.post(&theirs, &json!({})), hers.delete(&format!("{theirs}/{}", made["id"]))]
    {
        assert_eq!(refused.expect(403).json(), message(&json!("403 Forbidden")));
    }
    // Nobody else can be made with it.
    let extra = ["user", "create", "somebody-else", "--email", &address];
    assert!(server.jeton(&extra).expect_failed().contains("already been taken"));
    root.delete(&format!("{theirs}/{}", made["id"])).expect(204);
    root.get("/api/v4/users/99999999/emails").expect(404);
}

#[test]
fn an_address_that_is_added_gets_a_link_unless_an_administrator_vouches_for_it() {
    let server = Server::shared();
    let (jane, root) = (server.person("jane"), server.root().token("api"));
    let hers = jane.token("api");
    let theirs = format!("/api/v4/users/{}/emails", own_id(&hers));
    let address = |name: &str| format!("{}@{name}.example", jane.username);
    hers.post("/api/v4/user/emails", &json!({ "email": address("own") })).expect(201);
    root.post(&theirs, &json!({ "email": address("given") })).expect(201);
    root.post(&theirs, &json!({ "email": address("vouched"), "skip_confirmation": true })).expect(201);
    for name in ["own", "given"] {
        let mail = server.wait_for_mail(&address(name), "Confirmation instructions", 1);
        let (link, _) = mail.link("/users/confirmation?");
        let csrf = server.anonymous().get(&link).expect(200);
        assert!(csrf.text().contains(&address(name)), "{csrf}");
    }
    assert!(server.mails_to(&address("vouched")).is_empty());
    let confirmed = |email: &str| {
        let list = hers.get("/api/v4/user/emails").expect(200).json();
        let one = list.as_array().unwrap().iter().find(|one| one["email"] == json!(email)).cloned().unwrap();
        one["confirmed_at"].is_string()
    };
    assert_eq!(["own", "given", "vouched"].map(|name| confirmed(&address(name))), [false, false, true]);
}

fn upload(visitor: &Bearer<'_>, name: &str, content: &[u8]) -> Answer {
    let head = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"{name}\"\r\n\
         Content-Type: text/html\r\n\r\n"
    );
    let body = [head.as_bytes(), content, b"\r\n--edge--\r\n"].concat();
    visitor.request(Method::PUT, "/api/v4/user/avatar").body("multipart/form-data; boundary=edge", body).send()
}

#[test]
fn a_picture_is_what_its_bytes_say_and_nothing_in_it_runs() {
    let server = Server::shared();
    let jane = server.person("jane");
    let (hers, nobody) = (jane.token("api"), server.anonymous());
    assert_eq!(hers.get("/api/v4/user").expect(200).json()["avatar_url"], Value::Null);
    let html = [PNG, b"<script>alert(1)</script>"].concat();
    let set = upload(&hers, "page.html", &html).expect(200).json();
    let url = set["avatar_url"].as_str().unwrap();
    let path = url.strip_prefix(&server.url("")).unwrap();
    let digest = path.strip_prefix(&format!("/uploads/-/system/user/avatar/{}/", own_id(&hers)));
    assert_eq!(digest.and_then(|file| file.strip_suffix(".png")).unwrap().len(), 64);
    for seen in [
        hers.get("/api/v4/user").expect(200).json(),
        hers.get(&format!("/api/v4/users?username={}", jane.username)).expect(200).json()[0].clone(),
    ] {
        assert_eq!(seen["avatar_url"], url);
    }

    let picture = nobody.get(path).expect(200);
    assert_eq!(picture.body, html);
    assert_eq!(picture.header("content-type"), "image/png");
    assert_eq!(picture.header("x-content-type-options"), "nosniff");
    assert_eq!(picture.header("content-security-policy"), "default-src 'none'; sandbox");
    let known = nobody.request(Method::GET, path).header("If-None-Match", picture.header("etag")).send();
    assert!(known.expect(304).body.is_empty());
    for wrong in [
        "/uploads/-/system/user/avatar/1/x.png",
        "/uploads/-/system/user/avatar/x/x.png",
        &path.replace(".png", ".gif"),
    ] {
        nobody.get(wrong).expect(404);
    }

    let kinds =
        "file format is not supported. Please try one of the following supported formats: png, jpg, jpeg, gif, webp";
    for (content, flaw) in [
        (&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], kinds),
        (b"", kinds),
        (&[PNG, &vec![0; 200 * 1024]].concat(), "is too big (should be at most 200 KiB)"),
    ] {
        let refused = upload(&hers, "picture.png", content).expect(400);
        assert_eq!(refused.json(), message(&json!({ "avatar": [flaw] })));
    }
    for (body, error) in [(json!({}), "avatar is missing"), (json!({ "avatar": "x" }), "avatar is invalid")] {
        assert_eq!(put(&hers, "/api/v4/user/avatar", &body).expect(400).json(), json!({ "error": error }));
    }
    upload(&jane.token("read_user"), "x.png", PNG).expect(403);

    // Whose address it is stays between those who may know it.
    let by_address = |visitor: &Bearer<'_>| {
        let path = format!("/api/v4/avatar?email={}@example.com&size=32", jane.username);
        visitor.get(&path).expect(200).json()["avatar_url"].clone()
    };
    assert_eq!((by_address(&hers), by_address(&server.root().token("read_api"))), (json!(url), json!(url)));
    assert_eq!(by_address(&server.person("joe").token("api")), Value::Null);
    assert_eq!(nobody.get("/api/v4/avatar?email=x").expect(200).json(), json!({ "avatar_url": null }));
    nobody.get("/api/v4/avatar").expect(400);

    let removed = put(&hers, "/api/v4/user/avatar", &json!({ "avatar": "" })).expect(200).json();
    assert_eq!(removed, json!({ "avatar_url": null }));
    nobody.get(path).expect(404);
}

#[test]
fn administrators_note_what_they_want_about_users() {
    let server = Server::shared();
    let (jane, root) = (server.person("jane"), server.root().token("api"));
    let hers = jane.token("api");
    let all = format!("/api/v4/users/{}/custom_attributes", own_id(&hers));
    let team = format!("{all}/team");
    assert_eq!(put(&root, &team, &json!({})).expect(400).json(), json!({ "error": "value is missing" }));
    let blank = put(&root, &team, &json!({ "value": "" })).expect(400).json();
    assert_eq!(blank, message(&json!({ "value": ["can't be blank"] })));
    for value in ["red", "blue sky"] {
        let noted = json!({ "key": "team", "value": value });
        assert_eq!(put(&root, &team, &json!({ "value": value })).expect(200).json(), noted);
        assert_eq!(server.root().token("read_user").get(&team).expect(200).json(), noted);
    }
    put(&root, &format!("{all}/a%2Fb.c"), &json!({ "value": "1" })).expect(200);
    let noted = json!([{ "key": "a/b.c", "value": "1" }, { "key": "team", "value": "blue sky" }]);
    assert_eq!(root.get(&all).expect(200).json(), noted);
    let found = |query: &str| {
        let path = format!("/api/v4/users?search={}&{query}", jane.username);
        root.get(&path).expect(200).json().as_array().unwrap().len()
    };
    assert_eq!(found("custom_attributes[team]=blue+sky"), 1);
    assert_eq!(found("custom_attributes[team]=blue+sky&custom_attributes[a/b.c]=1"), 1);
    assert_eq!(found("custom_attributes[team]=blue+sky&custom_attributes[a/b.c]=2"), 0);
    let with = format!("/api/v4/users?username={}&with_custom_attributes=true", jane.username);
    assert_eq!(root.get(&with).expect(200).json()[0]["custom_attributes"], noted);
    let one = format!("/api/v4/users/{}?with_custom_attributes=1", own_id(&hers));
    assert_eq!(root.get(&one).expect(200).json()["custom_attributes"], noted);

    // For administrators only; from others the parameters count for nothing.
    for refused in [hers.get(&all), hers.get(&team), put(&hers, &team, &json!({})), hers.delete(&team)] {
        assert_eq!(refused.expect(403).json(), message(&json!("403 Forbidden")));
    }
    assert!(hers.get(&with).expect(200).json()[0].get("custom_attributes").is_none());
    assert_eq!(hers.get(&format!("{with}&custom_attributes[team]=x")).expect(200).json().as_array().unwrap().len(), 1);
    root.delete(&team).expect(204);
    for gone in [root.get(&team), root.delete(&team)] {
        assert_eq!(gone.expect(404).json(), message(&json!("404 Not found")));
    }
    let identities = format!("/api/v4/users/{}/identities/ldap", own_id(&hers));
    assert_eq!(root.delete(&identities).expect(404).json(), message(&json!("404 Identity Not Found")));
    let unknown = root.delete("/api/v4/users/99999999/identities/ldap");
    assert_eq!(unknown.expect(404).json(), message(&json!("404 User Not Found")));
    hers.delete(&identities).expect(403);
}

#[test]
fn a_status_is_set_changed_and_cleared() {
    let server = Server::shared();
    let jane = server.person("jane");
    let (hers, nobody) = (jane.token("api"), server.anonymous());
    let path = "/api/v4/user/status";
    let none =
        json!({ "emoji": null, "message": null, "availability": null, "message_html": null, "clear_status_at": null });
    assert_eq!(jane.token("read_user").get(path).expect(200).json(), none);
    let set = put(&hers, path, &json!({ "message": "Q&A", "availability": "busy", "clear_status_after": "1_day" }));
    let set = set.expect(200).json();
    assert!(set["clear_status_at"].is_string());
    assert_eq!(
        set,
        json!({
            "emoji": "speech_balloon", "message": "Q&A", "availability": "busy", "message_html": "Q&amp;A",
            "clear_status_at": set["clear_status_at"],
        })
    );
    assert_eq!(nobody.get(&format!("/api/v4/users/{}/status", jane.username)).expect(200).json(), set);
    nobody.get("/api/v4/users/nobody-at-all/status").expect(404);

    let change = |body: &Value| hers.request(Method::PATCH, path).json(body).send().expect(200).json();
    let patched = change(&json!({ "emoji": ":tea:", "clear_status_after": null }));
    assert_eq!((&patched["emoji"], &patched["message"]), (&json!("tea"), &json!("Q&A")));
    assert_eq!((&patched["availability"], &patched["clear_status_at"]), (&json!("busy"), &Value::Null));
    for (body, expected) in [
        (json!({ "emoji": "no emoji!" }), message(&json!({ "emoji": ["is not a valid emoji name"] }))),
        (
            json!({ "message": "x".repeat(101) }),
            message(&json!({ "message": ["is too long (maximum is 100 characters)"] })),
        ),
        (json!({ "availability": "away" }), json!({ "error": "availability does not have a valid value" })),
        (
            json!({ "clear_status_after": "1_year" }),
            json!({ "error": "clear_status_after does not have a valid value" }),
        ),
    ] {
        assert_eq!(put(&hers, path, &body).expect(400).json(), expected);
    }
    // What is not said is no more.
    assert_eq!(put(&hers, path, &json!({})).expect(200).json(), none);
    assert_eq!(hers.get(path).expect(200).json(), none);
}

#[test]
fn nobody_takes_any_number_of_addresses() {
    let server = Server::shared();
    let jane = server.person("jane");
    let hers = jane.token("api");
    let add = |number: u32| {
        let email = format!("{}-{number}@many.example", jane.username);
        hers.post("/api/v4/user/emails", &json!({ "email": email }))
    };
    (0..100).for_each(|number| drop(add(number).expect(201)));
    assert_eq!(add(100).expect(400).json(), message(&json!({ "base": ["is too many (maximum is 100)"] })));
    let list = hers.get("/api/v4/user/emails?per_page=30&page=4").expect(200);
    assert_eq!((list.json().as_array().unwrap().len(), list.header("x-total-pages")), (10, "4"));
}

#[test]
fn preferences_are_ones_own() {
    let server = Server::shared();
    let jane = server.person("jane");
    let hers = jane.token("api");
    let path = "/api/v4/user/preferences";
    let id = own_id(&hers);
    let usual = json!({
        "id": id, "user_id": id, "view_diffs_file_by_file": false, "show_whitespace_in_diffs": true,
        "pass_user_identities_to_ci_jwt": false,
    });
    assert_eq!(jane.token("read_user").get(path).expect(200).json(), usual);
    let changed = put(&hers, path, &json!({ "view_diffs_file_by_file": true })).expect(200).json();
    assert_eq!(
        (&changed["view_diffs_file_by_file"], &changed["show_whitespace_in_diffs"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(hers.get(path).expect(200).json(), changed);
    let names = "view_diffs_file_by_file, show_whitespace_in_diffs, pass_user_identities_to_ci_jwt";
    let error = format!("{names} are missing, at least one parameter must be provided");
    assert_eq!(put(&hers, path, &json!({})).expect(400).json(), json!({ "error": error }));
}

#[test]
fn deeds_are_shown_to_whoever_may_see_them() {
    let server = Server::shared();
    let jane = server.person("jane");
    let (hers, his) = (jane.token("api,read_user"), server.person("joe").token("read_user"));
    let make = |name: &str, visibility: &str| {
        let body = json!({ "name": name, "visibility": visibility });
        hers.post("/api/v4/projects", &body).expect(201).json()["id"].clone()
    };
    let (open, hidden) = (make("open", "public"), make("hidden", "private"));
    let own = hers.get("/api/v4/events").expect(200);
    let event = &own.json()[0];
    assert_eq!((&event["action_name"], &event["project_id"]), (&json!("created"), &hidden));
    assert_eq!((&event["author_username"], &event["author"]["name"]), (&json!(jane.username), &json!(jane.username)));
    assert_eq!((own.header("x-total"), &event["target_type"]), ("2", &Value::Null));
    let theirs = format!("/api/v4/users/{}/events", jane.username);
    for seen in [his.get(&theirs), server.anonymous().get(&theirs)] {
        assert_eq!(column(&seen.expect(200).json(), "project_id"), [&open]);
    }
    let count = |query: &str| hers.get(&format!("/api/v4/events?{query}")).expect(200).json().as_array().unwrap().len();
    assert_eq!((count("action=created"), count("action=pushed"), count("target_type=issue")), (2, 0, 0));
    assert_eq!((count("before=2020-01-01"), count("after=2020-01-01"), count("after=2099-01-01")), (0, 2, 0));
    assert_eq!(column(&hers.get("/api/v4/events?sort=asc").expect(200).json(), "project_id"), [&open, &hidden]);
    let wrong = hers.get("/api/v4/events?action=slept").expect(400).json();
    assert_eq!(wrong, json!({ "error": "action does not have a valid value" }));
    server.anonymous().get("/api/v4/events").expect(401);
    server.anonymous().get("/api/v4/users/nobody-at-all/events").expect(404);
    jane.token("read_repository").get("/api/v4/events").expect(403);
}

#[test]
fn the_last_activity_is_known_soon_after() {
    let server = Server::start(&[]);
    let (jane, root) = (server.person("jane"), server.root().token("read_user"));
    let hers = jane.token("api");
    hers.get("/api/v4/user").expect(200);
    let activity = || {
        let list = root.get("/api/v4/user/activities?per_page=100").expect(200).json();
        list.as_array().unwrap().iter().find(|one| one["username"] == json!(jane.username)).cloned()
    };
    let today = activity().unwrap()["last_activity_on"].clone();
    assert_eq!(hers.get("/api/v4/user").expect(200).json()["last_activity_on"], today);
    assert_eq!(activity().unwrap()["last_activity_at"], today);
    assert_eq!(root.get("/api/v4/user/activities?from=2999-01-01").expect(200).json(), json!([]));
    hers.get("/api/v4/user/activities").expect(403);
}
