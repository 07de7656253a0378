//! The power goes in the middle of a thousand changes: what was answered stands, and nothing stands by half.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use reqwest::Method;
use serde_json::json;

use crate::harness::{Bearer, Server, Visitor, wait_for};

/// How many tokens are made, and as many revoked, if nobody pulls the plug.
const TOKENS: usize = 1_000;
/// The process is killed when this many changes were answered.
const ENOUGH: usize = 700;
/// Clients at once.
const CLIENTS: usize = 4;

/// What the clients were told.
#[derive(Default)]
struct Answered {
    made: Mutex<HashMap<i64, String>>,
    revoked: Mutex<HashSet<i64>>,
    changes: AtomicUsize,
}

impl Answered {
    fn count(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Makes tokens and revokes every second one, until the server is gone.
    fn change_things(&self, root: &Bearer<'_>, user: i64) -> Option<()> {
        let path = format!("/api/v4/users/{user}/personal_access_tokens");
        for number in 0..TOKENS / CLIENTS {
            let body = json!({ "name": format!("number {number}"), "scopes": ["read_user"] });
            let answer = root.request(Method::POST, &path).json(&body).try_send()?;
            let made = answer.expect(201).json();
            let id = made["id"].as_i64().unwrap();
            self.made.lock().unwrap().insert(id, made["token"].as_str().unwrap().to_owned());
            self.count();
            if number % 2 == 1 {
                continue;
            }
            let token = format!("/api/v4/personal_access_tokens/{id}");
            root.request(Method::DELETE, &token).try_send()?.expect(204);
            self.revoked.lock().unwrap().insert(id);
            self.count();
        }
        Some(())
    }
}

#[test]
fn what_was_answered_survives_a_kill_and_nothing_stands_by_half() {
    let mut server = Server::start(&[]);
    let jane = server.person("jane").token("api").user_id();
    let root = server.root().token("api").token;
    let answered = Answered::default();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| answered.change_things(&Bearer::new(&server, &root), jane));
        }
        wait_for("enough changes", || (answered.changes.load(Ordering::SeqCst) >= ENOUGH).then_some(()));
        server.kill();
    });
    server.start_again();

    let checked = server.jeton(&["doctor"]).expect_ok();
    assert!(checked.contains("events chained"), "{checked}");

    let (made, revoked) = (answered.made.into_inner().unwrap(), answered.revoked.into_inner().unwrap());
    assert!(made.len() < TOKENS, "the power was to go before the end");
    for (id, token) in &made {
        let answer = Bearer::new(&server, token).get("/api/v4/user");
        let expected = if revoked.contains(id) { 401 } else { 200 };
        assert_eq!(answer.status, expected, "token {id}: {answer}");
    }
    // Unanswered changes may have happened or not, but only as a whole.
    for (what, halves) in [
        ("a token without its event", "SELECT g.id FROM token_generations g WHERE (SELECT count(*) FROM audit_events e
            WHERE e.action = 'token.create' AND e.subject = 'token' AND e.subject_id = g.id) <> 1"),
        ("a family without its token", "SELECT f.id FROM token_families f WHERE (SELECT count(*) FROM token_generations g
            WHERE g.family_id = f.id) <> 1"),
        ("an end without its event", "SELECT g.id FROM token_generations g WHERE (SELECT count(*) FROM audit_events e
            WHERE e.action = 'token.revoke' AND e.subject_id = g.id) <> (CASE WHEN g.ended_at IS NULL THEN 0 ELSE 1 END)"),
        ("an event without its token", "SELECT e.id FROM audit_events e WHERE e.action = 'token.create'
            AND NOT EXISTS (SELECT 1 FROM token_generations g WHERE g.id = e.subject_id)"),
    ] {
        assert_eq!(server.query(halves), Vec::<String>::new(), "{what}");
    }
}
