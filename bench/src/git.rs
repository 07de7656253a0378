//! Clone and push of a large repository over Jeton, against the same over `file://`.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::{
    clock::Timer,
    report::Row,
    server::{Jeton, send},
    statistics::median,
};

/// The repository: so many commits, each with so many new files of so many bytes that do not compress.
const COMMITS: usize = 100;
const FILES: usize = 20;
const FILE_SIZE: usize = 50_000;
/// How often each thing is done; the two ways take turns.
const ROUNDS: usize = 5;

/// Where git works, and the header that authenticates it.
pub(crate) struct Work<'w> {
    /// A directory of its own.
    pub(crate) directory: &'w Path,
    /// Jeton's data directory, to find the repository's own directory in.
    pub(crate) data: &'w Path,
    /// A token that may push.
    pub(crate) token: &'w str,
}

/// All of it.
pub(crate) fn measure(server: &Jeton, work: &Work<'_>) -> Result<Vec<Row>> {
    let source = work.directory.join("source");
    make_source(&source)?;
    let pushes = work.pushes(server, &source)?;
    let http = work.http(server, "root/bench-0");
    let file = format!("file://{}", work.repository_on_disk()?.display());
    let mut rows = vec![
        pushes,
        work.clones(&http, &file, 1, 1.05)?,
        work.clones(&http, &file, 8, 1.12)?,
        work.ls_remotes(&http, &file)?,
    ];
    rows.push(work.small_pushes(server, &source)?);
    Ok(rows)
}

/// Seconds over Jeton and over `file://`, each the median of its rounds.
struct Pair {
    http: f64,
    file: f64,
}

impl Pair {
    /// Does both in turn.
    fn measure(mut http: impl FnMut(usize) -> Result<()>, mut file: impl FnMut(usize) -> Result<()>) -> Result<Self> {
        let (mut over_http, mut over_file) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            over_http.push(seconds(|| http(round))?);
            over_file.push(seconds(|| file(round))?);
        }
        Ok(Self { http: median(&over_http), file: median(&over_file) })
    }

    fn row(&self, what: &str, target: Option<f64>) -> Row {
        let measured = format!("{:.3} s, over file:// {:.3} s", self.http, self.file);
        let row = Row::new(what, measured).ratio(self.http / self.file, "× file://");
        match target {
            Some(most) => row.at_most(most),
            None => row,
        }
    }
}

fn seconds(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let timer = Timer::start();
    work()?;
    Ok(timer.elapsed().as_secs_f64())
}

