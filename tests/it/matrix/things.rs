//! The rows' other half: what is asked about.

use jeton_server::guard::Route;
use serde_json::{Value, json};

use super::Credential;
use crate::harness::{Bearer, Person, Server, SignedIn, Visitor as _};

/// What a route is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// Nothing in particular.
    Nothing,
    /// A token, by its number.
    Token,
    /// A project, by number or path.
    Project,
    /// A user, by number.
    User,
    /// A further address of a user, by its number.
    Email,
    /// A file of the pages.
    Asset,
}

/// Parts of routes' paths, and what they are about. The first that stands in a path counts.
const SUBJECTS: [(&str, Subject); 7] = [
    ("/profile/emails/{id}", Subject::Email),
    ("/personal_access_tokens/{id}", Subject::Token),
    ("/users/{id}", Subject::User),
    ("/users/{user_id}", Subject::User),
    ("/projects/{id}", Subject::Project),
    ("/{namespace}/{project}.git/", Subject::Project),
    ("/-/assets/{version}/{name}", Subject::Asset),
];

impl Subject {
    /// The subject of a route.
    pub(super) fn of(route: &Route) -> Self {
        let found = SUBJECTS.iter().find(|(part, _)| route.path.contains(part)).map(|(_, subject)| *subject);
        match found {
            Some(subject) => subject,
            None if route.path.contains('{') => panic!("say in SUBJECTS what {} is about", route.path),
            None => Self::Nothing,
        }
    }

    /// About which of them to ask.
    pub(super) const fn targets(self) -> &'static [Target] {
        match self {
            Self::Nothing => &[Target::Nothing],
            Self::Token | Self::User => &[Target::Mine, Target::Theirs, Target::Missing],
            Self::Project => &[Target::Mine, Target::Theirs, Target::Internal, Target::Public, Target::Missing],
            Self::Asset | Self::Email => &[Target::Missing],
        }
    }

    /// Whether it is a secret that one exists. Users are none: whoever signed in may read the list.
    pub(super) const fn is_secret(self) -> bool {
        matches!(self, Self::Token | Self::Project)
    }
}

/// Whose thing it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// There is nothing to choose.
    Nothing,
    /// Jane's, with whose credentials most columns ask.
    Mine,
    /// Bob's; a project is private.
    Theirs,
    /// An internal project of Bob's.
    Internal,
    /// A public project of Bob's.
    Public,
    /// Nobody's: it does not exist.
    Missing,
}

impl Target {
    /// The word in the table.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Mine => "mine",
            Self::Theirs => "theirs",
            Self::Internal => "internal",
            Self::Public => "public",
            Self::Missing => "missing",
        }
    }
}

/// Something that a route can be asked about.
#[derive(Clone)]
pub(super) struct Thing {
    number: i64,
    /// A project's path, with its namespace.
    path: String,
}

impl Thing {
    /// The address of a route about this thing.
    pub(super) fn address(&self, route: &str) -> String {
        let number = self.number.to_string();
        route
            .replace("{id}", &number)
            .replace("{user_id}", &number)
            .replace("{namespace}/{project}", &self.path)
            .replace("{version}/{name}", "0/none.css")
    }

    /// A text in which this thing is not told from another one.
    pub(super) fn masked(&self, text: &str) -> String {
        if self.path.is_empty() { text.to_owned() } else { text.replace(&self.path, "PATH") }
    }
}

/// A server with people and things, some of them dead.
pub(super) struct World<'s> {
    pub(super) server: &'s Server,
    pub(super) root: Person<'s>,
    pub(super) jane: Person<'s>,
    pub(super) bob: Person<'s>,
    pub(super) carl: Person<'s>,
    pub(super) jane_id: i64,
    pub(super) expired: String,
    pub(super) revoked: String,
    pub(super) blocked: String,
    pub(super) session: SignedIn<'s>,
    pub(super) root_session: SignedIn<'s>,
    pub(super) ended_session: SignedIn<'s>,
    pub(super) blocked_session: SignedIn<'s>,
    bob_id: i64,
    root_id: i64,
    administrator: Bearer<'s>,
    owners: [Bearer<'s>; 2],
    usual: Usual,
}

/// The things that are asked about where nothing can happen to them.
struct Usual {
    tokens: [Thing; 2],
    mine: Thing,
    theirs: Thing,
    internal: Thing,
    public: Thing,
}

