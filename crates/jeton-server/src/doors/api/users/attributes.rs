//! What administrators can say of a user, when they make one and when they change one.

use bytes::Bytes;
use jeton_core::user::{Email, Identity, Profile, User};
use jeton_store::{
    By,
    users::{NewUser, UserChanges},
};
use serde_json::Value;

use crate::{
    app::App,
    avatars::Picture,
    doors::api::{
        flaws::Flaws,
        params::{Input, Reader},
    },
    refusal::Refusal,
};

/// A text of a profile.
struct Text {
    /// GitLab's name of it.
    name: &'static str,
    /// Characters that it may have.
    longest: usize,
    /// Where it is kept.
    place: fn(&mut Profile) -> &mut String,
}

/// GitLab keeps as many projects at most.
const MOST_PROJECTS: i64 = 2_147_483_647;
/// Characters of a provider's name, and of what it calls a user.
const LONGEST_IDENTITY: usize = 255;
/// Themes and colour schemes are numbered from 1.
const CHOICES: std::ops::RangeInclusive<i64> = 1..=11;

macro_rules! texts {
    ($($name:ident: $longest:literal;)*) => {
        /// Every text of a profile that can be said, with GitLab's limits.
        const TEXTS: &[Text] = &[$(
            Text { name: stringify!($name), longest: $longest, place: |profile| &mut profile.$name },
        )*];
    };
}
texts! {
    bio: 255;
    location: 500;
    website_url: 500;
    linkedin: 500;
    twitter: 500;
    discord: 500;
    github: 500;
    job_title: 200;
    pronouns: 50;
    organization: 500;
    public_email: 254;
    commit_email: 254;
    note: 65_535;
}

/// What is said; what is none is not.
pub(super) struct Attributes {
    texts: Vec<(&'static Text, String)>,
    theme_id: Option<i64>,
    color_scheme_id: Option<i64>,
    administrator: Option<bool>,
    external: Option<bool>,
    can_create_group: Option<bool>,
    private_profile: Option<bool>,
    projects_limit: Option<i64>,
    /// A picture; an empty one takes the present one away.
    avatar: Option<Bytes>,
    extern_uid: Option<String>,
    provider: Option<String>,
}

impl Input for Attributes {
    fn read(from: &mut Reader<'_>) -> Self {
        let mut texts = Vec::new();
        for text in TEXTS {
            let said = from.text(text.name);
            // Who says `null` takes back what was told.
            let said = said.or_else(|| from.given(text.name).is_some_and(Value::is_null).then(String::new));
            texts.extend(said.map(|said| (text, said)));
        }
        let attributes = Self {
            texts,
            theme_id: from.integer("theme_id"),
            color_scheme_id: from.integer("color_scheme_id"),
            administrator: from.boolean("admin"),
            external: from.boolean("external"),
            can_create_group: from.boolean("can_create_group"),
            private_profile: from.boolean("private_profile"),
            projects_limit: from.integer("projects_limit"),
            avatar: from.file("avatar"),
            extern_uid: from.text("extern_uid"),
            provider: from.text("provider"),
        };
        from.all_or_none_of(&["extern_uid", "provider"]);
        attributes
    }
}

/// What becomes of a user's picture.
pub(super) enum Avatar {
    Stays,
    Goes,
    Becomes(Picture),
}

impl Avatar {
    /// Lets it be so.
    pub(super) async fn of(self, user: &mut User, app: &App, by: By) -> Result<(), Refusal> {
        let picture = match self {
            Self::Stays => return Ok(()),
            Self::Goes => None,
            Self::Becomes(picture) => Some(picture),
        };
        user.avatar = app.set_avatar(user.id, picture, by).await?;
        Ok(())
    }
}

fn too_long(longest: usize) -> String {
    format!("is too long (maximum is {longest} characters)")
}

impl Attributes {
    /// Whether the user shall not administer the instance any more.
    pub(super) fn takes_administration(&self) -> bool {
        self.administrator == Some(false)
    }

    /// What becomes of the user's picture.
    pub(super) fn avatar(&mut self, flaws: &mut Flaws) -> Avatar {
        match self.avatar.take() {
            None => Avatar::Stays,
            Some(file) if file.is_empty() => Avatar::Goes,
            Some(file) => flaws.keep("avatar", Picture::judge(file)).map_or(Avatar::Stays, Avatar::Becomes),
        }
    }

