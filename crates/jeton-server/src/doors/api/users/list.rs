//! `GET /users`.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use jeton_core::{time::Timestamp, user::Identity};
use jeton_store::{
    search::Search,
    users::{
        attributes::Attributes,
        list::{Listed, UserColumn, UserFilter, UserOrder},
    },
};

use super::Notes;
use crate::{
    app::App,
    doors::api::{
        entities::{AccountUser, BasicUser},
        error::ApiError,
        page::{COUNT_TO, Cursor, Links, Page, next_by_key},
        params::{Given, Input, Reader},
        reply,
    },
    guard::{Grant, ReadUsers},
};

use super::creator;

/// Rows that can be reached by page number; further on, clients have to go by key.
const DEEPEST: i64 = 50_000;

/// What can be asked for.
pub(crate) struct Wanted {
    username: Option<String>,
    search: Option<String>,
    active: Option<bool>,
    blocked: bool,
    external: Option<bool>,
    /// Only people, or only what is none.
    human: Option<bool>,
    public_email: Option<String>,
    /// Only the user whom another identity provider knows by that name.
    identity: Option<Identity>,
    of_administrators: AdministratorsOnly,
    part: Part,
    page: Page,
}

/// How a list is cut.
enum Part {
    /// By page number.
    Numbered,
    /// By key, from there on, or from the beginning.
    From(Option<Cursor>),
}

/// What counts only where an administrator asks; from others GitLab ignores it.
#[expect(clippy::struct_excessive_bools, reason = "GitLab has these parameters")]
struct AdministratorsOnly {
    administrators: bool,
    two_factor: Option<&'static str>,
    without_projects: bool,
    created_before: Option<Timestamp>,
    created_after: Option<Timestamp>,
    column: UserColumn,
    ascending: bool,
    attributes: Vec<(String, String)>,
    with_attributes: bool,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        let mut yes = |name| from.boolean(name).unwrap_or(false);
        // What is no human here is internal: the ghost. There are no bots.
        let (humans, no_humans, no_internal) = (yes("humans"), yes("exclude_humans"), yes("exclude_internal"));
        let _ = (yes("without_project_bots"), yes("skip_ldap"));
        let active = either(yes("active"), yes("exclude_active"));
        let external = either(yes("external"), yes("exclude_external"));
        let blocked = yes("blocked");
        let identity = (from.filter("extern_uid"), from.filter("provider"));
        let identity = match identity {
            (None, None) => None,
            (extern_uid, provider) => {
                Some(Identity { extern_uid: extern_uid.unwrap_or_default(), provider: provider.unwrap_or_default() })
            }
        };
        from.all_or_none_of(&["extern_uid", "provider"]);
        Self {
            username: from.filter("username"),
            search: from.filter("search"),
            active,
            blocked,
            external,
            human: either(humans | no_internal, no_humans),
            public_email: from.filter("public_email"),
            identity,
            of_administrators: AdministratorsOnly::read(from),
            part: Part::read(from),
            page: Page::read(from),
        }
    }
}

impl Input for Part {
    fn read(from: &mut Reader<'_>) -> Self {
        let by_key = from.word("pagination", &["keyset", "legacy"]) == Some("keyset");
        let cursor = read_cursor(from);
        if by_key { Self::From(cursor) } else { Self::Numbered }
    }
}

impl Input for AdministratorsOnly {
    fn read(from: &mut Reader<'_>) -> Self {
        Self {
            administrators: from.boolean("admins").unwrap_or(false),
            two_factor: from.word("two_factor", &["enabled", "disabled"]),
            without_projects: from.boolean("without_projects").unwrap_or(false),
            created_before: from.moment_until("created_before"),
            created_after: from.moment("created_after"),
            column: match from.word("order_by", &["id", "name", "username", "created_at", "updated_at"]) {
                Some("name") => UserColumn::Name,
                Some("username") => UserColumn::Username,
                Some("created_at") => UserColumn::CreatedAt,
                Some("updated_at") => UserColumn::UpdatedAt,
                _ => UserColumn::Id,
            },
            ascending: from.word("sort", &["asc", "desc"]) == Some("asc"),
            attributes: from.texts_by_name("custom_attributes"),
            with_attributes: from.boolean("with_custom_attributes").unwrap_or(false),
        }
    }
}

fn read_cursor(from: &mut Reader<'_>) -> Option<Cursor> {
    let text = from.filter("cursor")?;
    let cursor = Cursor::decode(&text);
    if cursor.is_none() {
        from.invalid("cursor");
    }
    cursor
}

impl Wanted {
    /// What to look for.
    fn filter(&self, to_administrator: bool) -> UserFilter {
        let only = &self.of_administrators;
        let search = self.search.as_deref().map(|search| search.trim().trim_start_matches('@'));
        let filter = UserFilter {
            search: search.map(Search::parse).unwrap_or_default(),
            username: self.username.clone(),
            active: self.active,
            blocked: self.blocked.then_some(true),
            external: self.external,
            human: self.human,
            shown_email: search.map(str::to_owned),
            public_email: self.public_email.clone(),
            ..UserFilter::default()
        };
        if to_administrator {
            UserFilter {
                email: search.map(str::to_owned),
                administrator: only.administrators.then_some(true),
                created_before: only.created_before,
                created_after: only.created_after,
                without_projects: only.without_projects,
                two_factor: only.two_factor.map(|two_factor| two_factor == "enabled"),
                identity: self.identity.clone(),
                attributes: Attributes::all_of(only.attributes.iter().map(|(key, value)| (&**key, &**value))),
                ..filter
            }
        } else {
            UserFilter { without_closed: true, ..filter }
        }
    }

