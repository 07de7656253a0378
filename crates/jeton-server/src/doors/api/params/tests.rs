#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::http::Request;
use proptest::prelude::*;
use serde_json::json;

use super::*;

async fn receive(method: &str, uri: &str, content_type: &str, body: &[u8]) -> Result<Value, Malformed> {
    let mut request = Request::builder().method(method).uri(uri);
    if !content_type.is_empty() {
        request = request.header(CONTENT_TYPE, content_type);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let (params, _) = Params::receive(&parts, Body::from(body.to_vec())).await?;
    Ok(Value::Object(params.0.map(|params| params.values.clone()).unwrap_or_default()))
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn multipart(fields: &[(&str, &str)]) -> Vec<u8> {
    let part = |(name, value): &(&str, &str)| {
        format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let mut body: String = fields.iter().map(part).collect();
    body.push_str("--edge--\r\n");
    body.into_bytes()
}

#[tokio::test]
async fn four_ways_to_say_the_same() {
    let expected = json!({"name": "a b", "scopes": ["api", "read_user"]});
    let form = "name=a+b&scopes[]=api&scopes[]=read_user";
    let json = expected.to_string();
    let parts = multipart(&[("name", "a b"), ("scopes[]", "api"), ("scopes[]", "read_user")]);
    for (uri, content_type, body) in [
        (&*format!("/?{form}"), "", &b""[..]),
        ("/", FORM, form.as_bytes()),
        ("/", "application/x-www-form-urlencoded; charset=UTF-8", form.as_bytes()),
        ("/", "", form.as_bytes()),
        ("/", JSON, json.as_bytes()),
        ("/", "Application/JSON; charset=utf-8", json.as_bytes()),
        ("/", "multipart/form-data; boundary=edge", &parts),
    ] {
        assert_eq!(receive("POST", uri, content_type, body).await.unwrap(), expected, "{uri} {content_type}");
    }
}

#[tokio::test]
async fn query_and_body_are_merged_and_the_body_counts() {
    let read = receive("POST", "/?a=query&b=query", JSON, br#"{"b":"body","c":1}"#).await.unwrap();
    assert_eq!(read, json!({"a": "query", "b": "body", "c": 1}));
}

#[tokio::test]
async fn nothing_said_is_nothing_read() {
    for (method, content_type, body) in [
        ("GET", "", ""),
        ("POST", JSON, ""),
        ("DELETE", JSON, ""),
        ("DELETE", JSON, " \n"),
        ("DELETE", JSON, "null"),
        ("POST", JSON, "{}"),
        ("POST", "text/plain", ""),
        ("POST", "multipart/form-data", ""),
        ("GET", JSON, "{broken"),
        ("GET", "text/plain", "whatever"),
    ] {
        assert_eq!(receive(method, "/", content_type, body.as_bytes()).await, Ok(json!({})), "{method} {content_type}");
    }
    let mut request = Request::new(());
    Params::default().leave_in(request.extensions_mut());
    assert!(request.extensions().is_empty());
    assert!(Params::of(request.extensions()).get("a").is_none());
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let deep = format!("{}{}", r#"{"a":"#.repeat(33), "1".to_owned() + &"}".repeat(33));
    let many = format!(r#"{{"a":[{}1]}}"#, "1,".repeat(MAX_ELEMENTS));
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_BODY));
    let abyss = "[".repeat(500_000);
    for (content_type, body, expected) in [
        (JSON, "{", Malformed::Body),
        (JSON, "[1]", Malformed::Body),
        (JSON, "\"text\"", Malformed::Body),
        (JSON, "{\"a\":1}{", Malformed::Body),
        (JSON, "{\"a\":\"\\ud800\"}", Malformed::Body),
        (JSON, &abyss, Malformed::Body),
        (JSON, r#"{"a":"x\u0000"}"#, Malformed::Encoding),
        (JSON, r#"{"a\u0000":1}"#, Malformed::Encoding),
        (JSON, r#"{"a":[{"b":"\u0000"}]}"#, Malformed::Encoding),
        (JSON, &deep, Malformed::TooDeep),
        (JSON, &many, Malformed::TooMany),
        (JSON, &long, Malformed::TooLarge),
        (FORM, &long, Malformed::TooLarge),
        (FORM, "a=%zz", Malformed::Encoding),
        ("multipart/form-data", "x", Malformed::Body),
        ("multipart/form-data; boundary=edge", "x", Malformed::Body),
        ("multipart/form-data; boundary=edge", "--edge\r\n\r\nx\r\n--edge--\r\n", Malformed::Body),
        ("application/xml", "<a/>", Malformed::ContentType("application/xml".into())),
        ("text/plain; charset=utf-8", "a=1", Malformed::ContentType("text/plain".into())),
    ] {
        let error = receive("POST", "/", content_type, body.as_bytes()).await.unwrap_err();
        assert_eq!(error, expected, "{content_type} {body:.40}");
    }
    assert_eq!(receive("POST", "/", JSON, b"{\"a\":\"\xff\"}").await, Err(Malformed::Encoding));
    assert_eq!(receive("POST", "/", FORM, b"a=\xff").await, Err(Malformed::Encoding));
    assert_eq!(receive("GET", "/?a=%ff", "", b"").await, Err(Malformed::Encoding));
}

#[tokio::test]
async fn credentials_are_taken_out_wherever_they_stand() {
    let body = br#"{"private_token":"a","access_token":["b"],"bearer_token":null,"sudo":7,"name":"x"}"#;
    let (parts, ()) =
        Request::builder().method("POST").uri("/").header(CONTENT_TYPE, JSON).body(()).unwrap().into_parts();
    let (params, credentials) = Params::receive(&parts, Body::from(&body[..])).await.unwrap();
    let credentials = credentials.unwrap();
    let exposed = |secret: Option<Secret>| secret.map(|secret| secret.expose().to_owned());
    assert_eq!(exposed(credentials.private_token).unwrap(), "a");
    assert_eq!(exposed(credentials.access_token).unwrap(), r#"["b"]"#);
    assert_eq!((exposed(credentials.bearer_token), credentials.sudo.unwrap()), (None, "7".into()));
    assert_eq!(params.pairs(), [("name".to_owned(), "x".to_owned()), ("sudo".to_owned(), "7".to_owned())]);

    let (parts, ()) = Request::builder().uri("/?name=x").body(()).unwrap().into_parts();
    assert!(Params::receive(&parts, Body::empty()).await.unwrap().1.is_none());
}

#[tokio::test]
async fn of_a_file_the_name_is_kept() {
    let body = "--edge\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"me.png\"\r\n\
                Content-Type: image/png\r\n\r\n\u{0}\u{1}\r\n--edge--\r\n";
    let read = receive("PUT", "/", "multipart/form-data; boundary=edge", body.as_bytes()).await.unwrap();
    assert_eq!(read, json!({"avatar": {"filename": "me.png"}}));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for_for_ever() {
    let (parts, ()) = Request::post("/").header(CONTENT_TYPE, JSON).body(()).unwrap().into_parts();
    let silent = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
    assert!(matches!(Params::receive(&parts, silent).await, Err(Malformed::TooSlow)));
}

proptest! {
    #[test]
    fn any_body_is_read_or_refused(
        body in prop::collection::vec(any::<u8>(), 0..200),
        content_type in prop::sample::select(vec![JSON, FORM, "", "multipart/form-data; boundary=edge", "a/b"]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _ = runtime.block_on(receive("POST", "/", content_type, &body));
    }

    #[test]
    fn forms_and_json_agree(pairs in prop::collection::hash_map("[a-z]{1,8}", "[^\\x00]{0,12}", 0..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let json = serde_json::to_vec(&pairs).unwrap();
        let as_form = runtime.block_on(receive("POST", "/", FORM, form.as_bytes())).unwrap();
        let as_json = runtime.block_on(receive("POST", "/", JSON, &json)).unwrap();
        prop_assert_eq!(as_form, as_json);
    }
}
