//! Ten thousand people, or machines, who try to sign in at the same moment, beside one client with a token.
//!
//! What is asked: does that client notice, does memory stay bounded, and does every attempt get an answer?

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, ensure};
use rustix::process::setpriority_process;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime, task,
};

use crate::{
    clock::{Timer, pause},
    machine,
    report::Row,
    server::Jeton,
    statistics::quantile,
};

/// Attempts at the same moment.
const ATTEMPTS: usize = 10_000;
/// Connections that the server has open at most, where nothing else is set; whoever comes later waits.
const CONNECTIONS: f64 = 8_192.0;
/// The lowest priority (nice(2)): whoever attacks has machines of their own.
const NICE: i32 = 19;
/// How often the server's memory is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// For how long the client with the token is watched while nothing else happens.
const IDLE: Duration = Duration::from_secs(3);
/// The client waits so long between its requests.
const PACE: Duration = Duration::from_micros(500);
/// Who gets no answer within this time has none.
const PATIENCE: Duration = Duration::from_mins(1);

const PAGE: &str = "/users/sign_in";

/// Attempts on one account and on as many accounts as there are attempts. `token` opens `GET /api/v4/user`.
pub(crate) fn measure(data: &Path, token: &str) -> Result<Vec<Row>> {
    let server = Jeton::start(data, true)?;
    let form = Form::of(server.port)?;
    let idle = Client::start(server.port, token).stop_after(IDLE)?;
    let mut rows = vec![Row::new("a token's request, nothing else going on", idle.to_string())];
    let before = machine::memory_of(server.pid())?.all;
    for (whom, login) in [("one account", (|_| "root".to_owned()) as fn(usize) -> String), ("10,000 accounts", account)]
    {
        let client = Client::start(server.port, token);
        let attempts = form.send_all(&server, login)?;
        let beside = client.stop()?;
        let ratio = beside.p50 / idle.p50;
        let what = format!("the same beside {ATTEMPTS} sign-ins at once on {whom}");
        rows.push(Row::new(&what, beside.to_string()).ratio(ratio, "× alone (p50)").at_most(1.5));
        rows.push(
            Row::new(&format!("those sign-ins on {whom}"), attempts.to_string())
                .ratio((attempts.memory - before) * 1024.0 / CONNECTIONS, "KiB more for each open connection")
                .at_most(64.0),
        );
        // Throttled attempts are over at once; hashes that wait in the queue are not.
        pause(Duration::from_secs(2));
    }
    server.stop()?;
    Ok(rows)
}

fn account(number: usize) -> String {
    format!("user{number}")
}

/// How long one client's requests took.
struct Waits {
    p50: f64,
    p99: f64,
    count: usize,
}

impl std::fmt::Display for Waits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p50 {:.0} µs, p99 {:.0} µs of {}", self.p50, self.p99, self.count)
    }
}

/// A client that asks `GET /api/v4/user` on one connection, one request after the other.
struct Client {
    ends: Arc<AtomicBool>,
    thread: JoinHandle<Result<Vec<f64>>>,
}

impl Client {
    fn start(port: u16, token: &str) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let request = format!("GET /api/v4/user HTTP/1.1\r\nHost: localhost\r\nPRIVATE-TOKEN: {token}\r\n\r\n");
        let stop = Arc::clone(&ends);
        Self { ends, thread: thread::spawn(move || ask(port, &request, &stop)) }
    }

    fn stop_after(self, time: Duration) -> Result<Waits> {
        pause(time);
        self.stop()
    }

    fn stop(self) -> Result<Waits> {
        self.ends.store(true, Ordering::Relaxed);
        let waits = self.thread.join().map_err(|_| anyhow!("the client panicked"))??;
        Ok(Waits { p50: quantile(&waits, 0.50), p99: quantile(&waits, 0.99), count: waits.len() })
    }
}

