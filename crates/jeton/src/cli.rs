//! The command line.

use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::{
    commands::{AuditCommand, TokenCommand, UserCommand},
    settings::{self, BadSetting, ROWS, Settings, Sources},
};

/// Jeton issues personal access tokens and decides, for every request that carries one, what it may do.
#[derive(Parser)]
#[command(name = "jeton", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve,
    /// Make, show, block and unblock users
    #[command(subcommand)]
    User(UserCommand),
    /// Make, show, revoke and identify tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Accept the end of the audit log as it is
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Bring the database's schema up to date
    Migrate,
    /// Look for what is wrong with the instance, and say what to do about it
    Doctor {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Reads the command line and the settings. Help, and usage that clap itself finds wrong, end the process here.
pub(crate) fn parse() -> Result<(Command, Settings), BadSetting> {
    let matches = command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let settings = Settings::read(&sources(&matches)?)?;
    Ok((cli.command, settings))
}

/// The command line with a flag for every setting that has one.
fn command() -> clap::Command {
    let flags = ROWS.iter().filter_map(|row| {
        let flag = row.flag.as_ref()?;
        let help = format!("{} [env: {}] [default: {}]", row.help, row.variable(), row.default);
        Some(setting(row.name, flag.name, flag.value).help(help))
    });
    let config = setting(CONFIG, CONFIG, "FILE").help("TOML file with settings [env: JETON_CONFIG]");
    Cli::command().arg(config).args(flags).mut_subcommand("serve", |serve| serve.after_long_help(settings::help()))
}

fn setting(name: &'static str, flag: &'static str, value: &'static str) -> Arg {
    Arg::new(name).long(flag).value_name(value).global(true).help_heading("Settings")
}

const CONFIG: &str = "config";

fn sources(matches: &ArgMatches) -> Result<Sources, BadSetting> {
    // A global flag is known to the innermost command, wherever it was written.
    let mut innermost = matches;
    while let Some((_, inner)) = innermost.subcommand() {
        innermost = inner;
    }
    let given = |name| innermost.get_one::<String>(name).cloned();
    Ok(Sources {
        flags: ROWS
            .iter()
            .filter(|row| row.flag.is_some())
            .filter_map(|row| Some((row.name, given(row.name)?)))
            .collect(),
        environment: settings::environment(std::env::vars_os())?,
        config: given(CONFIG).map(Into::into),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