    /// Who the user is to another provider.
    fn identity(&self, flaws: &mut Flaws) -> Option<Identity> {
        let (provider, extern_uid) = (self.provider.clone()?, self.extern_uid.clone()?);
        for (attribute, text) in [("identities.provider", &provider), ("identities.extern_uid", &extern_uid)] {
            flaws.note(attribute, text.trim().is_empty().then_some("can't be blank"));
            flaws.note(attribute, text.contains(char::is_control).then_some("is invalid"));
            let long = text.chars().count() > LONGEST_IDENTITY;
            flaws.note(attribute, long.then(|| too_long(LONGEST_IDENTITY)));
        }
        Some(Identity { provider, extern_uid })
    }

    /// For a new user with that address.
    pub(super) fn put_into(self, new: NewUser, flaws: &mut Flaws) -> NewUser {
        let mut profile = new.profile;
        self.tell(&mut profile, &new.email, flaws);
        NewUser {
            identity: self.identity(flaws),
            profile,
            administrator: self.administrator.unwrap_or(new.administrator),
            external: self.external.unwrap_or(new.external),
            can_create_group: self.can_create_group.unwrap_or(new.can_create_group),
            private_profile: self.private_profile.unwrap_or(new.private_profile),
            projects_limit: self.projects_limit.unwrap_or(new.projects_limit),
            ..new
        }
    }

    /// For a user that there is; `email` is the address that it will have.
    pub(super) fn changes_of(self, user: &User, email: &Email, flaws: &mut Flaws) -> UserChanges {
        let mut profile = (*user.profile).clone();
        for address in [&mut profile.public_email, &mut profile.commit_email] {
            if *address == user.email {
                email.as_str().clone_into(address);
            }
        }
        self.tell(&mut profile, email, flaws);
        UserChanges {
            identity: self.identity(flaws),
            profile: (profile != *user.profile).then_some(profile),
            administrator: self.administrator,
            external: self.external,
            can_create_group: self.can_create_group,
            private_profile: self.private_profile,
            projects_limit: self.projects_limit,
            ..UserChanges::default()
        }
    }

    /// Puts what is said into a profile, and notes all that is wrong.
    fn tell(&self, profile: &mut Profile, email: &Email, flaws: &mut Flaws) {
        for (text, said) in &self.texts {
            let long = said.chars().count() > text.longest;
            flaws.note(text.name, long.then(|| too_long(text.longest)));
            (text.place)(profile).clone_from(said);
        }
        let own = |address: &str| address.is_empty() || address.to_lowercase() == email.key();
        flaws.note("public_email", (!own(&profile.public_email)).then_some("is not an email you own"));
        flaws.note("commit_email", (!own(&profile.commit_email)).then_some("is not an email you own"));
        flaws.note("website_url", (!is_web_address(&profile.website_url)).then_some("must be a valid URL"));
        for (name, chosen, place) in [
            ("theme_id", self.theme_id, &mut profile.theme_id),
            ("color_scheme_id", self.color_scheme_id, &mut profile.color_scheme_id),
        ] {
            let Some(chosen) = chosen else { continue };
            flaws.note(name, (!CHOICES.contains(&chosen)).then_some("is not included in the list"));
            *place = chosen;
        }
        let limit = match self.projects_limit {
            Some(..0) => Some("must be greater than or equal to 0".to_owned()),
            Some(limit) if limit > MOST_PROJECTS => Some(format!("must be less than or equal to {MOST_PROJECTS}")),
            _ => None,
        };
        flaws.note("projects_limit", limit);
    }
}

/// Whether it is nothing, or an address that a browser can be sent to without running a script.
fn is_web_address(text: &str) -> bool {
    let rest = ["http://", "https://"].iter().find_map(|scheme| {
        let start = text.get(..scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
    });
    let host = |rest: &str| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']);
    text.is_empty()
        || rest.is_some_and(|rest| host(rest) && !rest.contains(|c: char| c.is_whitespace() || c.is_control()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_links() {
        for good in ["", "https://jane.example", "HTTP://jane.example/a?b#c", "https://[::1]:80/"] {
            assert!(is_web_address(good), "{good}");
        }
        for bad in ["jane.example", "javascript:alert(1)", "https://", "https:///x", "http://a b", "ftp://x", "é"] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }
}
