//! `jeton serve` as a process: how it starts, stops, and what it refuses to start with.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Output},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Server, Visitor, between, pause, wait_for};

fn stdout(server: &Server) -> String {
    fs::read_to_string(server.data_dir().with_file_name("stdout.log")).unwrap()
}

/// Runs a second `serve` that is expected to refuse; its status and its one line.
fn refused(server: &Server, environment: &[(&str, &str)]) -> (i32, String) {
    let mut command = server.command();
    let Output { status, stderr, .. } =
        command.arg("serve").env("JETON_LOG", "off").envs(environment.iter().copied()).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn root_gets_a_link_until_there_is_a_password() {
    let mut server = Server::start(&[("JETON_ROOT_PASSWORD", "")]);
    let link = |server: &Server| {
        let text = stdout(server);
        between(&text, "once and within a day: ", "\n").map(str::to_owned)
    };
    let first = link(&server).unwrap();
    assert!(first.starts_with(&server.url("/users/password/edit?")), "{first}");
    server.stop();
    server.start_again();
    let again = link(&server).unwrap();
    assert_ne!(first, again);
    server.anonymous().get(again.strip_prefix(&server.url("")).unwrap()).expect(200);
    server.jeton_with_input(&["user", "reset-password", "root", "--password-stdin"], "correct horse").expect_ok();
    server.stop();
    server.start_again();
    assert_eq!(link(&server), None);
}

#[test]
fn a_root_password_that_is_too_short_is_refused() {
    let server = Server::start(&[]);
    let empty = server.data_dir().with_file_name("empty");
    let data_dir = empty.display().to_string();
    let database = format!("sqlite:{data_dir}/jeton.db");
    let environment =
        [("JETON_DATA_DIR", &*data_dir), ("JETON_DATABASE_URL", &*database), ("JETON_ROOT_PASSWORD", "short")];
    let (status, why) = refused(&server, &environment);
    assert!(status == 1 && why.contains("root_password") && why.contains("minimum is 8 characters"), "{why}");
}

#[test]
fn a_request_in_hand_is_finished_before_the_process_ends() {
    let mut server = Server::start(&[]);
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    // The head's end is held back until the server has been asked to stop.
    stream.write_all(b"GET /-/readiness HTTP/1.1\r\nHost: x\r\n").unwrap();
    pause(Duration::from_millis(300));
    server.signal(Signal::TERM);
    let late = thread::spawn(move || {
        pause(Duration::from_millis(300));
        stream.write_all(b"\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    assert!(late.join().unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(server.stop().success());
    assert_eq!(fs::read_dir(server.data_dir().join("run")).unwrap().count(), 0, "no socket stays behind");
}

#[test]
fn a_hangup_is_no_reason_to_end() {
    let server = Server::start(&[]);
    server.signal(Signal::HUP);
    wait_for("the log to tell of the hangup", || server.log().contains("no certificate").then_some(()));
    server.anonymous().get("/-/health").expect(200);
}

#[test]
fn a_unix_socket_serves_beside_a_port() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jeton.sock");
    let mut server = Server::start(&[("JETON_LISTEN", &format!("127.0.0.1:0,unix:{}", path.display()))]);
    assert!(stdout(&server).contains(&format!("\nJeton is listening on unix:{}\n", path.display())));
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"GET /-/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("Jeton OK"), "{answer}");
    server.stop();
    assert!(!path.exists());
}

#[test]
fn a_foreign_or_missing_key_is_refused() {
    let server = Server::start(&[]);
    let elsewhere = server.data_dir().with_file_name("elsewhere").display().to_string();
    let (status, why) = refused(&server, &[("JETON_DATA_DIR", &elsewhere), ("JETON_DATABASE_URL", server.database())]);
    assert!(status == 1 && why.contains("token-digest.key is missing"), "{why}");

    fs::write(format!("{elsewhere}/keys/token-digest.key"), "0".repeat(64)).unwrap();
    let (status, why) = refused(&server, &[("JETON_DATA_DIR", &elsewhere), ("JETON_DATABASE_URL", server.database())]);
    assert!(status == 1 && why.contains("no token would be recognised"), "{why}");
}

/// Two servers would each go on letting in what the other one revoked.
#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let mut server = Server::start(&[]);
    let (status, why) = refused(&server, &[("JETON_LISTEN", "127.0.0.1:0")]);
    assert!(status == 1 && why.contains("another server runs on") && why.lines().count() == 1, "{why}");
    server.signal(Signal::KILL);
    server.stop();
    server.start_again();
    server.anonymous().get("/-/readiness").expect(200);
}

#[test]
fn what_cannot_be_served_is_told_in_one_line() {
    let server = Server::shared();
    let taken = format!("127.0.0.1:{}", server.port());
    for (name, value, told) in [
        ("JETON_LISTEN", &*taken, "choose another address"),
        ("JETON_DATABASE_URL", "postgres://jeton:hunter2-hunter2@127.0.0.1:1/jeton", "the database cannot be opened"),
        ("JETON_DATA_DIR", "/proc/jeton", "see the setting data_dir"),
    ] {
        let (status, why) = refused(server, &[(name, value)]);
        assert!(status == 1 && why.contains(told) && why.lines().count() == 1, "{why}");
        assert!(!why.contains("hunter2"), "{why}");
    }
}

/// A server that is started by a shell with these words before it, and ends with the test.
struct Shelled {
    process: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Shelled {
    fn start(like: &Server, before: &str, environment: &[(&str, &str)]) -> Self {
        let (stdout, stderr) =
            (like.data_dir().with_file_name("shelled.out"), like.data_dir().with_file_name("shelled.err"));
        let settings = like.command();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", "sh", "-c", &format!("{before} exec \"$0\" serve")]);
        command.arg(settings.get_program()).env_clear();
        command
            .envs(settings.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .envs(environment.iter().copied());
        let process =
            command.stdout(File::create(&stdout).unwrap()).stderr(File::create(&stderr).unwrap()).spawn().unwrap();
        Self { process, stdout, stderr }
    }

    fn address(&self) -> String {
        wait_for("the first line", || {
            let text = fs::read_to_string(&self.stdout).unwrap();
            between(&text, "Jeton is listening on ", "\n").map(str::to_owned)
        })
    }

    fn wait_for_log(&self, wanted: &str) {
        wait_for(wanted, || fs::read_to_string(&self.stderr).unwrap().contains(wanted).then_some(()));
    }
}

impl Drop for Shelled {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn more_connections_than_files_are_survived() {
    let mut server = Server::start(&[]);
    server.stop();
    let few = Shelled::start(&server, "ulimit -n 64;", &[]);
    let address = few.address();
    let address = address.strip_prefix("http://").unwrap();
    let crowd: Vec<_> = (0..200).map_while(|_| TcpStream::connect(address).ok()).collect();
    pause(Duration::from_millis(300));
    drop(crowd);
    let answer = wait_for("an answer after the crowd", || {
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(b"GET /-/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        (!answer.is_empty()).then_some(answer)
    });
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn a_certificate_is_read_again_at_a_hangup() {
    let mut server = Server::start(&[]);
    server.stop();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../jeton-server/src/edge/testdata/");
    let directory = tempfile::tempdir().unwrap();
    let here = |name: &str| directory.path().join(name).display().to_string();
    for name in ["first.pem", "first.key"] {
        fs::copy(format!("{source}{name}"), here(name)).unwrap();
    }
    let tls = [("JETON_TLS_CERT", &*here("first.pem")), ("JETON_TLS_KEY", &*here("first.key"))];
    let secure = Shelled::start(&server, "", &tls);
    assert!(secure.address().starts_with("https://127.0.0.1:"));
    let hang_up = || kill_process(Pid::from_child(&secure.process), Signal::HUP).unwrap();
    hang_up();
    secure.wait_for_log("the certificate was read again");
    fs::write(here("first.pem"), "nonsense").unwrap();
    hang_up();
    secure.wait_for_log("the old one stays");
}
