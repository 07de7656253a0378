//! The Access tokens page: make a token, see the active ones, revoke one.

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header::ACCEPT},
    response::{IntoResponse, Response},
};
use jeton_core::{
    caller::{Caller, Via},
    id::TokenId,
    time::Timestamp,
    token::{Flaw, MadeVia, Plan},
};
use jeton_store::{By, tokens::Token};
use serde_json::json;

use super::{
    cookies::Cookie,
    error::Problem,
    form::{Form, Pairs},
    home, moments,
    news::News,
    paths,
    token_form::Entered,
    views::{self, AccessTokensPage, Notice, NoticeKind, Pager, RevokePage, TokenForm, TokenRow},
    visit::Visit,
    wanted,
};
use crate::{
    app::App,
    guard::{Anybody, Grant, OwnPages, ProvenPages},
    issue::NotIssued,
    refusal::Refusal,
};

/// Tokens on one page of the list.
const PAGE: usize = 100;

/// The page, with the form filled as its address proposes.
pub(super) async fn show(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    mut visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let Ok(query) = Pairs::parse(query.unwrap_or_default().as_bytes()) else {
        return Ok(Problem::Malformed.into_response());
    };
    let lifetime = app.lifetime();
    let form = Entered::of_query(&query, lifetime).into_view(app.offer(&caller.user), &[], Vec::new(), lifetime)?;
    let number = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let notice = match visit.take_news()? {
        Some(news) => notice(&app, caller, news).await?,
        None => None,
    };
    let parts = Parts { form, created: None, notice, number };
    page(&app, caller, &visit, StatusCode::OK, parts).await
}

/// Takes the form. The new token is shown by this very answer and nowhere else: no redirect, no cookie.
pub(super) async fn create(
    grant: Grant<ProvenPages>,
    State(app): State<App>,
    mut visit: Visit,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let entered = Entered::of_form(&form.pairs);
    match (attempt(&app, caller, &entered, &form, grant.by()).await?, wants_json(&headers)) {
        (Outcome::Made { secret, .. }, true) => Ok(Json(json!({ "token": secret })).into_response()),
        (Outcome::Made { name, secret }, false) => show_made(&app, caller, &visit, &name, &secret).await,
        (Outcome::Refused { problems, .. }, true) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "errors": problems }))).into_response())
        }
        (Outcome::Refused { flaws, problems }, false) => {
            let form = entered.into_view(app.offer(&caller.user), &flaws, problems, app.lifetime())?;
            page(&app, caller, &visit, StatusCode::UNPROCESSABLE_ENTITY, Parts::of(form)).await
        }
        (Outcome::SentBefore, _) => {
            visit.set(Cookie::News, &News::SentBefore.write())?;
            visit.go_on(paths::ACCESS_TOKENS)
        }
    }
}

/// What came of a form.
enum Outcome {
    /// A token.
    Made { name: String, secret: String },
    /// Nothing, because of flaws in what was entered; `problems` says everything in whole sentences.
    Refused { flaws: Vec<Flaw>, problems: Vec<String> },
    /// Nothing, because this very form made its token before.
    SentBefore,
}

async fn attempt(app: &App, caller: &Caller, entered: &Entered, form: &Form, by: By) -> Result<Outcome, Refusal> {
    let plan = match entered.check(app.offer(&caller.user), app.lifetime()) {
        Ok(plan) => plan,
        Err(flaws) => {
            let problems = flaws.iter().map(ToString::to_string).collect();
            return Ok(Outcome::Refused { flaws, problems });
        }
    };
    if !is_first(app, caller, form).await? {
        return Ok(Outcome::SentBefore);
    }
    make(app, caller, plan, by).await
}

/// The page with the new token, and a fresh form.
pub(super) async fn show_made(
    app: &App,
    caller: &Caller,
    visit: &Visit,
    name: &str,
    secret: &str,
) -> Result<Response, Refusal> {
    let lifetime = app.lifetime();
    let form = Entered::proposed(lifetime).into_view(app.offer(&caller.user), &[], Vec::new(), lifetime)?;
    let created = views::NewToken { name, token: secret, example: home::try_token(&app.config.external_url) };
    page(app, caller, visit, StatusCode::OK, Parts { created: Some(created), ..Parts::of(form) }).await
}

/// Whether this form was not sent before. Reloading the page of a new token sends its form once more: that must not make
/// a second token. Scripts send forms without an id; they know what they do.
async fn is_first(app: &App, caller: &Caller, form: &Form) -> Result<bool, Refusal> {
    match caller.via {
        Via::Session(session) if form.pairs.get("form_id").is_some() => {
            Ok(app.store.spend_form(session, form.digest).await?)
        }
        Via::Session(_) | Via::Token(_) | Via::Password => Ok(true),
    }
}

async fn make(app: &App, caller: &Caller, plan: Plan, by: By) -> Result<Outcome, Refusal> {
    match app.issue_token(caller.user.id, plan, MadeVia::Page, by).await {
        Ok(made) => Ok(Outcome::Made { name: made.token.name, secret: made.text }),
        Err(problem @ (NotIssued::TooMany(_) | NotIssued::Disabled)) => {
            Ok(Outcome::Refused { flaws: Vec::new(), problems: vec![problem.to_string()] })
        }
        Err(NotIssued::Refused(refusal)) => Err(refusal),
    }
}

