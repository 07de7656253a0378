//! Where somebody is signed in, and which browsers are known again.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jeton_core::{
    caller::{Caller, Via},
    id::{DeviceId, SessionId},
    time::Timestamp,
};
use jeton_store::{devices::Device, sessions::Listed};

use super::{
    agents,
    error::Problem,
    form::Form,
    moments,
    news::Done,
    paths,
    views::{Frame, Moment},
    visit::Visit,
};
use crate::{
    app::App,
    guard::{Grant, OwnPages},
    refusal::Refusal,
};

#[derive(Template)]
#[template(path = "active_sessions.html")]
struct SessionsPage<'a> {
    frame: Frame<'a>,
    sessions: Vec<SessionRow>,
    devices: Vec<DeviceRow>,
    /// Whether there is more than the present session.
    others: bool,
}

/// One session.
struct SessionRow {
    id: i64,
    /// Browser and system, in words.
    agent: String,
    address: String,
    began: Moment,
    seen: Moment,
    is_this: bool,
    stays: bool,
}

impl SessionRow {
    fn end_path(&self) -> String {
        paths::end_session(self.id)
    }
}

/// One browser that is known again.
struct DeviceRow {
    id: i64,
    agent: String,
    address: String,
    first: Moment,
    last: Moment,
}

impl DeviceRow {
    fn forget_path(&self) -> String {
        paths::forget_device(self.id)
    }
}

/// The session with which somebody came.
const fn own(caller: &Caller) -> SessionId {
    match caller.via {
        Via::Session(session) => session,
        Via::Token(_) | Via::Password => SessionId(0),
    }
}

/// The page.
pub(super) async fn show(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    mut visit: Visit,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let (user, now) = (&caller.user, app.now());
    let notices = visit.take_notices()?;
    let sessions = app.store.sessions_of(user.id, now).await?;
    let devices = app.store.devices_of(user.id, now).await?;
    let page = SessionsPage {
        frame: Frame { section: Some(paths::SESSIONS), ..visit.frame("Active sessions", Some(user), &notices) },
        others: sessions.iter().any(|listed| listed.session.id != own(caller)),
        sessions: sessions.into_iter().map(|listed| session_row(listed, own(caller), now)).collect(),
        devices: devices.into_iter().map(|device| device_row(device, now)).collect(),
    };
    visit.page(StatusCode::OK, &page)
}

fn session_row(listed: Listed, own: SessionId, now: Timestamp) -> SessionRow {
    let session = listed.session;
    SessionRow {
        id: session.id.0,
        agent: agents::in_words(listed.client.as_deref()),
        address: listed.address.unwrap_or_default(),
        began: moments::ago(session.created_at, now),
        seen: moments::ago(session.last_seen_at, now),
        is_this: session.id == own,
        stays: session.stays,
    }
}

fn device_row(device: Device, now: Timestamp) -> DeviceRow {
    DeviceRow {
        id: device.id.0,
        agent: agents::in_words(device.client.as_deref()),
        address: device.address.unwrap_or_default(),
        first: moments::on(device.created_at),
        last: moments::ago(device.last_seen_at, now),
    }
}

/// Ends one session. Somebody else's is not found.
pub(super) async fn end(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    mut visit: Visit,
    Path(id): Path<String>,
    _: Form,
) -> Result<Response, Refusal> {
    let user = grant.somebody()?.user.id;
    let ended = match id.parse() {
        Ok(id) => app.end_session(user, SessionId(id), grant.by()).await?,
        Err(_) => false,
    };
    if ended { visit.done(Done::SessionEnded, paths::SESSIONS) } else { Ok(Problem::NotFound.into_response()) }
}

/// Ends all sessions but the one with which somebody came.
pub(super) async fn end_others(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    mut visit: Visit,
    _: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    app.end_other_sessions(caller.user.id, own(caller), grant.by()).await?;
    visit.done(Done::OtherSessionsEnded, paths::SESSIONS)
}

/// Forgets one browser. Somebody else's is not found.
pub(super) async fn forget(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    mut visit: Visit,
    Path(id): Path<String>,
    _: Form,
) -> Result<Response, Refusal> {
    let user = grant.somebody()?.user.id;
    let forgotten = match id.parse() {
        Ok(id) => app.store.forget_device(user, DeviceId(id), grant.by(), app.now()).await?,
        Err(_) => false,
    };
    if forgotten { visit.done(Done::DeviceForgotten, paths::SESSIONS) } else { Ok(Problem::NotFound.into_response()) }
}
