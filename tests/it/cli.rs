//! The command line, with the server running and not.

use std::{
    fs,
    io::Write as _,
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
    process::{Command, Output, Stdio},
    thread,
};

use serde_json::Value;

use crate::harness::{Bearer, Server, Visitor, between};

/// A server where only a good token of an administrator reads the metrics: what tells whether a token works.
fn guarded() -> Server {
    Server::start(&[("JETON_METRICS_ALLOW", "192.0.2.7")])
}

fn works(token: &Bearer<'_>) -> bool {
    match token.get("/-/metrics").status {
        200 => true,
        401 => false,
        other => panic!("{other}"),
    }
}

fn run(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    process.wait_with_output().unwrap()
}

/// Status and the one line on standard error.
#[track_caller]
fn complaint(output: &Output) -> (i32, String) {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(stderr.lines().count(), 1, "one line: {stderr}");
    (output.status.code().unwrap(), stderr)
}

#[test]
fn users_are_made_and_listed() {
    let server = Server::start(&[]);
    let jane = server.administrator("jane");
    let listed: Value = serde_json::from_str(&server.jeton(&["user", "list", "--json"]).expect_ok()).unwrap();
    let seen = listed.as_array().unwrap().iter().find(|user| user["username"] == *jane.username).unwrap();
    assert_eq!((&seen["state"], &seen["is_admin"]), (&"active".into(), &true.into()));
    assert_eq!(listed[0]["username"], "root");
    let table = server.jeton(&["user", "list"]).expect_ok();
    assert!(table.starts_with("ID  USERNAME") && table.contains(&jane.username), "{table}");

    let again = server.jeton(&["user", "create", &jane.username, "--email", "other@example.com"]).expect_failed();
    assert!(again.contains("already been taken"), "{again}");

    for name in ["", " ", "a\nb", "a\u{1b}[31m", &"x".repeat(256)] {
        let refused = server.jeton(&["user", "create", "zoe", "--email", "zoe@example.com", "--name", name]);
        assert!(refused.expect_failed().contains("1 to 255 characters"), "{name:?}");
    }
}

#[test]
fn a_user_without_a_password_gets_a_link_to_set_one() {
    let server = Server::start(&[]);
    let url = format!("JETON_EXTERNAL_URL=http://localhost:{}", server.port());
    let (name, value) = url.split_once('=').unwrap();
    let mut command = server.command();
    let output = run(command.env(name, value).args(["user", "create", "joe", "--email", "joe@example.com"]), "");
    let printed = String::from_utf8(output.stdout).unwrap();
    let path = between(&printed, value, "\n").unwrap();
    server.anonymous().get(path).expect(200);
}

#[test]
fn a_revoked_token_is_dead_when_the_command_returns() {
    let server = guarded();
    let administrator = server.administrator("anna");
    for _ in 0..10 {
        let token = administrator.token("api");
        assert!(works(&token));
        let listed = server.jeton(&["token", "list", "--user", &administrator.username, "--json"]).expect_ok();
        let id = serde_json::from_str::<Value>(&listed).unwrap()[0]["id"].to_string();
        server.jeton(&["token", "revoke", &id]).expect_ok();
        assert!(!works(&token));
        server.jeton(&["token", "revoke", &id]).expect_ok();
    }
    let (status, why) = complaint(&run(server.command().args(["token", "revoke", "99999"]), ""));
    assert!(status == 1 && why.contains("there is no token 99999"), "{why}");
}

#[test]
fn a_blocked_users_token_is_dead_when_the_command_returns() {
    let server = guarded();
    let administrator = server.administrator("anna");
    let token = administrator.token("api");
    for _ in 0..3 {
        assert!(works(&token));
        server.jeton(&["user", "block", &administrator.username]).expect_ok();
        assert_ne!(token.get("/-/metrics").status, 200);
        server.jeton(&["user", "unblock", &administrator.username]).expect_ok();
    }
    assert!(works(&token));
}

