//! Running `git`: in a cleared environment, in a process group of its own, and never left behind.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
};

use super::config::CONFIG;
use crate::metrics::{Counted, Tally};

/// For how long a git that was asked to end may tidy up (lock files, half-received objects) before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// Bytes that are kept of what git complains about; the last ones, which say why it gave up.
const COMPLAINT: usize = 2048;

/// The installed `git`, 2.36 or newer.
#[derive(Clone, Debug)]
pub struct Git {
    search_path: OsString,
    running: Tally,
}

/// The one on this process's own `PATH`.
impl Default for Git {
    fn default() -> Self {
        Self::found_on(std::env::var_os("PATH").unwrap_or_default())
    }
}

/// Why a git command did not do its work. For the log: the texts hold no credential, since git is never given one.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// It could not be started.
    #[error("git could not be started: {0}")]
    NotStarted(#[source] io::Error),
    /// Talking to it failed.
    #[error("talking to git failed: {0}")]
    Interrupted(#[source] io::Error),
    /// It said no.
    #[error("git {command} ended with {status}: {complaint}")]
    Failed {
        /// The subcommand.
        command: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The end of its standard error, on one line.
        complaint: String,
    },
    /// It did not end.
    #[error("git {0} did not end in time")]
    TimedOut(&'static str),
}

impl Git {
    /// The `git` that is found along `search_path` (the value of `PATH`).
    pub fn found_on(search_path: impl Into<OsString>) -> Self {
        Self { search_path: search_path.into(), running: Tally::default() }
    }

    /// How many processes run, besides those that they started themselves.
    pub fn running(&self) -> usize {
        self.running.now()
    }

    /// What `git --version` says.
    pub async fn version(&self) -> Result<String, GitError> {
        let mut process = self.start(Invocation::new("version"))?;
        drop(process.stdin.take());
        let mut text = String::new();
        let mut stdout = process.stdout.take();
        if let Some(stdout) = &mut stdout {
            stdout.take(1024).read_to_string(&mut text).await.map_err(GitError::Interrupted)?;
        }
        process.wait().await.map_err(GitError::Interrupted)?;
        Ok(text.trim().to_owned())
    }

    /// Starts a command with all three standard streams piped.
    pub(crate) fn start(&self, invocation: Invocation<'_>) -> Result<GitProcess, GitError> {
        let mut command = Command::new("git");
        if let Some(directory) = invocation.directory {
            command.arg("--git-dir").arg(directory);
        }
        command.arg(invocation.command).args(invocation.arguments);
        command.env_clear().env("PATH", &self.search_path).envs(ENVIRONMENT.iter().copied());
        if let Some(protocol) = invocation.protocol {
            command.env("GIT_PROTOCOL", protocol);
        }
        let config = CONFIG.iter().chain(invocation.config);
        command.env("GIT_CONFIG_COUNT", config.clone().count().to_string());
        for (position, (key, value)) in config.enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{position}"), key).env(format!("GIT_CONFIG_VALUE_{position}"), value);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.current_dir("/").process_group(0).kill_on_drop(true);
        let process = command.spawn().map_err(GitError::NotStarted)?;
        let process = GitProcess::new(process, self.running.count());
        if invocation.background {
            process.step_back();
        }
        Ok(process)
    }

    /// Runs a command to its end with `input` on its standard input, for `patience` at most; what it prints is thrown
    /// away.
    pub(crate) async fn run(
        &self,
        invocation: Invocation<'_>,
        input: &[u8],
        patience: Duration,
    ) -> Result<(), GitError> {
        let command = invocation.command;
        let mut process = self.start(invocation)?;
        match tokio::time::timeout(patience, process.finish(input)).await {
            Ok(Ok((status, _))) if status.success() => Ok(()),
            Ok(Ok((status, complaint))) => Err(GitError::Failed { command, status, complaint }),
            Ok(Err(error)) => Err(GitError::Interrupted(error)),
            Err(_) => {
                process.end().await;
                Err(GitError::TimedOut(command))
            }
        }
    }
}

/// What git sees of the world, besides its configuration.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("HOME", "/nonexistent"),
    ("XDG_CONFIG_HOME", "/nonexistent"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_DEFAULT_REF_FORMAT", "files"),
    ("LC_ALL", "C"),
];

/// One run of git.
#[derive(Debug)]
pub(crate) struct Invocation<'a> {
    command: &'static str,
    arguments: Vec<&'a OsStr>,
    directory: Option<&'a Path>,
    config: &'static [(&'static str, &'static str)],
    protocol: Option<&'static str>,
    background: bool,
}

impl<'a> Invocation<'a> {
    /// `git <command>`.
    pub(crate) const fn new(command: &'static str) -> Self {
        Self { command, arguments: Vec::new(), directory: None, config: &[], protocol: None, background: false }
    }

    /// Adds an argument that is none of the client's.
    pub(crate) fn arg(mut self, argument: &'a (impl AsRef<OsStr> + ?Sized)) -> Self {
        self.arguments.push(argument.as_ref());
        self
    }

    /// Names the wire protocol (`GIT_PROTOCOL`).
    pub(crate) const fn protocol(mut self, protocol: Option<&'static str>) -> Self {
        self.protocol = protocol;
        self
    }

    /// The repository in which it runs.
    pub(crate) const fn within(mut self, directory: &'a Path) -> Self {
        self.directory = Some(directory);
        self
    }

    /// Runs only when nobody else wants to.
    pub(crate) const fn in_the_background(mut self) -> Self {
        self.background = true;
        self
    }

    /// Configuration that counts more than [`CONFIG`].
    pub(crate) const fn config(mut self, config: &'static [(&'static str, &'static str)]) -> Self {
        self.config = config;
        self
    }
}

/// A running git. When it is dropped, it and everything it started is killed.
#[derive(Debug)]
pub(crate) struct GitProcess {
    child: Child,
    /// None once the leader was reaped: its number may belong to somebody else by then.
    group: Option<Pid>,
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Option<ChildStdout>,
    pub(crate) stderr: Option<ChildStderr>,
    _counted: Counted,
}

impl GitProcess {
    fn new(mut child: Child, counted: Counted) -> Self {
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        Self { child, group, stdin, stdout, stderr, _counted: counted }
    }

    /// Feeds it `input` and waits until it ends by itself: how, and what it complained about.
    async fn finish(&mut self, input: &[u8]) -> io::Result<(ExitStatus, String)> {
        let (stdin, stdout, stderr) = (self.stdin.take(), self.stdout.take(), self.stderr.take());
        let feed = async {
            if let Some(mut stdin) = stdin {
                // A command that gives up early says why on its standard error.
                let _ = stdin.write_all(input).await;
            }
        };
        let ((), _, complaint) = tokio::join!(feed, complaint(stdout), complaint(stderr));
        Ok((self.wait().await?, complaint))
    }

    /// Makes room for others: it and everything it starts runs when nobody else wants to.
    fn step_back(&self) {
        if let Some(group) = self.group {
            // Without it the work is done too, only less politely.
            let _ = rustix::process::setpriority_pgrp(Some(group), 19);
        }
    }

    /// Waits until it ends by itself.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.group = None;
        Ok(status)
    }

    /// Ends it and everything it started. Git removes its lock files and half-received objects when it is asked to
    /// end; it is killed only if it does not.
    pub(crate) async fn end(mut self) {
        self.signal(Signal::TERM);
        if tokio::time::timeout(GRACE, self.wait()).await.is_err() {
            self.signal(Signal::KILL);
            let _ = self.wait().await;
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // It fails only if all of them are gone.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for GitProcess {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Reads a stream to its end and keeps the last bytes, as one printable line.
pub(crate) async fn complaint(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let mut kept = Vec::with_capacity(2 * COMPLAINT);
    while let Ok(1..) = stream.read_buf(&mut kept).await {
        if kept.len() >= 2 * COMPLAINT {
            kept.drain(..kept.len() - COMPLAINT);
        }
    }
    let start = kept.len().saturating_sub(COMPLAINT);
    let text = String::from_utf8_lossy(&kept[start..]);
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_complaint_is_short_and_printable() {
        assert_eq!(complaint(Some(&b"fatal: a\nb\x1b[31m\xff\n"[..])).await, "fatal: a b [31m\u{fffd}");
        let long = "x".repeat(1 << 20) + "end";
        let kept = complaint(Some(long.as_bytes())).await;
        assert_eq!((kept.len(), &kept[COMPLAINT - 3..]), (COMPLAINT, "end"));
    }
}
