//! Under what an attempt is counted, and how it is held back: passwords and second factors alike, by the rules of
//! [`jeton_core::lockout`].

use jeton_core::{
    id::{DeviceId, UserId},
    lockout::Kind,
};
use jeton_store::{
    devices::Familiarity,
    throttles::{Outcome, Subject},
};

use crate::{app::App, refusal::Refusal};

/// What is tried.
#[derive(Clone, Copy, Debug)]
pub(super) enum Attempt<'a> {
    /// To sign in with a password.
    Password {
        /// Whose; none if no account has that name or address.
        account: Option<UserId>,
        /// What was typed as name or address, digested.
        typed: &'a str,
    },
    /// A second factor of that user.
    Code(UserId),
    /// The password of that user, who is signed in.
    OwnPassword(UserId),
}

/// What an account knows of where an attempt comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// A browser in which it signed in before.
    Browser(DeviceId),
    /// A network from which it did.
    Network(&'a str),
    /// Neither. The network, if it can be told from others.
    Strange(Option<&'a str>),
}

impl<'a> Place<'a> {
    pub(super) const fn of(known: Familiarity, network: Option<&'a str>) -> Self {
        match (known, network) {
            (Familiarity { device: Some((id, _)), .. }, _) => Self::Browser(id),
            (Familiarity { network: true, .. }, Some(network)) => Self::Network(network),
            (_, network) => Self::Strange(network),
        }
    }
}

/// What an attempt is counted under. Strangers to an account are counted together, by whichever of its names they try it;
/// what belongs to nobody is counted by what was typed, so that it is held as others are.
pub(super) fn subjects(attempt: Attempt<'_>, place: Place<'_>) -> Vec<Subject> {
    let one = |kind, name: String| Subject { kind, name };
    let own = match (attempt, place) {
        (Attempt::Password { account: Some(_), .. }, Place::Browser(browser)) => one(Kind::Device, browser.to_string()),
        (Attempt::Password { account: Some(user), .. }, Place::Network(network)) => {
            one(Kind::Familiar, format!("{user} {network}"))
        }
        (Attempt::Password { account, typed }, _) => {
            one(Kind::Login, account.map_or_else(|| typed.to_owned(), |user| user.to_string()))
        }
        (Attempt::Code(user), Place::Browser(browser)) => Subject::codes(user, Some(browser)),
        (Attempt::Code(user), _) => Subject::codes(user, None),
        (Attempt::OwnPassword(user), _) => one(Kind::Factor, format!("password {user}")),
    };
    let network = match (attempt, place) {
        (Attempt::Password { .. } | Attempt::Code(_), Place::Strange(Some(network))) => {
            Some(one(Kind::Network, network.to_owned()))
        }
        _ => None,
    };
    std::iter::once(own).chain(network).collect()
}

impl App {
    /// Runs `judging`, which answers none for what is wrong, if none of the subjects is held. The attempt is counted before
    /// it is judged, and what was right takes its count back.
    ///
    /// `enter` comes before anything is written: who is held, and whom it turns away, cost no writing.
    pub(super) async fn guarded<S, T>(
        &self,
        subjects: Vec<Subject>,
        enter: impl FnOnce() -> Result<S, Refusal>,
        judging: impl Future<Output = Result<Option<T>, Refusal>>,
    ) -> Result<Option<T>, Refusal> {
        if let Some(wait) = self.store.wait_for(&subjects, self.now()).await? {
            return Err(Refusal::Held(wait));
        }
        let _inside = enter()?;
        let charges = self.store.charge(subjects, self.now()).await?.map_err(Refusal::Held)?;
        let judged = judging.await;
        let outcome = match &judged {
            Ok(None) => return Ok(None),
            Ok(Some(_)) => Outcome::Right,
            Err(_) => Outcome::Unjudged,
        };
        self.store.settle(charges, outcome, self.now()).await?;
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which room of the throttle every attempt is counted in, from every place.
    #[test]
    fn the_truth_of_counting() {
        const JANE: UserId = UserId(7);
        let password = Attempt::Password { account: Some(JANE), typed: "digest" };
        let nobodys = Attempt::Password { account: None, typed: "digest" };
        let (code, own) = (Attempt::Code(JANE), Attempt::OwnPassword(JANE));
        let (browser, network) = (Place::Browser(DeviceId(3)), Place::Network("192.0.2.1/32"));
        let (strange, nowhere) = (Place::Strange(Some("192.0.2.1/32")), Place::Strange(None));
        for (attempt, place, expected) in [
            (password, browser, &[(Kind::Device, "3")][..]),
            (password, network, &[(Kind::Familiar, "7 192.0.2.1/32")]),
            (password, strange, &[(Kind::Login, "7"), (Kind::Network, "192.0.2.1/32")]),
            (password, nowhere, &[(Kind::Login, "7")]),
            (nobodys, strange, &[(Kind::Login, "digest"), (Kind::Network, "192.0.2.1/32")]),
            (nobodys, nowhere, &[(Kind::Login, "digest")]),
            // Who has the password cannot keep the owner's own browser from its second step.
            (code, browser, &[(Kind::Factor, "code 7 3")]),
            (code, network, &[(Kind::Factor, "code 7")]),
            (code, strange, &[(Kind::Factor, "code 7"), (Kind::Network, "192.0.2.1/32")]),
            (code, nowhere, &[(Kind::Factor, "code 7")]),
            (own, browser, &[(Kind::Factor, "password 7")]),
            (own, strange, &[(Kind::Factor, "password 7")]),
        ] {
            let counted = subjects(attempt, place);
            let counted: Vec<_> = counted.iter().map(|subject| (subject.kind, subject.name.as_str())).collect();
            assert_eq!(counted, expected, "{attempt:?} from {place:?}");
        }
    }
}
