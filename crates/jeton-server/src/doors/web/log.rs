//! Logs, a page at a time, the latest first. Where a page begins, `before` in its address says: before that number.

use super::form::Pairs;

/// Rows on one page.
const PAGE: usize = 50;

/// How many rows to ask for: one more than is shown, which tells whether there is a page of older ones.
pub(super) const ROWS: i64 = 51;

/// Where the page begins; none for the latest.
pub(super) fn before(pairs: &Pairs) -> Option<i64> {
    pairs.get("before")?.parse().ok()
}

/// The pages beside one.
pub(super) struct Pager {
    /// The address of the first page, if this is another.
    pub(super) latest: Option<String>,
    /// The address of the page of older rows, if there are any.
    pub(super) older: Option<String>,
}

impl Pager {
    /// Leaves as many rows as one page shows. `number` is that of a row, and `address` that of the page which begins
    /// there.
    pub(super) fn cut<T>(
        rows: &mut Vec<T>,
        before: Option<i64>,
        number: impl Fn(&T) -> i64,
        address: impl Fn(Option<i64>) -> String,
    ) -> Self {
        let is_more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let last = rows.last().filter(|_| is_more).map(number);
        Self { latest: before.map(|_| address(None)), older: last.map(|last| address(Some(last))) }
    }
}
