//! The audit log of a running server, and what somebody leaves behind who can write to its database and has not its key.

use std::{fs, path::PathBuf, time::Duration};

use serde_json::Value;

use crate::harness::{Engine, Server, Visitor, pause, wait_for};

/// Whether every event is chained.
fn all_chained(server: &Server) -> Option<()> {
    (server.count("SELECT count(*) FROM audit_events WHERE position IS NULL") == 0).then_some(())
}

/// A server with a chain of some events.
fn with_a_chain() -> Server {
    let server = Server::start(&[]);
    for name in ["jane", "jim", "jack"] {
        server.person(name);
    }
    wait_for("the chain", || all_chained(&server));
    wait_for("the anchor", || anchor(&server).exists().then_some(()));
    server
}

fn anchor(server: &Server) -> PathBuf {
    server.data_dir().join("keys/audit.anchor")
}

/// How far the chain had come, as the anchor has it.
fn anchored(server: &Server) -> i64 {
    fs::read_to_string(anchor(server)).unwrap().split(' ').next().unwrap().parse().unwrap()
}

/// What the doctor says of the audit log, and whether that is good.
fn examined(server: &Server) -> (bool, String) {
    let output = server.command().args(["doctor", "--json"]).output().unwrap();
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let finding = found.iter().find(|finding| finding["check"] == "audit log").unwrap();
    (finding["ok"] == true, finding["found"].as_str().unwrap().to_owned())
}

#[track_caller]
fn is_found(server: &Server, what: &str) {
    let (is_good, found) = examined(server);
    assert!(!is_good && found.contains(what), "{found}");
}

/// The server says so in its log, once, and to what monitors it.
fn is_told(server: &Server, what: &str) {
    let is_it = |line: &&str| line.contains("the audit log cannot be chained") && line.contains(what);
    let lines = || server.log().lines().filter(is_it).count();
    wait_for("the log", || (lines() > 0).then_some(()));
    let metrics = server.anonymous().get("/-/metrics").expect(200).text().to_owned();
    assert!(metrics.contains("jeton_audit_log_broken 1"), "{metrics}");
    // It is tried again every second, and the anchor is looked at each time.
    let before = server.count("SELECT count(*) FROM audit_events WHERE position IS NULL");
    server.person("more");
    pause(Duration::from_millis(2500));
    assert!(server.count("SELECT count(*) FROM audit_events WHERE position IS NULL") > before);
    assert_eq!(lines(), 1);
}

#[test]
fn a_chain_that_is_begun_anew_is_found_and_not_lengthened() {
    let server = with_a_chain();
    let known = anchored(&server);
    server.query("UPDATE audit_events SET position = NULL, chain = NULL");
    server.query("DELETE FROM audit_chain_end");
    is_found(&server, &format!("ends at position 0 and had come to {known} before"));
    is_told(&server, &format!("had come to {known} before"));
    assert_eq!(server.count("SELECT count(*) FROM audit_events WHERE position IS NOT NULL"), 0);
}

#[test]
fn an_invented_event_is_found_and_never_chained() {
    let server = with_a_chain();
    server.query(
        "INSERT INTO audit_events (at, actor_via, action, subject, subject_id, details)
         VALUES (1, 'session', 'user.block', 'user', 1, '{}')",
    );
    let event = server.count("SELECT max(id) FROM audit_events");
    is_found(&server, &format!("the event {event} was put there"));
    // Others are, meanwhile.
    let before = anchored(&server);
    server.person("joe");
    wait_for("the chain", || (anchored(&server) > before).then_some(()));
    assert_eq!(server.count("SELECT count(*) FROM audit_events WHERE position IS NULL"), 1);
    is_found(&server, &format!("the event {event} was put there"));
    let metrics = server.anonymous().get("/-/metrics").expect(200).text().to_owned();
    assert!(metrics.contains("jeton_audit_log_broken 1"), "{metrics}");
    server.query(&format!("DELETE FROM audit_events WHERE id = {event}"));
    assert!(examined(&server).0);
}

