//! Query strings and form bodies: `name=value` pairs whose names may nest, as Rack (which GitLab runs on) reads them.
//!
//! | written | read |
//! |---|---|
//! | `a=x` | `{"a": "x"}`; given twice, the last one counts |
//! | `a` | `{"a": null}` |
//! | `a[]=x&a[]=y` | `{"a": ["x", "y"]}` |
//! | `a[b]=x` | `{"a": {"b": "x"}}` |
//! | `a[][b]=x&a[][c]=y&a[][b]=z` | `{"a": [{"b": "x", "c": "y"}, {"b": "z"}]}`: a repeated name begins the next element |

use serde_json::{Map, Value};

use super::{MAX_DEPTH, MAX_ELEMENTS, Malformed};

/// Reads a query string or a form body.
pub(super) fn parse(text: &str) -> Result<Map<String, Value>, Malformed> {
    let mut params = Map::new();
    for (count, pair) in text.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if count >= MAX_ELEMENTS {
            return Err(Malformed::TooMany);
        }
        let (name, value) = match pair.split_once('=') {
            Some((name, value)) => (decode(name)?, Value::String(decode(value)?)),
            None => (decode(pair)?, Value::Null),
        };
        insert(&mut params, &name, value)?;
    }
    Ok(params)
}

/// Puts one value where its name says.
pub(super) fn insert(params: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), Malformed> {
    let (head, steps) = steps(name)?;
    let Some((step, rest)) = steps.split_first() else {
        params.insert(head.to_owned(), value);
        return Ok(());
    };
    let slot = params.entry(head).or_insert_with(|| step.empty());
    descend(slot, step, rest, value)
}

/// One `[…]` of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step<'n> {
    /// `[]`: the next element of an array.
    Append,
    /// `[key]`: a member of an object.
    Member(&'n str),
}

impl Step<'_> {
    /// What a slot holds before this step is taken in it for the first time.
    fn empty(self) -> Value {
        match self {
            Self::Append => Value::Array(Vec::new()),
            Self::Member(_) => Value::Object(Map::new()),
        }
    }
}

/// Splits `a[b][]` into `a` and its steps. A name whose brackets do not pair up is taken literally.
fn steps(name: &str) -> Result<(&str, Vec<Step<'_>>), Malformed> {
    let Some((head, mut rest)) = name.find('[').filter(|&at| at > 0).map(|at| name.split_at(at)) else {
        return Ok((name, Vec::new()));
    };
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let Some((inner, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
            return Ok((name, Vec::new()));
        };
        if steps.len() >= MAX_DEPTH {
            return Err(Malformed::TooDeep);
        }
        steps.push(if inner.is_empty() { Step::Append } else { Step::Member(inner) });
        rest = after;
    }
    Ok((head, steps))
}

/// Takes one step from `slot`, and the rest from there. A null gives way, as in Rack.
fn descend(slot: &mut Value, step: &Step<'_>, rest: &[Step<'_>], value: Value) -> Result<(), Malformed> {
    if slot.is_null() {
        *slot = step.empty();
    }
    match (slot, *step) {
        (Value::Array(elements), Step::Append) => match rest.split_first() {
            None => elements.push(value),
            Some((next, after)) => {
                if !elements.last().is_some_and(|last| has_room(last, *next, after.is_empty())) {
                    elements.push(next.empty());
                }
                if let Some(last) = elements.last_mut() {
                    descend(last, next, after, value)?;
                }
            }
        },
        (Value::Object(members), Step::Member(key)) => match rest.split_first() {
            None => {
                members.insert(key.to_owned(), value);
            }
            Some((next, after)) => {
                descend(members.entry(key).or_insert_with(|| next.empty()), next, after, value)?;
            }
        },
        _ => return Err(Malformed::Conflict),
    }
    Ok(())
}

/// Whether the last element of an array of objects still takes `next`, or a new element begins with it.
fn has_room(last: &Value, next: Step<'_>, is_last_step: bool) -> bool {
    match (last, next) {
        (Value::Object(members), Step::Member(key)) => !(is_last_step && members.contains_key(key)),
        _ => false,
    }
}

/// Undoes the percent encoding of a form: strict, because a broken escape is a client's mistake and not a value.
fn decode(text: &str) -> Result<String, Malformed> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (hex_digit(rest.next())?, hex_digit(rest.next())?);
                high << 4 | low
            }
            plain => plain,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| Malformed::Encoding)?;
    if text.contains('\0') { Err(Malformed::Encoding) } else { Ok(text) }
}