/// Microseconds of each request.
fn ask(port: u16, request: &str, ends: &AtomicBool) -> Result<Vec<f64>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let (mut waits, mut answer) = (Vec::new(), [0; 16 * 1024]);
    while !ends.load(Ordering::Relaxed) {
        let timer = Timer::start();
        stream.write_all(request.as_bytes())?;
        // The answer is small and comes in one piece.
        let read = stream.read(&mut answer)?;
        waits.push(timer.elapsed().as_secs_f64() * 1e6);
        ensure!(answer[..read].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..read]));
        pause(PACE);
    }
    Ok(waits)
}

/// What came of all attempts.
struct Attempts {
    /// Seconds until the last one was answered.
    took: f64,
    /// How many got which status.
    statuses: BTreeMap<String, usize>,
    /// MiB of the server at the worst moment.
    memory: f64,
}

impl std::fmt::Display for Attempts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let statuses: Vec<String> = self.statuses.iter().map(|(status, count)| format!("{count} × {status}")).collect();
        write!(f, "{:.1} s; {}; {:.0} MiB at most", self.took, statuses.join(", "), self.memory)
    }
}

/// What the sign-in page gives to a browser, and wants back.
struct Form {
    cookie: String,
    token: String,
}

impl Form {
    fn of(port: u16) -> Result<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        write!(stream, "GET {PAGE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        let between = |start: &str, end: &str| -> Option<String> {
            let (_, rest) = page.split_once(start)?;
            Some(rest.split_once(end)?.0.to_owned())
        };
        Ok(Self {
            cookie: between("\r\nset-cookie: ", ";").context("the sign-in page sets no cookie")?,
            token: between("name=\"csrf-token\" content=\"", "\"").context("the sign-in page has no token")?,
        })
    }

    fn attempt(&self, login: &str) -> String {
        let body = format!(
            "authenticity_token={}&user%5Blogin%5D={login}&user%5Bpassword%5D=wrong-password",
            self.token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
        );
        format!(
            "POST {PAGE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.cookie,
            body.len()
        )
    }

    /// Sends all attempts at once, each on a connection of its own, and waits for the last answer.
    fn send_all(&self, server: &Jeton, login: fn(usize) -> String) -> Result<Attempts> {
        let port = server.port;
        let requests: Vec<String> = (0..ATTEMPTS).map(|number| self.attempt(&login(number))).collect();
        let statuses = Arc::new(Mutex::new(BTreeMap::new()));
        let counted = Arc::clone(&statuses);
        let timer = Timer::start();
        let crowd = thread::spawn(move || crowd(port, requests, &counted));
        let mut memory: f64 = 0.0;
        while !crowd.is_finished() {
            memory = memory.max(machine::memory_of(server.pid())?.all);
            pause(LOOK);
        }
        crowd.join().map_err(|_| anyhow!("the crowd panicked"))??;
        let took = timer.elapsed().as_secs_f64();
        let statuses = statuses.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Attempts { took, statuses, memory })
    }
}

fn crowd(port: u16, requests: Vec<String>, statuses: &Arc<Mutex<BTreeMap<String, usize>>>) -> Result<()> {
    setpriority_process(None, NICE)?;
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut people = task::JoinSet::new();
        for request in requests {
            people.spawn(async move {
                match tokio::time::timeout(PATIENCE, attempt(port, &request)).await {
                    Ok(Ok(status)) => status,
                    Ok(Err(_)) => "connection lost".to_owned(),
                    Err(_) => "no answer".to_owned(),
                }
            });
        }
        while let Some(status) = people.join_next().await {
            *statuses.lock().unwrap_or_else(PoisonError::into_inner).entry(status?).or_default() += 1;
        }
        Ok(())
    })
}

/// The answer's status.
async fn attempt(port: u16, request: &str) -> Result<String> {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let status = answer.get(9..12).context("no whole answer")?;
    Ok(String::from_utf8_lossy(status).into_owned())
}
