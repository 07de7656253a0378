//! Status and preferences (GitLab API docs, "Users").

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::{id::UserId, time::Timestamp};
use jeton_store::users::status::{Preferences, Status};

use super::around::{flaw, named};
use crate::{
    app::App,
    doors::api::{
        entities::{ShownPreferences, ShownStatus},
        error::ApiError,
        params::{Given, Input, Reader},
        path::InPath,
        reply,
    },
    guard::{Grant, ReadSelf, ReadUsers, WriteApi},
    limits::Endpoint,
};

/// The longest message, in characters.
const LONGEST_MESSAGE: usize = 100;
/// The longest name of an emoji, in characters: longer than any.
const LONGEST_EMOJI: usize = 100;
/// The emoji of a status that names none.
const USUAL_EMOJI: &str = "speech_balloon";
/// After which a status is over, in seconds.
const SPANS: [(&str, i64); 7] = [
    ("30_minutes", 1_800),
    ("3_hours", 10_800),
    ("8_hours", 28_800),
    ("1_day", 86_400),
    ("3_days", 259_200),
    ("7_days", 604_800),
    ("30_days", 2_592_000),
];
const SPAN_NAMES: [&str; 7] = {
    let mut names = [""; 7];
    let mut number = 0;
    while number < names.len() {
        names[number] = SPANS[number].0;
        number += 1;
    }
    names
};

/// What is said about a status's end.
#[derive(Clone, Copy)]
enum End {
    /// Nothing.
    NotSaid,
    /// There is none.
    Never,
    /// It is that many seconds away.
    After(i64),
}

/// What is said about a status; of each, whether anything is said at all.
pub(crate) struct Wanted {
    emoji: Option<String>,
    message: Option<String>,
    busy: Option<bool>,
    end: End,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        let said = |from: &mut Reader<'_>, name| {
            let text = from.text(name);
            from.given(name).map(|_| text.unwrap_or_default())
        };
        let emoji = said(from, "emoji").map(|emoji| emoji.trim_matches(':').to_owned());
        let message = said(from, "message").map(|message| message.trim().to_owned());
        let availability = from.word("availability", &["not_set", "busy"]);
        let busy = from.given("availability").map(|_| availability == Some("busy"));
        let span = from.word("clear_status_after", &SPAN_NAMES);
        let seconds = span.and_then(|name| SPANS.iter().find(|(known, _)| *known == name)).map(|(_, seconds)| *seconds);
        let end = match (from.given("clear_status_after"), seconds) {
            (None, _) => End::NotSaid,
            (Some(_), None) => End::Never,
            (Some(_), Some(seconds)) => End::After(seconds),
        };
        Self { emoji, message, busy, end }
    }
}

impl Wanted {
    /// The status with what is said, in the place of `before`; none if nothing is left of it.
    fn apply(self, before: Option<Status>, now: Timestamp) -> Option<Status> {
        let clear_at = match self.end {
            End::NotSaid => before.as_ref().and_then(|status| status.clear_at),
            End::Never => None,
            End::After(seconds) => Some(now.plus_seconds(seconds)),
        };
        let busy = self.busy.unwrap_or(before.as_ref().is_some_and(|status| status.busy));
        let (emoji, message) = before.map_or((None, None), |status| (Some(status.emoji), status.message));
        let emoji = self.emoji.or(emoji).filter(|emoji| !emoji.is_empty());
        let message = self.message.or(message).filter(|message| !message.is_empty());
        let says_something = emoji.is_some() || message.is_some() || busy;
        let emoji = emoji.unwrap_or_else(|| USUAL_EMOJI.to_owned());
        says_something.then_some(Status { emoji, message, busy, clear_at })
    }
}

fn check(status: &Status) -> Result<(), ApiError> {
    let is_of_a_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '+');
    if status.emoji.len() > LONGEST_EMOJI || !status.emoji.chars().all(is_of_a_name) {
        return Err(flaw("emoji", "is not a valid emoji name"));
    }
    if status.message.as_ref().is_some_and(|message| message.chars().count() > LONGEST_MESSAGE) {
        return Err(flaw("message", &format!("is too long (maximum is {LONGEST_MESSAGE} characters)")));
    }
    Ok(())
}

async fn set(app: &App, user: UserId, status: Option<Status>) -> Result<Response, ApiError> {
    status.as_ref().map_or(Ok(()), check)?;
    app.store.set_user_status(user, status.as_ref()).await?;
    Ok(show(status.as_ref()))
}

fn show(status: Option<&Status>) -> Response {
    reply::json(StatusCode::OK, &ShownStatus::new(status))
}

