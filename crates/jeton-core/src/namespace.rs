//! Namespaces: what stands before the last `/` of a project's path, and the rules for paths.

use std::fmt;

use crate::id::NamespaceId;

/// A namespace as projects show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Namespace {
    /// The number.
    pub id: NamespaceId,
    /// The name for people.
    pub name: String,
    /// The last part of the path.
    pub path: String,
    /// The whole path.
    pub full_path: String,
    /// A user's own namespace, or a group.
    pub kind: NamespaceKind,
}

/// What a namespace belongs to. Stored as its name, which is also what the API shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NamespaceKind {
    /// One user.
    User,
    /// Its members.
    Group,
}

impl NamespaceKind {
    /// The word that is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }

    /// The kind of that stored word.
    pub fn named(name: &str) -> Self {
        if name == "user" { Self::User } else { Self::Group }
    }
}

/// Why a text is no path, in GitLab's words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BadPath {
    /// Nothing at all.
    Blank,
    /// More than 255 characters.
    TooLong,
    /// A character that paths cannot have, or a start or an end that they cannot have.
    Form,
    /// The address is taken by a page of the server.
    Reserved(String),
}

impl fmt::Display for BadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => f.write_str("can't be blank"),
            Self::TooLong => f.write_str("is too long (maximum is 255 characters)"),
            Self::Form => f.write_str(
                "can contain only letters, digits, '_', '-' and '.'. Cannot start with '-' or end in '.', '.git' or '.atom'.",
            ),
            Self::Reserved(path) => write!(f, "{path} is a reserved name"),
        }
    }
}

/// First parts of paths that the server itself uses, or that GitLab does and clients therefore never expect.
const RESERVED: &[&str] = &[
    "-",
    ".well-known",
    "404.html",
    "422.html",
    "500.html",
    "502.html",
    "503.html",
    "admin",
    "api",
    "apple-touch-icon.png",
    "assets",
    "dashboard",
    "deploy.html",
    "explore",
    "favicon.ico",
    "favicon.png",
    "files",
    "groups",
    "health_check",
    "help",
    "import",
    "invites",
    "jwt",
    "login",
    "o",
    "oauth",
    "profile",
    "projects",
    "public",
    "robots.txt",
    "s",
    "search",
    "sitemap",
    "sitemap.xml",
    "sitemap.xml.gz",
    "slash-command-logo.png",
    "snippets",
    "unsubscribes",
    "uploads",
    "users",
    "v2",
];

/// Checks the path of a user's namespace or of a top-level group: letters, digits, `_`, `-` and `.`.
pub fn check_top_level_path(path: &str) -> Result<(), BadPath> {
    if path.is_empty() {
        return Err(BadPath::Blank);
    }
    if path.chars().count() > 255 {
        return Err(BadPath::TooLong);
    }
    let characters = path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let lower = path.to_ascii_lowercase();
    let start = path.starts_with(['-', '.']);
    if !characters || start || path.ends_with('.') || has_reserved_ending(path) {
        return Err(BadPath::Form);
    }
    if RESERVED.contains(&lower.as_str()) {
        return Err(BadPath::Reserved(path.to_owned()));
    }
    Ok(())
}

/// Whether a path ends as an address of another kind does: a clone URL or a feed.
pub(crate) fn has_reserved_ending(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("git") || end.eq_ignore_ascii_case("atom"))
}
