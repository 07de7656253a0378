//! Requests, start and memory of the server.

use std::{ops::Range, path::Path, process::Stdio};

use anyhow::{Context, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    Size,
    load::{Load, Order, Round, request, write_requests},
    machine,
    report::Row,
    seed::Seeded,
    server::{FILE, Jeton, Nginx, get},
    statistics::{median, median_ratio},
};

const HEALTH: &str = "/-/health";
const USER: &str = "/api/v4/user";
/// How many of the tokens are used, again and again.
const USED: usize = 100_000;
/// Accounts whose passwords are guessed, in turn by chance.
const GUESSED: usize = 50_000;
/// How often a start is measured.
const STARTS: usize = 5;

/// A server without tokens: how fast it starts and how much memory it takes. It leaves its empty database.
pub(crate) fn empty(data: &Path) -> Result<Vec<Row>> {
    // The first start makes keys, database and root.
    Jeton::start(data, true)?.stop()?;
    let (started, memory) = starts(data)?;
    Ok(vec![
        Row::new("start, empty, to the first answer", format!("{started:.0} ms")).ratio(started, "ms").at_most(50.0),
        Row::new("memory, empty (PSS)", format!("{memory:.0} MiB")).ratio(memory, "MiB").at_most(30.0),
    ])
}

/// Milliseconds to the first answer, and MiB after it; medians.
fn starts(data: &Path) -> Result<(f64, f64)> {
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let server = Jeton::start(data, true)?;
        times.push(server.started_in.as_secs_f64() * 1e3);
        sizes.push(machine::memory_of(server.pid())?.all);
        server.stop()?;
    }
    Ok((median(&times), median(&sizes)))
}

/// Everything about requests.
pub(crate) fn measure(directory: &Path, data: &Path, seeded: &Seeded, root: &str, size: &Size) -> Result<Vec<Row>> {
    let (started, _) = starts(data)?;
    let start = Row::new("start with all tokens, to the first answer", format!("{started:.0} ms"));
    let mut rows = vec![start.ratio(started, "ms").at_most(1_000.0)];

    let server = Jeton::start(data, true)?;
    let file = get(server.port, USER, &header(&seeded.tokens[0]))?;
    let nginx = Nginx::start(&directory.join("nginx"), &file)?;
    let bench = Bench { directory, server: &server, nginx: &nginx, seeded, root, size };
    eprintln!("requests, {} rounds", size.rounds);
    rows.extend(bench.requests(file.len())?);
    eprintln!("passwords beside tokens");
    rows.push(bench.beside_passwords()?);
    eprintln!("memory");
    rows.push(bench.memory()?);
    eprintln!("creation and revocation");
    rows.extend(bench.changes()?);
    server.stop()?;
    Ok(rows)
}

fn header(token: &str) -> String {
    format!("PRIVATE-TOKEN: {token}")
}

struct Bench<'b> {
    directory: &'b Path,
    server: &'b Jeton,
    nginx: &'b Nginx,
    seeded: &'b Seeded,
    root: &'b str,
    size: &'b Size,
}

