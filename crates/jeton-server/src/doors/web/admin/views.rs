//! What the administrators' pages show, as plain data.

use askama::Template;

use super::PARTS;
use crate::doors::web::{
    log::Pager,
    paths,
    views::{Field, Frame, Moment},
};

/// The overview.
#[derive(Template)]
#[template(path = "admin/overview.html")]
pub(super) struct OverviewPage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) facts: Vec<Fact>,
}

/// One line of it.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
}

/// The audit log.
#[derive(Template)]
#[template(path = "admin/audit_log.html")]
pub(super) struct AuditLogPage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) filter: FilterForm,
    pub(super) events: Vec<EventRow>,
    pub(super) pager: Pager,
    /// Where the events that the filter lets through can be downloaded.
    pub(super) csv: String,
    pub(super) json_lines: String,
}

/// What is asked for.
pub(super) struct FilterForm {
    pub(super) actor: Field,
    pub(super) user: Field,
    pub(super) since: Field,
    pub(super) until: Field,
    pub(super) actions: Vec<Choice>,
}

/// One thing to choose.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) chosen: bool,
}

/// One event.
pub(super) struct EventRow {
    pub(super) at: Moment,
    pub(super) action: String,
    pub(super) actor: String,
    pub(super) via: String,
    pub(super) subject: String,
    pub(super) details: Vec<(String, String)>,
    pub(super) address: String,
    pub(super) request_id: String,
}

/// The settings.
#[derive(Template)]
#[template(path = "admin/settings.html")]
pub(super) struct SettingsPage<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) groups: Vec<SettingGroup>,
    /// Whether anything is wrong with what was sent.
    pub(super) refused: bool,
}

/// Settings about one thing.
pub(super) struct SettingGroup {
    pub(super) title: &'static str,
    pub(super) settings: Vec<SettingField>,
}

/// One setting.
pub(super) struct SettingField {
    pub(super) name: &'static str,
    /// The name in words.
    pub(super) label: String,
    pub(super) help: &'static str,
    pub(super) input: SettingInput,
    pub(super) problem: Option<String>,
}

/// How it is entered.
pub(super) enum SettingInput {
    /// A checkbox.
    Truth(bool),
    /// A number, with its least and greatest.
    Number { value: String, least: i64, most: Option<i64> },
    /// A text of so many characters.
    Text { value: String, longest: usize },
    /// One of several words.
    One(Vec<Choice>),
    /// Any of several words.
    Any(Vec<Choice>),
}