/// The value of one hexadecimal digit.
fn hex_digit(digit: Option<u8>) -> Result<u8, Malformed> {
    match digit {
        Some(digit @ b'0'..=b'9') => Ok(digit - b'0'),
        Some(digit @ b'a'..=b'f') => Ok(digit - b'a' + 10),
        Some(digit @ b'A'..=b'F') => Ok(digit - b'A' + 10),
        _ => Err(Malformed::Encoding),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn names_nest_as_rack_reads_them() {
        // Each expectation is Rack's documented reading (Rack::QueryParser, "nested query").
        for (text, expected) in [
            ("", json!({})),
            ("&&", json!({})),
            ("a", json!({"a": null})),
            ("a=", json!({"a": ""})),
            ("a=1&a=2", json!({"a": "2"})),
            ("a[]=1&a[]=2", json!({"a": ["1", "2"]})),
            ("a%5B%5D=1&a%5b%5d=2", json!({"a": ["1", "2"]})),
            ("a[b]=1&a[c]=2", json!({"a": {"b": "1", "c": "2"}})),
            ("a[b][]=1&a[b][]=2", json!({"a": {"b": ["1", "2"]}})),
            ("a[][b]=1&a[][c]=2&a[][b]=3", json!({"a": [{"b": "1", "c": "2"}, {"b": "3"}]})),
            ("a[][b][]=1&a[][b][]=2", json!({"a": [{"b": ["1", "2"]}]})),
            ("a[]", json!({"a": [null]})),
            ("a&a[]=1", json!({"a": ["1"]})),
            ("a[]=1&a=2", json!({"a": "2"})),
            ("a+b=c+d%2Be", json!({"a b": "c d+e"})),
            ("a=b=c", json!({"a": "b=c"})),
            ("name=%C3%A9t%C3%A9", json!({"name": "été"})),
            ("a[b=1", json!({"a[b": "1"})),
            ("[a]=1", json!({"[a]": "1"})),
            ("a[b]c=1", json!({"a[b]c": "1"})),
        ] {
            assert_eq!(Value::Object(parse(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_form_is_refused() {
        for (text, expected) in [
            ("a=%", Malformed::Encoding),
            ("a=%2", Malformed::Encoding),
            ("a=%zz", Malformed::Encoding),
            ("a=%+1", Malformed::Encoding),
            ("a=%ff", Malformed::Encoding),
            ("a=%c0%80", Malformed::Encoding),
            ("%00=a", Malformed::Encoding),
            ("a=x%00y", Malformed::Encoding),
            ("a=1&a[]=2", Malformed::Conflict),
            ("a=1&a[b]=2", Malformed::Conflict),
            ("a[]=1&a[b]=2", Malformed::Conflict),
            ("a[b]=1&a[]=2", Malformed::Conflict),
            ("a[b]=1&a[b][c]=2", Malformed::Conflict),
        ] {
            assert_eq!(parse(text).unwrap_err(), expected, "{text}");
        }
        assert_eq!(parse(&format!("a{}=1", "[b]".repeat(MAX_DEPTH + 1))).unwrap_err(), Malformed::TooDeep);
        assert_eq!(parse(&"a[]=1&".repeat(MAX_ELEMENTS + 1)).unwrap_err(), Malformed::TooMany);
        assert_eq!(parse(&"a[]=1&".repeat(MAX_ELEMENTS)).unwrap()["a"].as_array().unwrap().len(), MAX_ELEMENTS);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn brackets_in_any_order_are_read_or_refused(text in "[ab\\[\\]=&%01]{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_written_is_read_back(
            flat in "[^\\x00]{0,20}",
            list in prop::collection::vec("[^\\x00]{0,20}", 1..5),
            member in "[^\\x00]{0,20}",
        ) {
            let mut writer = form_urlencoded::Serializer::new(String::new());
            writer.append_pair("flat", &flat).append_pair("tree[leaf]", &member);
            for element in &list {
                writer.append_pair("list[]", element);
            }
            let read = Value::Object(parse(&writer.finish()).unwrap());
            prop_assert_eq!(read, json!({"flat": flat, "tree": {"leaf": member}, "list": list}));
        }
    }
}
