//! `multipart/form-data` bodies (RFC 7578): each part is a value like one of a form.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use serde_json::{Map, Value, json};

use super::{File, MAX_ELEMENTS, Malformed, Received, form};

/// Reads the parts of a body that was taken in whole. Files stand beside the values, which hold only their names.
pub(super) async fn read(content_type: &str, body: Bytes) -> Result<Received, Malformed> {
    let boundary = multer::parse_boundary(content_type).map_err(|_| Malformed::Body)?;
    let body = stream::iter([Ok::<_, Infallible>(body)]);
    let mut parts = multer::Multipart::new(body, boundary);
    let (mut values, mut files) = (Map::new(), Vec::new());
    let mut left = MAX_ELEMENTS;
    while let Some(part) = parts.next_field().await.map_err(|_| Malformed::Body)? {
        left = left.checked_sub(1).ok_or(Malformed::TooMany)?;
        let Some(name) = part.name().map(str::to_owned) else { return Err(Malformed::Body) };
        let value = match part.file_name() {
            Some(file) => {
                let value = json!({ "filename": file });
                let content = part.bytes().await.map_err(|_| Malformed::Body)?;
                files.push(File { name: name.clone(), content });
                value
            }
            None => text(part).await?,
        };
        form::insert(&mut values, &name, value)?;
    }
    Ok(Received { values, files })
}

/// The value of a part that is not a file.
async fn text(part: multer::Field<'_>) -> Result<Value, Malformed> {
    let bytes = part.bytes().await.map_err(|_| Malformed::Body)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Malformed::Encoding)?;
    if text.contains('\0') { Err(Malformed::Encoding) } else { Ok(Value::String(text.to_owned())) }
}
