//! The REST API, as its clients see it. Expected values are those of GitLab's API documentation and its own suite.

mod around_users;
mod credentials;
mod impersonation;
mod input;
mod keys;
mod limits;
mod moved;
mod pages;
mod people;
mod projects;
mod replies;
mod rotation;
mod settings;
mod sudo;
mod tokens;
mod users;

use serde_json::Value;

use crate::harness::{Answer, Visitor};

/// The field of every object of a list.
fn column<'v>(list: &'v Value, field: &str) -> Vec<&'v Value> {
    list.as_array().unwrap().iter().map(|row| &row[field]).collect()
}

/// The names of the rows of a list.
#[track_caller]
fn names(answer: &Answer) -> Vec<String> {
    let list = answer.json();
    assert!(list.is_array(), "{answer}");
    column(&list, "name").into_iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// The number of the user behind a visitor.
fn own_id(visitor: &impl Visitor) -> i64 {
    visitor.get("/api/v4/user").expect(200).json()["id"].as_i64().unwrap()
}
