//! What administrators decide while the instance runs (GitLab API docs, "Application settings").

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::policy::{self, Kind, Policy, ROWS, Row, Unfit, Value};
use serde_json::{Map, Value as Json, json};

use super::{
    error::ApiError,
    flaws::Flaws,
    params::{Given, Input, Reader},
    reply,
};
use crate::{
    app::App,
    guard::{AdministerApi, Grant, InspectApi},
};

/// `GET /application/settings`.
pub(crate) async fn show(_: Grant<InspectApi>, State(app): State<App>) -> Response {
    answer(&app.policy())
}

/// What is to be decided.
pub(crate) struct Changes(Vec<(&'static str, Value)>);

impl Input for Changes {
    fn read(from: &mut Reader<'_>) -> Self {
        let changes = ROWS.iter().filter_map(|row| Some((row.name, value(row, from)?))).collect();
        from.at_least_one_of(&ROWS.iter().map(|row| row.name).collect::<Vec<_>>());
        Self(changes)
    }
}

/// What is said of one setting. Nothing is a value, too, where a setting may have none.
fn value(row: &Row, from: &mut Reader<'_>) -> Option<Value> {
    let name = row.name;
    let given = from.given(name);
    let emptied =
        given.is_some_and(|given| given.is_null() || given.as_str().is_some_and(|text| text.trim().is_empty()));
    match row.kind {
        Kind::Boolean => from.boolean(name).map(Value::Boolean),
        Kind::Number { .. } => {
            if emptied {
                from.invalid(name);
            }
            from.integer(name).map(Value::Number)
        }
        Kind::MaybeNumber { .. } => from.integer(name).map(Value::Number).or_else(|| emptied.then_some(Value::Nothing)),
        Kind::Prefix | Kind::Text { .. } => from.text(name).or_else(|| emptied.then(String::new)).map(Value::Text),
        Kind::Word(words) => {
            let word = from.word(name, words).or_else(|| (emptied && words.contains(&"")).then_some(""));
            word.map(|word| Value::Text(word.to_owned()))
        }
        Kind::Words(known) => {
            let words = from.texts(name).or_else(|| emptied.then(Vec::new))?;
            if !words.iter().all(|word| known.contains(&word.as_str())) {
                from.no_such_value(name);
            }
            Some(Value::Words(words))
        }
    }
}

/// `PUT /application/settings`: in force from the next request on.
pub(crate) async fn change(
    grant: Grant<AdministerApi>,
    State(app): State<App>,
    Given(Changes(changes)): Given<Changes>,
) -> Result<Response, ApiError> {
    let mut flaws = Flaws::default();
    let mut tried = Policy::clone(&app.policy());
    for (name, value) in &changes {
        flaws.note(name, flaw(&mut tried, name, value));
    }
    if !flaws.is_empty() {
        return Err(flaws.into_error());
    }
    Ok(answer(&*app.change_policy(changes, grant.by()).await?))
}

/// What is wrong with a value.
fn flaw(policy: &mut Policy, name: &str, value: &Value) -> Option<String> {
    policy.set(name, value.clone()).err().map(|unfit: Unfit| unfit.to_string())
}

/// Every setting with its value, whichever was asked for.
fn answer(policy: &policy::Policy) -> Response {
    let rows = ROWS.iter().map(|row| (row.name.to_owned(), policy.get(row.name).map_or(Json::Null, shown)));
    reply::json(StatusCode::OK, &Json::Object(rows.collect::<Map<_, _>>()))
}

fn shown(value: Value) -> Json {
    match value {
        Value::Nothing => Json::Null,
        Value::Boolean(truth) => json!(truth),
        Value::Number(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Words(words) => json!(words),
    }
}
