//! wrk on the second core, against a server on the first.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::machine;

/// The script that wrk runs.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tokens.lua");
/// Connections at once, where nothing else is said.
pub(crate) const CONNECTIONS: u32 = 16;
/// A round in which other programs took more than this share of a core is run again, a few times.
const DISTURBED: f64 = 0.10;
const TRIES: u32 = 4;

/// In which order wrk sends its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// Any, again and again.
    Random,
    /// As they stand in the file.
    InTurn,
}

/// What is sent, and to whom.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// The port on the loopback interface.
    pub(crate) port: u16,
    /// The server's process, or its worker's.
    pub(crate) pid: u32,
    /// One request a line; see the script.
    pub(crate) requests: PathBuf,
    /// In which order.
    pub(crate) order: Order,
    /// For how long.
    pub(crate) seconds: u32,
}

/// What one round came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// Requests a second.
    pub(crate) rate: f64,
    /// Half of the requests took at most this long, in microseconds.
    pub(crate) p50: f64,
    /// 99 of 100 took at most this long, in microseconds.
    pub(crate) p99: f64,
    /// CPU time of the server for one request, in microseconds.
    pub(crate) cpu: f64,
    /// How many requests were answered.
    pub(crate) requests: u64,
}

/// The line that the script prints.
#[derive(Deserialize)]
struct Printed {
    requests: u64,
    micros: u64,
    p50: u64,
    p99: u64,
    refused: u64,
    broken: u64,
}

impl Load {
    /// One round, run again while other programs disturb it.
    pub(crate) fn run(&self) -> Result<Round> {
        let mut round = self.once()?;
        for _ in 1..TRIES {
            if round.1 <= DISTURBED {
                break;
            }
            round = self.once()?;
        }
        Ok(round.0)
    }

    /// One round, and the share of a core that others took meanwhile.
    pub(crate) fn once(&self) -> Result<(Round, f64)> {
        let all = machine::cpu_of_all()?;
        let (server, children) = (machine::cpu_of(self.pid)?, machine::cpu_of_ended_children()?);
        let printed = self.wrk()?;
        let server = machine::cpu_of(self.pid)? - server;
        let ours = server + (machine::cpu_of_ended_children()? - children);
        let others = machine::cpu_of_all()? - all - ours;
        let (requests, seconds) = (printed.requests as f64, printed.micros as f64 / 1e6);
        let round = Round {
            rate: requests / seconds,
            p50: printed.p50 as f64,
            p99: printed.p99 as f64,
            cpu: server * 1e6 / requests,
            requests: printed.requests,
        };
        Ok((round, others / seconds))
    }

    fn wrk(&self) -> Result<Printed> {
        let output = self.command().stderr(Stdio::inherit()).output().context("wrk cannot be run")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().find(|line| line.starts_with('{')).with_context(|| format!("wrk says: {text}"))?;
        let printed: Printed = serde_json::from_str(line)?;
        let (what, requests) = (self.requests.display(), printed.requests);
        ensure!(requests > 0, "{what}: no request was answered");
        ensure!(printed.refused == 0, "{what}: {} of {requests} requests were refused", printed.refused);
        ensure!(printed.broken == 0, "{what}: {} requests broke off, {requests} were answered", printed.broken);
        Ok(printed)
    }

    /// wrk itself, to be run.
    pub(crate) fn command(&self) -> Command {
        let mut command = on_core(1, "wrk");
        command
            .args(["--threads", "1", "--connections", &CONNECTIONS.to_string()])
            .args(["--duration", &format!("{}s", self.seconds), "--timeout", "10s", "--script", SCRIPT])
            .arg(format!("http://127.0.0.1:{}/", self.port))
            .env("BENCH_REQUESTS", &self.requests)
            .env("BENCH_ORDER", if matches!(self.order, Order::Random) { "random" } else { "in turn" })
            .stdin(Stdio::null());
        command
    }
}

/// A command that runs on one core alone.
pub(crate) fn on_core(core: usize, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &core.to_string()]).arg(program);
    command
}

/// One line of a file of requests. `header` is a whole header line.
pub(crate) fn request(method: &str, path: &str, header: Option<&str>, body: Option<&str>) -> String {
    format!("{method}\t{path}\t{}\t{}\n", header.unwrap_or("-"), body.unwrap_or("-"))
}

/// Writes a file of requests.
pub(crate) fn write_requests(directory: &Path, name: &str, lines: impl Iterator<Item = String>) -> Result<PathBuf> {
    let path = directory.join(name);
    fs::write(&path, lines.collect::<String>())?;
    Ok(path)
}