#[test]
fn a_server_that_does_not_confirm_is_told_of() {
    let server = Server::start(&[]);
    let deaf = UnixListener::bind(server.data_dir().join("run/elsewhere-1.sock")).unwrap();
    thread::spawn(move || {
        for stream in deaf.incoming() {
            stream.unwrap().write_all(b"no\n").unwrap();
        }
    });
    let jane = server.person("jane");
    let (status, why) = complaint(&run(server.command().args(["user", "block", &jane.username]), ""));
    assert!(status == 1 && why.contains("the change is made, but"), "{why}");
}

#[test]
fn commands_need_no_running_server() {
    let mut server = guarded();
    assert!(server.stop().success());
    let token = server.administrator("anna").token("api").token;
    server.start_again();
    assert!(works(&Bearer::new(&server, &token)));
}

#[test]
fn a_token_on_standard_input_is_identified() {
    let server = Server::start(&[]);
    let jane = server.person("jane");
    let token = jane.token("api,read_user");
    let identify = |text: &str| server.jeton_with_input(&["token", "identify", "--json"], text);
    let known: Value = serde_json::from_str(&identify(&format!("{}\n", token.token)).expect_ok()).unwrap();
    assert_eq!((&known["username"], &known["state"]), (&(*jane.username).into(), &"active".into()));
    assert_eq!(known["scopes"], serde_json::json!(["api", "read_user"]));

    server.jeton(&["user", "block", &jane.username]).expect_ok();
    assert_eq!(state(&identify(&token.token).expect_ok()), "user blocked");
    server.jeton(&["token", "revoke", &known["id"].to_string()]).expect_ok();
    assert!(state(&identify(&token.token).expect_ok()).starts_with("revoked 20"));

    let arguments =
        ["token", "create", "--user", "root", "--name", "old", "--scopes", "api", "--expires-at", "2020-01-31"];
    let expired = server.jeton(&arguments).expect_ok();
    assert_eq!(state(&identify(&expired).expect_ok()), "expired 2020-01-31");

    let foreign = identify("jeton_000000000000000000000000000000002CuaM8").expect_failed();
    assert!(foreign.contains("no token of this instance"), "{foreign}");
    assert!(identify("jeton_typo").expect_failed().contains("is no token of any kind"));
}

