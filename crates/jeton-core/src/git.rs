//! Git over HTTP: what a request's method, path and query ask for.
//!
//! The addresses are those of Git's "smart" protocol (gitprotocol-http(5)) below `/namespace/project.git`. Everything is
//! decided on the raw, undecoded text: no project's path needs percent-encoding, so an encoded one is nobody's.

mod branch;

pub use branch::{BadBranchName, BranchName};

use crate::{
    ability::Ability,
    namespace::{BadPath, check_top_level_path, has_reserved_ending},
    project::Right,
    secret::names_a_credential,
};

/// The longest path that is looked at, in bytes: twenty namespaces and a project of ordinary length.
const LONGEST_PATH: usize = 2048;

/// One of the two services of the smart protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Service {
    /// Clone and fetch.
    UploadPack,
    /// Push.
    ReceivePack,
}

impl Service {
    /// Both.
    pub const ALL: [Self; 2] = [Self::UploadPack, Self::ReceivePack];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }

    /// The service of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// The subcommand of `git` that serves it.
    pub const fn command(self) -> &'static str {
        match self {
            Self::UploadPack => "upload-pack",
            Self::ReceivePack => "receive-pack",
        }
    }

    /// What a credential must grant for it.
    pub const fn ability(self) -> Ability {
        match self {
            Self::UploadPack => Ability::PullCode,
            Self::ReceivePack => Ability::PushCode,
        }
    }

    /// What the user must have in the project for it.
    pub const fn right(self) -> Right {
        match self {
            Self::UploadPack => Right::Fetch,
            Self::ReceivePack => Right::Push,
        }
    }
}

/// The two requests of which every fetch and push is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// `GET …/info/refs`: what the repository offers.
    Advertise,
    /// `POST …/git-upload-pack` or `…/git-receive-pack`: the exchange itself.
    Exchange,
}

/// Where a repository is, as its address says: two well-formed paths, which need not exist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RepositoryPath {
    /// The full path of the namespace: one or more segments.
    pub namespace: String,
    /// The project's own path, without `.git`.
    pub project: String,
}

impl RepositoryPath {
    /// `namespace/project`.
    pub fn full(&self) -> String {
        format!("{}/{}", self.namespace, self.project)
    }

    fn parse(path: &str) -> Result<Self, NotServed> {
        let (namespace, project) =
            path.strip_prefix('/').and_then(|path| path.rsplit_once('/')).ok_or(NotServed::Missing)?;
        let first = namespace.split('/').next().unwrap_or_default();
        // Pages about a project stand below `/-/`, whatever their address looks like.
        let page = namespace.split('/').any(|segment| segment == "-");
        if page || matches!(check_top_level_path(first), Err(BadPath::Reserved(_))) {
            return Err(NotServed::Elsewhere);
        }
        if path.len() <= LONGEST_PATH && path[1..].split('/').all(is_segment) {
            Ok(Self { namespace: namespace.to_owned(), project: project.to_owned() })
        } else {
            Err(NotServed::Missing)
        }
    }
}

/// Whether a namespace or a project can be called that at all.
fn is_segment(text: &str) -> bool {
    let characters = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let ends = !text.starts_with(['-', '.']) && !text.ends_with('.');
    characters && ends && !text.is_empty() && text.len() <= 255 && !has_reserved_ending(text)
}

/// A request for a repository that can be served, if the lock agrees.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GitRequest {
    /// Which repository.
    pub repository: RepositoryPath,
    /// Fetch or push: the path's and the query's word, which agree.
    pub service: Service,
    /// Which half of it.
    pub step: Step,
}

/// Why a request is none that Git can be asked to answer. The answers are GitLab's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotServed {
    /// The address is none of Git's: another door may know it.
    Elsewhere,
    /// The address lacks `.git`: look at this path and query, which hold no credential.
    Moved(String),
    /// The address lacks `.git` and the service is none of Git's: to be answered like a page that needs a sign-in.
    Page,
    /// The address looks like one of Git's, but nothing is ever there.
    Missing,
    /// `HEAD` of what a repository offers.
    WithoutBody,
    /// No service, an unknown one, or another one than the path's.
    UnknownService,
}