    /// The order, and from where on.
    fn order(&self, to_administrator: bool, from: Option<&Cursor>) -> Result<UserOrder, ApiError> {
        let only = &self.of_administrators;
        let (column, ascending) =
            if to_administrator { (only.column, only.ascending) } else { (UserColumn::Id, false) };
        if from.is_some_and(|cursor| !is_key_of(column, &cursor.key)) {
            return Err(ApiError::parameters(&["cursor is invalid".to_owned()]));
        }
        let backwards = from.is_some_and(|cursor| cursor.backwards);
        let after = from.map(|cursor| (cursor.key.clone(), cursor.id));
        Ok(UserOrder { column, descending: ascending == backwards, after })
    }
}

/// A condition and its opposite: neither, or both, is none.
fn either(yes: bool, no: bool) -> Option<bool> {
    (yes != no).then_some(yes)
}

/// Whether a key that came back from a client can be one of that column.
fn is_key_of(column: UserColumn, key: &str) -> bool {
    match column {
        UserColumn::Name | UserColumn::Username => !key.contains('\0'),
        UserColumn::Id | UserColumn::CreatedAt | UserColumn::UpdatedAt => key.parse::<i64>().is_ok(),
    }
}

/// `GET /users`: everybody, for whoever is signed in; one by name, for everybody.
pub(crate) async fn list(
    grant: Grant<ReadUsers>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
    links: Links,
) -> Result<Response, ApiError> {
    if grant.caller().is_none() && wanted.username.is_none() {
        return Err(ApiError::forbidden_because("Not authorized to access /api/v4/users"));
    }
    let to_administrator = grant.caller().is_some_and(|caller| caller.user.administrator);
    if wanted.identity.is_some() && !to_administrator {
        return Err(ApiError::forbidden());
    }
    let (rows, headers) = match &wanted.part {
        Part::Numbered => by_number(&app, &wanted, to_administrator, &links).await?,
        Part::From(cursor) => by_key(&app, &wanted, cursor.as_ref(), to_administrator, &links).await?,
    };
    let url = &app.config.external_url;
    let users = rows.iter().map(|row| &row.user);
    if !to_administrator {
        return Ok(reply::list(&users.map(|user| BasicUser::new(user, url)).collect::<Vec<_>>(), headers));
    }
    let mut creators = Vec::with_capacity(rows.len());
    for row in &rows {
        creators.push(creator(&app, &row.user).await?);
    }
    let wanted = wanted.of_administrators.with_attributes;
    let notes = Notes::of(&app, users.clone().map(|user| user.id), wanted).await?;
    let accounts = users
        .zip(&creators)
        .map(|(user, made)| notes.add_to(AccountUser::for_administrator(user, url, made.as_deref()), user.id));
    Ok(reply::list(&accounts.collect::<Vec<_>>(), headers))
}

async fn by_number(
    app: &App,
    wanted: &Wanted,
    to_administrator: bool,
    links: &Links,
) -> Result<(Vec<Listed>, HeaderMap), ApiError> {
    if wanted.page.ends_behind(DEEPEST) {
        let text = format!(
            "Offset pagination has a maximum allowed offset of {DEEPEST} for requests that return objects of type User. \
             Remaining records can be retrieved using keyset pagination."
        );
        return Err(ApiError::error(StatusCode::METHOD_NOT_ALLOWED, text));
    }
    let order = wanted.order(to_administrator, None)?;
    let filter = wanted.filter(to_administrator);
    let mut rows = app.store.users(&filter, &order, wanted.page.slice()).await?;
    let total = app.store.count_matching_users(&filter, COUNT_TO).await?;
    let more = wanted.page.cut(&mut rows);
    let headers = wanted.page.headers(links, total, rows.len(), more);
    Ok((rows, headers))
}

async fn by_key(
    app: &App,
    wanted: &Wanted,
    from: Option<&Cursor>,
    to_administrator: bool,
    links: &Links,
) -> Result<(Vec<Listed>, HeaderMap), ApiError> {
    let order = wanted.order(to_administrator, from)?;
    let mut rows = app.store.users(&wanted.filter(to_administrator), &order, wanted.page.slice_by_key()).await?;
    let more = wanted.page.cut(&mut rows);
    let backwards = from.is_some_and(|cursor| cursor.backwards);
    if backwards {
        rows.reverse();
    }
    let cursor = |row: &Listed, backwards| Cursor { key: row.key.clone(), id: row.user.id.0, backwards }.encode();
    let next = rows.last().filter(|_| more || backwards).map(|row| cursor(row, false));
    let has_before = if backwards { more } else { from.is_some() };
    let previous = rows.first().filter(|_| has_before).map(|row| cursor(row, true));

    let mut headers = next_by_key(links, next.as_deref().map(|next| ("cursor", next)));
    for (name, cursor) in [("x-next-cursor", next), ("x-prev-cursor", previous)] {
        let value = HeaderValue::try_from(cursor.unwrap_or_default()).unwrap_or(HeaderValue::from_static(""));
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok((rows, headers))
}
