//! The fields of an account, as an administrator enters them.

use jeton_core::user::{Email, User, Username, name_flaw};
use jeton_store::users::NotMade;

use super::views::{PersonField, PersonForm};
use crate::{
    doors::web::{form::Pairs, views::Field},
    passwords::strength::{self, About},
    refusal::Refusal,
};

/// What was entered.
pub(super) struct Entered {
    username: String,
    name: String,
    email: String,
    projects_limit: String,
    administrator: bool,
    external: bool,
}

/// The same, when nothing is wrong with it.
pub(super) struct Person {
    pub(super) username: Username,
    pub(super) name: String,
    pub(super) email: Email,
    pub(super) projects_limit: i64,
    pub(super) administrator: bool,
    pub(super) external: bool,
}

impl Entered {
    /// What a form says.
    pub(super) fn read(pairs: &Pairs) -> Self {
        let text = |name: &str| pairs.get(name).unwrap_or_default().trim().to_owned();
        Self {
            username: text("user[username]"),
            name: text("user[name]"),
            email: text("user[email]"),
            projects_limit: text("user[projects_limit]"),
            administrator: text("user[admin]") == "1",
            external: text("user[external]") == "1",
        }
    }

    /// The account as it is.
    pub(super) fn of(user: &User) -> Self {
        Self {
            username: user.username.clone(),
            name: user.name.clone(),
            email: user.email.clone(),
            projects_limit: user.projects_limit.to_string(),
            administrator: user.administrator,
            external: user.external,
        }
    }

    /// An account of which nothing is known yet.
    pub(super) fn nobody(projects_limit: i64) -> Self {
        Self {
            username: String::new(),
            name: String::new(),
            email: String::new(),
            projects_limit: projects_limit.to_string(),
            administrator: false,
            external: false,
        }
    }

    /// Checks every field at once.
    pub(super) fn check(&self) -> Result<Person, Problems> {
        let username = Username::parse(&self.username).map_err(|bad| format!("User name {bad}"));
        let email = Email::parse(&self.email).map_err(|bad| format!("E-mail address {bad}"));
        let limit = self.projects_limit.parse().ok().filter(|limit| (0..=i64::from(i32::MAX)).contains(limit));
        let name = name_flaw(&self.name).map(|flaw| format!("Name {flaw}"));
        match (username, email, limit, name) {
            (Ok(username), Ok(email), Some(projects_limit), None) => Ok(Person {
                username,
                name: self.name.clone(),
                email,
                projects_limit,
                administrator: self.administrator,
                external: self.external,
            }),
            (username, email, limit, name) => Err(Problems {
                username: username.err(),
                name,
                email: email.err(),
                projects_limit: limit.is_none().then(|| "Write a whole number, 0 or more.".to_owned()),
                other: None,
            }),
        }
    }

    /// What is wrong with a password for this account; none is fine.
    pub(super) fn judge(&self, password: &str, url: &str) -> Option<String> {
        let about = About { username: &self.username, name: &self.name, email: &self.email, url };
        let judged = if password.is_empty() { Ok(()) } else { strength::check(password, about) };
        judged.err().map(|weakness| format!("Password {weakness}"))
    }

    /// As it is to be shown, with what is wrong.
    pub(super) fn into_form(self, problems: Problems) -> PersonForm {
        let field =
            |name, label, kind, value, problem| PersonField { name, label, kind, entered: Field { value, problem } };
        PersonForm {
            fields: vec![
                field("username", "User name", "text", self.username, problems.username),
                field("name", "Name", "text", self.name, problems.name),
                field("email", "E-mail address", "email", self.email, problems.email),
                field(
                    "projects_limit",
                    "Projects that it may own",
                    "number",
                    self.projects_limit,
                    problems.projects_limit,
                ),
            ],
            administrator: self.administrator,
            external: self.external,
            problem: problems.other,
        }
    }
}

/// What is wrong, by field.
#[derive(Default)]
pub(super) struct Problems {
    pub(super) username: Option<String>,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) projects_limit: Option<String>,
    /// What belongs to no field.
    pub(super) other: Option<String>,
}

impl Problems {
    /// Somebody else has the name or the address.
    pub(super) fn taken(error: NotMade) -> Result<Self, Refusal> {
        match error {
            NotMade::UsernameTaken => Ok(Self { username: Some(error.to_string()), ..Self::default() }),
            NotMade::EmailTaken => Ok(Self { email: Some(error.to_string()), ..Self::default() }),
            NotMade::IdentityTaken => Ok(Self { other: Some(error.to_string()), ..Self::default() }),
            NotMade::Fault(fault) => Err(fault.into()),
        }
    }
}
