//! Style sheets, script and logo: part of the program, served under addresses that change with their content.

use std::sync::{LazyLock, OnceLock};

use axum::{
    extract::Path,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::error::Problem;
use crate::guard::{Anybody, Grant};

/// One file that the pages need.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    body: &'static [u8],
    version: OnceLock<String>,
}

impl Asset {
    const fn new(name: &'static str, content_type: &'static str, body: &'static [u8]) -> Self {
        Self { name, content_type, body, version: OnceLock::new() }
    }

    /// The start of the SHA-256 of the content, as 12 characters.
    fn version(&self) -> &str {
        self.version.get_or_init(|| BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(self.body)[..9]))
    }

    fn address(&self) -> String {
        format!("/-/assets/{}/{}", self.version(), self.name)
    }
}

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

static PICO: Asset = Asset::new("pico.css", CSS, include_bytes!("../../../static/pico/pico-2.1.1.min.css"));
static THEME: Asset = Asset::new("theme.css", CSS, include_bytes!("../../../static/theme.css"));
static FRAME: Asset = Asset::new("frame.css", CSS, include_bytes!("../../../static/frame.css"));
static PARTS: Asset = Asset::new("parts.css", CSS, include_bytes!("../../../static/parts.css"));
static SCRIPT: Asset = Asset::new("jeton.js", JAVASCRIPT, include_bytes!("../../../static/jeton.js"));
static FACTORS: Asset = Asset::new("factors.css", CSS, include_bytes!("../../../static/factors.css"));
static PASSKEYS: Asset = Asset::new("passkeys.js", JAVASCRIPT, include_bytes!("../../../static/passkeys.js"));
static LOGO: Asset = Asset::new("logo.svg", SVG, include_bytes!("../../../static/logo.svg"));

/// The order in which the style sheets apply.
static SHEETS: [&Asset; 5] = [&PICO, &THEME, &FRAME, &PARTS, &FACTORS];
static ALL: [&Asset; 8] = [&PICO, &THEME, &FRAME, &PARTS, &FACTORS, &SCRIPT, &PASSKEYS, &LOGO];

/// Where one asset is found.
pub(super) const ROUTE: &str = "/-/assets/{version}/{name}";

/// A year, the longest time that caches are asked for (RFC 9111 leaves it to them to keep it shorter).
const FOREVER: &str = "public, max-age=31536000, immutable";

/// The addresses that pages link to.
pub(super) struct Links {
    /// Style sheets, in the order in which they apply.
    pub(super) sheets: Vec<String>,
    /// The script.
    pub(super) script: String,
    /// The script of passkeys.
    pub(super) passkeys: String,
    /// The logo, as an image and as the window's icon.
    pub(super) logo: String,
}

/// The addresses.
pub(super) fn links() -> &'static Links {
    static LINKS: LazyLock<Links> = LazyLock::new(|| Links {
        sheets: SHEETS.iter().map(|sheet| sheet.address()).collect(),
        script: SCRIPT.address(),
        passkeys: PASSKEYS.address(),
        logo: LOGO.address(),
    });
    &LINKS
}

/// Answers with one asset. An address of another version of Jeton gets today's content, which is not to be kept:
/// while nodes are replaced one by one, a page of the one may ask the other.
pub(super) async fn serve(
    _: Grant<Anybody>,
    Path((asked, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asset = ALL.iter().find(|asset| asset.name == name).ok_or(Problem::NotFound)?;
    let keep = if asked == asset.version() { FOREVER } else { "no-cache" };
    Ok(answer(asset, keep, &headers))
}

/// Answers with the logo under the address that browsers try by themselves.
pub(super) async fn favicon(_: Grant<Anybody>, headers: HeaderMap) -> Response {
    answer(&LOGO, "public, max-age=86400", &headers)
}

fn answer(asset: &Asset, keep: &'static str, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", asset.version());
    let is_known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let about = [(ETAG, tag), (CACHE_CONTROL, keep.to_owned())];
    if is_known {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, [(CONTENT_TYPE, asset.content_type)], asset.body).into_response()
}