/// Asks whether the token shall be revoked.
pub(super) async fn ask(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let now = app.now();
    let token = own_token(&app, caller, &id).await?.filter(|token| token.is_active(now));
    let Some(token) = token else { return Ok(Problem::NotFound.into_response()) };
    let page = RevokePage {
        frame: views::Frame { in_tokens: true, ..visit.frame("Revoke a token", Some(&caller.user), &[]) },
        token: row(token, now),
    };
    visit.page(StatusCode::OK, &page)
}

/// Revokes the token. Somebody else's is not found.
pub(super) async fn revoke(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    mut visit: Visit,
    Path(id): Path<String>,
    _: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let Some(token) = own_token(&app, caller, &id).await? else { return Ok(Problem::NotFound.into_response()) };
    if app.revoke_token(token.id, Some(caller.user.id), grant.by()).await?.is_none() {
        return Ok(Problem::NotFound.into_response());
    }
    visit.set(Cookie::News, &News::Revoked(token.id).write())?;
    visit.go_on(paths::ACCESS_TOKENS)
}

/// Leads from where GitLab had the page before, with the query that fills the form.
pub(super) async fn moved(_: Grant<Anybody>, visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    visit.lead(&format!("{}{}", paths::ACCESS_TOKENS, wanted::query_to_keep(query.as_deref())))
}

/// The caller's own token of that number, as far as pages show it.
pub(super) async fn own_token(app: &App, caller: &Caller, id: &str) -> Result<Option<Token>, Refusal> {
    let Ok(id) = id.parse() else { return Ok(None) };
    let token = app.token(TokenId(id)).await?;
    Ok(token.filter(|token| token.user == caller.user.id && !token.impersonation))
}

async fn notice(app: &App, caller: &Caller, news: News) -> Result<Option<Notice>, Refusal> {
    let done = |text| Some(Notice { kind: NoticeKind::Done, text });
    Ok(match news {
        News::Revoked(id) => own_token(app, caller, &id.to_string())
            .await?
            .and_then(|token| done(format!("Revoked personal access token {}!", token.name))),
        News::SentBefore => Some(Notice {
            kind: NoticeKind::Refused,
            text: "This form was sent before. The token that it made cannot be shown again.".to_owned(),
        }),
        News::SignedOut | News::PasswordSet | News::Done(_) | News::Factors(_) | News::Mail(_) => None,
    })
}

/// What differs from one showing of the page to the next.
struct Parts<'a> {
    form: TokenForm,
    created: Option<views::NewToken<'a>>,
    notice: Option<Notice>,
    /// Which page of the list, from 1.
    number: usize,
}

impl Parts<'_> {
    fn of(form: TokenForm) -> Self {
        Self { form, created: None, notice: None, number: 1 }
    }
}

async fn page(
    app: &App,
    caller: &Caller,
    visit: &Visit,
    status: StatusCode,
    parts: Parts<'_>,
) -> Result<Response, Refusal> {
    let now = app.now();
    let tokens = app.living_tokens(caller.user.id).await?;
    let (total, pager) = (tokens.len(), pager(tokens.len(), parts.number));
    let skipped = pager.as_ref().map_or(0, |pager| (pager.page - 1) * PAGE);
    let notices: Vec<Notice> = parts.notice.into_iter().collect();
    let page = AccessTokensPage {
        frame: views::Frame { in_tokens: true, ..visit.frame("Access tokens", Some(&caller.user), &notices) },
        created: parts.created,
        form: parts.form,
        total,
        tokens: tokens.into_iter().skip(skipped).take(PAGE).map(|token| row(token, now)).collect(),
        pager,
    };
    visit.page(status, &page)
}

/// The neighbours of a page; none where one page holds all.
fn pager(total: usize, asked: usize) -> Option<Pager> {
    let pages = total.div_ceil(PAGE);
    let page = asked.clamp(1, pages.max(1));
    let previous = (page > 1).then(|| page - 1);
    let next = (page < pages).then(|| page + 1);
    (pages > 1).then_some(Pager { page, pages, previous, next })
}

/// A token as the tables show it.
pub(super) fn row(token: Token, now: Timestamp) -> TokenRow {
    TokenRow {
        id: token.id.0,
        name: token.name,
        description: token.description.unwrap_or_default(),
        scopes: token.scopes,
        created: moments::on(token.created_at),
        last_used: token.last_used_at.map(|at| moments::ago(at, now)),
        last_used_ips: token.addresses,
        expires: token.expiry.date().map(|date| moments::until(date, now)),
    }
}

/// Whether a script asked, as GitLab's own page does, for JSON instead of a page.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.contains("application/json") && !accept.contains("text/html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_pages_only_when_it_is_long() {
        assert!(pager(0, 1).is_none() && pager(PAGE, 9).is_none());
        let last = pager(PAGE + 1, 9).map(|pager| (pager.page, pager.pages, pager.previous, pager.next));
        assert_eq!(last, Some((2, 2, Some(1), None)));
        let first = pager(PAGE * 3, 0).map(|pager| (pager.page, pager.pages, pager.previous, pager.next));
        assert_eq!(first, Some((1, 3, None, Some(2))));
    }
}
