//! What administrators decide while the instance runs: GitLab's application settings, as far as they mean something here.
//!
//! One setting is one row of `policy!`: the field of [`Policy`], the API, the administrator's page and the documentation
//! are read from it. (What is decided before the instance starts stands in its settings file instead.)

mod value;

pub use value::{Held, Kind, Unfit, Value};

use crate::project::Visibility;

macro_rules! policy {
    ($($(#[doc = $doc:literal])+ $group:ident $name:ident: $type:ty = $default:expr, $kind:expr;)*) => {
        /// Every setting with its value.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct Policy { $(
            $(#[doc = $doc])+
            pub $name: $type,
        )* }

        impl Default for Policy {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        /// Every setting, in the order in which they are shown.
        pub const ROWS: &[Row] = &[$(
            Row { name: stringify!($name), group: Group::$group, kind: $kind, help: concat!($($doc),+) },
        )*];

        impl Policy {
            /// The value of the setting of that name; none if there is no such setting.
            pub fn get(&self, name: &str) -> Option<Value> {
                match name {
                    $(stringify!($name) => Some(self.$name.to_value()),)*
                    _ => None,
                }
            }

            /// Changes the setting of that name.
            ///
            /// # Errors
            /// [`Unfit`] if there is no such setting, or the value does not fit it; nothing is changed then.
            pub fn set(&mut self, name: &str, value: Value) -> Result<(), Unfit> {
                let row = ROWS.iter().find(|row| row.name == name).ok_or(Unfit::Unknown)?;
                row.kind.check(&value)?;
                match name {
                    $(stringify!($name) => self.$name = Held::from_value(value).ok_or(Unfit::Type)?,)*
                    _ => return Err(Unfit::Unknown),
                }
                Ok(())
            }
        }
    };
}

/// What is known of a setting besides its value.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// GitLab's name of it.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// Which values fit.
    pub kind: Kind,
    /// What it is for, in one or two sentences.
    pub help: &'static str,
}

/// What settings are about, in the order in which people look for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// How people sign in.
    SignIn,
    /// What tokens may be, and which count.
    Tokens,
    /// What projects may be.
    Projects,
    /// How code and images are fetched and pushed.
    Serving,
    /// How much of something is too much.
    Limits,
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 5] = [Self::SignIn, Self::Tokens, Self::Projects, Self::Serving, Self::Limits];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::SignIn => "Sign-in",
            Self::Tokens => "Access tokens",
            Self::Projects => "Projects",
            Self::Serving => "Git and the registry",
            Self::Limits => "Limits",
        }
    }
}

/// Numbers that must not be negative, and have no other limit.
const COUNT: Kind = Kind::Number { least: 0, most: i64::MAX };
/// Numbers of which nothing would ever come if they were zero.
const POSITIVE: Kind = Kind::Number { least: 1, most: i64::MAX };

