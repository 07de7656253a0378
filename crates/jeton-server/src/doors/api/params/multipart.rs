//! `multipart/form-data` bodies (RFC 7578): each part is a value like one of a form.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use serde_json::{Map, Value, json};

use super::{MAX_ELEMENTS, Malformed, form};

/// Reads the parts of a body that was taken in whole. Of a file, only its name is kept: nothing here takes files.
pub(super) async fn read(content_type: &str, body: Bytes) -> Result<Map<String, Value>, Malformed> {
    let boundary = multer::parse_boundary(content_type).map_err(|_| Malformed::Body)?;
    let body = stream::iter([Ok::<_, Infallible>(body)]);
    let mut parts = multer::Multipart::new(body, boundary);
    let mut params = Map::new();
    let mut left = MAX_ELEMENTS;
    while let Some(part) = parts.next_field().await.map_err(|_| Malformed::Body)? {
        left = left.checked_sub(1).ok_or(Malformed::TooMany)?;
        let Some(name) = part.name().map(str::to_owned) else { return Err(Malformed::Body) };
        let value = match part.file_name() {
            Some(file) => json!({ "filename": file }),
            None => text(part).await?,
        };
        form::insert(&mut params, &name, value)?;
    }
    Ok(params)
}

/// The value of a part that is not a file.
async fn text(part: multer::Field<'_>) -> Result<Value, Malformed> {
    let bytes = part.bytes().await.map_err(|_| Malformed::Body)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Malformed::Encoding)?;
    if text.contains('\0') { Err(Malformed::Encoding) } else { Ok(Value::String(text.to_owned())) }
}