/// `GET /user/status`.
pub(crate) async fn own(grant: Grant<ReadSelf>, State(app): State<App>) -> Result<Response, ApiError> {
    let status = app.store.user_status(grant.somebody()?.user.id, app.now()).await?;
    Ok(show(status.as_ref()))
}

/// `GET /users/:id_or_username/status`: for everybody.
pub(crate) async fn of_user(grant: Grant<ReadUsers>, State(app): State<App>, id: InPath) -> Result<Response, ApiError> {
    grant.count(&app, Endpoint::UserStatus)?;
    let status = app.store.user_status(named(&app, &id).await?.id, app.now()).await?;
    Ok(show(status.as_ref()))
}

/// `PUT /user/status`: what is not said is no more.
pub(crate) async fn replace(
    grant: Grant<WriteApi>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
) -> Result<Response, ApiError> {
    set(&app, grant.somebody()?.user.id, wanted.apply(None, app.now())).await
}

/// `PATCH /user/status`: what is not said stays.
pub(crate) async fn change(
    grant: Grant<WriteApi>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
) -> Result<Response, ApiError> {
    let user = grant.somebody()?.user.id;
    let before = app.store.user_status(user, app.now()).await?;
    set(&app, user, wanted.apply(before, app.now())).await
}

/// What is said about preferences.
pub(crate) struct Liked {
    view_diffs_file_by_file: Option<bool>,
    show_whitespace_in_diffs: Option<bool>,
    pass_user_identities_to_ci_jwt: Option<bool>,
}

impl Input for Liked {
    fn read(from: &mut Reader<'_>) -> Self {
        let liked = Self {
            view_diffs_file_by_file: from.boolean("view_diffs_file_by_file"),
            show_whitespace_in_diffs: from.boolean("show_whitespace_in_diffs"),
            pass_user_identities_to_ci_jwt: from.boolean("pass_user_identities_to_ci_jwt"),
        };
        from.at_least_one_of(&[
            "view_diffs_file_by_file",
            "show_whitespace_in_diffs",
            "pass_user_identities_to_ci_jwt",
        ]);
        liked
    }
}

/// `GET /user/preferences`.
pub(crate) async fn preferences(grant: Grant<ReadSelf>, State(app): State<App>) -> Result<Response, ApiError> {
    let user = grant.somebody()?.user.id;
    let preferences = app.store.user_preferences(user).await?;
    Ok(reply::json(StatusCode::OK, &ShownPreferences::new(user, preferences)))
}

/// `PUT /user/preferences`.
pub(crate) async fn set_preferences(
    grant: Grant<WriteApi>,
    State(app): State<App>,
    Given(liked): Given<Liked>,
) -> Result<Response, ApiError> {
    let user = grant.somebody()?.user.id;
    let before = app.store.user_preferences(user).await?;
    let preferences = Preferences {
        view_diffs_file_by_file: liked.view_diffs_file_by_file.unwrap_or(before.view_diffs_file_by_file),
        show_whitespace_in_diffs: liked.show_whitespace_in_diffs.unwrap_or(before.show_whitespace_in_diffs),
        pass_user_identities_to_ci_jwt: liked
            .pass_user_identities_to_ci_jwt
            .unwrap_or(before.pass_user_identities_to_ci_jwt),
    };
    app.store.set_user_preferences(user, preferences).await?;
    Ok(reply::json(StatusCode::OK, &ShownPreferences::new(user, preferences)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Wanted = Wanted { emoji: None, message: None, busy: None, end: End::NotSaid };
    const NOW: Timestamp = Timestamp::from_micros(0);

    #[test]
    fn what_is_not_said_stays_as_it_was() {
        let tea = Status { emoji: "tea".into(), message: Some("Later".into()), busy: true, clear_at: Some(NOW) };
        assert_eq!(NOTHING.apply(Some(tea.clone()), NOW), Some(tea.clone()));
        assert_eq!(NOTHING.apply(None, NOW), None);
        let changed = Wanted { message: Some(String::new()), end: End::Never, ..NOTHING };
        assert_eq!(
            changed.apply(Some(tea.clone()), NOW),
            Some(Status { message: None, clear_at: None, ..tea.clone() })
        );
        let emptied = Wanted { emoji: Some(String::new()), message: Some(String::new()), busy: Some(false), ..NOTHING };
        assert_eq!(emptied.apply(Some(tea), NOW), None);
        let message = Wanted { message: Some("Hi".into()), end: End::After(60), ..NOTHING };
        assert_eq!(
            message.apply(None, NOW),
            Some(Status {
                emoji: USUAL_EMOJI.into(),
                message: Some("Hi".into()),
                busy: false,
                clear_at: Some(NOW.plus_seconds(60)),
            })
        );
    }
}
