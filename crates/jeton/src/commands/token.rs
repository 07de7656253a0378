//! `jeton token …`

use anyhow::{Context as _, anyhow, bail};
use clap::Subcommand;
use jeton_core::{
    id::TokenId,
    lock::{self, Denial},
    time::Timestamp,
    token::{Draft, Expiry, Flaw, MadeVia, Plan},
    user::{Closed, User, UserState},
};
use jeton_server::{
    app::App,
    notices::{NamedToken, Notice, TokenNotice},
};
use jeton_store::tokens::{NewToken, Token};
use serde_json::{Value, json};

use super::{ask, by, find_user, show, tell_servers};

/// What to do with tokens.
#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it, alone, on standard output
    Create {
        /// Whose it will be
        #[arg(long)]
        user: String,
        /// What it is called
        #[arg(long)]
        name: String,
        /// What it may be used for: names of scopes, separated by commas
        #[arg(long, value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// The date, in UTC, at whose beginning it ends, or a moment (RFC 3339); without one it does not end by itself
        #[arg(long, value_name = "YYYY-MM-DD")]
        expires_at: Option<String>,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
    },
    /// Show a user's active tokens
    List {
        /// Whose
        #[arg(long)]
        user: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// End a token for good
    Revoke {
        /// Its number, as `jeton token list` shows it
        id: i64,
    },
    /// Read a token on standard input and say whose it is and in what state
    Identify {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: TokenCommand, app: &App) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create { user, name, scopes, expires_at, description } => {
            let user = find_user(app, &user).await?;
            let scopes = scopes.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
            let expires_at = expires_at.as_deref().map_or(Ok(Expiry::NEVER), parse_end)?;
            let plan = check(Draft { name, description, scopes, expires_at }, app, &user)?;
            create(app, &user, plan).await
        }
        TokenCommand::List { user, json } => list(app, &find_user(app, &user).await?, json).await,
        TokenCommand::Revoke { id } => revoke(app, TokenId(id)).await,
        TokenCommand::Identify { json } => identify(app, json).await,
    }
}

fn parse_end(text: &str) -> anyhow::Result<Expiry> {
    Expiry::parse(text).ok_or_else(|| anyhow!("{text:?} is no date: write YYYY-MM-DD, or YYYY-MM-DDThh:mm:ssZ"))
}

fn check(draft: Draft, app: &App, user: &User) -> anyhow::Result<Plan> {
    let offer = app.offer(user);
    draft.check(offer, app.lifetime()).map_err(|flaws| {
        let offered = jeton_core::scope::SCOPES.iter().filter(|scope| scope.is_offered(offer)).map(|scope| scope.name);
        let flaws: Vec<String> = flaws.iter().map(Flaw::to_string).collect();
        anyhow!("{} (scopes for {}: {})", flaws.join("; "), user.username, offered.collect::<Vec<_>>().join(", "))
    })
}

async fn create(app: &App, user: &User, plan: Plan) -> anyhow::Result<()> {
    if app.policy().disable_personal_access_tokens {
        bail!("personal access tokens are switched off; see the application setting disable_personal_access_tokens");
    }
    let (token, digest) = app.make_token()?;
    let handle = App::make_handle()?;
    let named = NamedToken { name: &plan.name, handle: &handle.0 };
    let mails = app.mails_to(user, Notice::Token(TokenNotice::Created(plan.expiry), named), &by());
    let new = NewToken {
        user: user.id,
        handle,
        name: plan.name,
        description: plan.description,
        scopes: plan.scopes,
        expiry: plan.expiry,
        impersonation: false,
        made_via: MadeVia::CommandLine,
        digest,
        limit: app.config.token_limit,
    };
    app.store.create_token_telling(new, mails, by(), app.now()).await.context("the token was not made")?;
    Ok(show::line(&token.reveal())?)
}

async fn list(app: &App, user: &User, as_json: bool) -> anyhow::Result<()> {
    let now = app.now();
    let tokens = app.store.living_tokens(user.id, now).await.context("the tokens cannot be read")?;
    if as_json {
        return Ok(show::json(&tokens.iter().map(|token| describe(token, now)).collect())?);
    }
    let rows = tokens.into_iter().map(|token| {
        let last_used = token.last_used_at.map_or_else(|| "never".to_owned(), |moment| moment.to_string());
        [token.id.0.to_string(), token.name, token.scopes.join(","), token.expiry.to_string(), last_used]
    });
    Ok(show::table(["ID", "NAME", "SCOPES", "EXPIRES", "LAST USED"], rows.collect())?)
}

/// With the names that the API has.
fn describe(token: &Token, now: Timestamp) -> Value {
    json!({
        "id": token.id.0,
        "name": token.name,
        "description": token.description,
        "user_id": token.user.0,
        "scopes": token.scopes,
        "active": token.is_active(now),
        "revoked": token.ended.is_some(),
        "created_at": token.created_at.to_string(),
        "expires_at": token.expiry.date().map(|date| date.to_string()),
        "last_used_at": token.last_used_at.map(|moment| moment.to_string()),
    })
}

async fn revoke(app: &App, id: TokenId) -> anyhow::Result<()> {
    let revoked = app.revoke_token(id, None, by()).await.context("the token was not revoked")?;
    if revoked.is_none() {
        bail!("there is no token {}; `jeton token list --user U` shows a user's", id.0);
    }
    tell_servers(app).await
}

async fn identify(app: &App, as_json: bool) -> anyhow::Result<()> {
    if ask::somebody_is_there() {
        show::line("Paste the token, then Enter and Ctrl-D:")?;
    }
    let text = ask::piped()?;
    let Some(digest) = app.digest(text.expose().trim()) else {
        bail!("this is no token of any kind that Jeton makes: a character is missing, added or changed");
    };
    let unknown = || anyhow!("no token of this instance; it may be another instance's");
    let record = app.store.token_record(&digest).await.context("the token cannot be looked up")?.ok_or_else(unknown)?;
    let token = app.store.token(record.token.id).await?.ok_or_else(unknown)?;
    let user = app.store.user(token.user).await?.ok_or_else(unknown)?;
    let now = app.now();
    let state = state(lock::admit(record, app.rules(), now).as_ref().err(), &user);
    if as_json {
        let mut value = describe(&token, now);
        value["state"] = state.into();
        value["username"] = user.username.into();
        return Ok(show::json(&value)?);
    }
    Ok(show::table(
        ["ID", "NAME", "USER", "STATE", "SCOPES", "EXPIRES"],
        vec![[
            token.id.0.to_string(),
            token.name,
            user.username,
            state,
            token.scopes.join(","),
            token.expiry.to_string(),
        ]],
    )?)
}

/// One word, or two, on whether the token works.
fn state(denial: Option<&Denial>, user: &User) -> String {
    match denial {
        None if user.closed() == Some(Closed::Unconfirmed) => "user unconfirmed".to_owned(),
        None if user.state == UserState::Active => "active".to_owned(),
        None => format!("user {}", user.state.name()),
        Some(Denial::Expired { at }) => format!("expired {}", at.date()),
        Some(Denial::Revoked { ended, .. }) => format!("{} {}", ended.reason.name(), ended.at),
        Some(_) => "not accepted".to_owned(),
    }
}
