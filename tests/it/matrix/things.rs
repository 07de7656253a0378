//! The rows' other half: what is asked about.

use std::{collections::HashMap, sync::Mutex};

use jeton_server::guard::Route;
use reqwest::Method;
use serde_json::{Value, json};

use super::Credential;
use crate::harness::{Bearer, Person, Server, SignedIn, Visitor as _, new_gpg_key, new_ssh_key};

/// What a route is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// Nothing in particular.
    Nothing,
    /// A token, by its number.
    Token,
    /// A project, by number or path.
    Project,
    /// A user, by number.
    User,
    /// A user to whom something happens, by number.
    Account,
    /// A token of Bob's that an administrator made, by his number and its own.
    Impersonation,
    /// An SSH key, by number, of a user.
    SshKey,
    /// An OpenPGP key, by number, of a user.
    GpgKey,
    /// A further e-mail address, by number, of a user.
    Email,
    /// A custom attribute of a user.
    Attribute,
    /// A user's keys as plain text.
    KeysFile,
    /// A session or a browser, by a number that only its owner is shown.
    Place,
    /// A passkey, by its number.
    Passkey,
    /// A further address on the page of the own ones, by its number.
    Address,
    /// A file of the pages.
    Asset,
}

/// Parts of routes' paths, and what they are about. The first that stands in a path counts.
const SUBJECTS: [(&str, Subject); 17] = [
    ("/profile/emails/{id}", Subject::Address),
    ("/webauthn_registrations/{id}/", Subject::Passkey),
    ("/active_sessions/{id}", Subject::Place),
    ("/devices/{id}", Subject::Place),
    ("/personal_access_tokens/{id}", Subject::Token),
    ("/impersonation_tokens/{impersonation_token_id}", Subject::Impersonation),
    ("/gpg_keys/{key_id}", Subject::GpgKey),
    ("/keys/{key_id}", Subject::SshKey),
    ("/emails/{email_id}", Subject::Email),
    ("/custom_attributes/{key}", Subject::Attribute),
    ("/uploads/-/system/user/avatar/{id}/{file}", Subject::Asset),
    ("/{file}", Subject::KeysFile),
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
            // The usual people must be able to go on asking.
            Some(Self::User) if route.path.starts_with("/api/v4/users/{id}") && route.method != "GET" => Self::Account,
            Some(subject) => subject,
            None if route.path.contains('{') => panic!("say in SUBJECTS what {} is about", route.path),
            None => Self::Nothing,
        }
    }

    /// About which of them to ask.
    pub(super) const fn targets(self) -> &'static [Target] {
        match self {
            Self::Nothing => &[Target::Nothing],
            Self::Token | Self::User | Self::SshKey | Self::GpgKey | Self::Email | Self::Attribute | Self::KeysFile => {
                &[Target::Mine, Target::Theirs, Target::Missing]
            }
            Self::Project => &[Target::Mine, Target::Theirs, Target::Internal, Target::Public, Target::Missing],
            Self::Account | Self::Impersonation => &[Target::Theirs, Target::Missing],
            // Only a key can make a passkey, and there is none here: the tests of passkeys ask for other people's.
            Self::Place | Self::Passkey | Self::Asset | Self::Address => &[Target::Missing],
        }
    }

    /// Whether it is a secret that one exists. Users are none: whoever signed in may read the list; nor are their keys,
    /// which everybody may read.
    pub(super) const fn is_secret(self) -> bool {
        matches!(self, Self::Token | Self::Project | Self::Email | Self::Attribute)
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
    /// The number of what is a user's: a key, an address, an impersonation token.
    part: i64,
    /// A project's path, with its namespace; a user's name; an attribute's key.
    path: String,
}

