//! The access matrix: every route of the route table, asked with every kind of credential, about one's own things, about
//! somebody else's and about things that do not exist. The table is a snapshot, so that every change of who may do what
//! shows in a review.
//!
//! A new route gains its rows by itself. It is asked with an empty body: who gets a 400 or a 422 was let in and sent
//! nothing useful.

mod credentials;
mod things;

use std::{
    collections::HashSet,
    fmt::Write as _,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use jeton_core::{ability::Ability, scope::SCOPES};
use jeton_server::{doors::Doors, guard::Route};
use reqwest::Method;

use self::{
    credentials::{COLUMNS, Column, Credential},
    things::{Subject, Target, Thing, World},
};
use crate::harness::{Answer, Server, Visitor as _, between};

/// Scopes that decide nothing yet, because the doors that they are for are not built. They are all alike; one that is no
/// longer must leave this list.
const IDLE: [&str; 2] = ["read_registry", "write_registry"];
/// Where GitLab itself tells somebody else's thing from none, and clients rely on the words. The numbers of tokens are
/// given in turn, so it is no secret which of them exist.
const TOLD: [(&str, &str); 1] = [("DELETE", "/api/v4/personal_access_tokens/{id}")];
/// What takes from others that are asked at the same time is asked last, one after the other.
const LAST: [&str; 1] = ["/-/user_settings/active_sessions/end_others"];
/// Threads that ask.
const ASKERS: usize = 4;

/// A route, asked about one kind of thing.
struct Row {
    route: Route,
    target: Target,
    answers: Vec<Answer>,
}

impl Row {
    fn label(&self) -> String {
        let about = self.target.name();
        let about = if about.is_empty() { String::new() } else { format!(" ({about})") };
        format!("{:6} {}{about}", self.route.method, self.route.path)
    }

    fn statuses(&self) -> Vec<u16> {
        self.answers.iter().map(|answer| answer.status).collect()
    }
}

#[test]
fn who_may_do_what() {
    // Usually the metrics are open to this machine, whoever asks.
    let server = Server::start(&[("JETON_METRICS_ALLOW", "192.0.2.1")]);
    let world = World::make(&server);
    let rows = ask_everything(&world);
    for row in &rows {
        for (column, answer) in COLUMNS.iter().zip(&row.answers) {
            assert!(answer.status < 500, "{}, {}: {answer}", row.label(), column.name);
        }
    }
    strangers_learn_nothing(&rows);
    every_scope_decides_something(&rows);
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("access", render(&rows));
    });
}

/// A request that reads must not need a right to change something, nor the other way round.
#[test]
fn what_changes_something_needs_more_than_a_right_to_read() {
    let reads = [Ability::ReadUsers, Ability::ReadApi, Ability::PullCode, Ability::PullImage];
    for route in Doors::routes() {
        // Git fetches with a POST, which changes nothing.
        if route.path.ends_with("/git-upload-pack") {
            continue;
        }
        let only_reads = route.act.ability.is_some_and(|ability| reads.contains(&ability));
        assert!(route.method == "GET" || !only_reads, "{} {} needs only {}", route.method, route.path, route.need);
    }
}

