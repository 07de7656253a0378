//! `jeton user …`

use anyhow::{Context as _, anyhow, bail};
use clap::Subcommand;
use jeton_core::{
    secret::Secret,
    user::{Email, User, UserState, Username},
};
use jeton_server::{app::App, passwords::strength::About};
use jeton_store::users::NewUser;
use serde_json::{Value, json};

use super::{ask, by, find_user, show, tell_servers};

/// What to do with users.
#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Make a user. Without a password, a link is printed that sets one, once and within a day
    Create {
        /// The name to sign in with, and the path of the user's own projects
        username: String,
        /// The e-mail address
        #[arg(long)]
        email: String,
        /// The name for people; by default, the user name
        #[arg(long)]
        name: Option<String>,
        /// May administer the instance
        #[arg(long)]
        admin: bool,
        /// The address needs no confirmation, even where others do
        #[arg(long)]
        skip_confirmation: bool,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Show all users
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Close an account: its sessions end, its tokens and password are refused
    Block {
        /// The user's name
        username: String,
    },
    /// Open a blocked, banned or deactivated account again
    Unblock {
        /// The user's name
        username: String,
    },
    /// Take every second factor of a user away, who lost them all; the password alone signs in again
    ResetTwoFactor {
        /// The user's name
        username: String,
    },
    /// Set a user's password; its sessions end
    ResetPassword {
        /// The user's name
        username: String,
        /// Read the password from standard input instead of asking for it
        #[arg(long)]
        password_stdin: bool,
    },
}

pub(super) async fn run(command: UserCommand, app: &App) -> anyhow::Result<()> {
    match command {
        UserCommand::Create { username, email, name, admin, skip_confirmation, password_stdin } => {
            let password = if password_stdin { Some(ask::piped()?) } else { None };
            let new = new_user(app, &username, &email, name.as_deref(), admin)?;
            create(app, new, skip_confirmation, password).await
        }
        UserCommand::List { json } => list(app, json).await,
        UserCommand::Block { username } => set_state(app, &username, UserState::Blocked).await,
        UserCommand::Unblock { username } => set_state(app, &username, UserState::Active).await,
        UserCommand::ResetTwoFactor { username } => reset_two_factor(app, &username).await,
        UserCommand::ResetPassword { username, password_stdin } => reset_password(app, &username, password_stdin).await,
    }
}

fn new_user(
    app: &App,
    username: &str,
    email: &str,
    name: Option<&str>,
    administrator: bool,
) -> anyhow::Result<NewUser> {
    let name = check_name(name.unwrap_or(username))?;
    let username = Username::parse(username).map_err(|problem| anyhow!("the user name {username:?} {problem}"))?;
    let email = Email::parse(email).map_err(|problem| anyhow!("the e-mail address {email:?} {problem}"))?;
    let limit = app.policy().default_projects_limit;
    Ok(NewUser { administrator, ..NewUser::plain(username, name, email, limit) })
}

async fn create(app: &App, new: NewUser, is_confirmed: bool, password: Option<Secret>) -> anyhow::Result<()> {
    let new = match password {
        Some(password) => {
            let about = About {
                username: new.username.as_str(),
                name: &new.name,
                email: new.email.as_str(),
                url: &app.config.external_url,
            };
            let hash = app.passwords.hash(ask::check_password(password, about)?).await?;
            NewUser { password_hash: Some(hash), ..new }
        }
        None => new,
    };
    let needs_link = new.password_hash.is_none();
    let user = app.create_user(new, is_confirmed, by()).await?.context("the user was not made")?;
    if needs_link {
        let link = app.make_password_link(user.id).await.map_err(|refusal| anyhow!("no link was made: {refusal}"))?;
        show::line(&format!("Set the password of {}, once and within a day: {link}", user.username))?;
    }
    Ok(())
}

/// A name for people, as every listing and commit can show it.
fn check_name(name: &str) -> anyhow::Result<String> {
    /// In characters, as GitLab counts.
    const LONGEST: usize = 255;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST || name.contains(char::is_control) {
        bail!("the name must have 1 to {LONGEST} characters, none of them a line break or another control character");
    }
    Ok(name.to_owned())
}

async fn list(app: &App, as_json: bool) -> anyhow::Result<()> {
    let users = app.store.all_users().await.context("the users cannot be read")?;
    if as_json {
        return Ok(show::json(&users.iter().map(describe).collect())?);
    }
    let rows = users.into_iter().map(|user| {
        let administrator = if user.administrator { "yes" } else { "" };
        [
            user.id.0.to_string(),
            user.username,
            user.state.name().to_owned(),
            administrator.to_owned(),
            user.email,
            user.name,
        ]
    });
    Ok(show::table(["ID", "USERNAME", "STATE", "ADMIN", "EMAIL", "NAME"], rows.collect())?)
}

/// With the names that the API has.
fn describe(user: &User) -> Value {
    json!({
        "id": user.id.0,
        "username": user.username,
        "name": user.name,
        "email": user.email,
        "state": user.state.name(),
        "is_admin": user.administrator,
        "created_at": user.created_at.to_string(),
        "last_sign_in_at": user.last_sign_in_at.map(|moment| moment.to_string()),
    })
}

async fn set_state(app: &App, username: &str, state: UserState) -> anyhow::Result<()> {
    let user = find_user(app, username).await?;
    app.set_user_state(user.id, state, by()).await.context("the account was not changed")?;
    tell_servers(app).await
}

async fn reset_two_factor(app: &App, username: &str) -> anyhow::Result<()> {
    let user = find_user(app, username).await?;
    let was_on = app.reset_two_factor(&user, by()).await.context("two-factor authentication was not changed")?;
    if !was_on {
        bail!("two-factor authentication is not enabled for {username:?}");
    }
    tell_servers(app).await
}

async fn reset_password(app: &App, username: &str, password_stdin: bool) -> anyhow::Result<()> {
    let user = find_user(app, username).await?;
    let password = match (password_stdin, ask::somebody_is_there()) {
        (true, _) => ask::piped()?,
        (false, true) => ask::new_password()?,
        (false, false) => bail!("there is no terminal to ask for the password; give it with --password-stdin"),
    };
    let hash = app.passwords.hash(ask::check_password(password, app.about(&user))?).await?;
    app.reset_password(&user, hash, by()).await.context("the password was not changed")?;
    tell_servers(app).await
}
