//! Long lists in parts: by page number with totals, or by key without (GitLab API docs, "Pagination").

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, header::LINK, request::Parts},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_core::secret::names_a_credential;
use jeton_store::Slice;
use serde::{Deserialize, Serialize};

use super::{
    params::{Input, Params, Reader},
    reply,
};
use crate::app::App;

/// The longest part that a request can ask for; asking for more gives this.
const LARGEST: i64 = 100;
/// What a request gets that does not say.
const USUAL: i64 = 20;
/// Up to so many rows are told; of longer lists neither the total nor the last page is.
const COUNTED: i64 = 10_000;
/// Up to so many rows are counted, to know whether a list is longer.
pub(crate) const COUNT_TO: i64 = COUNTED + 1;

/// Parameters that hold secrets and therefore never stand in an address that we write.
const SECRETS: &[&str] = &["token", "password"];

/// Which part of a list a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Page {
    /// From 1.
    number: i64,
    /// From 1 to [`LARGEST`].
    size: i64,
}

impl Page {
    /// Reads `page` and `per_page`. As in GitLab, a page before the first is the first, and a negative size the usual one.
    pub(crate) fn read(from: &mut Reader<'_>) -> Self {
        let number = from.integer("page").unwrap_or(1).max(1);
        let size = match from.integer("per_page") {
            Some(0) => {
                from.not_allowed("per_page");
                USUAL
            }
            Some(size @ 1..) => size.min(LARGEST),
            Some(_) | None => USUAL,
        };
        Self { number, size }
    }

    /// The rows to fetch: one more than the page shows, to know whether another page follows.
    pub(crate) const fn slice(self) -> Slice {
        Slice { limit: self.size + 1, offset: (self.number - 1).saturating_mul(self.size) }
    }

    /// The same number of rows from the beginning: for a list that begins where the part before it ended.
    pub(crate) const fn slice_by_key(self) -> Slice {
        Slice { limit: self.size + 1, offset: 0 }
    }

    /// Whether the page ends behind that row.
    pub(crate) const fn ends_behind(self, row: i64) -> bool {
        self.number.saturating_mul(self.size) > row
    }

    /// Takes the row too many away, and says whether there was one.
    pub(crate) fn cut<T>(self, rows: &mut Vec<T>) -> bool {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        more
    }

    /// The page's headers. `counted` is the number of rows in the whole list, counted up to one more than [`COUNTED`];
    /// `shown` the number on this page; `more` whether another follows it.
    pub(crate) fn headers(self, links: &Links, counted: i64, shown: usize, more: bool) -> HeaderMap {
        let total = Some(counted).filter(|counted| *counted <= COUNTED);
        let pages = total.map(|total| total.div_euclid(self.size) + i64::from(total % self.size != 0));
        let in_range = pages.map_or(shown > 0, |pages| self.number <= pages);
        let has_next = pages.map_or(more, |pages| self.number < pages);
        let previous = (in_range && self.number > 1).then(|| self.number - 1);
        let next = has_next.then(|| self.number + 1);
        // Clients divide by it or loop up to it: an empty list has one (empty) page.
        let last = pages.map(|pages| pages.max(1));

        let mut headers = HeaderMap::with_capacity(8);
        put(&mut headers, "x-page", Some(self.number));
        put(&mut headers, "x-per-page", Some(self.size));
        put(&mut headers, "x-next-page", next);
        put(&mut headers, "x-prev-page", previous);
        if let Some(total) = total {
            put(&mut headers, "x-total", Some(total));
            put(&mut headers, "x-total-pages", last);
        }
        let related = [("prev", previous), ("next", next), ("first", Some(1)), ("last", last)];
        let link = related.iter().filter_map(|(relation, number)| {
            let (page, size) = ((*number)?.to_string(), self.size.to_string());
            let target = links.with(&[("page", &page), ("per_page", &size)]);
            Some(format!("<{target}>; rel=\"{relation}\""))
        });
        put_link(&mut headers, &link.collect::<Vec<_>>().join(", "));
        headers
    }
}

/// A list that takes nothing but which part of it is wanted.
impl Input for Page {
    fn read(from: &mut Reader<'_>) -> Self {
        Self::read(from)
    }
}

impl Page {
    /// The answer with this page of a list, of which [`Page::slice`] was fetched; `counted` as in [`Page::headers`].
    pub(crate) fn answer<'r, T, E: Serialize>(
        self,
        links: &Links,
        rows: &'r mut Vec<T>,
        counted: i64,
        show: impl FnMut(&'r T) -> E,
    ) -> Response {
        let more = self.cut(rows);
        let headers = self.headers(links, counted, rows.len(), more);
        reply::list(&rows.iter().map(show).collect::<Vec<_>>(), headers)
    }
}

/// The header of a part that was asked for by key: the address of the part after it, if there is one.
pub(crate) fn next_by_key(links: &Links, next: Option<(&str, &str)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(change) = next {
        put_link(&mut headers, &format!("<{}>; rel=\"next\"", links.with(&[change])));
    }
    headers
}

/// Sets a header to a number, or to nothing: clients expect the name even where there is no such page.
fn put(headers: &mut HeaderMap, name: &'static str, number: Option<i64>) {
    let value = number.map_or(HeaderValue::from_static(""), HeaderValue::from);
    headers.insert(HeaderName::from_static(name), value);
}

fn put_link(headers: &mut HeaderMap, link: &str) {
    if let Ok(value) = HeaderValue::from_str(link) {
        headers.insert(LINK, value);
    }
}

/// Writes addresses that differ from the request's own in some parameters.
pub(crate) struct Links {
    address: String,
    params: Vec<(String, String)>,
}

impl FromRequestParts<App> for Links {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::new(&app.config.external_url, parts.uri.path(), Params::of(&parts.extensions)))
    }
}

impl Links {
    /// From the server's public address without a slash at its end, the request's path, and its parameters.
    pub(crate) fn new(external_url: &str, path: &str, params: &Params) -> Self {
        let is_secret =
            |name: &str, value: &str| SECRETS.contains(&name) || names_a_credential(name) || names_a_credential(value);
        let params = params.pairs().into_iter().filter(|(name, value)| !is_secret(name, value)).collect();
        Self { address: format!("{external_url}{path}"), params }
    }

    /// The address with these parameters changed or added; all are sorted by name.
    fn with(&self, changes: &[(&str, &str)]) -> String {
        let kept = self.params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = kept.filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        let mut all: Vec<_> = kept.chain(changes.iter().copied()).collect();
        all.sort_by_key(|(name, _)| *name);
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish();
        format!("{}?{query}", self.address)
    }
}

/// A place in a list that is sorted by one column and then by id. Clients get it as an opaque text and hand it back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The column's value at that place: text, or a number as text.
    #[serde(rename = "k")]
    pub(crate) key: String,
    /// The row's number.
    #[serde(rename = "i")]
    pub(crate) id: i64,
    /// Whether what is before that place is wanted, rather than what is after it.
    #[serde(rename = "b", default)]
    pub(crate) backwards: bool,
}

impl Cursor {
    /// As clients see it.
    pub(crate) fn encode(&self) -> String {
        // Texts and numbers always serialise.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// What a client handed back.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}

#[cfg(test)]
mod tests;
