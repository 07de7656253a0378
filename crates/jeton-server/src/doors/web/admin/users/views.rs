//! What the pages about people show, as plain data.

use askama::Template;

use crate::doors::web::{
    admin::{PARTS, views::Choice},
    paths,
    views::{Field, Frame, Moment, Pager},
};

/// The list.
#[derive(Template)]
#[template(path = "admin/users.html")]
pub(super) struct UsersPage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) search: String,
    pub(super) kinds: Vec<Choice>,
    pub(super) total: i64,
    pub(super) users: Vec<UserRow>,
    pub(super) pager: Option<Pager>,
    /// What was asked for, as a query without the page.
    pub(super) query: String,
}

/// One account in the list.
pub(super) struct UserRow {
    pub(super) path: String,
    pub(super) username: String,
    pub(super) name: String,
    pub(super) email: String,
    /// What is special about it.
    pub(super) marks: Vec<&'static str>,
    pub(super) created: Moment,
    pub(super) last_seen: Option<Moment>,
}

/// One account.
#[derive(Template)]
#[template(path = "admin/user.html")]
pub(super) struct UserPage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) user: UserRow,
    pub(super) live_tokens: usize,
    pub(super) form: PersonForm,
    /// What can be done to the account now.
    pub(super) steps: Vec<Step>,
    /// Nobody has confirmed its address yet.
    pub(super) can_confirm: bool,
    pub(super) can_reset_two_factor: bool,
    pub(super) can_delete: bool,
}

impl UserPage<'_> {
    fn audit(&self) -> String {
        format!("{}?user={}", paths::AUDIT_EVENTS, self.user.username)
    }
}

/// Something that changes whether an account can be used.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// Its value in the form.
    pub(super) name: &'static str,
    pub(super) button: &'static str,
    /// What it does.
    pub(super) explanation: &'static str,
    pub(super) is_grave: bool,
}

/// A new account.
#[derive(Template)]
#[template(path = "admin/new_user.html")]
pub(super) struct NewUserPage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) form: PersonForm,
    pub(super) password_problem: Option<String>,
}

/// The fields of an account, as they are to be shown.
#[derive(Default)]
pub(super) struct PersonForm {
    pub(super) fields: Vec<PersonField>,
    pub(super) administrator: bool,
    pub(super) external: bool,
    /// What belongs to no field.
    pub(super) problem: Option<String>,
}

/// One of them.
pub(super) struct PersonField {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    /// Of the input.
    pub(super) kind: &'static str,
    pub(super) entered: Field,
}

/// Asks before an account is deleted.
#[derive(Template)]
#[template(path = "admin/delete_user.html")]
pub(super) struct DeleteUserPage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) user: UserRow,
    pub(super) projects: i64,
    /// The user name was typed wrong.
    pub(super) problem: bool,
}
