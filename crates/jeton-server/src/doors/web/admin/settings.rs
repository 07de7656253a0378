//! The settings that administrators change at run time, as one form: what it shows is read from their table.

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::{
    caller::Caller,
    policy::{Group, Kind, Policy, ROWS, Row, Value},
    token::Prefix,
};

use super::{
    frame,
    views::{Choice, SettingField, SettingGroup, SettingInput, SettingsPage},
};
use crate::{
    app::App,
    doors::web::{
        cookies::Cookie,
        form::{Form, Pairs},
        news::{Done, News},
        paths,
        views::{Frame, Notice, NoticeKind},
        visit::Visit,
    },
    guard::{AdminPages, Administer, Grant},
    refusal::Refusal,
};

/// The form.
pub(in crate::doors::web) async fn show(
    grant: Grant<AdminPages>,
    State(app): State<App>,
    mut visit: Visit,
) -> Result<Response, Refusal> {
    let saved = matches!(visit.take_news()?, Some(News::Done(Done::Saved)));
    let notice =
        saved.then(|| Notice { kind: NoticeKind::Done, text: "The settings are saved, and in force.".to_owned() });
    let notices: Vec<Notice> = notice.into_iter().collect();
    let policy = app.policy();
    let groups = grouped(ROWS.iter().map(|row| (row.group, field(row, policy.get(row.name).as_ref(), None))));
    let frame = Frame { notices: &notices, ..frame(&visit, "Settings", grant.somebody()?) };
    visit.page(StatusCode::OK, &SettingsPage { frame, groups, refused: false })
}

/// Takes the form: all of it, or nothing.
pub(in crate::doors::web) async fn submit(
    grant: Grant<Administer>,
    State(app): State<App>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let before = app.policy();
    let mut after = Policy::clone(&before);
    let (mut fields, mut changes) = (Vec::new(), Vec::new());
    for row in ROWS {
        let entered = entered(row, &form.pairs);
        let problem = match &entered {
            Ok(value) => after.set(row.name, value.clone()).err().map(|unfit| unfit.to_string()),
            Err(_) => Some("must be a whole number".to_owned()),
        };
        if let Ok(value) = &entered
            && problem.is_none()
            && before.get(row.name).as_ref() != Some(value)
        {
            changes.push((row.name, value.clone()));
        }
        let shown = entered.unwrap_or_else(Value::Text);
        fields.push((row.group, field(row, Some(&shown), problem)));
    }
    if fields.iter().any(|(_, field)| field.problem.is_some()) {
        return refuse(&visit, grant.somebody()?, grouped(fields));
    }
    if !changes.is_empty() {
        app.change_policy(changes, grant.by()).await?;
    }
    visit.set(Cookie::News, &News::Done(Done::Saved).write())?;
    visit.go_on(paths::SETTINGS)
}

fn refuse(visit: &Visit, caller: &Caller, groups: Vec<SettingGroup>) -> Result<Response, Refusal> {
    let frame = frame(visit, "Settings", caller);
    visit.page(StatusCode::UNPROCESSABLE_ENTITY, &SettingsPage { frame, groups, refused: true })
}

/// The value that was entered; what was typed, where a number was meant and is none.
fn entered(row: &Row, pairs: &Pairs) -> Result<Value, String> {
    let name = format!("application_setting[{}]", row.name);
    let typed = pairs.get(&name).unwrap_or_default().trim();
    let number = || typed.parse().map(Value::Number).map_err(|_| typed.to_owned());
    match row.kind {
        Kind::Boolean => Ok(Value::Boolean(!typed.is_empty() && typed != "0")),
        Kind::MaybeNumber { .. } if typed.is_empty() => Ok(Value::Nothing),
        Kind::Number { .. } | Kind::MaybeNumber { .. } => number(),
        Kind::Prefix | Kind::Text { .. } | Kind::Word(_) => Ok(Value::Text(typed.to_owned())),
        Kind::Words(_) => Ok(Value::Words(pairs.all(&format!("{name}[]")).map(str::to_owned).collect())),
    }
}

fn field(row: &Row, value: Option<&Value>, problem: Option<String>) -> SettingField {
    let text = || match value {
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let input = match row.kind {
        Kind::Boolean => SettingInput::Truth(value == Some(&Value::Boolean(true))),
        Kind::Number { least, most } | Kind::MaybeNumber { least, most } => {
            SettingInput::Number { value: text(), least, most: Some(most).filter(|most| *most < i64::MAX) }
        }
        Kind::Prefix => SettingInput::Text { value: text(), longest: Prefix::LONGEST },
        Kind::Text { longest } => SettingInput::Text { value: text(), longest },
        Kind::Word(words) => SettingInput::One(choices(words, |word| text() == word)),
        Kind::Words(words) => SettingInput::Any(choices(words, |word| match value {
            Some(Value::Words(chosen)) => chosen.iter().any(|chosen| chosen == word),
            _ => false,
        })),
    };
    SettingField { name: row.name, label: in_words(row.name), help: row.help, input, problem }
}

fn choices(words: &[&str], is_chosen: impl Fn(&str) -> bool) -> Vec<Choice> {
    let choice = |word: &&str| Choice {
        value: (*word).to_owned(),
        text: if word.is_empty() { "all".to_owned() } else { (*word).to_owned() },
        chosen: is_chosen(word),
    };
    words.iter().map(choice).collect()
}

/// `two_factor_grace_period` as `Two factor grace period`.
fn in_words(name: &str) -> String {
    let word = |word: &str| match word {
        "api" => "API".to_owned(),
        "git" => "Git".to_owned(),
        "email" => "e-mail".to_owned(),
        "ips" => "IP addresses".to_owned(),
        other => other.to_owned(),
    };
    let mut words = name.split('_').map(word).collect::<Vec<_>>().join(" ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// The fields in their groups.
fn grouped(fields: impl IntoIterator<Item = (Group, SettingField)>) -> Vec<SettingGroup> {
    let mut groups = Group::ALL.map(|group| (group, SettingGroup { title: group.title(), settings: Vec::new() }));
    for (of, field) in fields {
        if let Some((_, group)) = groups.iter_mut().find(|(group, _)| *group == of) {
            group.settings.push(field);
        }
    }
    groups.map(|(_, group)| group).into()
}