policy! {
    /// Whether everybody must have two-factor authentication.
    SignIn require_two_factor_authentication: bool = false, Kind::Boolean;
    /// Hours, counted from somebody's first sign-in under that rule, in which the password alone still does.
    SignIn two_factor_grace_period: i64 = 48, COUNT;
    /// Whether the account's password is accepted on the sign-in page.
    SignIn password_authentication_enabled_for_web: bool = true, Kind::Boolean;
    /// Whether the account's password is accepted for Git over HTTP.
    SignIn password_authentication_enabled_for_git: bool = true, Kind::Boolean;
    /// Whether an e-mail address must be confirmed before its account can be used: off or hard.
    SignIn email_confirmation_setting: String = "off".to_owned(), Kind::Word(&["off", "hard"]);
    /// What new tokens start with.
    Tokens personal_access_token_prefix: String = "jeton_".to_owned(), Kind::Prefix;
    /// Whether every token must have an expiry date.
    Tokens require_personal_access_token_expiry: bool = false, Kind::Boolean;
    /// Days for which a token may live at most; none for no limit.
    Tokens max_personal_access_token_lifetime: Option<i64> = None, Kind::MaybeNumber { least: 1, most: 400 };
    /// Whether tokens are switched off: none can be made, and none is accepted.
    Tokens disable_personal_access_tokens: bool = false, Kind::Boolean;
    /// Whether tokens count that administrators made to act as somebody else.
    Tokens impersonation_enabled: bool = true, Kind::Boolean;
    /// The visibility of projects that are made without one.
    Projects default_project_visibility: Visibility = Visibility::Private, Kind::Word(&["private", "internal", "public"]);
    /// Visibilities that only administrators may give to a project.
    Projects restricted_visibility_levels: Vec<String> = Vec::new(), Kind::Words(&["private", "internal", "public"]);
    /// How many projects a new user may own.
    Projects default_projects_limit: i64 = 100_000, COUNT;
    /// The only protocol for Git: http or ssh; empty for all that there are.
    Serving enabled_git_access_protocol: String = String::new(), Kind::Word(&["", "http", "ssh"]);
    /// Minutes for which a registry token is good.
    Serving container_registry_token_expire_delay: i64 = 5, POSITIVE;
    /// Whether requests to the API that bring a credential are limited, for each user.
    Limits throttle_authenticated_api_enabled: bool = false, Kind::Boolean;
    /// How many such requests a user may make in a period.
    Limits throttle_authenticated_api_requests_per_period: i64 = 7_200, POSITIVE;
    /// How long that period is, in seconds.
    Limits throttle_authenticated_api_period_in_seconds: i64 = 3_600, POSITIVE;
    /// Whether requests to the API without a credential are limited, for each address.
    Limits throttle_unauthenticated_api_enabled: bool = false, Kind::Boolean;
    /// How many such requests may come from an address in a period.
    Limits throttle_unauthenticated_api_requests_per_period: i64 = 3_600, POSITIVE;
    /// How long that period is, in seconds.
    Limits throttle_unauthenticated_api_period_in_seconds: i64 = 3_600, POSITIVE;
    /// Whether it is limited from how many addresses a user may come.
    Limits unique_ips_limit_enabled: bool = false, Kind::Boolean;
    /// From how many addresses a user may come within the window.
    Limits unique_ips_limit_per_user: i64 = 10, POSITIVE;
    /// How long that window is, in seconds.
    Limits unique_ips_limit_time_window: i64 = 3_600, POSITIVE;
    /// What whoever asks too often is told; empty for "Retry later".
    Limits rate_limiting_response_text: String = String::new(), Kind::Text { longest: 255 };
    /// How often a user may ask for a user by number in ten minutes; 0 for no limit.
    Limits users_get_by_id_limit: i64 = 300, COUNT;
    /// How often a user or an address may ask for users' statuses in a minute; 0 for no limit.
    Limits users_api_limit_status: i64 = 240, COUNT;
    /// How often a user or an address may list users' SSH keys in a minute; 0 for no limit.
    Limits users_api_limit_ssh_keys: i64 = 120, COUNT;
    /// How often a user or an address may ask for one SSH key of a user in a minute; 0 for no limit.
    Limits users_api_limit_ssh_key: i64 = 120, COUNT;
    /// How often a user or an address may list users' GPG keys in a minute; 0 for no limit.
    Limits users_api_limit_gpg_keys: i64 = 120, COUNT;
    /// How often a user or an address may ask for one GPG key of a user in a minute; 0 for no limit.
    Limits users_api_limit_gpg_key: i64 = 120, COUNT;
    /// How often a user or an address may list a user's projects in a minute; 0 for no limit.
    Limits user_projects_api_limit: i64 = 300, COUNT;
    /// How often a user may list projects in ten minutes; 0 for no limit.
    Limits projects_api_limit: i64 = 2_000, COUNT;
    /// How often an address may list projects without a credential in ten minutes; 0 for no limit.
    Limits projects_api_rate_limit_unauthenticated: i64 = 400, COUNT;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::BadPrefix;

    #[test]
    fn every_default_fits_its_own_row_and_survives_the_way_out_and_in() {
        let usual = Policy::default();
        for row in ROWS {
            let mut copy = Policy::default();
            let value = usual.get(row.name).unwrap_or(Value::Nothing);
            assert_eq!(copy.set(row.name, value), Ok(()), "{}", row.name);
            assert_eq!(copy, usual, "{}", row.name);
            assert!(row.help.ends_with('.'), "{} is not explained in sentences", row.name);
        }
    }

    #[test]
    fn every_setting_stands_in_the_book_as_it_is_here() {
        let book = include_str!("../../../docs/administration.md");
        for row in ROWS {
            let told = book.lines().find(|line| line.starts_with(&format!("| `{}` | ", row.name))).unwrap_or_default();
            let help = row.help.trim().trim_end_matches('.');
            assert!(told.contains(help), "docs/administration.md does not say of {}: {help}", row.name);
        }
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut policy = Policy::default();
        for (name, value, why) in [
            ("no_such_setting", Value::Boolean(true), Unfit::Unknown),
            ("two_factor_grace_period", Value::Number(-1), Unfit::TooSmall(0)),
            ("two_factor_grace_period", Value::Nothing, Unfit::Type),
            ("two_factor_grace_period", Value::Text("x".to_owned()), Unfit::Type),
            ("max_personal_access_token_lifetime", Value::Number(0), Unfit::TooSmall(1)),
            ("max_personal_access_token_lifetime", Value::Number(401), Unfit::TooLarge(400)),
            ("default_project_visibility", Value::Text("secret".to_owned()), Unfit::NotListed),
            ("restricted_visibility_levels", Value::Words(vec!["secret".to_owned()]), Unfit::NotListed),
            ("personal_access_token_prefix", Value::Text("x".repeat(21)), Unfit::Prefix(BadPrefix::TooLong)),
            ("rate_limiting_response_text", Value::Text("é".repeat(256)), Unfit::TooLong(255)),
            ("users_get_by_id_limit", Value::Number(-1), Unfit::TooSmall(0)),
            ("require_two_factor_authentication", Value::Number(1), Unfit::Type),
        ] {
            assert_eq!(policy.set(name, value), Err(why), "{name}");
        }
        assert_eq!(policy, Policy::default());
    }

    #[test]
    fn what_fits_is_in_force() {
        let mut policy = Policy::default();
        for (name, value) in [
            ("require_two_factor_authentication", Value::Boolean(true)),
            ("max_personal_access_token_lifetime", Value::Number(365)),
            ("default_project_visibility", Value::Text("internal".to_owned())),
            ("restricted_visibility_levels", Value::Words(vec!["public".to_owned()])),
        ] {
            assert_eq!(policy.set(name, value.clone()), Ok(()), "{name}");
            assert_eq!(policy.get(name), Some(value), "{name}");
        }
        assert!(policy.require_two_factor_authentication);
        assert_eq!(policy.max_personal_access_token_lifetime, Some(365));
        assert_eq!(policy.default_project_visibility, Visibility::Internal);
        assert_eq!(policy.set("max_personal_access_token_lifetime", Value::Nothing), Ok(()));
        assert_eq!(policy.max_personal_access_token_lifetime, None);
    }
}