impl Thing {
    /// The address of a route about this thing.
    pub(super) fn address(&self, route: &str) -> String {
        let number = self.number.to_string();
        route
            .replace("avatar/{id}/{file}", "avatar/1/none.png")
            .replace("{id}", &number)
            .replace("{user_id}", &number)
            .replace("{impersonation_token_id}", &self.part.to_string())
            .replace("{key_id}", &self.part.to_string())
            .replace("{email_id}", &self.part.to_string())
            .replace("/{key}", &format!("/{}", self.path))
            .replace("/{provider}", "/ldap")
            .replace("/{file}", &format!("/{}.keys", self.path))
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
    parts: Mutex<HashMap<(i64, Subject), Thing>>,
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
            parts: Mutex::default(),
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
        let nothing = Thing { number: 99_999_999, part: 99_999_999, path: String::new() };
        match (subject, target) {
            (Subject::Project, Target::Missing) => Thing { path: format!("{}/none", self.bob.username), ..nothing },
            (Subject::Attribute, Target::Missing) => Thing { number: self.bob_id, path: "none".to_owned(), ..nothing },
            (Subject::Impersonation, Target::Missing) => Thing { number: self.bob_id, ..nothing },
            (_, Target::Missing | Target::Nothing)
            | (Subject::Nothing | Subject::Place | Subject::Passkey | Subject::Asset | Subject::Address, _) => nothing,
            (Subject::Account, _) => Thing { number: new_user(&self.administrator), ..nothing },
            (Subject::Impersonation, _) => self.impersonation(),
            (Subject::User, Target::Mine) => Thing { number: self.jane_id, ..nothing },
            (Subject::User, _) => Thing { number: self.bob_id, ..nothing },
            (Subject::KeysFile, Target::Mine) => Thing { path: self.jane.username.clone(), ..nothing },
            (Subject::KeysFile, _) => Thing { path: self.bob.username.clone(), ..nothing },
            (Subject::SshKey | Subject::GpgKey | Subject::Email | Subject::Attribute, _) => {
                let user = if target == Target::Mine { self.jane_id } else { self.bob_id };
                if fresh { self.part_of(user, subject) } else { self.usual_part_of(user, subject) }
            }
            (Subject::Token, Target::Mine) => self.token_of(0, fresh),
            (Subject::Token, _) => self.token_of(1, fresh),
            (Subject::Project, _) => self.project(target, fresh),
        }
    }

    /// Something that is a user's and stays.
    fn usual_part_of(&self, user: i64, subject: Subject) -> Thing {
        let mut parts = self.parts.lock().unwrap();
        parts.entry((user, subject)).or_insert_with(|| self.part_of(user, subject)).clone()
    }

    /// Something new that is a user's.
    fn part_of(&self, user: i64, subject: Subject) -> Thing {
        let name = new_name();
        let attribute = format!("custom_attributes/{name}");
        if subject == Subject::GpgKey {
            return self.gpg_key_of(user);
        }
        let (place, body) = match subject {
            Subject::SshKey => ("keys", json!({ "title": "matrix", "key": new_ssh_key() })),
            Subject::Email => ("emails", json!({ "email": format!("{name}@matrix.example") })),
            _ => (&*attribute, json!({ "value": "blue" })),
        };
        let method = if subject == Subject::Attribute { Method::PUT } else { Method::POST };
        let path = format!("/api/v4/users/{user}/{place}");
        let made = self.administrator.request(method, &path).json(&body).send().json();
        Thing { number: user, part: made["id"].as_i64().unwrap_or_default(), path: name }
    }

    fn gpg_key_of(&self, user: i64) -> Thing {
        let path = format!("/api/v4/users/{user}/gpg_keys");
        let made = (0..64)
            .map(|_| self.administrator.post(&path, &json!({ "key": new_gpg_key() })))
            .find(|answer| answer.status == 201);
        let part = made.unwrap().json()["id"].as_i64().unwrap();
        Thing { number: user, part, path: String::new() }
    }

    fn token_of(&self, owner: usize, fresh: bool) -> Thing {
        let user = [self.jane_id, self.bob_id][owner];
        if fresh {
            Thing::token(&new_token(&self.administrator, user, &json!(["read_api"]), None))
        } else {
            self.usual.tokens[owner].clone()
        }
    }

    fn impersonation(&self) -> Thing {
        let body = json!({ "name": "matrix", "scopes": ["read_api"] });
        let path = format!("/api/v4/users/{}/impersonation_tokens", self.bob_id);
        let made = self.administrator.post(&path, &body).expect(201).json();
        Thing { number: self.bob_id, part: made["id"].as_i64().unwrap(), path: String::new() }
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
        Self { number: made["id"].as_i64().unwrap(), part: 0, path: String::new() }
    }
}

/// The number of a new user.
fn new_user(administrator: &Bearer<'_>) -> i64 {
    let username = new_name();
    let email = format!("{username}@example.com");
    let body = json!({ "username": username, "name": "Fresh", "email": email, "force_random_password": true });
    administrator.post("/api/v4/users", &body).expect(201).json()["id"].as_i64().unwrap()
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
    Thing { number: made["id"].as_i64().unwrap(), part: 0, path: text(&made, "path_with_namespace") }
}