impl Bench<'_> {
    /// A load on the server; the lines are written to a file of that name.
    fn load(&self, name: &str, order: Order, lines: impl Iterator<Item = String>) -> Result<Load> {
        let requests = write_requests(self.directory, name, lines)?;
        Ok(Load { port: self.server.port, pid: self.server.pid(), requests, order, seconds: self.size.seconds })
    }

    /// `GET /api/v4/user` with the tokens at these positions.
    fn users(&self, name: &str, order: Order, positions: Range<usize>) -> Result<Load> {
        let tokens = &self.seeded.tokens[positions];
        self.load(name, order, tokens.iter().map(|token| request("GET", USER, Some(&header(token)), None)))
    }

    /// Health, user, nginx's file and tokens that are not in memory, in turn.
    fn requests(&self, file_size: usize) -> Result<Vec<Row>> {
        let warm = USED.min(self.size.tokens / 2);
        let health = self.load("health", Order::Random, std::iter::once(request("GET", HEALTH, None, None)))?;
        let user = self.users("users", Order::Random, 0..warm)?;
        let static_file = Load {
            port: self.nginx.port,
            pid: self.nginx.worker()?,
            ..self.load("file", Order::Random, std::iter::once(request("GET", FILE, None, None)))?
        };
        // Every token is used once, so that each of the rounds finds most of them in memory.
        Load { order: Order::InTurn, ..user.clone() }.run()?;
        let mut rounds: [Vec<Round>; 4] = Default::default();
        let cold = (self.size.tokens - warm) / self.size.rounds;
        for round in 0..self.size.rounds {
            rounds[0].push(health.run()?);
            rounds[1].push(user.run()?);
            rounds[2].push(static_file.run()?);
            let begin = warm + round * cold;
            rounds[3].push(self.cold(begin..begin + cold)?);
        }
        let [health, user, file, cold] = &rounds;
        let user_row = row("GET /api/v4/user, a random one of 100,000 tokens", user);
        Ok(vec![
            row("GET /-/health", health),
            user_row.ratio(median_ratio(&rates(user), &rates(health)), "× health").at_least(0.70),
            row("the same two, by CPU of the server", user).ratio(median_ratio(&cpus(health), &cpus(user)), "× health"),
            row(&format!("nginx, a file of the same {file_size} bytes"), file)
                .ratio(median_ratio(&rates(user), &rates(file)), "= user / nginx"),
            row("GET /api/v4/user, tokens that are not in memory", cold)
                .ratio(median_ratio(&rates(cold), &rates(health)), "× health")
                .at_least(0.15),
        ])
    }

    /// Tokens that were not used before, each once; as long as they last.
    fn cold(&self, positions: Range<usize>) -> Result<Round> {
        let count = positions.len() as u64;
        let mut load = self.users("cold", Order::InTurn, positions)?;
        load.seconds = load.seconds.min(2);
        let (round, _) = load.once()?;
        anyhow::ensure!(round.requests <= count, "{count} unused tokens did not last; set BENCH_TOKENS higher");
        Ok(round)
    }

    /// Token requests while passwords are checked all the time.
    fn beside_passwords(&self) -> Result<Row> {
        let user = self.users("users", Order::Random, 0..USED.min(self.size.tokens / 2))?;
        // Wrong passwords at so many accounts that none of them is told to wait: each guess costs a hash.
        let path = "/root/none.git/info/refs?service=git-upload-pack";
        let guesses = (0..GUESSED).map(|number| {
            let credential = BASE64_STANDARD.encode(format!("user{number}:wrong-password"));
            request("GET", path, Some(&format!("Authorization: Basic {credential}")), None)
        });
        let guesses = Load { seconds: self.size.seconds * 2 + 2, ..self.load("guesses", Order::Random, guesses)? };
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        for _ in 0..self.size.rounds {
            alone.push(user.run()?);
            let mut hammer = guesses.command().stdout(Stdio::null()).spawn().context("wrk cannot be run")?;
            let round = user.once();
            hammer.kill()?;
            hammer.wait()?;
            beside.push(round?.0);
        }
        let row = row("GET /api/v4/user while passwords are guessed", &beside);
        Ok(row.ratio(median_ratio(&rates(&beside), &rates(&alone)), "× alone").at_least(0.90))
    }

    /// Memory after every token was used.
    fn memory(&self) -> Result<Row> {
        let mut all = self.users("all", Order::InTurn, 0..self.size.tokens)?;
        all.seconds = 10;
        while all.once()?.0.requests < self.size.tokens as u64 {
            all.seconds *= 2;
        }
        let memory = machine::memory_of(self.server.pid())?;
        let measured = format!("{:.0} MiB, {:.0} MiB of them pages of files", memory.all, memory.files);
        Ok(Row::new("memory after every token was used (PSS)", measured).ratio(memory.all, "MiB").at_most(150.0))
    }

    /// Tokens made and revoked over the API, each change safe on the disk before it is answered.
    fn changes(&self) -> Result<Vec<Row>> {
        let root = header(self.root);
        let body = r#"{"name":"bench","scopes":["api"]}"#;
        let users = self.size.tokens / 10;
        let create = (0..users)
            .map(|number| format!("/api/v4/users/{}/personal_access_tokens", Seeded::id(number)))
            .map(|path| request("POST", &path, Some(&root), Some(body)));
        let create = self.load("create", Order::InTurn, create)?;
        let mut rows = Vec::new();
        rows.push(row("a token made over the API", &self.repeat(|_| create.once())?));
        let each = self.size.tokens / self.size.rounds;
        let revoked = self.repeat(|round| {
            let revoke = (round * each..(round + 1) * each)
                .map(|position| format!("/api/v4/personal_access_tokens/{}", Seeded::id(position)))
                .map(|path| request("DELETE", &path, Some(&root), None));
            self.load("revoke", Order::InTurn, revoke)?.once()
        })?;
        rows.push(row("a token revoked over the API", &revoked));
        Ok(rows)
    }

    fn repeat(&self, once: impl Fn(usize) -> Result<(Round, f64)>) -> Result<Vec<Round>> {
        (0..self.size.rounds).map(|round| Ok(once(round)?.0)).collect()
    }
}

fn rates(rounds: &[Round]) -> Vec<f64> {
    rounds.iter().map(|round| round.rate).collect()
}

fn cpus(rounds: &[Round]) -> Vec<f64> {
    rounds.iter().map(|round| round.cpu).collect()
}

fn row(what: &str, rounds: &[Round]) -> Row {
    let middle = |value: fn(&Round) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
    let measured = format!(
        "{:.0}/s, p50 {:.0} µs, p99 {:.0} µs, {:.1} µs CPU",
        middle(|round| round.rate),
        middle(|round| round.p50),
        middle(|round| round.p99),
        middle(|round| round.cpu)
    );
    Row::new(what, measured)
}
