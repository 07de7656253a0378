//! The two servers that are measured: Jeton, and nginx as the yardstick.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    clock::{Timer, pause},
    load::on_core,
};

/// The password of `root` in every instance that the bench makes.
pub(crate) const ROOT_PASSWORD: &str = "only-for-the-bench";

/// A running Jeton.
pub(crate) struct Jeton {
    process: Child,
    /// The port on the loopback interface.
    pub(crate) port: u16,
    /// From the start of the process until its first request was answered.
    pub(crate) started_in: Duration,
}

/// The program that was built together with this one.
fn program() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("jeton");
    ensure!(path.exists(), "{} is missing: run `make bench`", path.display());
    Ok(path)
}

/// The program, with its data in `data`; add a command.
pub(crate) fn jeton(data: &Path) -> Result<Command> {
    Ok(with_settings(Command::new(program()?), data))
}

fn with_settings(mut command: Command, data: &Path) -> Command {
    command
        .env("JETON_DATA_DIR", data)
        .env("JETON_LISTEN", "127.0.0.1:0")
        .env("JETON_ROOT_PASSWORD", ROOT_PASSWORD)
        .env("JETON_LOG", "warn")
        .env("JETON_REGISTRY", "off")
        .stdin(Stdio::null());
    command
}

impl Jeton {
    /// Starts it on the first core, or on all.
    pub(crate) fn start(data: &Path, pinned: bool) -> Result<Self> {
        let command = if pinned { on_core(0, program()?) } else { Command::new(program()?) };
        let timer = Timer::start();
        let mut process = with_settings(command, data).arg("serve").stdout(Stdio::piped()).spawn()?;
        let mut stdout = BufReader::new(process.stdout.take().context("no stdout")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let port = line.trim_end().rsplit(':').next().unwrap_or_default();
        let port = port.trim_end_matches('/').parse().with_context(|| format!("the first line is `{line}`"))?;
        get(port, "/-/health", "")?;
        let started_in = timer.elapsed();
        // The pipe must stay open and empty for as long as the server runs.
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        Ok(Self { process, port, started_in })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Stops it and waits for its end.
    pub(crate) fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.process), Signal::TERM)?;
        let status = self.process.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

impl Drop for Jeton {
    fn drop(&mut self) {
        // Without effect after `stop`; after a failure nothing is left running.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A running nginx with one worker that serves one file.
pub(crate) struct Nginx {
    process: Child,
    /// The port on the loopback interface.
    pub(crate) port: u16,
}

/// The path of the file that nginx serves.
pub(crate) const FILE: &str = "/user.json";

impl Nginx {
    /// Starts it on the first core with a file of this content.
    pub(crate) fn start(directory: &Path, content: &[u8]) -> Result<Self> {
        fs::create_dir_all(directory.join("www"))?;
        fs::write(directory.join("www").join(FILE.trim_start_matches('/')), content)?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let settings = include_str!("../nginx.conf")
            .replace("%dir%", &directory.display().to_string())
            .replace("%port%", &port.to_string());
        let file = directory.join("nginx.conf");
        fs::write(&file, settings)?;
        // Its worker runs as another user when nginx is started by root, and must reach the file.
        make_readable(directory)?;
        let mut command = on_core(0, "nginx");
        // Debian keeps nginx out of an ordinary user's PATH.
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{path}:/usr/sbin")).arg("-p").arg(directory).arg("-c").arg(&file);
        let process = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().context("nginx cannot be run")?;
        let nginx = Self { process, port };
        for _ in 0..100 {
            if get(port, FILE, "").is_ok() {
                return Ok(nginx);
            }
            pause(Duration::from_millis(50));
        }
        anyhow::bail!("nginx does not answer; see {}", directory.join("nginx-error.log").display())
    }

    /// The process that answers: the worker.
    pub(crate) fn worker(&self) -> Result<u32> {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.process.id()))?;
        Ok(children.split_whitespace().next().context("nginx has no worker")?.parse()?)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
    }
}

fn make_readable(directory: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// The body of one answer; an error unless its status is in the two hundreds. `header` is a whole line, or empty.
pub(crate) fn get(port: u16, path: &str, header: &str) -> Result<Vec<u8>> {
    send(port, "GET", path, header, "")
}

/// The same with any method and a JSON body.
pub(crate) fn send(port: u16, method: &str, path: &str, header: &str, body: &str) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n{header}\r\n{body}",
        body.len()
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").context("no whole answer")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    ensure!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {head}");
    Ok(answer.split_off(end + 4))
}
