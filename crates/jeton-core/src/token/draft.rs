//! What a new token is asked to be, and what is wrong with that. The form and the API check the same things and say the
//! same words, which are GitLab's.

use std::{borrow::Cow, fmt};

use crate::{
    scope::{BadScopes, Offer, Scope, ScopeSet},
    token::{Expiry, Lifetime},
};

/// Characters that a name or a description may have.
pub const LONGEST_TEXT: usize = 255;

/// A token as it is asked for.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What its owner calls it.
    pub name: String,
    /// What it is for; blank is as good as none.
    pub description: Option<String>,
    /// Names of scopes.
    pub scopes: Vec<String>,
    /// When it is to end by itself.
    pub expires_at: Expiry,
}

/// A token that can be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// What its owner calls it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it may be used for.
    pub scopes: ScopeSet,
    /// When it ends by itself.
    pub expiry: Expiry,
}

/// What a flaw is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attribute {
    /// The name.
    Name,
    /// The description.
    Description,
    /// The expiry date.
    ExpiresAt,
    /// The scopes.
    Scopes,
}

impl Attribute {
    /// The name in requests and answers.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Description => "description",
            Self::ExpiresAt => "expires_at",
            Self::Scopes => "scopes",
        }
    }

    /// The name for people.
    const fn word(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Description => "Description",
            Self::ExpiresAt => "Expiration date",
            Self::Scopes => "Scopes",
        }
    }
}

/// One thing that is wrong with a draft. As text it is a sentence: `Name can't be blank`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flaw {
    /// What it is about.
    pub attribute: Attribute,
    /// What is wrong, to be read after the attribute's name.
    pub message: Cow<'static, str>,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.attribute.word(), self.message)
    }
}

impl Draft {
    /// Checks everything at once, so that a form can show all that is wrong.
    pub fn check(self, offer: Offer, lifetime: Lifetime) -> Result<Plan, Vec<Flaw>> {
        let end = lifetime.settle(self.expires_at);
        self.check_with(offer, end)
    }

    /// The same where a token that must have an end has to name it.
    pub fn check_insisting(self, offer: Offer, lifetime: Lifetime) -> Result<Plan, Vec<Flaw>> {
        let end = lifetime.insist(self.expires_at);
        self.check_with(offer, end)
    }

    fn check_with(self, offer: Offer, end: Result<Expiry, String>) -> Result<Plan, Vec<Flaw>> {
        let description = self.description.filter(|text| !text.trim().is_empty());
        let name_flaw = if self.name.trim().is_empty() { Some("can't be blank") } else { text_flaw(&self.name) };
        let description_flaw = description.as_deref().and_then(text_flaw);
        let scopes = offered(&self.scopes, offer);

        let fixed = |flaw: Option<&'static str>| flaw.map(Cow::Borrowed);
        let flaws: Vec<Flaw> = [
            (Attribute::Name, fixed(name_flaw)),
            (Attribute::Description, fixed(description_flaw)),
            (Attribute::Scopes, fixed(scopes.as_ref().err().copied())),
            (Attribute::ExpiresAt, end.as_ref().err().map(|flaw| Cow::Owned(flaw.clone()))),
        ]
        .into_iter()
        .filter_map(|(attribute, message)| message.map(|message| Flaw { attribute, message }))
        .collect();

        match (scopes, end) {
            (Ok(scopes), Ok(expiry)) if flaws.is_empty() => Ok(Plan { name: self.name, description, scopes, expiry }),
            _ => Err(flaws),
        }
    }
}

/// Some databases cannot keep a NUL in a text, so it is none anywhere.
fn text_flaw(text: &str) -> Option<&'static str> {
    if text.contains('\0') {
        Some("is invalid")
    } else if text.chars().count() > LONGEST_TEXT {
        Some("is too long (maximum is 255 characters)")
    } else {
        None
    }
}

fn offered(names: &[String], offer: Offer) -> Result<ScopeSet, &'static str> {
    let is_offered = |name: &String| Scope::named(name).is_some_and(|scope| scope.is_offered(offer));
    if !names.iter().all(is_offered) {
        return Err("can only contain available scopes");
    }
    ScopeSet::parse(names.iter().map(String::as_str)).map_err(|problem| match problem {
        BadScopes::Empty => "can't be blank",
        BadScopes::Unknown(_) => "can only contain available scopes",
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const PLAIN: Offer = Offer { administrator: false, registry: false };

    fn free() -> Lifetime {
        Lifetime::from(crate::time::Timestamp::from_micros(0))
    }

    fn draft(name: &str, scopes: &[&str]) -> Draft {
        let scopes = scopes.iter().map(|&name| name.to_owned()).collect();
        Draft { name: name.to_owned(), description: None, scopes, expires_at: Expiry::NEVER }
    }

    fn flaws(draft: Draft) -> String {
        draft.check(PLAIN, free()).unwrap_err().iter().map(Flaw::to_string).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_good_draft_is_a_plan() {
        let draft = Draft {
            description: Some(" ".into()),
            expires_at: Expiry::parse("2027-01-31").unwrap(),
            ..draft("ci", &["api"])
        };
        let plan = draft.check(PLAIN, free()).unwrap();
        assert_eq!((plan.name.as_str(), plan.description), ("ci", None));
        assert_eq!((plan.scopes.to_string(), plan.expiry.to_string()), ("api".into(), "2027-01-31".into()));
    }

    #[test]
    fn every_flaw_is_told_at_once_in_gitlabs_words() {
        assert_eq!(flaws(draft(" \t", &["api"])), "Name can't be blank");
        assert_eq!(flaws(draft("", &[])), "Name can't be blank; Scopes can't be blank");
        let worst = Draft { description: Some("é".repeat(256)), ..draft("a\0b", &["api", "root"]) };
        assert_eq!(
            flaws(worst),
            "Name is invalid; Description is too long (maximum is 255 characters); \
             Scopes can only contain available scopes"
        );
        assert!(draft(&"é".repeat(255), &["api"]).check(PLAIN, free()).is_ok());
    }

    #[test]
    fn only_offered_scopes_can_be_had() {
        let administrator = Offer { administrator: true, registry: true };
        for scope in ["sudo", "read_registry"] {
            assert_eq!(flaws(draft("ci", &[scope])), "Scopes can only contain available scopes");
            assert!(draft("ci", &[scope]).check(administrator, free()).is_ok());
        }
    }
}
