//! Whether a new password is good enough, and why not, in words. The same for the pages, the API and the command line.
//!
//! What counts is how hard it is to guess for somebody who knows the account: no rules about kinds of characters, no
//! changes by the calendar (NIST SP 800-63B section 5.1.1.2, OWASP ASVS 5.0 section 6.2).

use std::{collections::BTreeSet, sync::LazyLock};

/// The shortest password, in characters.
pub const SHORTEST: usize = 8;
/// The longest password, in characters: hashing reads all of it.
pub const LONGEST: usize = 128;
/// Guesses that a password must be worth: those of eight characters by chance. That is far more than centuries of
/// throttled sign-ins allow.
const GUESSES: u64 = 100_000_000;
/// Characters from the beginning of a password on which its guesses are estimated. Estimating takes time that grows fast
/// with the length, tens of milliseconds at the worst for so many.
const ESTIMATED: usize = 32;
/// Parts of names and addresses that are shorter say nothing.
const SHORTEST_PART: usize = 3;

/// Passwords that many people use, of at least [`SHORTEST`] characters, in the order of their bytes.
static COMMON: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("common.txt").lines().filter(|line| !line.starts_with("# ")).collect());

/// What is known of the account whose password it is to be; empty where it is not known yet.
#[derive(Clone, Copy, Default, Debug)]
pub struct About<'a> {
    /// The name to sign in with.
    pub username: &'a str,
    /// The name for people.
    pub name: &'a str,
    /// The address for mails.
    pub email: &'a str,
    /// How people reach this instance.
    pub url: &'a str,
}

/// Why a password is refused. Its text goes on from "Password …", as GitLab's messages about attributes do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Weakness {
    /// There is none.
    #[error("can't be blank")]
    Blank,
    /// GitLab's words.
    #[error("is too short (minimum is {SHORTEST} characters)")]
    TooShort,
    /// GitLab's words.
    #[error("is too long (maximum is {LONGEST} characters)")]
    TooLong,
    /// It stands in the list of common passwords.
    #[error("is one that many people use, so it is among the first that are tried")]
    Common,
    /// It is made of what is known of the account.
    #[error("is made of your name, your address or this server's name, which are easy to guess")]
    Personal,
    /// It takes too few guesses; holds why and what would help.
    #[error("is too easy to guess: {0}")]
    Guessable(String),
}

/// Refuses a password that is too easy to guess. This takes a while: servers let [`super::Passwords::weakness`] do it.
///
/// # Errors
/// The first [`Weakness`] that is found.
pub fn check(password: &str, about: About<'_>) -> Result<(), Weakness> {
    match password.chars().count() {
        0 => return Err(Weakness::Blank),
        1..SHORTEST => return Err(Weakness::TooShort),
        length if length > LONGEST => return Err(Weakness::TooLong),
        _ => {}
    }
    let lower = password.to_lowercase();
    if COMMON.binary_search(&lower.as_str()).is_ok() {
        return Err(Weakness::Common);
    }
    let parts = about.parts();
    if parts.contains(&lower) {
        return Err(Weakness::Personal);
    }
    let known: Vec<&str> = parts.iter().map(String::as_str).collect();
    let beginning: String = password.chars().take(ESTIMATED).collect();
    let judged = zxcvbn::zxcvbn(&beginning, &known);
    if judged.guesses() >= GUESSES { Ok(()) } else { Err(Weakness::Guessable(reason(&judged))) }
}

/// The library's own words, in lower case after our colon.
fn reason(judged: &zxcvbn::Entropy) -> String {
    let Some(feedback) = judged.feedback() else { return "add another word or two".to_owned() };
    let warning = feedback.warning().map(|warning| warning.to_string());
    let advice = feedback.suggestions().iter().map(ToString::to_string);
    let text = warning.into_iter().chain(advice).collect::<Vec<_>>().join(" ");
    let mut characters = text.trim_end_matches('.').chars();
    let first = characters.next().map(|first| first.to_lowercase().to_string());
    first.map_or_else(|| "add another word or two".to_owned(), |first| first + characters.as_str())
}

impl About<'_> {
    /// The texts and the words in them, in lower case.
    fn parts(&self) -> BTreeSet<String> {
        let host = self.url.split("://").last().unwrap_or_default().split(['/', ':']).next().unwrap_or_default();
        let texts = [self.username, self.name, self.email, host, "jeton"];
        let words = texts.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        let all = texts.iter().copied().chain(words).map(str::to_lowercase);
        all.filter(|part| part.chars().count() >= SHORTEST_PART).collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const JANE: About<'_> = About {
        username: "jane.mcintyre",
        name: "Jane McIntyre-Oduya",
        email: "jane.mcintyre@forge.example",
        url: "https://git.forge.example:8443",
    };

    #[test]
    fn length_counts_in_characters() {
        assert_eq!(check("", JANE), Err(Weakness::Blank));
        assert_eq!(check("kölnöüä", JANE), Err(Weakness::TooShort));
        assert_eq!(check(&"xq7 ".repeat(33), JANE), Err(Weakness::TooLong));
        assert_eq!(check("x9q!Kü-ä", JANE), Ok(()));
        let longest: String =
            "tin owl; ".chars().cycle().zip(b'a'..).flat_map(|(c, d)| [c, char::from(d)]).take(LONGEST).collect();
        assert_eq!(check(&longest, JANE), Ok(()));
    }

    #[test]
    fn a_few_words_will_do_and_so_will_chance() {
        for good in [
            "correct horse",
            "correct-horse-4711-3",
            "only-for-the-bench",
            "battery staple",
            "h7Kqp2mx",
            "wagon plum 3",
        ] {
            assert_eq!(check(good, JANE), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_everybody_tries_first_is_refused_with_the_reason() {
        for bad in ["password", "Password", "12345678", "qwertyuiop", "trustno1", "iloveyou"] {
            assert_eq!(check(bad, JANE), Err(Weakness::Common), "{bad}");
        }
        for (bad, why) in [
            ("P@ssw0rd123", "similar to a commonly used password"),
            ("aaaaaaaaaaaa", "repeats like"),
            ("abcdefghijkl", "sequences like abc"),
            ("asdfghjkl;'", "straight rows of keys"),
            ("password2026", "similar to a commonly used password"),
        ] {
            let told = check(bad, JANE).unwrap_err().to_string();
            assert!(told.contains(why), "{bad}: {told}");
            assert!(told.starts_with("is too easy to guess: ") && !told.contains(bad), "{bad}: {told}");
        }
    }

    #[test]
    fn what_is_known_of_the_account_does_not_count() {
        for bad in ["jane.mcintyre", "JANE.mcintyre@forge.example", "git.forge.example", "Jane McIntyre-Oduya"] {
            assert_eq!(check(bad, JANE), Err(Weakness::Personal), "{bad}");
        }
        for bad in ["mcintyre1", "Mcintyre2026", "jetonjeton", "jane.mcintyre!", "oduyaoduya"] {
            assert!(matches!(check(bad, JANE), Err(Weakness::Guessable(_))), "{bad}");
        }
        assert_eq!(check("oduya mcintyre lives by the sea", JANE), Ok(()));
    }

    #[test]
    fn the_list_is_sorted_and_holds_what_could_be_chosen() {
        assert!(COMMON.is_sorted() && COMMON.len() > 3_000);
        assert!(COMMON.iter().all(|word| word.chars().count() >= SHORTEST && *word == word.to_lowercase()));
    }
}
