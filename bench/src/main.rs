//! `make bench`: starts the release program with very many tokens, measures it against nginx and against git over
//! `file://` on the same machine in the same run, and says which of Jeton's targets are missed.
//!
//! The server under test has the first core for itself, the load generator the second. Rounds of all targets take turns,
//! and what is reported is the median; a ratio is the median over the rounds of a round's own ratio. A round that other
//! programs disturbed is run again. `BENCH_TOKENS`, `BENCH_SECONDS` and `BENCH_ROUNDS` make it smaller, to try it out;
//! names of parts (`requests`, `sign-ins`, `git`) as arguments leave out the others.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is printed")]
#![expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]

mod clock;
mod git;
mod http;
mod load;
mod machine;
mod report;
mod seed;
mod server;
mod sign_ins;
mod statistics;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

use crate::server::{Jeton, jeton};

/// How large the bench is.
pub(crate) struct Size {
    /// Living tokens in the database.
    pub(crate) tokens: usize,
    /// How long a round is.
    pub(crate) seconds: u32,
    /// Rounds of each target.
    pub(crate) rounds: usize,
}

impl Size {
    fn from_environment() -> Result<Self> {
        let number = |name: &str, usual: usize| match std::env::var(name) {
            Ok(text) => text.parse().with_context(|| format!("{name} is no number")),
            Err(_) => Ok(usual),
        };
        Ok(Self {
            tokens: number("BENCH_TOKENS", 1_000_000)?,
            seconds: u32::try_from(number("BENCH_SECONDS", 5)?)?,
            rounds: number("BENCH_ROUNDS", 5)?,
        })
    }
}

/// What can be measured by itself.
const PARTS: [&str; 3] = ["requests", "sign-ins", "git"];

/// The parts that are wanted: those that the arguments name, or all.
fn parts() -> Result<Vec<String>> {
    let named: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = named.iter().find(|name| !PARTS.contains(&name.as_str())) {
        bail!("there is no part `{unknown}`; there are {}", PARTS.join(", "));
    }
    Ok(if named.is_empty() { PARTS.map(str::to_owned).to_vec() } else { named })
}

fn main() -> Result<()> {
    let size = Size::from_environment()?;
    let parts = parts()?;
    let wants = |part: &str| parts.iter().any(|wanted| wanted == part);
    let directory = directory()?;
    let data = directory.join("data");
    fs::create_dir_all(&data)?;
    let mut rows = Vec::new();

    eprintln!("an empty server");
    rows.extend(http::empty(&data)?);
    eprintln!("{} tokens", size.tokens);
    let seeded = tokio::runtime::Runtime::new()?.block_on(seed::fill(&data, size.tokens))?;
    rows.push(
        report::Row::new("database, for each token", format!("{:.0} bytes", seeded.bytes_per_token))
            .ratio(seeded.bytes_per_token, "bytes")
            .at_most(150.0),
    );
    let output =
        jeton(&data)?.args(["token", "create", "--user", "root", "--name", "bench", "--scopes", "api"]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let root = String::from_utf8(output.stdout)?.trim().to_owned();

    if wants("requests") {
        rows.extend(http::measure(&directory, &data, &seeded, &root, &size)?);
    }
    if wants("sign-ins") {
        eprintln!("sign-ins");
        rows.extend(sign_ins::measure(&data, &root)?);
    }
    if wants("git") {
        eprintln!("git");
        rows.extend(measure_git(&directory, &data, &root)?);
    }

    let about = [
        ("machine", machine::processor()),
        ("disk", format!("4 KiB are safe after {:.2} ms", machine::sync_time(&data)?.as_secs_f64() * 1e3)),
        ("tokens", format!("{} of {} users, SQLite", size.tokens, size.tokens / 10)),
        (
            "load",
            format!(
                "wrk on the second core, {} connections, {} rounds of {} s",
                load::CONNECTIONS,
                size.rounds,
                size.seconds
            ),
        ),
    ];
    let text = report::render(&about, &rows);
    let file = directory.with_file_name("bench-report.md");
    fs::write(&file, &text)?;
    println!("{text}\nThis report is in {}", file.display());
    Ok(fs::remove_dir_all(directory)?)
}

fn measure_git(directory: &Path, data: &Path, token: &str) -> Result<Vec<report::Row>> {
    let server = Jeton::start(data, false)?;
    let work = directory.join("git");
    fs::create_dir_all(&work)?;
    let rows = git::measure(&server, &git::Work { directory: &work, data, token })?;
    server.stop()?;
    Ok(rows)
}

/// A new directory beside the program's own, on the disk that the build is on.
fn directory() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).context("no target directory")?;
    let directory = target.join("bench");
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory)?;
    Ok(directory)
}
