//! Endpoints of the API that are limited one by one, on top of what all requests are (GitLab docs, "Rate limits on Users
//! API" and "Rate limits on Projects API").

use std::net::IpAddr;

use jeton_core::{caller::Caller, id::UserId, policy::Policy, time::Timestamp};

use super::{Throttle, network, until_next};
use crate::{edge::Client, refusal::Refusal};

const MINUTE: i64 = 60;
const TEN_MINUTES: i64 = 600;

/// An endpoint with a limit of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Endpoint {
    /// `GET /users/:id`.
    User,
    /// `GET /users/:id/status`.
    UserStatus,
    /// `GET /users/:id/keys`.
    SshKeys,
    /// `GET /users/:id/keys/:key_id`.
    SshKey,
    /// `GET /users/:id/gpg_keys`.
    GpgKeys,
    /// `GET /users/:id/gpg_keys/:key_id`.
    GpgKey,
    /// `GET /users/:id/projects`.
    UserProjects,
    /// `GET /projects`.
    Projects,
}

/// Who is counted: a user, or, without a credential, a network.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Who {
    User(UserId),
    Network(IpAddr),
}

/// What has been counted, by the length of the period.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    minute: Throttle<(Endpoint, Who)>,
    ten_minutes: Throttle<(Endpoint, Who)>,
}

impl Endpoint {
    /// How many requests there may be in how many seconds; none where that is not limited.
    fn limit(self, policy: &Policy, who: Who) -> Option<(i64, i64)> {
        let (most, period) = match (self, who) {
            (Self::User, _) => (policy.users_get_by_id_limit, TEN_MINUTES),
            (Self::UserStatus, _) => (policy.users_api_limit_status, MINUTE),
            (Self::SshKeys, _) => (policy.users_api_limit_ssh_keys, MINUTE),
            (Self::SshKey, _) => (policy.users_api_limit_ssh_key, MINUTE),
            (Self::GpgKeys, _) => (policy.users_api_limit_gpg_keys, MINUTE),
            (Self::GpgKey, _) => (policy.users_api_limit_gpg_key, MINUTE),
            (Self::UserProjects, _) => (policy.user_projects_api_limit, MINUTE),
            (Self::Projects, Who::User(_)) => (policy.projects_api_limit, TEN_MINUTES),
            (Self::Projects, Who::Network(_)) => (policy.projects_api_rate_limit_unauthenticated, TEN_MINUTES),
        };
        (most > 0).then_some((most, period))
    }
}

impl Counts {
    /// Counts a request to an endpoint for whoever made it. A client without an address (on a unix socket) is not counted.
    ///
    /// # Errors
    /// [`Refusal::OverLimit`] if it is one too many.
    pub(crate) fn admit(
        &self,
        endpoint: Endpoint,
        policy: &Policy,
        caller: Option<&Caller>,
        client: Option<Client>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let user = caller.map(|caller| Who::User(caller.person().id));
        let who = user.or_else(|| client?.addr.map(network).map(Who::Network));
        let Some((who, (most, period))) = who.and_then(|who| Some((who, endpoint.limit(policy, who)?))) else {
            return Ok(());
        };
        let counts = if period == MINUTE { &self.minute } else { &self.ten_minutes };
        let is_over = counts.count((endpoint, who), period, now) > most;
        if is_over { Err(Refusal::OverLimit(until_next(period, now))) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jeton_core::caller::Via;

    use super::*;
    use crate::test_instance::{Instance, NOW};

    const ALL: [Endpoint; 8] = [
        Endpoint::User,
        Endpoint::UserStatus,
        Endpoint::SshKeys,
        Endpoint::SshKey,
        Endpoint::GpgKeys,
        Endpoint::GpgKey,
        Endpoint::UserProjects,
        Endpoint::Projects,
    ];

    /// What GitLab's documentation promises: how many, and in how many seconds, to users and to the anonymous.
    #[test]
    fn the_usual_limits_are_gitlab_s() {
        let (user, network) = (Who::User(UserId(1)), Who::Network([192, 0, 2, 1].into()));
        let usual = |who| ALL.map(|endpoint| endpoint.limit(&Policy::default(), who));
        let both = [(300, 600), (240, 60), (120, 60), (120, 60), (120, 60), (120, 60), (300, 60)].map(Some);
        assert_eq!((usual(user)[..7].to_vec(), usual(user)[7]), (both.to_vec(), Some((2_000, 600))));
        assert_eq!((usual(network)[..7].to_vec(), usual(network)[7]), (both.to_vec(), Some((400, 600))));
    }

    #[tokio::test]
    async fn each_endpoint_counts_each_caller_by_itself_and_anew_in_each_period() {
        let instance = Instance::new().await;
        let caller = async |name| Caller::new(Arc::new(instance.user(name, false).await), Via::Password);
        let (jane, joe) = (caller("jane").await, caller("joe").await);
        let policy = Policy { users_api_limit_ssh_keys: 1, users_get_by_id_limit: 0, ..Policy::default() };
        let client = |address: &str| Some(Client { addr: address.parse().ok(), tls: false, relayed: false });
        let counts = Counts::default();
        let is_admitted = |endpoint, caller, from: &str, second| {
            counts.admit(endpoint, &policy, caller, client(from), NOW.plus_seconds(second)).is_ok()
        };
        assert!(is_admitted(Endpoint::SshKeys, Some(&jane), "192.0.2.1", 0));
        assert!(!is_admitted(Endpoint::SshKeys, Some(&jane), "192.0.2.2", 0), "a user is one wherever it comes from");
        assert!(is_admitted(Endpoint::SshKeys, Some(&joe), "192.0.2.1", 0));
        assert!(is_admitted(Endpoint::GpgKeys, Some(&jane), "192.0.2.1", 0));
        assert!(is_admitted(Endpoint::Projects, Some(&jane), "192.0.2.1", 0), "the longer period ends no shorter one");
        assert!(is_admitted(Endpoint::SshKeys, None, "2001:db8::1", 0));
        assert!(!is_admitted(Endpoint::SshKeys, None, "2001:db8::2", 0), "the same network");
        assert!(is_admitted(Endpoint::SshKeys, None, "192.0.2.1", 0));
        assert!(is_admitted(Endpoint::SshKeys, None, "no address", 0) && is_admitted(Endpoint::SshKeys, None, "", 0));
        assert!((0..400).all(|_| is_admitted(Endpoint::User, Some(&jane), "192.0.2.1", 0)), "0 is no limit");
        assert!(is_admitted(Endpoint::SshKeys, Some(&jane), "192.0.2.1", 60));
        let left = match counts.admit(Endpoint::SshKeys, &policy, Some(&jane), None, NOW.plus_seconds(60)) {
            Err(Refusal::OverLimit(seconds)) => seconds,
            other => panic!("{other:?}"),
        };
        assert!((1..=60).contains(&left), "{left}");
    }
}
