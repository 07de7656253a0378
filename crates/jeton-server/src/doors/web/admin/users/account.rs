//! One account: what it is, its fields to change, and what can be done to it.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jeton_core::{
    caller::Caller,
    id::UserId,
    user::{Closed, User, UserState},
};
use jeton_store::users::UserChanges;

use super::{
    person::{Entered, Person, Problems},
    views::{Step, UserPage, UserRow},
};
use crate::{
    app::App,
    doors::web::{
        admin::frame,
        cookies::Cookie,
        error::Problem,
        form::Form,
        news::{Done, News},
        paths,
        views::{Frame, Notice, NoticeKind},
        visit::Visit,
    },
    guard::{AdminPages, Administer, Grant},
    refusal::Refusal,
};

/// What can be done to an account in which state, and which state comes of it.
const STEPS: [(Step, UserState, UserState); 6] = [
    (
        Step {
            name: "deactivate",
            button: "Deactivate",
            explanation: "Puts the account to rest until its owner signs in again.",
            is_grave: false,
        },
        UserState::Active,
        UserState::Deactivated,
    ),
    (
        Step {
            name: "block",
            button: "Block",
            explanation: "Ends every session and stops every token at once, until you unblock the account.",
            is_grave: true,
        },
        UserState::Active,
        UserState::Blocked,
    ),
    (
        Step {
            name: "ban",
            button: "Ban",
            explanation: "Blocks the account and hides it from everybody but administrators.",
            is_grave: true,
        },
        UserState::Active,
        UserState::Banned,
    ),
    (
        Step { name: "unblock", button: "Unblock", explanation: "Opens the account again.", is_grave: false },
        UserState::Blocked,
        UserState::Active,
    ),
    (
        Step { name: "activate", button: "Activate", explanation: "Wakes the account up.", is_grave: false },
        UserState::Deactivated,
        UserState::Active,
    ),
    (
        Step { name: "unban", button: "Lift the ban", explanation: "Opens the account again.", is_grave: false },
        UserState::Banned,
        UserState::Active,
    ),
];

/// The page.
pub(in crate::doors::web) async fn show(
    grant: Grant<AdminPages>,
    State(app): State<App>,
    mut visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let Some(user) = find(&app, &id).await? else { return Ok(Problem::NotFound.into_response()) };
    let saved = matches!(visit.take_news()?, Some(News::Done(Done::Saved)));
    let entered = Entered::of(&user);
    let shown = Shown { status: StatusCode::OK, saved, problems: Problems::default() };
    page(&app, &visit, grant.somebody()?, &user, entered, shown).await
}

/// Changes the fields.
pub(in crate::doors::web) async fn submit(
    grant: Grant<Administer>,
    State(app): State<App>,
    mut visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Refusal> {
    let Some(user) = find(&app, &id).await? else { return Ok(Problem::NotFound.into_response()) };
    let caller = grant.somebody()?;
    let entered = Entered::read(&form.pairs);
    let problems = match entered.check() {
        Err(problems) => problems,
        Ok(person) if caller.user.id == user.id && !person.administrator => Problems {
            other: Some("You cannot take your own administration away. Ask another administrator to do it.".to_owned()),
            ..Problems::default()
        },
        Ok(person) => match app.change_user(user.id, changes(person, &user), grant.by()).await? {
            Ok(_) => {
                visit.set(Cookie::News, &News::Done(Done::Saved).write())?;
                return visit.go_on(&paths::admin_user(user.id));
            }
            Err(error) => Problems::taken(error)?,
        },
    };
    let shown = Shown { status: StatusCode::UNPROCESSABLE_ENTITY, saved: false, problems };
    page(&app, &visit, caller, &user, entered, shown).await
}

/// An address that stays the same is not vouched for.
fn changes(person: Person, user: &User) -> UserChanges {
    let Person { username, name, email, projects_limit, administrator, external } = person;
    UserChanges {
        username: Some(username),
        name: Some(name),
        email: Some(email).filter(|email| email.as_str() != user.email),
        projects_limit: Some(projects_limit),
        administrator: Some(administrator),
        external: Some(external),
        ..UserChanges::default()
    }
}

/// Closes the account or opens it again, vouches for its address, or switches its second factor off.
pub(in crate::doors::web) async fn step(
    grant: Grant<Administer>,
    State(app): State<App>,
    mut visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Refusal> {
    let Some(user) = find(&app, &id).await? else { return Ok(Problem::NotFound.into_response()) };
    let caller = grant.somebody()?;
    let asked = form.pairs.get("step").unwrap_or_default();
    if asked == "reset_two_factor" {
        app.reset_two_factor(&user, grant.by()).await?;
    } else if asked == "confirm" {
        app.confirm_account(user.id, grant.by()).await?;
    } else {
        // A step that does not fit the account any more was taken by somebody else meanwhile: the page says what is now.
        let fits = possible(&user, caller).find(|(step, _)| step.name == asked);
        if let Some((_, state)) = fits {
            app.set_user_state(user.id, *state, grant.by()).await?;
        }
    }
    visit.set(Cookie::News, &News::Done(Done::Saved).write())?;
    visit.go_on(&paths::admin_user(user.id))
}

/// What can be done to the account, and what comes of it. Nobody closes the own account: nobody might be left to open it.
fn possible<'a>(
    user: &'a User,
    caller: &Caller,
) -> impl Iterator<Item = (&'static Step, &'static UserState)> + use<'a> {
    let own = user.id == caller.user.id;
    STEPS.iter().filter(move |(_, from, _)| *from == user.state && !own).map(|(step, _, to)| (step, to))
}

/// The account of a person. The program's own accounts are not for people to change.
pub(super) async fn find(app: &App, id: &str) -> Result<Option<User>, Refusal> {
    let Ok(id) = id.parse() else { return Ok(None) };
    let user = app.store.user(UserId(id)).await?;
    Ok(user.filter(|user| user.closed() != Some(Closed::Internal)))
}

/// What differs from one showing of the page to the next.
struct Shown {
    status: StatusCode,
    saved: bool,
    problems: Problems,
}

async fn page(
    app: &App,
    visit: &Visit,
    caller: &Caller,
    user: &User,
    entered: Entered,
    shown: Shown,
) -> Result<Response, Refusal> {
    let notice = shown.saved.then(|| Notice { kind: NoticeKind::Done, text: "Done. It is in force.".to_owned() });
    let notices: Vec<Notice> = notice.into_iter().collect();
    let steps = possible(user, caller).map(|(step, _)| *step).collect();
    let page = UserPage {
        frame: Frame { notices: &notices, ..frame(visit, "User", caller) },
        user: UserRow::of(user, app.now()),
        live_tokens: app.living_tokens(user.id).await?.len(),
        form: entered.into_form(shown.problems),
        steps,
        can_confirm: user.confirmed_at.is_none(),
        can_reset_two_factor: user.two_factor,
        can_delete: user.id != caller.user.id,
    };
    visit.page(shown.status, &page)
}
