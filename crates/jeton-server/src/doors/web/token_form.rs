//! The form for a new token: what it shows, and what it sent.

use jeton_core::{
    scope::{Offer, SCOPES},
    time::Date,
    token::{Attribute, Draft, Expiry, Flaw, LONGEST_TEXT, Lifetime, Plan},
};

use super::{
    form::Pairs,
    views::{Field, ScopeChoice, TokenForm},
};
use crate::{nature::NoChance, session};

/// Days until the date that the form proposes: a token for ever is a choice, not what happens to somebody in a hurry.
const PROPOSED_DAYS: i64 = 90;

/// What somebody entered, or an address proposes.
#[derive(Clone, Debug, Default)]
pub(super) struct Entered {
    name: String,
    description: String,
    expires_at: String,
    scopes: Vec<String>,
}

impl Entered {
    /// What the form proposes by itself: a date.
    pub(super) fn proposed(lifetime: Lifetime) -> Self {
        Self { expires_at: lifetime.propose(PROPOSED_DAYS).to_string(), ..Self::default() }
    }

    /// What a page's address proposes: `name`, `description`, `expires_at`, and `scopes` as a comma list.
    pub(super) fn of_query(query: &Pairs, lifetime: Lifetime) -> Self {
        let text = |name| query.get(name).unwrap_or_default().chars().take(LONGEST_TEXT).collect();
        let date = |text| Date::parse(text).map(|date| date.to_string()).unwrap_or_default();
        let scopes = query.get("scopes").unwrap_or_default().split(',').map(|name| name.trim().to_owned());
        Self {
            name: text("name"),
            description: text("description"),
            expires_at: query.get("expires_at").map_or_else(|| Self::proposed(lifetime).expires_at, date),
            scopes: scopes.collect(),
        }
    }

    /// What the form sent.
    pub(super) fn of_form(form: &Pairs) -> Self {
        let text = |name| form.get(name).unwrap_or_default().to_owned();
        let scopes = form.all("personal_access_token[scopes][]").filter(|name| !name.is_empty()).map(str::to_owned);
        Self {
            name: text("personal_access_token[name]"),
            description: text("personal_access_token[description]"),
            expires_at: text("personal_access_token[expires_at]"),
            scopes: scopes.collect(),
        }
    }

    /// What is to be made of it, or everything that is wrong with it.
    pub(super) fn check(&self, offer: Offer, lifetime: Lifetime) -> Result<Plan, Vec<Flaw>> {
        let expires_at = match self.expires_at.trim() {
            "" => Ok(Expiry::NEVER),
            text => Expiry::parse(text).ok_or(Flaw { attribute: Attribute::ExpiresAt, message: "is invalid".into() }),
        };
        let draft = Draft {
            name: self.name.clone(),
            description: Some(self.description.clone()),
            scopes: self.scopes.clone(),
            expires_at: expires_at.clone().unwrap_or(Expiry::NEVER),
        };
        match (draft.check(offer, lifetime), expires_at) {
            (Ok(plan), Ok(_)) => Ok(plan),
            (checked, expires_at) => {
                Err(checked.err().unwrap_or_default().into_iter().chain(expires_at.err()).collect())
            }
        }
    }

    /// The form with all of it in place, each flaw beside its field and all problems above. Scopes that are not offered
    /// have no box and are dropped.
    pub(super) fn into_view(
        self,
        offer: Offer,
        flaws: &[Flaw],
        problems: Vec<String>,
        lifetime: Lifetime,
    ) -> Result<TokenForm, NoChance> {
        let problem =
            |attribute| flaws.iter().find(|flaw: &&Flaw| flaw.attribute == attribute).map(ToString::to_string);
        let scopes = SCOPES.iter().filter(|scope| scope.is_offered(offer)).map(|scope| ScopeChoice {
            name: scope.name,
            sentence: scope.description,
            checked: self.scopes.iter().any(|name| name == scope.name),
        });
        Ok(TokenForm {
            id: session::new_secret()?,
            scopes: scopes.collect(),
            name: Field { value: self.name, problem: problem(Attribute::Name) },
            description: Field { value: self.description, problem: problem(Attribute::Description) },
            expires_at: Field { value: self.expires_at, problem: problem(Attribute::ExpiresAt) },
            earliest: lifetime.today().plus_days(1).to_string(),
            scopes_problem: problem(Attribute::Scopes),
            problems,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use jeton_core::time::Timestamp;

    use super::*;

    const PLAIN: Offer = Offer { administrator: false, registry: false };

    fn free() -> Lifetime {
        Timestamp::parse("2026-11-24T12:00:00Z").unwrap().into()
    }

    fn prefilled(query: &str) -> TokenForm {
        let query = Pairs::parse(query.as_bytes()).unwrap();
        Entered::of_query(&query, free()).into_view(PLAIN, &[], Vec::new(), free()).unwrap()
    }

    fn checked(form: &TokenForm) -> Vec<&str> {
        form.scopes.iter().filter(|scope| scope.checked).map(|scope| scope.name).collect()
    }

    fn flaws(form: &str) -> Vec<String> {
        let form = Pairs::parse(form.as_bytes()).unwrap();
        Entered::of_form(&form).check(PLAIN, free()).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_empty_form_proposes_an_end_and_no_scope() {
        let form = prefilled("");
        assert_eq!((form.name.value.as_str(), form.expires_at.value.as_str()), ("", "2027-02-22"));
        assert_eq!(form.earliest, "2026-11-25");
        assert!(checked(&form).is_empty());
    }

    #[test]
    fn an_address_can_fill_the_form() {
        let form =
            prefilled("name=CI+job&description=d&scopes=api,%20read_user%20,,nonsense,sudo&expires_at=2027-01-31");
        assert_eq!((form.name.value.as_str(), form.description.value.as_str()), ("CI job", "d"));
        assert_eq!(form.expires_at.value, "2027-01-31");
        assert_eq!(checked(&form), ["api", "read_user"]);
        assert_eq!(prefilled("expires_at=").expires_at.value, "");
        assert_eq!(prefilled("expires_at=soon").expires_at.value, "");
    }

    #[test]
    fn a_good_form_is_a_plan() {
        let form = Pairs::parse(
            b"personal_access_token[name]=ci&personal_access_token[expires_at]=\
              &personal_access_token[scopes][]=&personal_access_token[scopes][]=api",
        );
        let plan = Entered::of_form(&form.unwrap()).check(PLAIN, free()).unwrap();
        assert_eq!((plan.name.as_str(), plan.expiry.to_string().as_str()), ("ci", "never"));
    }

    #[test]
    fn every_flaw_is_shown_beside_its_field() {
        let sent = "personal_access_token[expires_at]=tomorrow";
        assert_eq!(flaws(sent), ["Name can't be blank", "Scopes can't be blank", "Expiration date is invalid"]);
        let form = Pairs::parse(sent.as_bytes()).unwrap();
        let entered = Entered::of_form(&form);
        let flaws = entered.check(PLAIN, free()).unwrap_err();
        let view = entered.into_view(PLAIN, &flaws, Vec::new(), free()).unwrap();
        assert_eq!(view.expires_at.value, "tomorrow");
        assert_eq!(view.expires_at.problem.unwrap(), "Expiration date is invalid");
    }

    #[test]
    fn a_scope_outside_the_list_is_refused_with_all_that_is_good() {
        let sent =
            "personal_access_token[name]=x&personal_access_token[scopes][]=api&personal_access_token[scopes][]=sudo";
        assert_eq!(flaws(sent), ["Scopes can only contain available scopes"]);
    }
}