/// What follows a repository's address.
enum Tail {
    Refs,
    Exchange(Service),
    Other,
}

impl GitRequest {
    /// Whether a path is one of Git's, whatever is asked there: [`Self::parse`] never says [`NotServed::Elsewhere`].
    pub fn is_address(path: &str) -> bool {
        Self::parse("GET", path, None) != Err(NotServed::Elsewhere)
    }

    /// Reads a request line: `path` and `query` are the raw, still encoded parts of the target.
    pub fn parse(method: &str, path: &str, query: Option<&str>) -> Result<Self, NotServed> {
        let (address, tail) = split(path).ok_or(NotServed::Elsewhere)?;
        match address.strip_suffix(".git") {
            Some(address) => Self::served(method, RepositoryPath::parse(address)?, &tail, query),
            None => Err(without_suffix(method, address, &tail, query)),
        }
    }

    fn served(method: &str, repository: RepositoryPath, tail: &Tail, query: Option<&str>) -> Result<Self, NotServed> {
        let (service, step) = match (method, tail) {
            ("GET", Tail::Refs) => {
                let Asked::One(service) = asked_service(query) else { return Err(NotServed::UnknownService) };
                (service, Step::Advertise)
            }
            ("HEAD", Tail::Refs) => return Err(NotServed::WithoutBody),
            ("POST", Tail::Exchange(service)) => match asked_service(query) {
                Asked::Nothing => (*service, Step::Exchange),
                Asked::One(asked) if asked == *service => (*service, Step::Exchange),
                Asked::One(_) | Asked::Other => return Err(NotServed::UnknownService),
            },
            _ => return Err(NotServed::Missing),
        };
        Ok(Self { repository, service, step })
    }
}

/// Divides a path into a repository's address and what follows it.
fn split(path: &str) -> Option<(&str, Tail)> {
    if let Some(address) = path.strip_suffix("/info/refs") {
        return Some((address, Tail::Refs));
    }
    if let Some((address, last)) = path.rsplit_once('/')
        && let Some(service) = Service::named(last)
    {
        return Some((address, Tail::Exchange(service)));
    }
    let end = path.find(".git/")? + ".git".len();
    Some((&path[..end], Tail::Other))
}

/// People type clone addresses without `.git`; Git follows the redirect for the first request and keeps the new base.
fn without_suffix(method: &str, address: &str, tail: &Tail, query: Option<&str>) -> NotServed {
    if RepositoryPath::parse(address).is_err() {
        return NotServed::Elsewhere;
    }
    match (method, tail, asked_service(query)) {
        ("GET" | "HEAD", Tail::Refs, Asked::Nothing | Asked::One(_)) => {
            NotServed::Moved(format!("{address}.git/info/refs{}", harmless(query)))
        }
        ("GET" | "HEAD", Tail::Refs, Asked::Other) => NotServed::Page,
        _ => NotServed::Missing,
    }
}

/// What the query's `service` says.
enum Asked {
    Nothing,
    One(Service),
    Other,
}

fn asked_service(query: Option<&str>) -> Asked {
    let pairs = query.unwrap_or_default().split('&');
    let mut services = pairs.filter_map(|pair| pair.strip_prefix("service=")).map(Service::named);
    match services.next() {
        None => Asked::Nothing,
        Some(Some(service)) if services.all(|other| other == Some(service)) => Asked::One(service),
        Some(_) => Asked::Other,
    }
}

/// The query with its `?`, without the parameters that may carry a credential, however they are written.
fn harmless(query: Option<&str>) -> String {
    let plain = |pair: &&str| {
        let key = pair.split('=').next().unwrap_or_default();
        let readable = key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        // Some servers end a parameter at `;` too.
        readable && !names_a_credential(pair) && !pair.contains(';')
    };
    let kept: Vec<&str> = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).filter(plain).collect();
    if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests;
