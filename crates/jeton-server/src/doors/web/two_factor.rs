//! The page on which people set up, rename and remove their second factors.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jeton_core::{
    caller::{Caller, Via},
    id::SessionId,
    lock::{self, Denial},
    second_factor::{AppSecret, Duty},
    secret::Secret,
};
use jeton_store::{By, factors::Factors};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::{Color, QrCode};

use super::{
    cookies::Cookie,
    error::Problem,
    factor_views::{Codes, Offer, PasskeyRow, Picture, TwoFactorPage},
    form::Form,
    moments,
    news::{FactorNews, News},
    paths,
    sign_in::DEVICE_RESPONSE,
    views::{Frame, Notice, NoticeKind},
    visit::Visit,
};
use crate::{
    app::App,
    factors::{RecoveryCodes, Registered},
    guard::{Grant, OwnFactors, ProvenFactors},
    refusal::Refusal,
};

/// GitLab's words.
const WRONG_PIN: &str = "Invalid pin code.";
const WRONG_PASSWORD: &str = "You must provide a valid current password.";

/// What differs from one showing of the page to the next.
#[derive(Default)]
struct Parts {
    codes: Option<(RecoveryCodes, bool)>,
    pin_problem: Option<&'static str>,
    password_problem: Option<&'static str>,
    passkey_problem: Option<String>,
    notice: Option<Notice>,
}

impl Parts {
    const fn status(&self) -> StatusCode {
        if self.pin_problem.is_some() || self.password_problem.is_some() || self.passkey_problem.is_some() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        }
    }
}

/// The page.
pub(super) async fn show(
    grant: Grant<OwnFactors>,
    State(app): State<App>,
    mut visit: Visit,
) -> Result<Response, Refusal> {
    let notice = match visit.take_news()? {
        Some(News::Factors(news)) => Some(notice(news)),
        _ => None,
    };
    page(&app, &visit, grant.somebody()?, Parts { notice, ..Parts::default() }).await
}

/// Adds the authenticator app, if its code is right. For the first factor the password is the proof of who one is.
pub(super) async fn add_app(
    grant: Grant<OwnFactors>,
    State(app): State<App>,
    visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let user = &caller.user;
    let mut parts = Parts::default();
    if user.two_factor {
        if !lock::is_proven(caller, app.now()) {
            return Err(Denial::NotProven.into());
        }
    } else {
        let password = Secret::new(form.pairs.get("current_password").unwrap_or_default());
        let is_right = app.confirm_password(user.id, &password, &grant.by()).await?.is_some();
        parts.password_problem = (!is_right).then_some(WRONG_PASSWORD);
    }
    if parts.password_problem.is_none() {
        let pin = form.pairs.get("pin_code").unwrap_or_default();
        match app.register_app(user, session(caller)?, pin, grant.by()).await? {
            Some(registered) => return added(&app, visit, caller, registered, grant.by()).await,
            None => parts.pin_problem = Some(WRONG_PIN),
        }
    }
    page(&app, &visit, caller, parts).await
}

/// Adds a passkey.
pub(super) async fn add_passkey(
    grant: Grant<ProvenFactors>,
    State(app): State<App>,
    visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let field = |name| form.pairs.get(name).unwrap_or_default();
    let place = (session(caller)?, visit.binding());
    let added_or_not =
        app.register_passkey(&caller.user, place, field("passkey[name]"), field(DEVICE_RESPONSE), grant.by()).await?;
    match added_or_not {
        Ok(registered) => added(&app, visit, caller, registered, grant.by()).await,
        Err(bad) => {
            page(&app, &visit, caller, Parts { passkey_problem: Some(bad.to_string()), ..Parts::default() }).await
        }
    }
}

/// After the first factor the recovery codes are shown, by this very answer and nowhere else. Whoever set one up proved
/// at the same time who they are.
async fn added(app: &App, visit: Visit, caller: &Caller, registered: Registered, by: By) -> Result<Response, Refusal> {
    app.prove(caller, by).await?;
    match registered {
        Registered::First(codes) => {
            // As the user is now.
            let user = app.identities.user(&app.store, caller.user.id).await?;
            let mut caller = Caller { duty: Duty::None, ..caller.clone() };
            caller.user = user.unwrap_or(caller.user);
            page(app, &visit, &caller, Parts { codes: Some((codes, true)), ..Parts::default() }).await
        }
        Registered::Another => go_on(visit, FactorNews::Added),
    }
}

