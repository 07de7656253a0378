//! What people type to find something, as GitLab understands it: words, and phrases in quotes.

/// Patterns of one search. Of longer queries, the last pattern holds all words that are left, in the order in which they
/// were typed: it finds less, but never something that lacks one of them.
const TERMS: usize = 6;
/// Characters of a term that count. No text is longer, so a longer term finds nothing either way.
const LONGEST: usize = 3_000;
/// Terms shorter than this are no parts of words but whole names.
const SHORTEST: usize = 3;

/// Patterns for `LIKE … ESCAPE '\'` on folded texts (see [`fold`]), all of which must match. Without any, everything is
/// found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Search([Option<String>; TERMS]);

impl Search {
    /// Every word of three characters and more, and every phrase in quotes, must occur somewhere. A query without such
    /// words must be the whole text. An empty query finds everything.
    pub fn parse(query: &str) -> Self {
        let query = fold(query.trim());
        let terms = without_repetitions(&terms(&query));
        let mut patterns: [Option<String>; TERMS] = Default::default();
        if terms.is_empty() && !query.is_empty() {
            patterns[0] = Some(escape(&query));
        }
        for (number, term) in terms.iter().enumerate() {
            let pattern = patterns[number.min(TERMS - 1)].get_or_insert_with(|| "%".to_owned());
            if pattern.len() < LONGEST {
                pattern.push_str(&escape(term));
                pattern.push('%');
            }
        }
        Self(patterns)
    }

    /// The patterns, for the placeholders `$1` to `$6` of [`all_terms`].
    pub(crate) const fn patterns(&self) -> &[Option<String>; TERMS] {
        &self.0
    }
}

/// A text without the difference of case, in every alphabet. The engines know case in different ones, so both sides of a
/// comparison are folded here, and what is stored is stored folded beside the original. Character by character: what
/// becomes of one must not depend on its neighbours, or a part of a word would not be found in the word.
pub(crate) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
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

/// The terms that are long enough, without those that stand in another one: where that is found, they are too.
fn without_repetitions<'q>(terms: &[&'q str]) -> Vec<&'q str> {
    let mut kept: Vec<&str> = Vec::new();
    for term in terms.iter().filter(|term| term.chars().count() >= SHORTEST) {
        if kept.iter().any(|other| other.contains(term)) {
            continue;
        }
        kept.retain(|other| !term.contains(other));
        kept.push(term);
        if kept.iter().map(|term| term.len()).sum::<usize>() > LONGEST {
            break;
        }
    }
    kept
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

/// SQL that is true where a column of folded text matches all patterns of a [`Search`], which are bound to `$1` … `$6`.
macro_rules! all_terms {
    ($column:literal) => {
        concat!(
            "(($1 IS NULL OR ",
            $column,
            " LIKE $1 ESCAPE '\\')
              AND ($2 IS NULL OR ",
            $column,
            " LIKE $2 ESCAPE '\\')
              AND ($3 IS NULL OR ",
            $column,
            " LIKE $3 ESCAPE '\\')
              AND ($4 IS NULL OR ",
            $column,
            " LIKE $4 ESCAPE '\\')
              AND ($5 IS NULL OR ",
            $column,
            " LIKE $5 ESCAPE '\\')
              AND ($6 IS NULL OR ",
            $column,
            " LIKE $6 ESCAPE '\\'))"
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
    fn more_words_than_patterns_are_all_sought() {
        assert_eq!(
            patterns("one two three four five six seven eight"),
            ["%one%", "%two%", "%three%", "%four%", "%five%", "%six%seven%eight%"]
        );
        assert_eq!(patterns(&"word ".repeat(100)), ["%word%"]);
        assert_eq!(patterns("deploy deployment ment deployments"), ["%deployments%"]);
    }

    #[test]
    fn endless_queries_are_cut() {
        assert!(patterns(&"x".repeat(100_000))[0].len() < 4_000);
        let words = (0..10_000).map(|number| format!("word{number}")).collect::<Vec<_>>().join(" ");
        assert!(patterns(&words).iter().map(String::len).sum::<usize>() < 8_000);
    }

    #[test]
    fn case_makes_no_difference_in_any_alphabet() {
        for (one, other) in [
            ("JÜRGEN", "jürgen"),
            ("Straße", "STRASSE"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
            ("ПЁТР", "пётр"),
            ("ĳssel", "ĲSSEL"),
        ] {
            assert_eq!(fold(one), fold(other));
        }
        assert!(fold("ΟΔΥΣΣΕΥΣ").contains(&fold("ΟΔΥΣ")));
        assert_eq!(patterns("ÉCOLE"), ["%école%"]);
    }
}
