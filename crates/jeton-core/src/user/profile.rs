//! What people tell of themselves, and administrators of them. Most tell nothing.

/// The theme that GitLab gives to whoever chose none.
const USUAL_THEME: i64 = 1;
/// The same for the colours of code.
const USUAL_COLOR_SCHEME: i64 = 1;

/// The profile of a user; texts are empty where nothing is told.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are GitLab's, and say it")]
pub struct Profile {
    pub bio: String,
    pub location: String,
    pub website_url: String,
    pub linkedin: String,
    pub twitter: String,
    pub discord: String,
    pub github: String,
    pub job_title: String,
    pub pronouns: String,
    pub organization: String,
    /// An address of the user's that everybody may see.
    pub public_email: String,
    /// The address for commits that are made on pages, where it is not the user's first one.
    pub commit_email: String,
    /// What administrators note about the user; nobody else sees it.
    pub note: String,
    pub theme_id: i64,
    pub color_scheme_id: i64,
}

/// The profile of whoever tells nothing.
static EMPTY: Profile = Profile {
    bio: String::new(),
    location: String::new(),
    website_url: String::new(),
    linkedin: String::new(),
    twitter: String::new(),
    discord: String::new(),
    github: String::new(),
    job_title: String::new(),
    pronouns: String::new(),
    organization: String::new(),
    public_email: String::new(),
    commit_email: String::new(),
    note: String::new(),
    theme_id: USUAL_THEME,
    color_scheme_id: USUAL_COLOR_SCHEME,
};

impl Default for Profile {
    fn default() -> Self {
        EMPTY.clone()
    }
}

/// A profile as users carry it: eight bytes where nothing is told, because the users behind a million tokens are kept
/// in memory.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Told(Option<Box<Profile>>);

impl From<Profile> for Told {
    fn from(profile: Profile) -> Self {
        Self((profile != EMPTY).then(|| Box::new(profile)))
    }
}

impl std::ops::Deref for Told {
    type Target = Profile;

    fn deref(&self) -> &Profile {
        self.0.as_deref().unwrap_or(&EMPTY)
    }
}

impl Profile {
    /// `Engineer at Acme`, as far as it is told.
    pub fn work_information(&self) -> Option<String> {
        match (self.job_title.as_str(), self.organization.as_str()) {
            ("", "") => None,
            (one, "") | ("", one) => Some(one.to_owned()),
            (title, organization) => Some(format!("{title} at {organization}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_tells_nothing_takes_no_room() {
        assert_eq!(Told::from(Profile::default()).0, None);
        assert_eq!(size_of::<Told>(), size_of::<usize>());
        let told = Told::from(Profile { bio: "Hello".into(), ..Profile::default() });
        assert_eq!((told.bio.as_str(), told.theme_id), ("Hello", 1));
    }

    #[test]
    fn work_is_told_as_far_as_it_is_known() {
        let work = |job_title: &str, organization: &str| {
            let profile =
                Profile { job_title: job_title.into(), organization: organization.into(), ..Profile::default() };
            profile.work_information()
        };
        assert_eq!(work("", ""), None);
        assert_eq!(work("Engineer", "").as_deref(), Some("Engineer"));
        assert_eq!(work("", "Acme").as_deref(), Some("Acme"));
        assert_eq!(work("Engineer", "Acme").as_deref(), Some("Engineer at Acme"));
    }
}
