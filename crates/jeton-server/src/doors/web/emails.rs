//! The own addresses: the one that the account has, the one that shall take its place, and further ones.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jeton_core::{caller::Caller, id::EmailId, secret::Secret, user::Email};
use jeton_store::{Slice, users::emails::Email as FurtherEmail};

use super::{
    cookies::Cookie,
    error::Problem,
    form::Form,
    news::{MailNews, News},
    paths,
    views::{Field, Frame, Notice, NoticeKind},
    visit::Visit,
};
use crate::{
    accounts::{FURTHER_ADDRESSES, NotChanged},
    app::App,
    guard::{Grant, OwnPages, ProvenPages},
    refusal::Refusal,
};

/// See the module.
#[derive(Template)]
#[template(path = "emails.html")]
struct EmailsPage<'a> {
    frame: Frame<'a>,
    /// The account's address.
    email: &'a str,
    /// The address that waits to take its place.
    wanted: Option<String>,
    further: Vec<FurtherEmail>,
    /// The form for another address of the account.
    primary: Field,
    password_problem: Option<&'static str>,
    /// The form for a further address.
    another: Field,
}

/// The forms, as they are shown once more.
#[derive(Default)]
struct Entered {
    primary: Field,
    password_problem: Option<&'static str>,
    another: Field,
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
    page(&app, grant.somebody()?, &visit, StatusCode::OK, notice, Entered::default()).await
}

/// Takes the form: the new address gets a link, and counts when that is opened.
pub(super) async fn change(
    grant: Grant<ProvenPages>,
    State(app): State<App>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let field = |name| form.pairs.get(name).unwrap_or_default();
    let typed = field("user[email]").trim();
    let password = Secret::new(field("user[current_password]"));
    let is_right = app.confirm_password(caller.user.id, &password, &grant.by()).await?.is_some();
    let problem = match Email::parse(typed) {
        Err(flaw) => Some(format!("Email {flaw}")),
        Ok(email) if is_right => match outcome(app.want_email(&caller.user, email, grant.by()).await)? {
            Ok(()) => return tell(&mut visit, MailNews::Wanted),
            Err(Unwanted::TooOften) => return tell(&mut visit, MailNews::TooOften),
            Err(Unwanted::Refused(problem)) => Some(problem),
        },
        Ok(_) => None,
    };
    let entered = Entered {
        primary: Field { value: typed.to_owned(), problem },
        password_problem: (!is_right).then_some("Current password is invalid"),
        ..Entered::default()
    };
    page(&app, caller, &visit, StatusCode::UNPROCESSABLE_ENTITY, None, entered).await
}

/// Adds a further address, which gets a link.
pub(super) async fn add(
    grant: Grant<ProvenPages>,
    State(app): State<App>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let typed = form.pairs.get("email[email]").unwrap_or_default().trim();
    let problem = match Email::parse(typed) {
        Err(flaw) => format!("Email {flaw}"),
        Ok(email) => match outcome(app.add_email(&caller.user, email, false, grant.by()).await)? {
            Ok(()) => return tell(&mut visit, MailNews::Added),
            Err(Unwanted::TooOften) => return tell(&mut visit, MailNews::TooOften),
            Err(Unwanted::Refused(problem)) => problem,
        },
    };
    let another = Field { value: typed.to_owned(), problem: Some(problem) };
    page(&app, caller, &visit, StatusCode::UNPROCESSABLE_ENTITY, None, Entered { another, ..Entered::default() }).await
}

/// Sends the link for an address that waits once more.
pub(super) async fn remind(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let address = form.pairs.get("email[email]").unwrap_or_default();
    match app.remind(&caller.user, address, &grant.by()).await {
        Ok(true) => tell(&mut visit, MailNews::Reminded),
        Err(NotChanged::TooOften) => tell(&mut visit, MailNews::TooOften),
        Err(NotChanged::Refused(refusal)) => Err(refusal),
        Ok(false) | Err(NotChanged::Taken | NotChanged::TooMany(_)) => visit.go_on(paths::EMAILS),
    }
}

/// Removes a further address. Somebody else's is not found.
pub(super) async fn remove(
    grant: Grant<ProvenPages>,
    State(app): State<App>,
    mut visit: Visit,
    Path(id): Path<String>,
    _: Form,
) -> Result<Response, Refusal> {
    let user = grant.somebody()?.user.id;
    match id.parse() {
        Ok(id) if app.store.delete_email(EmailId(id), user, grant.by(), app.now()).await? => {
            tell(&mut visit, MailNews::Removed)
        }
        _ => Ok(Problem::NotFound.into_response()),
    }
}

/// Why an address was not taken.
enum Unwanted {
    Refused(String),
    TooOften,
}

fn outcome<T>(done: Result<T, NotChanged>) -> Result<Result<(), Unwanted>, Refusal> {
    let refused = |problem: String| Ok(Err(Unwanted::Refused(problem)));
    match done {
        Ok(_) => Ok(Ok(())),
        Err(NotChanged::Taken) => refused("Email has already been taken".to_owned()),
        Err(NotChanged::TooMany(limit)) => {
            refused(format!("You have {limit} further addresses, as many as you may. Remove one first."))
        }
        Err(NotChanged::TooOften) => Ok(Err(Unwanted::TooOften)),
        Err(NotChanged::Refused(refusal)) => Err(refusal),
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
    entered: Entered,
) -> Result<Response, Refusal> {
    let notices: Vec<Notice> = notice.into_iter().collect();
    let user = &caller.user;
    let page = EmailsPage {
        frame: Frame { section: Some(paths::EMAILS), ..visit.frame("E-mail", Some(user), &notices) },
        email: &user.email,
        wanted: app.store.wanted_email(user.id).await?,
        further: app.store.emails(user.id, Slice { limit: FURTHER_ADDRESSES, offset: 0 }).await?,
        primary: entered.primary,
        password_problem: entered.password_problem,
        another: entered.another,
    };
    visit.page(status, &page)
}
