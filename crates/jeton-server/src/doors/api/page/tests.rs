#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::doors::api::params::Input;

struct Asked(Page);

impl Input for Asked {
    fn read(from: &mut Reader<'_>) -> Self {
        Self(Page::read(from))
    }
}

fn params(value: Value) -> Params {
    Params::from(serde_json::from_value::<Map<String, Value>>(value).unwrap())
}

fn page(number: i64, size: i64) -> Page {
    Page { number, size }
}

fn links(value: Value) -> Links {
    Links::new("https://git.example.com", "/api/v4/users", &params(value))
}

fn get<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

/// GitLab API docs, "Offset-based pagination": defaults 1 and 20, at most 100; the odd values are from its test suite.
#[test]
fn page_and_size_are_read_as_gitlab_reads_them() {
    for (given, number, size) in [
        (json!({}), 1, 20),
        (json!({"page": "3", "per_page": "7"}), 3, 7),
        (json!({"page": 2, "per_page": 1000}), 2, 100),
        (json!({"page": "0"}), 1, 20),
        (json!({"page": "-10"}), 1, 20),
        (json!({"per_page": "-1"}), 1, 20),
        (json!({"page": "", "per_page": ""}), 1, 20),
    ] {
        assert_eq!(params(given.clone()).read::<Asked>().unwrap().0, page(number, size), "{given}");
    }
    for (given, complaint) in [
        (json!({"per_page": "0"}), "per_page has a value not allowed"),
        (json!({"per_page": "a"}), "per_page is invalid"),
        (json!({"page": "a"}), "page is invalid"),
        (json!({"page": "a", "per_page": 0}), "page is invalid, per_page has a value not allowed"),
    ] {
        let error = params(given).read::<Asked>().err().unwrap();
        assert!(format!("{error:?}").contains(&format!("\"{complaint}\"")), "{error:?}");
    }
}

#[test]
fn a_page_in_the_middle_names_all_four_neighbours() {
    let links = links(json!({"per_page": "2", "search": "a b&c", "active": "true", "page": "2"}));
    let headers = page(2, 2).headers(&links, 5, 2, true);
    for (name, value) in [
        ("x-page", "2"),
        ("x-per-page", "2"),
        ("x-next-page", "3"),
        ("x-prev-page", "1"),
        ("x-total", "5"),
        ("x-total-pages", "3"),
        (
            "link",
            "<https://git.example.com/api/v4/users?active=true&page=1&per_page=2&search=a+b%26c>; rel=\"prev\", \
             <https://git.example.com/api/v4/users?active=true&page=3&per_page=2&search=a+b%26c>; rel=\"next\", \
             <https://git.example.com/api/v4/users?active=true&page=1&per_page=2&search=a+b%26c>; rel=\"first\", \
             <https://git.example.com/api/v4/users?active=true&page=3&per_page=2&search=a+b%26c>; rel=\"last\"",
        ),
    ] {
        assert_eq!(get(&headers, name), Some(value), "{name}");
    }
}

#[test]
fn the_ends_are_empty_and_not_absent() {
    let headers = page(1, 20).headers(&links(json!({})), 0, 0, false);
    for (name, value) in [
        ("x-page", "1"),
        ("x-next-page", ""),
        ("x-prev-page", ""),
        ("x-total", "0"),
        ("x-total-pages", "1"),
        (
            "link",
            "<https://git.example.com/api/v4/users?page=1&per_page=20>; rel=\"first\", \
             <https://git.example.com/api/v4/users?page=1&per_page=20>; rel=\"last\"",
        ),
    ] {
        assert_eq!(get(&headers, name), Some(value), "{name}");
    }
    let past_the_end = page(9, 20).headers(&links(json!({})), 40, 0, false);
    assert_eq!((get(&past_the_end, "x-next-page"), get(&past_the_end, "x-prev-page")), (Some(""), Some("")));
}

/// GitLab API docs, "Pagination response headers": above 10,000 rows there is no total and no last page.
#[test]
fn long_lists_are_not_counted() {
    let headers = page(2, 100).headers(&links(json!({})), 10_001, 100, true);
    assert_eq!((get(&headers, "x-total"), get(&headers, "x-total-pages")), (None, None));
    assert_eq!((get(&headers, "x-next-page"), get(&headers, "x-prev-page")), (Some("3"), Some("1")));
    assert!(!get(&headers, "link").unwrap().contains("rel=\"last\""));
}

#[test]
fn secrets_are_not_echoed() {
    let links = links(json!({"private_token": "s3cret", "access_token": "s3cret", "bearer_token": "s3cret", "x": "1"}));
    assert_eq!(links.with(&[]), "https://git.example.com/api/v4/users?x=1");
}

#[test]
fn arrays_and_objects_keep_their_names() {
    let links = links(json!({"ids": ["1", 2], "tree": {"leaf": true, "gone": null}}));
    let written = links.with(&[]);
    let query = written.split_once('?').unwrap().1;
    let read: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let expected = [("ids[]", "1"), ("ids[]", "2"), ("tree[gone]", ""), ("tree[leaf]", "true")];
    assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn by_key_there_is_only_the_next_link() {
    let links = links(json!({"pagination": "keyset", "order_by": "id", "id_before": "90"}));
    let headers = next_by_key(&links, Some(("id_before", "42")));
    let expected = "<https://git.example.com/api/v4/users?id_before=42&order_by=id&pagination=keyset>; rel=\"next\"";
    assert_eq!((headers.len(), get(&headers, "link")), (1, Some(expected)));
    assert!(next_by_key(&links, None).is_empty());
}

#[test]
fn a_cursor_that_is_none_is_not_read() {
    for text in ["", "x", "e30", "!!!!", "eyJrIjoxfQ"] {
        assert_eq!(Cursor::decode(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn the_row_too_many_is_cut(size in 1_i64..=100, rows in 0_usize..150) {
        let page = page(1, size);
        let mut list = vec![(); rows.min(usize::try_from(page.slice().limit).unwrap())];
        let more = page.cut(&mut list);
        prop_assert_eq!(more, rows > usize::try_from(size).unwrap());
        prop_assert_eq!(list.len(), rows.min(usize::try_from(size).unwrap()));
    }

    #[test]
    fn any_page_number_has_an_offset(number in 1_i64.., size in 1_i64..=100) {
        let page = page(number, size);
        prop_assert!(page.slice().offset >= 0);
        let _ = page.headers(&links(json!({})), 3, 0, false);
    }

    #[test]
    fn a_cursor_comes_back(key in any::<String>(), id: i64, backwards: bool) {
        let cursor = Cursor { key, id, backwards };
        prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
    }

    #[test]
    fn any_cursor_is_read_or_refused(text in any::<String>()) {
        let _ = Cursor::decode(&text);
    }
}