fn state(json: &str) -> String {
    serde_json::from_str::<Value>(json).unwrap()["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_bad_token_is_refused_with_every_reason() {
    let server = Server::shared();
    let jane = server.person("jane");
    let arguments = ["token", "create", "--user", &jane.username, "--name", " ", "--scopes", "api,root"];
    let (status, why) = complaint(&run(server.command().args(arguments), ""));
    assert_eq!(status, 1);
    assert!(
        why.contains("Name can't be blank; Scopes can only contain available scopes") && why.contains("read_user"),
        "{why}"
    );
    let arguments =
        ["token", "create", "--user", &jane.username, "--name", "x", "--scopes", "api", "--expires-at", "soon"];
    assert!(server.jeton(&arguments).expect_failed().contains("write YYYY-MM-DD"));
    assert!(server.jeton(&["token", "list", "--user", "nobody"]).expect_failed().contains("there is no user"));
}

#[test]
fn a_password_is_reset_and_sessions_end() {
    let server = Server::start(&[]);
    let jane = server.person("jane");
    let session = jane.session();
    let page = "/-/user_settings/personal_access_tokens";
    session.get(page).expect(200);
    let arguments = ["user", "reset-password", &jane.username, "--password-stdin"];
    let short = server.jeton_with_input(&arguments, "short\n").expect_failed();
    assert!(short.contains("the password is too short (minimum is 8 characters)"), "{short}");
    let guessable = server.jeton_with_input(&arguments, &format!("{}2026\n", jane.username)).expect_failed();
    assert!(guessable.contains("the password is too easy to guess: "), "{guessable}");
    server.jeton_with_input(&arguments, "a brand new one\n").expect_ok();
    assert_ne!(session.get(page).status, 200);
    crate::harness::SignedIn::sign_in(&server, &jane.username, "a brand new one");
    let (status, why) = complaint(&run(server.command().args(&arguments[..3]), ""));
    assert!(status == 1 && why.contains("--password-stdin"), "{why}");
}

#[test]
fn bad_usage_and_bad_settings_end_with_2() {
    let server = Server::shared();
    for arguments in
        [&["bogus"][..], &["user", "create"], &["token", "revoke", "one"], &["backup", "x"], &["serve", "--bogus"]]
    {
        assert_eq!(run(server.command().args(arguments), "").status.code(), Some(2), "{arguments:?}");
    }
    let (status, why) = complaint(&run(server.command().env("JETON_LISTEN", "8080").arg("serve"), ""));
    assert!(status == 2 && why.contains("listen (from JETON_LISTEN)"), "{why}");
    let (status, why) = complaint(&run(server.command().args(["user", "list", "--registry", "yes"]), ""));
    assert!(status == 2 && why.contains("(from --registry)"), "{why}");
    for arguments in [&["--help"][..], &["serve", "--help"], &["--version"]] {
        assert!(run(server.command().args(arguments), "").status.success());
    }
}

#[test]
fn migrating_twice_is_migrating_once() {
    let server = Server::shared();
    server.jeton(&["migrate"]).expect_ok();
    server.jeton(&["migrate"]).expect_ok();
}

/// What the doctor found wrong, by the name of the check.
fn wrong(server: &Server, environment: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut command = server.command();
    let output = command.args(["doctor", "--json"]).envs(environment.iter().copied()).output().unwrap();
    let found: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let bad = found.iter().filter(|finding| finding["ok"] == false);
    let bad: Vec<_> = bad.map(|finding| (text(&finding["check"]), text(&finding["found"]))).collect();
    assert_eq!(output.status.code(), Some(i32::from(!bad.is_empty())));
    bad
}

#[test]
fn the_doctor_finds_nothing_wrong_with_a_new_server() {
    let server = Server::start(&[]);
    assert_eq!(wrong(&server, &[]), []);
    let table = server.jeton(&["doctor"]).expect_ok();
    assert!(table.starts_with("CHECK") && table.contains("up to date") && table.contains("git version 2."), "{table}");
}

#[test]
fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let server = Server::start(&[]);
    let jane = server.person("jane");
    let made = jane.token("api").post("/api/v4/projects", &serde_json::json!({ "name": "lost" })).expect(201).json();
    let id = made["id"].as_i64().unwrap();
    fs::remove_dir_all(server.data_dir().join(format!("repositories/{:03x}/{id}.git", id & 0xfff))).unwrap();
    let key = server.data_dir().join("keys/token-digest.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    server.jeton(&["user", "block", "root"]).expect_ok();
    let found = wrong(
        &server,
        &[
            ("PATH", "/nowhere"),
            ("JETON_REGISTRY", "managed"),
            ("JETON_TLS_CERT", "/nowhere"),
            ("JETON_TLS_KEY", "/nowhere"),
        ],
    );
    for (check, mend) in [
        ("certificate", "/nowhere"),
        ("git", "install git"),
        ("registry", "install docker-registry"),
        ("key", "chmod go="),
        ("administrator", "jeton user unblock root"),
        ("repositories", "1 of 1 projects have none"),
    ] {
        let text = found.iter().find(|(name, _)| name == check);
        assert!(text.is_some_and(|(_, text)| text.contains(mend)), "{check}: {found:?}");
    }
    assert_eq!(found.len(), 6, "{found:?}");
}

#[test]
fn the_doctor_changes_nothing() {
    let server = Server::start(&[]);
    let nowhere = server.data_dir().with_file_name("nowhere");
    let path = nowhere.display().to_string();
    let database = format!("sqlite:{path}/jeton.db");
    let found = wrong(&server, &[("JETON_DATA_DIR", &path), ("JETON_DATABASE_URL", &database)]);
    assert!(
        found.iter().any(|(check, text)| check == "database" && text.contains("run `jeton serve` once")),
        "{found:?}"
    );
    assert!(!nowhere.exists());
}