/// Every route with every target and every credential, several at once.
fn ask_everything(world: &World<'_>) -> Vec<Row> {
    let questions: Vec<(Route, Target)> = Doors::routes()
        .into_iter()
        .flat_map(|route| Subject::of(&route).targets().iter().map(move |target| (route.clone(), *target)))
        .collect();
    let row = |number: usize| {
        let (route, target) = questions[number].clone();
        let answers = COLUMNS.iter().map(|column| answer(world, &route, target, column)).collect();
        (number, Row { route, target, answers })
    };
    let (last, usual): (Vec<usize>, Vec<usize>) =
        (0..questions.len()).partition(|number| LAST.contains(&questions[*number].0.path));
    let next = AtomicUsize::new(0);
    let ask = || {
        let mut rows = Vec::new();
        while let Some(number) = usual.get(next.fetch_add(1, Ordering::Relaxed)) {
            rows.push(row(*number));
        }
        rows
    };
    let mut rows: Vec<(usize, Row)> = thread::scope(|scope| {
        let askers: Vec<_> = (0..ASKERS).map(|_| scope.spawn(ask)).collect();
        askers.into_iter().flat_map(|asker| asker.join().unwrap()).collect()
    });
    rows.extend(last.into_iter().map(row));
    rows.sort_by_key(|(number, _)| *number);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn answer(world: &World<'_>, route: &Route, target: Target, column: &Column) -> Answer {
    let method: Method = route.method.parse().unwrap();
    // What may change something gets things and a credential that nobody else uses.
    let fresh = method != Method::GET;
    let credential = (column.make)(world, fresh);
    let thing = world.thing(Subject::of(route), target, fresh);
    let path = thing.address(route.path);
    let path = match column.sudo.filter(|_| path.starts_with("/api/")) {
        Some(user) => format!("{path}{}sudo={}", if path.contains('?') { "&" } else { "?" }, user(world)),
        None => path,
    };
    let request = world.server.anonymous().request(method.clone(), &path);
    let mut answer = credential.present(request, &path, &method).send();
    answer.body = masked(&answer, &thing).into_bytes();
    answer
}

/// The body, without what differs from thing to thing, from session to session and from request to request.
fn masked(answer: &Answer, thing: &Thing) -> String {
    let mut text = thing.masked(answer.text());
    let csrf = between(&text, "<meta name=\"csrf-token\" content=\"", "\"").map(str::to_owned);
    for own in
        [csrf.as_deref(), Some(answer.header("x-request-id"))].into_iter().flatten().filter(|own| !own.is_empty())
    {
        text = text.replace(own, "OWN");
    }
    text
}

/// Who may not see a thing of somebody else's gets the same answer as for a thing that does not exist.
fn strangers_learn_nothing(rows: &[Row]) {
    let same_route = |row: &Row, target: Target| {
        rows.iter().find(|other| {
            other.route.path == row.route.path && other.route.method == row.route.method && other.target == target
        })
    };
    let secret = |route: &Route| Subject::of(route).is_secret() && !TOLD.contains(&(route.method, route.path));
    for theirs in rows.iter().filter(|row| row.target == Target::Theirs && secret(&row.route)) {
        let missing = same_route(theirs, Target::Missing).unwrap();
        for (number, column) in COLUMNS.iter().enumerate() {
            // Only the API lets somebody act as somebody else; elsewhere these are an administrator's own.
            if column.sees_everything || (column.sudo.is_some() && !theirs.route.path.starts_with("/api/")) {
                continue;
            }
            let (one, other) = (&theirs.answers[number], &missing.answers[number]);
            assert_eq!((one.status, one.text()), (other.status, other.text()), "{}, {}", theirs.label(), column.name);
        }
    }
}

/// A scope that is stored and shown but never asked for is a lie to whoever ticks its box.
fn every_scope_decides_something(rows: &[Row]) {
    let decisions = |name: &str| {
        let number = COLUMNS.iter().position(|column| column.name == name);
        let number = number.unwrap_or_else(|| panic!("the matrix has no column `{name}`"));
        rows.iter().map(|row| row.answers[number].status).collect::<Vec<_>>()
    };
    let with_scope = |scope: &'static str| match scope {
        // Only administrators have it, and it decides only where they act as somebody else.
        "sudo" => decisions("root sudo as jane"),
        _ => decisions(scope),
    };
    let nothing = with_scope(IDLE[0]);
    let mut seen = HashSet::new();
    for scope in SCOPES {
        if IDLE.contains(&scope.name) {
            assert_eq!(with_scope(scope.name), nothing, "{} decides something now: take it out of IDLE", scope.name);
        } else {
            assert!(with_scope(scope.name) != nothing, "no route asks for the scope {}", scope.name);
            assert!(seen.insert(with_scope(scope.name)), "{} decides nothing that another does not", scope.name);
        }
    }
    assert_ne!(decisions("root sudo as jane"), decisions("root api as jane"), "sudo decides nothing");
}

/// One line per route and target, one column per credential, with a number each.
fn render(rows: &[Row]) -> String {
    let mut text = String::new();
    for (number, column) in COLUMNS.iter().enumerate() {
        writeln!(text, "{:2} {}", number + 1, column.name).unwrap();
    }
    let width = rows.iter().map(|row| row.label().len()).max().unwrap_or_default();
    let numbers: Vec<String> = (1..=COLUMNS.len()).map(|number| format!("{number:3}")).collect();
    writeln!(text, "\n{:width$} {}", "", numbers.join(" ")).unwrap();
    for row in rows {
        let statuses: Vec<String> = row.statuses().iter().map(u16::to_string).collect();
        writeln!(text, "{:width$} {}", row.label(), statuses.join(" ")).unwrap();
    }
    text
}
