//! Projects: who may see one, and what a role allows.

use std::fmt;

use crate::{
    id::{ProjectId, UserId},
    namespace::{BadPath, Namespace, has_reserved_ending},
    time::Timestamp,
};

/// Who can see a project. Stored as its name, which is also what the API shows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Visibility {
    /// Members.
    Private,
    /// Everybody who has signed in, except external users.
    Internal,
    /// Everybody.
    Public,
}

impl Visibility {
    /// Every visibility, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Private, Self::Internal, Self::Public];

    /// The word that is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Internal => "internal",
            Self::Public => "public",
        }
    }

    /// The visibility of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|visibility| visibility.name() == name)
    }

    /// The visibility of that stored word. An unknown word comes from a newer program: the narrowest is safe.
    pub fn stored(name: &str) -> Self {
        Self::named(name).unwrap_or(Self::Private)
    }
}

/// What a user is in a project, with the numbers that GitLab publishes (API docs, "Valid access levels").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Role {
    /// Sees the project.
    Guest = 10,
    /// Plans in it.
    Planner = 15,
    /// Reads its code.
    Reporter = 20,
    /// Changes its code.
    Developer = 30,
    /// Keeps it.
    Maintainer = 40,
    /// Owns it.
    Owner = 50,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 6] =
        [Self::Guest, Self::Planner, Self::Reporter, Self::Developer, Self::Maintainer, Self::Owner];

    /// GitLab's number.
    pub const fn level(self) -> i64 {
        self as i64
    }
}

/// What can be done to one project.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    /// Learn that it exists and what it is.
    See,
    /// Clone and fetch.
    Fetch,
    /// Push.
    Push,
    /// Delete it.
    Own,
}

/// Who asks, as far as a project is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Nobody known.
    Anonymous,
    /// A user who is no member.
    Stranger {
        /// Sees only projects it is a member of.
        external: bool,
    },
    /// A member.
    Member(Role),
    /// An administrator of the instance.
    Administrator,
}

impl Right {
    /// Whether a project of that visibility gives this right to that person: the table of GitLab's permissions
    /// documentation ("Project members permissions", with fetching private code from Planner on).
    pub fn is_allowed(self, visibility: Visibility, standing: Standing) -> bool {
        let role = match standing {
            Standing::Administrator => return true,
            Standing::Member(role) => Some(role),
            Standing::Anonymous | Standing::Stranger { .. } => None,
        };
        let in_the_open = match visibility {
            Visibility::Public => true,
            Visibility::Internal => !matches!(standing, Standing::Anonymous | Standing::Stranger { external: true }),
            Visibility::Private => false,
        };
        match self {
            Self::See => in_the_open || role.is_some(),
            Self::Fetch => in_the_open || role >= Some(Role::Planner),
            Self::Push => role >= Some(Role::Developer),
            Self::Own => role >= Some(Role::Owner),
        }
    }
}

/// A project.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Project {
    /// The number; the repository on disk is named by it.
    pub id: ProjectId,
    /// Where it lives.
    pub namespace: Namespace,
    /// The name for people.
    pub name: String,
    /// The last part of its path.
    pub path: String,
    /// What it is about.
    pub description: Option<String>,
    /// Who can see it.
    pub visibility: Visibility,
    /// The branch that a clone checks out.
    pub default_branch: String,
    /// Who made it; none when that user is gone.
    pub creator: Option<UserId>,
    /// Whose namespace it lives in, when that is a user's own.
    pub owner: Option<UserId>,
    /// Since when.
    pub created_at: Timestamp,
    /// Last change of the record.
    pub updated_at: Timestamp,
    /// Last push or change.
    pub last_activity_at: Timestamp,
}

impl Project {
    /// `namespace/path`.
    pub fn full_path(&self) -> String {
        format!("{}/{}", self.namespace.full_path, self.path)
    }

    /// What a user who is no administrator is in this project by owning its namespace.
    pub fn role_of(&self, user: UserId) -> Option<Role> {
        (self.owner == Some(user)).then_some(Role::Owner)
    }
}

/// Why a text is no name for a project, in GitLab's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadName {
    /// Nothing at all.
    Blank,
    /// More than 255 characters.
    TooLong,
    /// A character that names cannot have, or that they cannot begin with.
    Form,
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blank => "can't be blank",
            Self::TooLong => "is too long (maximum is 255 characters)",
            Self::Form => {
                "can contain only letters, digits, emoji, '_', '.', '+', dashes, or spaces. \
                 It must start with a letter, digit, emoji, or '_'."
            }
        })
    }
}

/// Checks a name for people: letters, digits, emoji and `_`, after the first one also `.`, `+`, dashes and spaces
/// (GitLab docs, "Reserved project and group names").
pub fn check_name(name: &str) -> Result<(), BadName> {
    // Copyright sign to the last block of pictographs, as GitLab counts emoji.
    let anywhere = |c: char| c.is_alphanumeric() || c == '_' || ('\u{a9}'..='\u{1f9ff}').contains(&c);
    let later = |c: char| anywhere(c) || matches!(c, '.' | '+' | '-' | ' ');
    let Some(first) = name.chars().next() else { return Err(BadName::Blank) };
    if name.trim().is_empty() {
        Err(BadName::Blank)
    } else if name.chars().count() > 255 {
        Err(BadName::TooLong)
    } else if anywhere(first) && name.chars().all(later) {
        Ok(())
    } else {
        Err(BadName::Form)
    }
}

