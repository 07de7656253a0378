//! The own addresses: the one that the account has, and the one that shall take its place.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::{caller::Caller, secret::Secret, user::Email};

use super::{
    cookies::Cookie,
    form::Form,
    news::{MailNews, News},
    paths,
    views::{Field, Frame, Notice, NoticeKind},
    visit::Visit,
};
use crate::{
    accounts::NotChanged,
    app::App,
    guard::{Grant, OwnPages},
    refusal::Refusal,
};

/// See the module.
#[derive(Template)]
#[template(path = "emails.html")]
struct EmailsPage<'a> {
    frame: Frame<'a>,
    /// The account's address.
    email: &'a str,
    /// The address that waits to be confirmed.
    wanted: Option<String>,
    /// What was typed before.
    new: Field,
    password_problem: Option<&'static str>,
}

/// What is wrong with what was typed.
#[derive(Default)]
struct Flaws {
    email: Option<String>,
    password: Option<&'static str>,
}

/// The page.
pub(super) async fn show(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    mut visit: Visit,
) -> Result<Response, Refusal> {
    let notice = match visit.take_news()? {
        Some(News::Mail(news)) => {
            let kind = if news == MailNews::TooOften { NoticeKind::Refused } else { NoticeKind::Done };
            Some(Notice { kind, text: news.text().to_owned() })
        }
        _ => None,
    };
    page(&app, grant.somebody()?, &visit, StatusCode::OK, notice, ("", Flaws::default())).await
}

/// Takes the form: the new address gets a link, and counts when that is opened.
pub(super) async fn change(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let field = |name| form.pairs.get(name).unwrap_or_default();
    let typed = field("user[email]").trim();
    let mut flaws = Flaws::default();
    let password = Secret::new(field("user[current_password]"));
    let account = app.check_password(&caller.user.username, password).await?;
    if account.is_none_or(|account| account.user.id != caller.user.id) {
        flaws.password = Some("Current password is invalid");
    }
    match Email::parse(typed) {
        Err(flaw) => flaws.email = Some(format!("Email {flaw}")),
        Ok(email) if flaws.password.is_none() => match app.want_email(&caller.user, email, grant.by()).await {
            Ok(()) => return tell(&mut visit, MailNews::Wanted),
            Err(NotChanged::Taken) => flaws.email = Some("Email has already been taken".to_owned()),
            Err(NotChanged::TooOften) => return tell(&mut visit, MailNews::TooOften),
            Err(NotChanged::Refused(refusal)) => return Err(refusal),
        },
        Ok(_) => {}
    }
    page(&app, caller, &visit, StatusCode::UNPROCESSABLE_ENTITY, None, (typed, flaws)).await
}

/// Sends the link for the wanted address once more.
pub(super) async fn remind(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    mut visit: Visit,
    _: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    match app.remind_of_wanted_email(&caller.user, &grant.by()).await {
        Ok(true) => tell(&mut visit, MailNews::Reminded),
        Err(NotChanged::TooOften) => tell(&mut visit, MailNews::TooOften),
        Err(NotChanged::Refused(refusal)) => Err(refusal),
        Ok(false) | Err(NotChanged::Taken) => visit.go_on(paths::EMAILS),
    }
}

fn tell(visit: &mut Visit, news: MailNews) -> Result<Response, Refusal> {
    visit.set(Cookie::News, &News::Mail(news).write())?;
    visit.go_on(paths::EMAILS)
}

async fn page(
    app: &App,
    caller: &Caller,
    visit: &Visit,
    status: StatusCode,
    notice: Option<Notice>,
    (typed, flaws): (&str, Flaws),
) -> Result<Response, Refusal> {
    let notices: Vec<Notice> = notice.into_iter().collect();
    let page = EmailsPage {
        frame: visit.frame("E-mail", Some(&caller.user), &notices),
        email: &caller.user.email,
        wanted: app.store.wanted_email(caller.user.id).await?,
        new: Field { value: typed.to_owned(), problem: flaws.email },
        password_problem: flaws.password,
    };
    visit.page(status, &page)
}
