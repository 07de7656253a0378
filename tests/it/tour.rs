//! The README's tour, run as it is written.
//!
//! Every ```` ```console ```` block below the heading of `README.md` that holds the word "tour", down to the next heading
//! of that level, is run in one shell, from top to bottom, against a fresh server:
//!
//! ````text
//! ```console
//! $ TOKEN=$(jeton token create --user root --name tour --scopes api)
//! $ curl --silent --header "PRIVATE-TOKEN: $TOKEN" http://localhost:8080/api/v4/user
//! {"id":1,"username":"root",…}
//! $ git clone http://oauth2:$TOKEN@localhost:8080/root/hello.git \
//! >     here
//! Cloning into 'here'...
//! …
//! ```
//! ````
//!
//! * A line that begins with `$ ` is a command, and `> ` goes on with it. The lines after it, down to the next command,
//!   are what it prints, on standard output and standard error together: all of it, nothing if there are none.
//! * `…` stands for anything within a line, and a line that is nothing but `…` for any number of lines.
//! * The shell stands in a directory with the server's `data`, so that `jeton` (also as `target/release/jeton`) finds it
//!   without settings. Instead of port 8080 the server has another one; the runner puts it into the commands, and 8080
//!   back into what they print.
//! * `jeton serve` and `make run` are not for these blocks: the server runs already. Show them in a `sh` block.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use crate::harness::{Server, secrets};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
/// Where the README says that the server is.
const ADDRESS: &str = "localhost:8080";
/// What the shell prints after each command.
const MARK: &str = "--- that was all ---";

/// A command, and the lines that it prints.
#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    expected: Vec<String>,
}

/// The steps of the tour in a README.
fn steps(readme: &str) -> Vec<Step> {
    let tour = readme.lines().skip_while(|line| !is_heading(line) || !line.to_lowercase().contains("tour")).skip(1);
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in tour.take_while(|line| !is_heading(line)) {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if !inside => {}
            _ => add(&mut steps, line),
        }
    }
    steps
}

fn is_heading(line: &str) -> bool {
    line.starts_with("## ")
}

fn add(steps: &mut Vec<Step>, line: &str) {
    if let Some(command) = line.strip_prefix("$ ") {
        steps.push(Step { command: command.to_owned(), expected: Vec::new() });
        return;
    }
    let step = steps.last_mut().expect("a console block begins with a command");
    match line.strip_prefix("> ") {
        Some(more) if step.expected.is_empty() => write!(step.command, "\n{more}").unwrap(),
        _ => step.expected.push(line.trim_end().to_owned()),
    }
}

/// Whether the lines are what the README shows.
fn lines_match(expected: &[String], printed: &[String]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((any, rest)) if any == "…" => (0..=printed.len()).any(|skip| lines_match(rest, &printed[skip..])),
        Some((first, rest)) => {
            printed.first().is_some_and(|line| line_matches(first, line)) && lines_match(rest, &printed[1..])
        }
    }
}

fn line_matches(expected: &str, printed: &str) -> bool {
    match expected.split_once('…') {
        None => expected == printed,
        Some((before, after)) => printed
            .strip_prefix(before)
            .is_some_and(|rest| (0..=rest.len()).filter_map(|at| rest.get(at..)).any(|rest| line_matches(after, rest))),
    }
}

/// A shell that stays, so that a variable that one command sets is there for the next.
struct Shell {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Shell {
    fn start(server: &Server) -> Self {
        let settings = server.command();
        let here = settings.get_current_dir().unwrap().to_owned();
        let program = settings.get_program().to_owned();
        let bin = here.join("target/release");
        fs::create_dir_all(&bin).unwrap();
        std::os::unix::fs::symlink(&program, bin.join("jeton")).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut command = std::process::Command::new("sh");
        command.current_dir(&here).env_clear().env("PATH", path).env("HOME", &here).env("LC_ALL", "C.UTF-8");
        command.envs([("GIT_TERMINAL_PROMPT", "0"), ("GIT_CONFIG_NOSYSTEM", "1")]);
        // The README's reader has the database in `data`; on PostgreSQL the program must be told.
        command.env("JETON_DATABASE_URL", server.database());
        command.envs([("GIT_AUTHOR_NAME", "Jane Doe"), ("GIT_AUTHOR_EMAIL", "jane@example.com")]);
        command.envs([("GIT_COMMITTER_NAME", "Jane Doe"), ("GIT_COMMITTER_EMAIL", "jane@example.com")]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, stdin, stdout }
    }

    /// Runs a command and returns what it printed.
    fn run(&mut self, command: &str) -> Vec<String> {
        writeln!(self.stdin, "{{ {command}\n}} </dev/null 2>&1; echo; echo '{MARK}'").unwrap();
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.stdout.read_line(&mut line).unwrap() > 0, "the shell ended after {lines:?}");
            if line.trim_end() == MARK {
                break;
            }
            secrets::learn(&line);
            lines.push(line.trim_end().to_owned());
        }
        // The empty `echo` ended an unfinished line, or made an empty one of its own.
        if lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_readmes_tour_is_true() {
    let steps = steps(&fs::read_to_string(README).unwrap());
    assert!(!steps.is_empty(), "the README has no tour");
    let server = Server::start(&[]);
    let mut shell = Shell::start(&server);
    let address = format!("localhost:{}", server.port());
    for Step { command, expected } in steps {
        let printed = shell.run(&command.replace(ADDRESS, &address));
        let printed: Vec<String> = printed.iter().map(|line| line.replace(&address, ADDRESS)).collect();
        assert!(
            lines_match(&expected, &printed),
            "\n$ {command}\nprints\n{}\nand the README says\n{}\n",
            printed.join("\n"),
            expected.join("\n")
        );
    }
}

#[test]
fn a_tour_is_read() {
    let readme =
        "# X\n## Tour\ntext\n```console\n$ one \\\n>   two\nout\n> out\n$ three\n```\n```sh\n$ no\n```\n## Next\n";
    let step = |command: &str, expected: &[&str]| Step {
        command: command.to_owned(),
        expected: expected.iter().map(|line| (*line).to_owned()).collect(),
    };
    assert_eq!(steps(readme), [step("one \\\n  two", &["out", "> out"]), step("three", &[])]);
}

#[test]
fn an_ellipsis_stands_for_anything() {
    let matches = |expected: &str, printed: &str| {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        lines_match(&lines(expected), &lines(printed))
    };
    assert!(matches("a…c", "abc") && matches("a…", "a") && matches("…", "") && matches("a\n…\nd", "a\nb\nc\nd"));
    assert!(matches("x…y…z", "x1y2yz") && matches("", ""));
    assert!(!matches("a…c", "abd") && !matches("", "a") && !matches("a", "") && !matches("a\n…\nd", "a\nb"));
}
