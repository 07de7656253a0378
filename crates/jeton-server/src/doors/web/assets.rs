//! Style sheets, script and logo: part of the program, served under addresses that change with their content.

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// One file that the pages need.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    body: &'static [u8],
}

const CSS: &str = "text/css; charset=utf-8";

const PICO: Asset =
    Asset { name: "pico.css", content_type: CSS, body: include_bytes!("../../../static/pico/pico-2.1.1.min.css") };
const THEME: Asset = Asset { name: "theme.css", content_type: CSS, body: include_bytes!("../../../static/theme.css") };
const FRAME: Asset = Asset { name: "frame.css", content_type: CSS, body: include_bytes!("../../../static/frame.css") };
const PARTS: Asset = Asset { name: "parts.css", content_type: CSS, body: include_bytes!("../../../static/parts.css") };
const SCRIPT: Asset = Asset {
    name: "jeton.js",
    content_type: "text/javascript; charset=utf-8",
    body: include_bytes!("../../../static/jeton.js"),
};
const LOGO: Asset =
    Asset { name: "logo.svg", content_type: "image/svg+xml", body: include_bytes!("../../../static/logo.svg") };

/// The order in which the style sheets apply.
const SHEETS: [&Asset; 4] = [&PICO, &THEME, &FRAME, &PARTS];
const ALL: [&Asset; 6] = [&PICO, &THEME, &FRAME, &PARTS, &SCRIPT, &LOGO];

/// Where one asset is found; the version is the start of its SHA-256.
pub(super) const ROUTE: &str = "/-/assets/{version}/{name}";

/// A year, the longest time that caches are asked for (RFC 9111 leaves it to them to keep it shorter).
const FOREVER: &str = "public, max-age=31536000, immutable";

/// The addresses that pages link to.
pub(super) struct Links {
    /// Style sheets, in the order in which they apply.
    pub(super) sheets: Vec<String>,
    /// The script.
    pub(super) script: String,
    /// The logo, as an image and as the window's icon.
    pub(super) logo: String,
}

impl Links {
    /// Computes every address once, at start.
    pub(super) fn new() -> Self {
        Self {
            sheets: SHEETS.iter().map(|sheet| address(sheet)).collect(),
            script: address(&SCRIPT),
            logo: address(&LOGO),
        }
    }
}

fn address(asset: &Asset) -> String {
    format!("/-/assets/{}/{}", version(asset), asset.name)
}

fn version(asset: &Asset) -> String {
    Sha256::digest(asset.body).iter().take(8).fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Answers with one asset. An address of another version of Jeton gets today's content, which is not to be kept:
/// while nodes are replaced one by one, a page of the one may ask the other.
pub(super) async fn serve(Path((asked, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(asset) = ALL.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let version = version(asset);
    let tag = format!("\"{version}\"");
    let keep = if asked == version { FOREVER } else { "no-cache" };
    let about: [(HeaderName, &str); 2] = [(ETAG, &tag), (CACHE_CONTROL, keep)];
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, [(CONTENT_TYPE, asset.content_type)], asset.body).into_response()
}