impl Work<'_> {
    fn http(&self, server: &Jeton, path: &str) -> String {
        format!("http://oauth2:{}@127.0.0.1:{}/{path}.git", self.token, server.port)
    }

    /// Pushes everything into a new project, and into a new bare repository.
    fn pushes(&self, server: &Jeton, source: &Path) -> Result<Row> {
        let push = |address: String| git(source, &["push", "--quiet", &address, "main"]);
        let pair = Pair::measure(
            |round| {
                let name = format!("bench-{round}");
                self.new_project(server, &name)?;
                push(self.http(server, &format!("root/{name}")))
            },
            |round| {
                let bare = self.new_bare(&format!("push-{round}"))?;
                push(format!("file://{}", bare.display()))?;
                Ok(fs::remove_dir_all(bare)?)
            },
        )?;
        Ok(pair.row("push of 100 MB", None))
    }

    /// Clones `at_once` times at once.
    fn clones(&self, http: &str, file: &str, at_once: usize, target: f64) -> Result<Row> {
        let pair = Pair::measure(|_| self.clone_all(http, at_once), |_| self.clone_all(file, at_once))?;
        let what = if at_once == 1 { "clone of 100 MB".to_owned() } else { format!("{at_once} such clones at once") };
        Ok(pair.row(&what, Some(target)))
    }

    fn clone_all(&self, address: &str, at_once: usize) -> Result<()> {
        let directories: Vec<_> = (0..at_once).map(|number| self.directory.join(format!("clone-{number}"))).collect();
        let start = |directory: &PathBuf| {
            let directory = directory.display().to_string();
            Ok(command(self.directory, &["clone", "--quiet", "--bare", address, &directory]).spawn()?)
        };
        let clones = directories.iter().map(start).collect::<Result<Vec<Child>>>()?;
        for mut clone in clones {
            ensure!(clone.wait()?.success(), "git clone failed");
        }
        directories.iter().try_for_each(fs::remove_dir_all)?;
        Ok(())
    }

    fn ls_remotes(&self, http: &str, file: &str) -> Result<Row> {
        let ten = |address: &str| (0..10).try_for_each(|_| git(self.directory, &["ls-remote", "--quiet", address]));
        Ok(Pair::measure(|_| ten(http), |_| ten(file))?.row("10 × ls-remote", Some(1.5)))
    }

    /// Ten pushes of one small commit each.
    fn small_pushes(&self, server: &Jeton, source: &Path) -> Result<Row> {
        self.new_project(server, "small")?;
        let http = self.http(server, "root/small");
        let file = format!("file://{}", self.new_bare("small")?.display());
        let begin = |address: &str| git(source, &["push", "--quiet", address, "main~99:refs/heads/main"]);
        begin(&http)?;
        begin(&file)?;
        let ten = |address: &str, branch: String| {
            (1..=10).try_for_each(|number| {
                let what = format!("main~{}:refs/heads/{branch}", 99 - number);
                git(source, &["push", "--quiet", address, &what])
            })
        };
        let pair = Pair::measure(|round| ten(&http, format!("b{round}")), |round| ten(&file, format!("b{round}")))?;
        Ok(pair.row("10 × push of one commit", Some(1.7)))
    }

    fn new_project(&self, server: &Jeton, name: &str) -> Result<()> {
        let header = format!("PRIVATE-TOKEN: {}", self.token);
        send(server.port, "POST", "/api/v4/projects", &header, &format!("{{\"name\":\"{name}\"}}")).map(drop)
    }

    fn new_bare(&self, name: &str) -> Result<PathBuf> {
        let path = self.directory.join(format!("{name}.git"));
        git(self.directory, &["init", "--quiet", "--bare", "--initial-branch=main", &path.display().to_string()])?;
        Ok(path)
    }

    /// The first project's repository in Jeton's own directory: both ways read the very same one.
    fn repository_on_disk(&self) -> Result<PathBuf> {
        let mut found = Vec::new();
        find_repositories(&self.data.join("repositories"), &mut found)?;
        found.sort();
        found.into_iter().next().context("no repository below the data directory")
    }
}

fn find_repositories(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if directory.join("HEAD").exists() {
        found.push(directory.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            find_repositories(&path, found)?;
        }
    }
    Ok(())
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(directory).args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_TERMINAL_PROMPT", "0");
    // The repository on Jeton's disk may belong to another user.
    command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "safe.directory").env("GIT_CONFIG_VALUE_0", "*");
    command
}

fn git(directory: &Path, arguments: &[&str]) -> Result<()> {
    let status = command(directory, arguments).status()?;
    ensure!(status.success(), "git {} failed", arguments[0]);
    Ok(())
}

/// Makes the repository that is pushed; the same bytes at every run.
fn make_source(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)?;
    git(directory, &["init", "--quiet", "--bare", "--initial-branch=main"])?;
    let mut import = command(directory, &["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
    let mut stream = std::io::BufWriter::new(import.stdin.take().context("no stdin")?);
    let mut noise = Noise(1);
    for commit in 0..COMMITS {
        writeln!(
            stream,
            "commit refs/heads/main\ncommitter Bench <bench@example.com> {} +0000",
            1_767_225_600 + commit
        )?;
        writeln!(stream, "data 5\nbench")?;
        for file in 0..FILES {
            writeln!(stream, "M 100644 inline d{file}/f{commit}.bin\ndata {FILE_SIZE}")?;
            stream.write_all(&noise.bytes(FILE_SIZE))?;
            writeln!(stream)?;
        }
        writeln!(stream)?;
    }
    stream.into_inner().map_err(std::io::IntoInnerError::into_error)?.flush()?;
    ensure!(import.wait()?.success(), "git fast-import failed");
    git(directory, &["repack", "-a", "-d", "--quiet"])
}

/// Numbers that look random and are the same every time (`SplitMix64`).
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).take(count).collect()
    }
}
