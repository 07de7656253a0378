//! Making an account: its owner gets a mail and chooses a password, or the administrator chooses one.

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::{caller::Caller, secret::Secret};
use jeton_store::users::NewUser;

use super::{
    person::{Entered, Person, Problems},
    views::NewUserPage,
};
use crate::{
    app::App,
    doors::web::{
        admin::frame,
        cookies::Cookie,
        form::Form,
        news::{Done, News},
        paths,
        visit::Visit,
    },
    guard::{AdminPages, Administer, Grant},
    refusal::Refusal,
};

/// The form.
pub(in crate::doors::web) async fn show(
    grant: Grant<AdminPages>,
    State(app): State<App>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let entered = Entered::nobody(app.policy().default_projects_limit);
    page(&visit, grant.somebody()?, StatusCode::OK, entered, (Problems::default(), None))
}

/// Takes it.
pub(in crate::doors::web) async fn submit(
    grant: Grant<Administer>,
    State(app): State<App>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let entered = Entered::read(&form.pairs);
    let password = form.pairs.get("user[password]").unwrap_or_default();
    let password_problem = entered.judge(password, &app.config.external_url);
    let person = match (entered.check(), password_problem) {
        (Ok(person), None) => person,
        (checked, problem) => {
            let problems = checked.err().unwrap_or_default();
            return page(&visit, caller, StatusCode::UNPROCESSABLE_ENTITY, entered, (problems, problem));
        }
    };
    let new = prepare(&app, person, Secret::new(password)).await?;
    match app.store.create_user(new, grant.by(), app.now()).await {
        Ok(user) => {
            visit.set(Cookie::News, &News::Done(Done::Saved).write())?;
            visit.go_on(&paths::admin_user(user.id))
        }
        Err(error) => {
            let problems = Problems::taken(error)?;
            page(&visit, caller, StatusCode::UNPROCESSABLE_ENTITY, entered, (problems, None))
        }
    }
}

async fn prepare(app: &App, person: Person, password: Secret) -> Result<NewUser, Refusal> {
    let Person { username, name, email, projects_limit, administrator, external } = person;
    let new = NewUser { administrator, external, ..NewUser::plain(username, name, email, projects_limit) };
    Ok(if password.expose().is_empty() {
        NewUser { invitation: Some(app.invitation(&new.username, &new.name, &new.email)?), ..new }
    } else {
        NewUser { password_hash: Some(app.passwords.hash(password).await?), ..new }
    })
}

fn page(
    visit: &Visit,
    caller: &Caller,
    status: StatusCode,
    entered: Entered,
    (problems, password_problem): (Problems, Option<String>),
) -> Result<Response, Refusal> {
    let frame = frame(visit, "New user", caller);
    visit.page(status, &NewUserPage { frame, form: entered.into_form(problems), password_problem })
}
