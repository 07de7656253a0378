//! Secrets that a command needs: from standard input, or typed at a prompt that does not show them. Never from the
//! arguments, which every user of the machine can read.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use anyhow::{Context as _, bail};
use jeton_core::secret::Secret;
use jeton_server::passwords::strength::{self, About};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// More bytes than any secret has.
const MOST: u64 = 4096;

/// All of standard input, without the line break at its end.
pub(crate) fn piped() -> anyhow::Result<Secret> {
    let mut text = Zeroizing::new(String::new());
    io::stdin().lock().take(MOST).read_to_string(&mut text).context("standard input cannot be read")?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

/// Whether somebody sits at a terminal and can be asked.
pub(crate) fn somebody_is_there() -> bool {
    io::stdin().is_terminal()
}

/// Asks for a new password, twice.
pub(crate) fn new_password() -> anyhow::Result<Secret> {
    let password = typed("New password: ")?;
    if password != typed("The same again: ")? {
        bail!("the two passwords differ; nothing was changed");
    }
    Ok(password)
}

/// Refuses what the pages would refuse.
pub(crate) fn check_password(password: Secret, about: About<'_>) -> anyhow::Result<Secret> {
    match strength::check(password.expose(), about) {
        Ok(()) => Ok(password),
        Err(weakness) => bail!("the password {weakness}"),
    }
}

/// One line from the terminal, which does not show it.
fn typed(prompt: &str) -> anyhow::Result<Secret> {
    let mut terminal = io::stderr().lock();
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    let quiet = Quiet::new()?;
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().take(MOST).read_line(&mut line)?;
    drop(quiet);
    writeln!(terminal)?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

/// While this lives, the terminal does not show what is typed.
struct Quiet(Termios);

impl Quiet {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // The terminal has gone, or it shows again; there is nothing else to do about it.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}
