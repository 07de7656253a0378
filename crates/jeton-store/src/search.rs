//! What people type to find something, as GitLab understands it: words, and phrases in quotes.

/// Words and phrases that all must occur. Longer queries are cut: what is named after them only widens a search.
const TERMS: usize = 6;
/// Characters of a term that count. No name is longer, so a longer term finds nothing either way.
const LONGEST: usize = 300;
/// Terms shorter than this are no parts of words but whole names.
const SHORTEST: usize = 3;

/// Patterns for `LIKE … ESCAPE '\'`, all of which must match. Without any, everything is found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Search([Option<String>; TERMS]);

impl Search {
    /// Every word of three characters and more, and every phrase in quotes, must occur somewhere. A query without such
    /// words must be the whole text. An empty query finds everything.
    pub fn parse(query: &str) -> Self {
        let query = query.trim();
        let mut terms = terms(query).into_iter().filter(|term| term.chars().count() >= SHORTEST).take(TERMS).peekable();
        let mut patterns: [Option<String>; TERMS] = Default::default();
        if terms.peek().is_none() && !query.is_empty() {
            patterns[0] = Some(escape(query));
        }
        for (pattern, term) in patterns.iter_mut().zip(terms) {
            *pattern = Some(format!("%{}%", escape(term)));
        }
        Self(patterns)
    }

    /// The patterns, for the placeholders `$1` to `$6` of [`all_terms`].
    pub(crate) const fn patterns(&self) -> &[Option<String>; TERMS] {
        &self.0
    }
}

/// The words of a query, and its phrases in quotes that stand between spaces.
fn terms(query: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let mut rest = query.trim_start();
    while !rest.is_empty() {
        let phrase = rest.strip_prefix('"').and_then(|inner| inner.split_once('"'));
        let phrase = phrase.filter(|(inner, after)| !inner.is_empty() && (after.is_empty() || after.starts_with(' ')));
        let (term, after) = phrase.or_else(|| rest.split_once(char::is_whitespace)).unwrap_or((rest, ""));
        terms.push(term);
        rest = after.trim_start();
    }
    terms
}

/// Makes the characters that `LIKE` interprets mean themselves.
fn escape(term: &str) -> String {
    let mut escaped = String::with_capacity(term.len());
    for character in term.chars().take(LONGEST) {
        if matches!(character, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// SQL that is true where a column matches all patterns of a [`Search`], which are bound to `$1` … `$6`. Case does not
/// matter, as far as the database knows upper and lower case.
macro_rules! all_terms {
    ($column:literal) => {
        concat!(
            "(($1 IS NULL OR lower(",
            $column,
            ") LIKE lower($1) ESCAPE '\\')
              AND ($2 IS NULL OR lower(",
            $column,
            ") LIKE lower($2) ESCAPE '\\')
              AND ($3 IS NULL OR lower(",
            $column,
            ") LIKE lower($3) ESCAPE '\\')
              AND ($4 IS NULL OR lower(",
            $column,
            ") LIKE lower($4) ESCAPE '\\')
              AND ($5 IS NULL OR lower(",
            $column,
            ") LIKE lower($5) ESCAPE '\\')
              AND ($6 IS NULL OR lower(",
            $column,
            ") LIKE lower($6) ESCAPE '\\'))"
        )
    };
}

/// Binds the patterns of a [`Search`] to the first six placeholders of a query.
macro_rules! bind_search {
    ($query:expr, $search:expr) => {{
        let [one, two, three, four, five, six] = $search.patterns();
        $query.bind(one).bind(two).bind(three).bind(four).bind(five).bind(six)
    }};
}

pub(crate) use {all_terms, bind_search};

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(query: &str) -> Vec<String> {
        Search::parse(query).0.into_iter().flatten().collect()
    }

    /// GitLab API docs, "search": words of at least three characters occur in the name, in any order.
    #[test]
    fn words_phrases_and_whole_names() {
        for (query, expected) in [
            ("", &[][..]),
            ("  ", &[]),
            ("deploy", &["%deploy%"]),
            ("deploy token", &["%deploy%", "%token%"]),
            ("my deploy", &["%deploy%"]),
            ("ci", &["ci"]),
            ("a b", &["a b"]),
            ("\"my deploy\" token", &["%my deploy%", "%token%"]),
            ("token \"a b\"", &["%token%", "%a b%"]),
            ("un\"closed", &["%un\"closed%"]),
            ("\"un closed", &["%\"un%", "%closed%"]),
            ("100%", &["%100\\%%"]),
            ("a_b\\c", &["%a\\_b\\\\c%"]),
        ] {
            assert_eq!(patterns(query), expected, "{query}");
        }
    }

    #[test]
    fn long_queries_are_cut() {
        assert_eq!(patterns(&"word ".repeat(100)).len(), TERMS);
        assert!(patterns(&"x".repeat(100_000))[0].len() < 1_000);
    }
}
