//! Names of branches.

use std::fmt;

/// The name of a branch, by the rules of git-check-ref-format(1) for `refs/heads/<name>`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BranchName(String);

/// Git would refuse the name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadBranchName;

impl fmt::Display for BadBranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is not a valid branch name")
    }
}

/// A part becomes a file name, and Git writes `<part>.lock` beside it: 255 bytes together.
const LONGEST_PART: usize = 250;

/// The whole name, in bytes.
const LONGEST: usize = 1024;

impl BranchName {
    /// Checks the rules.
    pub fn parse(text: &str) -> Result<Self, BadBranchName> {
        let forbidden = |b: u8| b.is_ascii_control() || b" ~^:?*[\\".contains(&b);
        let sequences = ["..", "@{"].iter().any(|sequence| text.contains(sequence));
        let whole = text.len() <= LONGEST && !text.starts_with('-') && !text.ends_with('.') && text != "HEAD";
        if whole && !sequences && !text.bytes().any(forbidden) && text.split('/').all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadBranchName)
        }
    }

    /// The name, without `refs/heads/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_part(text: &str) -> bool {
    let lock = text.len() >= 5 && text.as_bytes()[text.len() - 5..].eq_ignore_ascii_case(b".lock");
    !text.is_empty() && text.len() <= LONGEST_PART && !text.starts_with('.') && !lock
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_gits_rules() {
        for good in ["main", "feature/a", "ä", "v1.0", "a-b_c", "@", "a@b", "x.locked"] {
            assert!(BranchName::parse(good).is_ok(), "{good}");
        }
        let bad = [
            "", "-a", "a..b", "a b", "a~", "a^", "a:b", "a?", "a*", "a[", "a\\b", "a@{1}", ".a", "a/.b", "a.",
            "a.lock", "a.lock/b", "/a", "a/", "a//b", "HEAD", "a\nb", "a\u{7f}",
        ];
        for name in bad {
            assert_eq!(BranchName::parse(name), Err(BadBranchName), "{name:?}");
        }
        assert!(BranchName::parse(&"a".repeat(251)).is_err());
        assert!(BranchName::parse(&"a/".repeat(600)).is_err());
    }
}