impl<'s> World<'s> {
    /// Makes all of it.
    pub(super) fn make(server: &'s Server) -> Self {
        let (root, jane) = (server.root(), server.person("jane"));
        let (bob, carl) = (server.person("bob"), server.person("carl"));
        let administrator = root.token("api,sudo");
        let owners = [jane.token("api"), bob.token("api")];
        let (session, root_session, ended_session) = (jane.session(), root.session(), jane.session());
        let blocked_session = carl.session();
        let blocked = carl.token("api").token;
        server.jeton(&["user", "block", &carl.username]).expect_ok();
        let form = [("authenticity_token", &*ended_session.csrf)];
        assert!(ended_session.post_form("/users/sign_out", &form).status < 400);
        let [jane_id, bob_id] = owners.each_ref().map(Bearer::user_id);
        let usual = Usual {
            tokens: [jane_id, bob_id]
                .map(|user| Thing::token(&new_token(&administrator, user, &json!(["read_api"]), None))),
            mine: new_project(&owners[0], "usual", "private"),
            theirs: new_project(&owners[1], "usual", "private"),
            internal: new_project(&owners[1], "usual-internal", "internal"),
            public: new_project(&owners[1], "usual-public", "public"),
        };
        let dead = |expires_at| new_token(&administrator, jane_id, &json!(["api"]), expires_at);
        let (expired, revoked) = (dead(Some("2020-01-01")), dead(None));
        administrator.delete(&format!("/api/v4/personal_access_tokens/{}", revoked["id"])).expect(204);
        Self {
            expired: text(&expired, "token"),
            revoked: text(&revoked, "token"),
            root_id: administrator.user_id(),
            server,
            root,
            jane,
            bob,
            carl,
            jane_id,
            blocked,
            session,
            root_session,
            ended_session,
            blocked_session,
            bob_id,
            administrator,
            owners,
            usual,
        }
    }

    /// A new token's text.
    pub(super) fn token(&self, user: i64, scope: &str) -> String {
        text(&new_token(&self.administrator, user, &json!([scope]), None), "token")
    }

    /// A new token of Jane's.
    pub(super) fn janes_token(&self, scope: &str) -> Credential {
        Credential::Token(self.token(self.jane_id, scope))
    }

    /// A new token of the administrator's.
    pub(super) fn roots_token(&self, scope: &str) -> Credential {
        Credential::Token(self.token(self.root_id, scope))
    }

    /// The thing to ask about; a new one if it is to be `fresh`.
    pub(super) fn thing(&self, subject: Subject, target: Target, fresh: bool) -> Thing {
        let nothing = Thing { number: 99_999_999, path: String::new() };
        match (subject, target) {
            (Subject::Project, Target::Missing) => Thing { path: format!("{}/none", self.bob.username), ..nothing },
            (_, Target::Missing | Target::Nothing) | (Subject::Nothing | Subject::Asset | Subject::Email, _) => nothing,
            (Subject::User, Target::Mine) => Thing { number: self.jane_id, ..nothing },
            (Subject::User, _) => Thing { number: self.bob_id, ..nothing },
            (Subject::Token, Target::Mine) => self.token_of(0, fresh),
            (Subject::Token, _) => self.token_of(1, fresh),
            (Subject::Project, _) => self.project(target, fresh),
        }
    }

    fn token_of(&self, owner: usize, fresh: bool) -> Thing {
        let user = [self.jane_id, self.bob_id][owner];
        if fresh {
            Thing::token(&new_token(&self.administrator, user, &json!(["read_api"]), None))
        } else {
            self.usual.tokens[owner].clone()
        }
    }

    fn project(&self, target: Target, fresh: bool) -> Thing {
        let (usual, owner, visibility) = match target {
            Target::Mine => (&self.usual.mine, 0, "private"),
            Target::Internal => (&self.usual.internal, 1, "internal"),
            Target::Public => (&self.usual.public, 1, "public"),
            _ => (&self.usual.theirs, 1, "private"),
        };
        if fresh { new_project(&self.owners[owner], &new_name(), visibility) } else { usual.clone() }
    }
}

impl Thing {
    fn token(made: &Value) -> Self {
        Self { number: made["id"].as_i64().unwrap(), path: String::new() }
    }
}

fn new_name() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("fresh-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

fn text(made: &Value, field: &str) -> String {
    made[field].as_str().unwrap().to_owned()
}

fn new_token(administrator: &Bearer<'_>, user: i64, scopes: &Value, expires_at: Option<&str>) -> Value {
    let body = json!({ "name": "matrix", "scopes": scopes, "expires_at": expires_at });
    administrator.post(&format!("/api/v4/users/{user}/personal_access_tokens"), &body).expect(201).json()
}

fn new_project(owner: &Bearer<'_>, name: &str, visibility: &str) -> Thing {
    let body = json!({ "name": name, "visibility": visibility, "initialize_with_readme": true });
    let made = owner.post("/api/v4/projects", &body).expect(201).json();
    Thing { number: made["id"].as_i64().unwrap(), path: text(&made, "path_with_namespace") }
}
