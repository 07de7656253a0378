//! One visit of a browser: the cookies that it brought, the value that its forms must bring back, and the cookies that
//! the answer sets.

use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use jeton_core::{
    caller::Caller,
    second_factor::{Demand, Duty},
    time::Timestamp,
    user::User,
};
use jeton_store::Fault;

use super::{
    assets,
    cookies::Cookie,
    moments,
    news::{Done, News},
    views::{Frame, Notice, NoticeKind, Viewer},
};
use crate::{app::App, refusal::Refusal, session};

/// See the module.
pub(super) struct Visit {
    secure: bool,
    /// What the forms are tied to: the session's cookie, or that of a visit without one.
    cookie: Option<String>,
    csrf: String,
    half: Option<String>,
    wanted: Option<String>,
    demand: Demand,
    now: Timestamp,
    news: Option<News>,
    device: Option<String>,
    set: Vec<HeaderValue>,
}

impl FromRequestParts<App> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers, app))
    }
}

impl Visit {
    /// What the browser brought.
    pub(super) fn of(headers: &HeaderMap, app: &App) -> Self {
        let secure = app.is_secure();
        let read = |cookie: Cookie| cookie.read(headers, secure).map(str::to_owned);
        let cookie = read(Cookie::Session).or_else(|| read(Cookie::Visit));
        let csrf = cookie.as_deref().map(|cookie| app.sessions.csrf_token(cookie)).unwrap_or_default();
        let news = Cookie::News.read(headers, secure).and_then(News::read);
        Self {
            secure,
            cookie,
            csrf,
            half: read(Cookie::Half),
            wanted: read(Cookie::Wanted),
            demand: app.demand(),
            now: app.now(),
            news,
            device: read(Cookie::Device),
            set: Vec::new(),
        }
    }

    /// What ties a challenge to this browser: the session's cookie, or that of the visit.
    pub(super) fn binding(&self) -> &str {
        self.cookie.as_deref().unwrap_or_default()
    }

    /// The cookie of a sign-in whose second step is still to come.
    pub(super) fn half(&self) -> Option<&str> {
        self.half.as_deref()
    }

    /// Who is signed in, on pages that ask nobody to be.
    pub(super) async fn caller(&self, app: &App) -> Result<Option<Caller>, Fault> {
        match &self.cookie {
            Some(cookie) => app.identify_session(cookie).await,
            None => Ok(None),
        }
    }

    /// Whether a form brought that value. Without any cookie there is none.
    pub(super) fn proves(&self, brought: &str, app: &App) -> bool {
        self.cookie.as_deref().is_some_and(|cookie| app.sessions.csrf_matches(cookie, brought))
    }

    /// Makes sure that a form can be tied to this browser, before anybody signed in.
    pub(super) fn begin(&mut self, app: &App) -> Result<(), Refusal> {
        if self.cookie.is_none() {
            let cookie = session::new_secret()?;
            self.set(Cookie::Visit, &cookie)?;
            self.csrf = app.sessions.csrf_token(&cookie);
            self.cookie = Some(cookie);
        }
        Ok(())
    }

    /// What the last page had to tell, once.
    pub(super) fn take_news(&mut self) -> Result<Option<News>, Refusal> {
        let news = self.news.take();
        if news.is_some() {
            self.clear(Cookie::News)?;
        }
        Ok(news)
    }

    /// What was done on one of the pages about oneself, once, as a notice.
    pub(super) fn take_notices(&mut self) -> Result<Vec<Notice>, Refusal> {
        Ok(match self.take_news()? {
            Some(News::Done(done)) => vec![Notice { kind: NoticeKind::Done, text: done.text().to_owned() }],
            Some(_) | None => Vec::new(),
        })
    }

    /// Notes what was done, and leads to the page that tells it.
    pub(super) fn done(&mut self, done: Done, to: &str) -> Result<Response, Refusal> {
        self.set(Cookie::News, &News::Done(done).write())?;
        self.go_on(to)
    }

    /// What the browser wanted before it had to sign in, as the cookie keeps it.
    pub(super) fn wanted(&self) -> Option<&str> {
        self.wanted.as_deref()
    }

    /// By what the browser was known at earlier sign-ins.
    pub(super) fn device(&self) -> Option<&str> {
        self.device.as_deref()
    }

    /// Sets a cookie with the answer, kept for that many seconds; none: until the browser is closed.
    pub(super) fn set_for(&mut self, cookie: Cookie, value: &str, life: Option<i64>) -> Result<(), Refusal> {
        self.set.push(cookie.set_for(value, life, self.secure).map_err(Refusal::broken)?);
        Ok(())
    }

    /// Sets a cookie with the answer.
    pub(super) fn set(&mut self, cookie: Cookie, value: &str) -> Result<(), Refusal> {
        self.set.push(cookie.set(value, self.secure).map_err(Refusal::broken)?);
        Ok(())
    }

    /// Takes a cookie back with the answer.
    pub(super) fn clear(&mut self, cookie: Cookie) -> Result<(), Refusal> {
        self.set.push(cookie.clear(self.secure).map_err(Refusal::broken)?);
        Ok(())
    }

    /// What stands around a page's own content.
    pub(super) fn frame<'a>(&'a self, title: &'a str, user: Option<&'a User>, notices: &'a [Notice]) -> Frame<'a> {
        let viewer =
            user.map(|user| Viewer { username: &user.username, name: &user.name, administrator: user.administrator });
        let nag = user.and_then(|user| match Duty::of(user, self.demand, self.now) {
            Duty::Until(end) => Some(moments::by(end)),
            Duty::None | Duty::Overdue => None,
        });
        Frame {
            title,
            csrf: &self.csrf,
            viewer,
            in_tokens: false,
            in_admin: false,
            section: None,
            nag,
            notices,
            assets: assets::links(),
        }
    }

    /// Answers with a page.
    pub(super) fn page(&self, status: StatusCode, page: &impl Template) -> Result<Response, Refusal> {
        let html = page.render().map_err(Refusal::broken)?;
        let response = (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
        Ok(self.with_cookies(response))
    }

    /// Leads the browser from one address to another one of this server.
    pub(super) fn lead(&self, to: &str) -> Result<Response, Refusal> {
        self.redirect(StatusCode::FOUND, to)
    }

    /// Leads the browser from a form that did its work to the page that shows it; asked for with `GET`, whatever the
    /// form's method was.
    pub(super) fn go_on(&self, to: &str) -> Result<Response, Refusal> {
        self.redirect(StatusCode::SEE_OTHER, to)
    }

    /// Sends the browser with the form that it just sent to another address of this server.
    pub(super) fn send_on(&self, to: &str) -> Result<Response, Refusal> {
        self.redirect(StatusCode::TEMPORARY_REDIRECT, to)
    }

    fn redirect(&self, status: StatusCode, to: &str) -> Result<Response, Refusal> {
        let to = HeaderValue::from_str(to).map_err(Refusal::broken)?;
        Ok(self.with_cookies((status, [(header::LOCATION, to)]).into_response()))
    }

    fn with_cookies(&self, mut response: Response) -> Response {
        for line in &self.set {
            response.headers_mut().append(header::SET_COOKIE, line.clone());
        }
        response
    }
}
