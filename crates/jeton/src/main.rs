//! The program `jeton`: settings, command line, logging, and the wiring of everything else.

mod cli;
mod commands;
mod instance;
mod keys;
mod logging;
mod settings;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Done.
const DONE: u8 = 0;
/// Refused or failed.
const FAILED: u8 = 1;
/// Used wrongly.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let (status, outcome) = match cli::parse() {
        Err(error) => (MISUSED, Err(error.into())),
        Ok((command, settings)) => (FAILED, run(command, settings)),
    };
    match outcome {
        Ok(()) => ExitCode::from(DONE),
        Err(error) => {
            complain(&error);
            ExitCode::from(status)
        }
    }
}

fn run(command: cli::Command, settings: settings::Settings) -> anyhow::Result<()> {
    if !matches!(command, cli::Command::Serve) {
        // The server has a log for them.
        settings.misspelt.iter().for_each(|warning| say(warning));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(commands::run(command, settings))
}

/// One line on standard error that says why and what to do.
fn complain(error: &anyhow::Error) {
    say(&format!("{error:#}"));
}

#[expect(clippy::print_stderr, reason = "this is the one place where a command says what it has to say to people")]
fn say(text: &str) {
    eprintln!("jeton: {}", text.split_whitespace().collect::<Vec<_>>().join(" "));
}