/// Removes the authenticator app.
pub(super) async fn remove_app(
    grant: Grant<ProvenFactors>,
    State(app): State<App>,
    visit: Visit,
    _: Form,
) -> Result<Response, Refusal> {
    let removed = app.remove_app(&grant.somebody()?.user, grant.by()).await?;
    go_on(visit, if removed { FactorNews::Removed } else { FactorNews::NotRemoved })
}

/// Removes a passkey. Somebody else's is not found.
pub(super) async fn remove_passkey(
    grant: Grant<ProvenFactors>,
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    _: Form,
) -> Result<Response, Refusal> {
    let user = &grant.somebody()?.user;
    let Some(id) = own_passkey(&app, grant.somebody()?, &id).await? else {
        return Ok(Problem::NotFound.into_response());
    };
    let removed = app.remove_passkey(user, id, grant.by()).await?;
    go_on(visit, if removed { FactorNews::Removed } else { FactorNews::NotRemoved })
}

/// Gives a passkey another name.
pub(super) async fn rename_passkey(
    grant: Grant<OwnFactors>,
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let Some(id) = own_passkey(&app, caller, &id).await? else { return Ok(Problem::NotFound.into_response()) };
    let name = form.pairs.get("passkey[name]").unwrap_or_default();
    match app.rename_passkey(caller.user.id, id, name, grant.by()).await? {
        Ok(_) => go_on(visit, FactorNews::Renamed),
        Err(bad) => {
            page(&app, &visit, caller, Parts { passkey_problem: Some(bad.to_string()), ..Parts::default() }).await
        }
    }
}

/// Makes new recovery codes, shown by this very answer and nowhere else.
pub(super) async fn new_codes(
    grant: Grant<ProvenFactors>,
    State(app): State<App>,
    visit: Visit,
    _: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    match app.replace_codes(&caller.user, grant.by()).await? {
        Some(codes) => page(&app, &visit, caller, Parts { codes: Some((codes, false)), ..Parts::default() }).await,
        None => visit.go_on(paths::TWO_FACTOR),
    }
}

/// Switches two-factor authentication off, where it is not required.
pub(super) async fn switch_off(
    grant: Grant<ProvenFactors>,
    State(app): State<App>,
    visit: Visit,
    _: Form,
) -> Result<Response, Refusal> {
    if app.demand().required {
        return go_on(visit, FactorNews::Required);
    }
    app.reset_two_factor(&grant.somebody()?.user, grant.by()).await?;
    go_on(visit, FactorNews::Off)
}

fn session(caller: &Caller) -> Result<SessionId, Refusal> {
    match caller.via {
        Via::Session(session) => Ok(session),
        Via::Token(_) | Via::Password => Err(Denial::Anonymous.into()),
    }
}

async fn own_passkey(app: &App, caller: &Caller, id: &str) -> Result<Option<i64>, Refusal> {
    let Ok(id) = id.parse::<i64>() else { return Ok(None) };
    let keys = app.store.passkeys(caller.user.id).await?;
    Ok(keys.iter().any(|key| key.id == id).then_some(id))
}

fn go_on(mut visit: Visit, news: FactorNews) -> Result<Response, Refusal> {
    visit.set(Cookie::News, &News::Factors(news).write())?;
    visit.go_on(paths::TWO_FACTOR)
}

fn notice(news: FactorNews) -> Notice {
    let (kind, text) = match news {
        FactorNews::Added => (NoticeKind::Done, "The factor was added."),
        FactorNews::Removed => (NoticeKind::Done, "The factor was removed."),
        FactorNews::Renamed => (NoticeKind::Done, "The passkey has a new name."),
        FactorNews::Off => (NoticeKind::Done, "Two-factor authentication is switched off."),
        FactorNews::NotRemoved => (
            NoticeKind::Refused,
            "The last factor cannot be removed by itself. Add another one first, or switch two-factor authentication off.",
        ),
        FactorNews::Required => {
            (NoticeKind::Refused, "This server requires two-factor authentication. It cannot be switched off.")
        }
    };
    Notice { kind, text: text.to_owned() }
}

