//! The program under test.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use super::{Anonymous, Engine, Outcome, Person, nursery, pause, place::Place, secrets, wait_for};

/// The program that cargo built for these tests.
const PROGRAM: &str = env!("CARGO_BIN_EXE_jeton");
/// What the program prints first when it serves.
const GREETING: &str = "Jeton is listening on http://";

/// A running server with its data.
pub(crate) struct Server {
    place: Place,
    settings: BTreeMap<String, String>,
    root_password: String,
    process: Child,
    port: u16,
    people: AtomicU32,
}

impl Server {
    /// The server that every test may use that changes nothing which others rely on.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| {
            let server = Self::start(&[]);
            // Nobody stops this one, so its metrics are read as a monitoring system would.
            let (url, file) = (server.url("/-/metrics"), server.place.path().join("metrics.txt"));
            thread::spawn(move || {
                loop {
                    scrape(&url, &file);
                    pause(Duration::from_secs(1));
                }
            });
            server
        })
    }

    /// A server of one's own with an empty database; `settings` are environment variables that differ from the usual.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let place = Place::new();
        let data_dir = place.path().join("data");
        let root_password = secrets::new_password();
        let mut all = BTreeMap::from([
            ("JETON_DATABASE_URL".to_owned(), Engine::of_this_run().new_database(&data_dir)),
            ("JETON_DATA_DIR".to_owned(), data_dir.display().to_string()),
            ("JETON_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("JETON_LOG".to_owned(), "trace".to_owned()),
            ("JETON_REGISTRY".to_owned(), "external".to_owned()),
            ("JETON_ROOT_PASSWORD".to_owned(), root_password.clone()),
            ("HOME".to_owned(), place.path().display().to_string()),
            ("PATH".to_owned(), std::env::var("PATH").unwrap()),
        ]);
        all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let process = launch(&place, &all);
        let mut server = Self { place, settings: all, root_password, process, port: 0, people: AtomicU32::new(0) };
        server.port = server.wait_for_port();
        server
    }

    /// The program's first line says where it listens.
    fn wait_for_port(&mut self) -> u16 {
        let stdout = self.place.path().join("stdout.log");
        wait_for("the server's first line", || {
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("the server ended ({status}): {}", self.log());
            }
            let text = fs::read_to_string(&stdout).unwrap();
            let (first, _) = text.split_once('\n')?;
            let address = first.strip_prefix(GREETING).unwrap_or_else(|| panic!("the first line is `{first}`"));
            Some(address.trim_end_matches('/').rsplit_once(':').unwrap().1.parse().unwrap())
        })
    }

    /// The whole address of a path on this server, under its external name.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// The port on 127.0.0.1.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// The address of a path with user name and password in it, as people give it to git.
    pub(crate) fn url_as(&self, user: &str, password: &str, path: &str) -> String {
        format!("http://{user}:{password}@localhost:{}{path}", self.port)
    }

    /// The data directory.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.place.path().join("data")
    }

    /// The address of the database.
    pub(crate) fn database(&self) -> &str {
        &self.settings["JETON_DATABASE_URL"]
    }

    /// What the server logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.place.path().join("stderr.log")).unwrap()
    }

    /// The program with this server's settings, to run its other commands on the same data.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command.env_clear().envs(&self.settings).current_dir(self.place.path()).stdin(Stdio::null());
        command
    }

    /// Runs the program with these arguments on this server's data.
    pub(crate) fn jeton(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(&self.command().args(arguments).output().unwrap())
    }

    /// The same, with something on its standard input.
    pub(crate) fn jeton_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Outcome::of(&process.wait_with_output().unwrap())
    }

    /// Nobody in particular.
    pub(crate) const fn anonymous(&self) -> Anonymous<'_> {
        Anonymous { server: self }
    }

    /// The administrator that every server begins with.
    pub(crate) fn root(&self) -> Person<'_> {
        Person::known(self, "root".to_owned(), self.root_password.clone())
    }

    /// A new user whose name begins with `name`.
    pub(crate) fn person(&self, name: &str) -> Person<'_> {
        Person::create(self, self.new_name(name), &[])
    }

    /// A new administrator whose name begins with `name`.
    pub(crate) fn administrator(&self, name: &str) -> Person<'_> {
        Person::create(self, self.new_name(name), &["--admin"])
    }

    fn new_name(&self, name: &str) -> String {
        format!("{name}-{}", self.people.fetch_add(1, Ordering::Relaxed))
    }

    /// Ends the process at once, as a power cut would; [`Server::start_again`] waits for its end.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Asks the process to stop, and waits until it has.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        scrape(&self.url("/-/metrics"), &self.place.path().join("metrics.txt"));
        if self.process.try_wait().unwrap().is_none() {
            kill_process(Pid::from_child(&self.process), Signal::TERM).unwrap();
        }
        self.process.wait().unwrap()
    }

    /// Sends a signal to the process.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    /// Starts the process again on the same data, once it has ended; it may get another port.
    pub(crate) fn start_again(&mut self) {
        self.process.wait().unwrap();
        self.process = launch(&self.place, &self.settings);
        self.port = self.wait_for_port();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts `jeton serve`. Its log goes on where an earlier process left it; its first line is new.
fn launch(place: &Place, settings: &BTreeMap<String, String>) -> Child {
    let path = place.path();
    let mut command = nursery::command(PROGRAM);
    command
        .arg("serve")
        .env_clear()
        .envs(settings)
        .current_dir(path)
        .stdin(Stdio::null())
        .stdout(File::create(path.join("stdout.log")).unwrap())
        .stderr(File::options().create(true).append(true).open(path.join("stderr.log")).unwrap());
    let process = nursery::spawn(command);
    fs::write(path.join("server.pid"), process.id().to_string()).unwrap();
    process
}

/// Keeps what the metrics say now, for the canary scan.
fn scrape(url: &str, file: &Path) {
    if let Ok(answer) = super::visitor::http().get(url).send()
        && let Ok(text) = answer.text()
    {
        fs::write(file, text).unwrap();
    }
}
