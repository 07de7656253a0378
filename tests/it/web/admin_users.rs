//! The administrators' pages about people.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, Server, SignedIn, Visitor as _, new_password};

fn send(root: &SignedIn<'_>, path: &str, fields: &[(&str, &str)]) -> Answer {
    let fields: Vec<(&str, &str)> =
        [("authenticity_token", root.csrf.as_str())].into_iter().chain(fields.iter().copied()).collect();
    root.request(Method::POST, path).form(&fields).send()
}

const JOE: [(&str, &str); 4] = [
    ("user[username]", "joe.doe"),
    ("user[name]", "Joe Doe"),
    ("user[email]", "joe@doe.example"),
    ("user[projects_limit]", "5"),
];

/// The page to which an answer leads.
fn led_to(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{answer}");
    answer.header("location").to_owned()
}

#[test]
fn an_account_is_made_found_changed_closed_and_deleted() {
    let server = Server::start(&[]);
    let root = server.root().session();
    let password = new_password();
    let page = led_to(&send(&root, "/admin/users", &[&JOE[..], &[("user[password]", &password)]].concat()));
    let shown = root.get(&page).expect(200);
    assert!(shown.text().contains("@joe.doe") && shown.text().contains("joe@doe.example"), "{shown}");
    let joe = SignedIn::sign_in(&server, "joe.doe", &password);

    for (query, finds) in [
        ("search=doe", true),
        ("search=joe@doe.example", true),
        ("kind=administrators", false),
        ("search=nobody", false),
    ] {
        let list = root.get(&format!("/admin/users?{query}")).expect(200);
        assert_eq!(list.text().contains("@joe.doe"), finds, "{query}: {list}");
    }

    let new = [("user[name]", "Joseph"), ("user[external]", "1")];
    let changed: Vec<_> = JOE.into_iter().filter(|(name, _)| *name != "user[name]").chain(new).collect();
    led_to(&send(&root, &page, &changed));
    let shown = root.get(&page).expect(200);
    assert!(shown.text().contains("Joseph") && shown.text().contains("<code>external</code>"), "{shown}");

    led_to(&send(&root, &format!("{page}/step"), &[("step", "block")]));
    assert_eq!(joe.get("/").status, 302, "the session ended with the account");
    let blocked = root.get(&page).expect(200);
    assert!(
        blocked.text().contains("<code>blocked</code>") && blocked.text().contains(">Unblock</button>"),
        "{blocked}"
    );
    assert!(!blocked.text().contains(">Ban</button>"), "{blocked}");
    led_to(&send(&root, &format!("{page}/step"), &[("step", "ban")]));
    assert!(
        root.get(&page).expect(200).text().contains("<code>blocked</code>"),
        "a step that does not fit does nothing"
    );
    led_to(&send(&root, &format!("{page}/step"), &[("step", "unblock")]));
    SignedIn::sign_in(&server, "joe.doe", &password);

    let mistyped = send(&root, &format!("{page}/delete"), &[("username", "joe")]).expect(422);
    assert!(mistyped.text().contains("Nothing was deleted"), "{mistyped}");
    assert_eq!(led_to(&send(&root, &format!("{page}/delete"), &[("username", "joe.doe")])), "/admin/users");
    root.get(&page).expect(404);
}

#[test]
fn what_is_wrong_is_said_at_its_field_and_nothing_is_lost() {
    let server = Server::start(&[]);
    let root = server.root().session();
    let wrong = [
        ("user[username]", "-joe"),
        ("user[name]", "Joe kept"),
        ("user[email]", "nowhere"),
        ("user[projects_limit]", "-1"),
        ("user[password]", "short"),
    ];
    let refused = send(&root, "/admin/users", &wrong).expect(422);
    for text in ["User name ", "E-mail address is invalid", "0 or more", "is too short", "value=\"Joe kept\""] {
        assert!(refused.text().contains(text), "{text}: {refused}");
    }
    assert!(!refused.text().contains("value=\"short\""), "a password is never shown: {refused}");
    for taken in [("user[username]", "root"), ("user[email]", "admin@example.com")] {
        let fields: Vec<_> = JOE.into_iter().filter(|(name, _)| *name != taken.0).chain([taken]).collect();
        let refused = send(&root, "/admin/users", &fields).expect(422);
        assert!(refused.text().contains("has already been taken"), "{refused}");
    }
    assert!(root.get("/admin/users").expect(200).text().contains("<span class=\"count\">(1)</span>"));
}

#[test]
fn administrators_cannot_shut_themselves_out() {
    let server = Server::start(&[]);
    let root = server.root();
    let id = root.token("read_user").user_id();
    let root = root.session();
    let page = format!("/admin/users/{id}");
    let shown = root.get(&page).expect(200);
    for step in ["block", "ban", "deactivate"] {
        assert!(!shown.text().contains(&format!("value=\"{step}\"")), "{shown}");
        send(&root, &format!("{page}/step"), &[("step", step)]);
    }
    root.get(&format!("{page}/delete")).expect(404);
    send(&root, &format!("{page}/delete"), &[("username", "root")]).expect(404);
    let plain = [
        ("user[username]", "root"),
        ("user[name]", "Administrator"),
        ("user[email]", "admin@example.com"),
        ("user[projects_limit]", "5"),
    ];
    let refused = send(&root, &page, &plain).expect(422);
    assert!(refused.text().contains("Ask another administrator"), "{refused}");
    root.get("/admin").expect(200);
}

#[test]
fn a_new_user_without_a_password_is_invited_by_mail() {
    let server = Server::start(&[]);
    let root = server.root().session();
    led_to(&send(&root, "/admin/users", &JOE));
    let made = server.root().token("api").get("/api/v4/users?username=joe.doe").expect(200).json();
    assert_eq!((&made[0]["name"], &made[0]["projects_limit"]), (&json!("Joe Doe"), &json!(5)));
}