/// The last part of a project's path: runs of letters and digits with single `.`, `_` or `-` between them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProjectPath(String);

/// Last parts of paths that GitLab's own pages use below a project.
const RESERVED: &[&str] = &[
    "\\-",
    "-",
    "badges",
    "blame",
    "blob",
    "builds",
    "commits",
    "create",
    "create_dir",
    "edit",
    "environments",
    "files",
    "find_file",
    "gitlab-lfs",
    "info",
    "new",
    "preview",
    "raw",
    "refs",
    "tree",
    "update",
    "wikis",
];

impl ProjectPath {
    /// Checks the rules.
    pub fn parse(text: &str) -> Result<Self, BadPath> {
        if text.is_empty() {
            return Err(BadPath::Blank);
        }
        if text.chars().count() > 255 {
            return Err(BadPath::TooLong);
        }
        let lower = text.to_ascii_lowercase();
        let runs =
            text.split(['.', '_', '-']).all(|run| !run.is_empty() && run.bytes().all(|b| b.is_ascii_alphanumeric()));
        if !runs || has_reserved_ending(text) {
            return Err(BadPath::Form);
        }
        if RESERVED.contains(&lower.as_str()) {
            return Err(BadPath::Reserved(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The path that a name suggests: lower case, what paths cannot have becomes `-`.
    pub fn from_name(name: &str) -> Result<Self, BadPath> {
        let mut slug = String::with_capacity(name.len());
        for character in name.chars() {
            let character = character.to_ascii_lowercase();
            if character.is_ascii_alphanumeric() {
                slug.push(character);
            } else if !slug.is_empty() && !slug.ends_with(['-', '.', '_']) {
                slug.push(if matches!(character, '.' | '_') { character } else { '-' });
            }
        }
        Self::parse(slug.trim_end_matches(['-', '.', '_']))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    /// The visibility and role table of GitLab's permissions documentation, written out.
    #[test]
    fn who_may_do_what() {
        let people = [
            Standing::Anonymous,
            Standing::Stranger { external: false },
            Standing::Stranger { external: true },
            Standing::Member(Role::Guest),
            Standing::Member(Role::Planner),
            Standing::Member(Role::Reporter),
            Standing::Member(Role::Developer),
            Standing::Member(Role::Maintainer),
            Standing::Member(Role::Owner),
            Standing::Administrator,
        ];
        let table = [
            (Right::See, Visibility::Public, "yyyyyyyyyy"),
            (Right::See, Visibility::Internal, "nynyyyyyyy"),
            (Right::See, Visibility::Private, "nnnyyyyyyy"),
            (Right::Fetch, Visibility::Public, "yyyyyyyyyy"),
            (Right::Fetch, Visibility::Internal, "nynyyyyyyy"),
            (Right::Fetch, Visibility::Private, "nnnnyyyyyy"),
            (Right::Push, Visibility::Public, "nnnnnnyyyy"),
            (Right::Push, Visibility::Internal, "nnnnnnyyyy"),
            (Right::Push, Visibility::Private, "nnnnnnyyyy"),
            (Right::Own, Visibility::Public, "nnnnnnnnyy"),
            (Right::Own, Visibility::Internal, "nnnnnnnnyy"),
            (Right::Own, Visibility::Private, "nnnnnnnnyy"),
        ];
        for (right, visibility, expected) in table {
            let actual: String =
                people.iter().map(|who| if right.is_allowed(visibility, *who) { 'y' } else { 'n' }).collect();
            assert_eq!(actual, expected, "{right:?} {visibility:?}");
        }
    }

    #[test]
    fn paths_are_runs_with_single_separators() {
        for good in ["a", "my-project", "A.b_c-1", "0"] {
            assert!(ProjectPath::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a..b", "a--b", "x.git", "x.ATOM", "a/b", "ä", "tree", "a b"] {
            assert!(ProjectPath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_begin_with_a_letter_a_digit_an_emoji_or_an_underscore() {
        for good in
            ["a", "My Project", "1.0", "_x", "Überraschung", "🚀 rocket", "a+b-c_d.e", "日本語", &"é".repeat(255)]
        {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("", BadName::Blank),
            ("  ", BadName::Blank),
            (" a", BadName::Form),
            (".a", BadName::Form),
            ("-a", BadName::Form),
            ("a/b", BadName::Form),
            ("a<b>", BadName::Form),
            ("a\nb", BadName::Form),
            (&*"é".repeat(256), BadName::TooLong),
        ] {
            assert_eq!(check_name(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn a_name_suggests_a_path() {
        for (name, path) in
            [("My Project", "my-project"), ("Hello, World!", "hello-world"), ("a.b", "a.b"), (" x ", "x")]
        {
            assert_eq!(ProjectPath::from_name(name).unwrap().as_str(), path);
        }
        assert_eq!(ProjectPath::from_name("✨"), Err(BadPath::Blank));
    }
}