async fn page(app: &App, visit: &Visit, caller: &Caller, parts: Parts) -> Result<Response, Refusal> {
    let (user, now, status) = (&caller.user, app.now(), parts.status());
    let factors: Factors = app.store.factors(user.id).await?;
    let offer = match factors.app_since {
        Some(_) => None,
        None => Some(offer(app, caller, &parts).await?),
    };
    let row = |key: jeton_store::factors::Passkey| PasskeyRow {
        id: key.id,
        name: key.name,
        is_copied: key.backup_eligible,
        created: moments::on(key.created_at),
        last_used: key.last_used_at.map(|at| moments::ago(at, now)),
        suspected: key.suspected_at.map(moments::on),
    };
    let notices: Vec<Notice> = parts.notice.into_iter().collect();
    let codes = parts.codes.as_ref().map(|(codes, are_first)| Codes { codes, are_first: *are_first });
    let page = TwoFactorPage {
        frame: Frame {
            section: Some(paths::TWO_FACTOR),
            ..visit.frame("Two-factor authentication", Some(user), &notices)
        },
        is_on: user.two_factor,
        is_required: app.demand().required,
        is_overdue: caller.duty == Duty::Overdue,
        codes,
        app_since: factors.app_since.map(moments::on),
        offer,
        passkeys: factors.passkeys.into_iter().map(row).collect(),
        passkey_options: app.new_passkey_options(user, visit.binding()).await?,
        passkey_problem: parts.passkey_problem,
        recovery_codes: factors.recovery_codes,
    };
    visit.page(status, &page)
}

async fn offer(app: &App, caller: &Caller, parts: &Parts) -> Result<Offer, Refusal> {
    let secret = app.offered_app(caller.user.id, session(caller)?).await?;
    let host = app.config.external_url.split("://").nth(1).unwrap_or_default();
    Ok(Offer {
        picture: picture(&address(&secret, host, &caller.user.username))?,
        secret: secret.to_text().to_string(),
        pin_problem: parts.pin_problem,
        password_problem: parts.password_problem,
        asks_password: !caller.user.two_factor,
    })
}

/// What authenticator apps read from the picture (Google Authenticator, "Key Uri Format").
fn address(secret: &AppSecret, host: &str, username: &str) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let account = encode(&format!("{username}@{host}"));
    let secret = secret.to_text();
    format!("otpauth://totp/Jeton:{account}?secret={}&issuer=Jeton&algorithm=SHA1&digits=6&period=30", *secret)
}

/// The QR code of a text. Each row's dark runs are one part of the path.
fn picture(text: &str) -> Result<Picture, Refusal> {
    use std::fmt::Write as _;
    /// Modules of light around it (ISO/IEC 18004 section 6.3.8).
    const QUIET: usize = 4;
    let code = QrCode::new(text).map_err(Refusal::broken)?;
    let width = code.width();
    let colors = code.to_colors();
    let mut dark = String::new();
    for (y, row) in colors.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, next| one == next) {
            if run[0] == Color::Dark {
                let _ = write!(dark, "M{} {}h{}v1h-{}z", x + QUIET, y + QUIET, run.len(), run.len());
            }
            x += run.len();
        }
    }
    Ok(Picture { side: width + 2 * QUIET, dark })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn an_app_reads_the_secret_from_the_address() {
        let secret = AppSecret::of_bytes(b"12345678901234567890").unwrap();
        assert_eq!(
            address(&secret, "localhost:8080", "jane.doe"),
            "otpauth://totp/Jeton:jane%2Edoe%40localhost%3A8080?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Jeton&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn a_picture_has_its_three_corners() {
        let picture = picture("otpauth://totp/x").unwrap();
        assert!(picture.dark.starts_with("M4 4h7v1h-7z"), "{}", picture.dark);
        assert_eq!(picture.side, 25 + 8);
    }
}
