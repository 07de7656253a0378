#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::response::IntoResponse;
use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

/// One parameter of each kind.
#[derive(PartialEq, Debug)]
struct Everything {
    text: Option<String>,
    filter: Option<String>,
    integer: Option<i64>,
    boolean: Option<bool>,
    date: Option<String>,
    moment: Option<String>,
    word: Option<&'static str>,
}

impl Input for Everything {
    fn read(from: &mut Reader<'_>) -> Self {
        Self {
            text: from.text("text"),
            filter: from.filter("filter"),
            integer: from.integer("integer"),
            boolean: from.boolean("boolean"),
            date: from.date("date").map(|date| date.to_string()),
            moment: from.moment("moment").map(|moment| moment.to_string()),
            word: from.word("word", &["active", "inactive"]),
        }
    }
}

struct NewToken {
    name: String,
    scopes: Vec<String>,
}

impl Input for NewToken {
    fn read(from: &mut Reader<'_>) -> Self {
        Self { name: from.required_text("name"), scopes: from.required_texts("scopes") }
    }
}

struct Rules;

impl Input for Rules {
    fn read(from: &mut Reader<'_>) -> Self {
        from.at_least_one_of(&["name", "path"]);
        from.all_or_none_of(&["extern_uid", "provider"]);
        Self
    }
}

fn read<I: Input>(value: &Value) -> Result<I, ApiError> {
    Params::from(serde_json::from_value::<Map<String, Value>>(value.clone()).unwrap()).read()
}

fn complaint<I: Input>(value: &Value) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let response = read::<I>(value).err().unwrap().into_response();
    assert_eq!(response.status().as_u16(), 400);
    let body = runtime.block_on(axum::body::to_bytes(response.into_body(), 4096)).unwrap();
    serde_json::from_slice::<Value>(&body).unwrap()["error"].as_str().unwrap().to_owned()
}

#[test]
fn values_are_read_in_every_spelling() {
    let field = |name: &str, value: Value| read::<Everything>(&json!({ name: value })).unwrap();
    assert_eq!(field("text", json!("")).text.unwrap(), "");
    assert_eq!(field("text", json!(7)).text.unwrap(), "7");
    assert_eq!(field("text", json!(null)).text, None);
    assert_eq!(field("filter", json!(" ")).filter, None);
    assert_eq!(field("integer", json!("-12")).integer, Some(-12));
    assert_eq!(field("integer", json!(12)).integer, Some(12));
    assert_eq!(field("integer", json!("")).integer, None);
    for yes in [json!(true), json!(1), json!("1"), json!("t"), json!("True"), json!("TRUE"), json!("on"), json!("yes")]
    {
        assert_eq!(field("boolean", yes.clone()).boolean, Some(true), "{yes}");
    }
    for no in
        [json!(false), json!(0), json!("0"), json!("f"), json!("False"), json!("FALSE"), json!("off"), json!("no")]
    {
        assert_eq!(field("boolean", no.clone()).boolean, Some(false), "{no}");
    }
    assert_eq!(field("boolean", json!("")).boolean, None);
    assert_eq!(field("date", json!("2026-01-31")).date.unwrap(), "2026-01-31");
    assert_eq!(field("date", json!("2026-01-31T23:59:59+02:00")).date.unwrap(), "2026-01-31");
    assert_eq!(field("moment", json!("2022-01-01")).moment.unwrap(), "2022-01-01T00:00:00.000Z");
    assert_eq!(field("moment", json!("2022-01-01T10:00:00")).moment.unwrap(), "2022-01-01T10:00:00.000Z");
    assert_eq!(field("moment", json!("2022-01-01T10:00:00+02:00")).moment.unwrap(), "2022-01-01T08:00:00.000Z");
    assert_eq!(field("word", json!("active")).word, Some("active"));
    assert_eq!(field("word", json!("")).word, None);
    assert_eq!(field("unknown", json!([{"deep": true}])), read::<Everything>(&json!({})).unwrap());
}

#[test]
fn garbage_is_named() {
    for (value, expected) in [
        (json!({"text": ["a"]}), "text is invalid"),
        (json!({"text": {"a": 1}}), "text is invalid"),
        (json!({"integer": "1.5"}), "integer is invalid"),
        (json!({"integer": 1.5}), "integer is invalid"),
        (json!({"integer": "9223372036854775808"}), "integer is invalid"),
        (json!({"integer": "12abc"}), "integer is invalid"),
        (json!({"boolean": "maybe"}), "boolean is invalid"),
        (json!({"date": "2026-02-30"}), "date is invalid"),
        (json!({"date": 5}), "date is invalid"),
        (json!({"moment": "soon"}), "moment is invalid"),
        (json!({"word": "dead"}), "word does not have a valid value"),
        (json!({"word": ["active"]}), "word is invalid"),
        (
            json!({"word": "dead", "boolean": "maybe", "integer": "x"}),
            "integer is invalid, boolean is invalid, word does not have a valid value",
        ),
    ] {
        assert_eq!(complaint::<Everything>(&value), expected, "{value}");
    }
}

#[test]
fn arrays_are_read_in_every_spelling() {
    let scopes = |value: Value| read::<NewToken>(&json!({"name": "x", "scopes": value})).unwrap().scopes;
    for list in
        [json!("api,read_user"), json!("api , read_user,"), json!(["api", "read_user"]), json!(["api, read_user"])]
    {
        assert_eq!(scopes(list.clone()), ["api", "read_user"], "{list}");
    }
    for none in [json!([]), json!(""), json!(null), json!([null, ""])] {
        assert!(scopes(none.clone()).is_empty(), "{none}");
    }
    for garbage in [json!({"0": "api"}), json!(7), json!(true), json!(["api", {"x": 1}]), json!(["api", ["sudo"]])] {
        let complaint = complaint::<NewToken>(&json!({"name": "x", "scopes": garbage}));
        assert_eq!(complaint, "scopes is invalid", "{garbage}");
    }
}

/// GitLab's own suite for its token API has these words.
#[test]
fn what_must_be_named_is_asked_for_by_its_name() {
    assert_eq!(complaint::<NewToken>(&json!({})), "name is missing, scopes is missing");
    assert_eq!(complaint::<NewToken>(&json!({"name": "x"})), "scopes is missing");
    let blank = read::<NewToken>(&json!({"name": null, "scopes": []})).unwrap();
    assert_eq!((blank.name.as_str(), blank.scopes.len()), ("", 0));
}

#[test]
fn rules_between_parameters() {
    let good = json!({"name": "x", "extern_uid": "a", "provider": "b"});
    assert!(read::<Rules>(&good).is_ok());
    assert_eq!(
        complaint::<Rules>(&json!({"provider": "b"})),
        "name, path are missing, at least one parameter must be provided, \
         extern_uid, provider provide all or none of parameters"
    );
}

#[test]
fn an_endpoint_tells_what_it_takes() {
    let declared = NewToken::declared();
    assert_eq!(
        declared,
        [
            Declared { name: "name", kind: Kind::Text, required: true },
            Declared { name: "scopes", kind: Kind::Texts, required: true },
        ]
    );
    assert_eq!(Everything::declared().len(), 7);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9TZ:+. -]{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,3}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_is_read_or_refused(value in any_json()) {
        for name in ["text", "filter", "integer", "boolean", "date", "moment", "word"] {
            let _ = read::<Everything>(&json!({ name: value.clone() }));
        }
    }
}