#[test]
fn an_older_end_that_is_put_back_is_found() {
    let server = with_a_chain();
    server.query("CREATE TABLE kept AS SELECT * FROM audit_chain_end");
    let old = anchored(&server);
    server.person("joe");
    wait_for("the chain", || all_chained(&server));
    wait_for("the anchor", || (anchored(&server) > old).then_some(()));
    let known = anchored(&server);
    server.query(&format!("DELETE FROM audit_events WHERE position > {old}"));
    server.query("DELETE FROM audit_chain_end");
    server.query("INSERT INTO audit_chain_end SELECT * FROM kept");
    server.query("DROP TABLE kept");
    is_found(&server, &format!("ends at position {old} and had come to {known} before"));
    server.person("zoe");
    is_told(&server, &format!("had come to {known} before"));
}

#[test]
fn what_was_changed_or_removed_in_the_middle_is_found() {
    let server = with_a_chain();
    let event = server.count("SELECT id FROM audit_events WHERE position = 2");
    let details = server.query("SELECT details FROM audit_events WHERE position = 2").remove(0);
    server.query("UPDATE audit_events SET details = '{}' WHERE position = 2");
    is_found(&server, &format!("the event {event} was changed, or put there"));
    server.query(&format!("UPDATE audit_events SET details = '{details}' WHERE position = 2"));
    assert!(examined(&server).0);
    server.query("DELETE FROM audit_events WHERE position = 2");
    is_found(&server, "the event at position 2 was removed");
}

/// On PostgreSQL a backup is the database's own affair; the store's tests do the same there.
#[test]
fn a_restored_backup_is_told_of_and_accepted() {
    if Engine::of_this_run() == Engine::Postgres {
        return;
    }
    let mut server = with_a_chain();
    assert!(server.stop().success());
    let (database, backup) = (server.data_dir().join("jeton.db"), server.data_dir().join("backup"));
    fs::copy(&database, &backup).unwrap();
    let old = anchored(&server);
    server.start_again();
    server.person("joe");
    assert!(server.stop().success());
    let known = anchored(&server);
    assert!(known > old, "what was left is chained when the server stops");
    fs::rename(&backup, &database).unwrap();

    is_found(&server, "If you restored a backup, say so with `jeton audit accept-end`");
    server.start_again();
    server.person("zoe");
    is_told(&server, &format!("the chain ends at position {old} and had come to {known} before"));
    let said = server.jeton(&["audit", "accept-end"]).expect_ok();
    assert!(said.contains(&format!("ends at position {old}")), "{said}");
    wait_for("the chain", || all_chained(&server));
    assert!(examined(&server).0);
    assert_eq!(
        server.query("SELECT actor_via, subject_id FROM audit_events WHERE action = 'audit.accept_end'"),
        [format!("command_line|{old}")]
    );
    let metrics = server.anonymous().get("/-/metrics").expect(200).text().to_owned();
    assert!(metrics.contains("jeton_audit_log_broken 0"), "{metrics}");
}

/// The power may go when the database has committed and the anchor is not written yet.
#[test]
fn an_anchor_that_is_a_little_older_is_no_alarm() {
    let mut server = with_a_chain();
    let older = fs::read(anchor(&server)).unwrap();
    let old = anchored(&server);
    server.person("joe");
    wait_for("the anchor", || (anchored(&server) > old).then_some(()));
    server.kill();
    for before in [Some(older), None] {
        match before {
            Some(older) => fs::write(anchor(&server), older).unwrap(),
            None => fs::remove_file(anchor(&server)).unwrap(),
        }
        server.start_again();
        assert!(examined(&server).0);
        server.person("zoe");
        wait_for("the chain", || all_chained(&server));
        wait_for("the anchor", || (anchor(&server).exists() && anchored(&server) > old).then_some(()));
        assert!(examined(&server).0);
        server.kill();
    }
    server.start_again();
    assert!(!server.log().contains("the audit log cannot be chained"));
}

#[test]
fn an_anchor_that_is_none_is_told_of() {
    let server = with_a_chain();
    fs::write(anchor(&server), "1000 and more\n").unwrap();
    is_found(&server, "keys/audit.anchor is not what this instance wrote there");
    server.jeton(&["audit", "accept-end"]).expect_ok();
    assert!(examined(&server).0);
}
