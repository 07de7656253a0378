/// A part of a list: at most `limit` rows, after the first `offset` ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slice {
    /// Rows at most.
    pub limit: i64,
    /// Rows to pass over.
    pub offset: i64,
}
