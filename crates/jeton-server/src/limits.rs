//! How often may be asked, and from how many addresses: what administrators can limit for each user and each address.
//! Counted in the memory of this node; where nothing is limited, nothing is counted.

mod endpoints;

pub use endpoints::Endpoint;

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jeton_core::{
    caller::{Caller, Via},
    id::UserId,
    lock::Denial,
    policy::Policy,
    time::Timestamp,
};

use crate::{edge::Client, refusal::Refusal};

/// Callers that are counted at most in one period. Beyond that all counts begin anew: memory is bounded, and whoever has
/// so many addresses is not stopped by counting them.
const MOST: usize = 500_000;

/// What has been counted.
#[derive(Debug, Default)]
pub struct Limits {
    users: Throttle<UserId>,
    addresses: Throttle<IpAddr>,
    /// Requests to endpoints that are limited by themselves.
    pub(crate) endpoints: endpoints::Counts,
    places: Mutex<HashMap<UserId, Vec<(IpAddr, Timestamp)>>>,
}

/// Where a caller stands within a limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// GitLab's name of the limit.
    pub name: &'static str,
    /// How many requests it allows in a period.
    pub limit: i64,
    /// The period, in seconds.
    pub period: i64,
    /// How many there were in this one.
    pub observed: i64,
    /// Now.
    pub at: Timestamp,
}

impl Standing {
    /// Whether this request is one too many.
    pub const fn is_over(&self) -> bool {
        self.observed > self.limit
    }

    /// Seconds until the period ends.
    pub const fn seconds_left(&self) -> i64 {
        until_next(self.period, self.at)
    }
}

impl Limits {
    /// Counts a request to the API for whoever made it, as far as that is limited. `found` is what came of its
    /// credential: a wrong one counts as none.
    pub fn count(
        &self,
        policy: &Policy,
        found: &Result<Option<Caller>, Refusal>,
        client: Option<Client>,
        now: Timestamp,
    ) -> Option<Standing> {
        let (name, limit, period, observed) = match found {
            // What a page asks for is not counted, as in GitLab: administrators can still take a limit back.
            Ok(Some(Caller { via: Via::Session(_), .. })) => return None,
            Ok(Some(caller)) if policy.throttle_authenticated_api_enabled => {
                let period = policy.throttle_authenticated_api_period_in_seconds;
                let observed = self.users.count(caller.person().id, period, now);
                ("throttle_authenticated_api", policy.throttle_authenticated_api_requests_per_period, period, observed)
            }
            Ok(None) | Err(Refusal::Denied(_)) if policy.throttle_unauthenticated_api_enabled => {
                let period = policy.throttle_unauthenticated_api_period_in_seconds;
                let observed = self.addresses.count(network(client?.addr?), period, now);
                let limit = policy.throttle_unauthenticated_api_requests_per_period;
                ("throttle_unauthenticated_api", limit, period, observed)
            }
            _ => return None,
        };
        Some(Standing { name, limit, period, observed, at: now })
    }

    /// Notes from where a user asks. Addresses from which it asked within the window go on being good; a further one
    /// beyond the limit is refused.
    pub fn admit_place(
        &self,
        policy: &Policy,
        caller: &Caller,
        client: Option<Client>,
        now: Timestamp,
    ) -> Result<(), Denial> {
        let Some(address) = client.and_then(|client| client.addr).filter(|_| policy.unique_ips_limit_enabled) else {
            return Ok(());
        };
        let window = policy.unique_ips_limit_time_window;
        let most = usize::try_from(policy.unique_ips_limit_per_user).unwrap_or(usize::MAX);
        let mut places = locked(&self.places);
        if places.len() >= MOST {
            places.clear();
        }
        let known = places.entry(caller.person().id).or_default();
        known.retain(|(_, last)| last.plus_seconds(window) > now);
        let full = known.len() >= most;
        match known.iter_mut().find(|(place, _)| *place == address) {
            Some((_, last)) => *last = now,
            None if full => return Err(Denial::TooManyAddresses { window }),
            None => known.push((address, now)),
        }
        Ok(())
    }
}

/// Seconds until the next period of that length begins.
const fn until_next(period: i64, now: Timestamp) -> i64 {
    period - now.seconds().rem_euclid(period)
}

/// One customer's IPv6 addresses are a network of 64 bits at least, and count as one.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// A panic while it was held left a count behind at worst.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Requests in the present period, which all callers share: what `Rack::Attack` does for GitLab.
#[derive(Debug)]
struct Throttle<K>(Mutex<Window<K>>);

#[derive(Debug)]
struct Window<K> {
    /// Which period: its length, and how many of that length were before it.
    period: (i64, i64),
    counts: HashMap<K, i64>,
}

impl<K> Default for Throttle<K> {
    fn default() -> Self {
        Self(Mutex::new(Window { period: (0, 0), counts: HashMap::new() }))
    }
}

impl<K: Hash + Eq> Throttle<K> {
    fn count(&self, key: K, length: i64, now: Timestamp) -> i64 {
        let mut window = locked(&self.0);
        let period = (length, now.seconds().div_euclid(length));
        if window.period != period || window.counts.len() >= MOST {
            window.period = period;
            window.counts.clear();
        }
        let count = window.counts.entry(key).or_default();
        *count += 1;
        *count
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::sync::Arc;

    use jeton_core::id::SessionId;

    use super::*;
    use crate::test_instance::{Instance, NOW};

    fn from(address: &str) -> Client {
        Client { addr: address.parse().ok(), tls: false, relayed: false }
    }

    #[tokio::test]
    async fn requests_are_counted_by_user_or_by_network_and_anew_in_each_period() {
        let instance = Instance::new().await;
        let jane = Arc::new(instance.user("jane", false).await);
        let browser = Ok(Some(Caller::new(Arc::clone(&jane), Via::Session(SessionId(1)))));
        let somebody = Ok(Some(Caller::new(jane, Via::Password)));
        let limits = Limits::default();
        let mut policy = Policy::default();
        assert_eq!(limits.count(&policy, &somebody, Some(from("192.0.2.1")), NOW), None);
        policy.throttle_authenticated_api_enabled = true;
        policy.throttle_authenticated_api_requests_per_period = 2;
        policy.throttle_authenticated_api_period_in_seconds = 60;
        let over = |now| limits.count(&policy, &somebody, None, now).unwrap().is_over();
        assert_eq!([over(NOW), over(NOW), over(NOW)], [false, false, true]);
        assert!(!over(NOW.plus_seconds(60)));
        assert_eq!(limits.count(&policy, &browser, None, NOW), None);

        let policy = Policy {
            throttle_unauthenticated_api_enabled: true,
            throttle_unauthenticated_api_requests_per_period: 1,
            ..Policy::default()
        };
        let over = |found: Result<Option<Caller>, Refusal>, address: &str| {
            limits.count(&policy, &found, Some(from(address)), NOW).unwrap().is_over()
        };
        assert!(!over(Ok(None), "2001:db8::1"));
        assert!(over(Err(Denial::Unknown.into()), "2001:db8::2"), "the same network, with a wrong token");
        assert!(!over(Ok(None), "2001:db8:0:1::1"));
        assert_eq!(limits.count(&policy, &somebody, Some(from("192.0.2.1")), NOW), None);
        assert_eq!(limits.count(&policy, &Ok(None), None, NOW), None, "a unix socket has no address");
    }

    #[tokio::test]
    async fn a_user_comes_from_so_many_addresses_and_no_more() {
        let instance = Instance::new().await;
        let caller = Caller::new(Arc::new(instance.user("jane", false).await), Via::Password);
        let limits = Limits::default();
        let mut policy = Policy::default();
        let admit = |policy: &Policy, address: &str, second| {
            limits.admit_place(policy, &caller, Some(from(address)), NOW.plus_seconds(second))
        };
        assert!((0..20).all(|last| admit(&policy, &format!("192.0.2.{last}"), 0).is_ok()));
        policy.unique_ips_limit_enabled = true;
        policy.unique_ips_limit_per_user = 2;
        policy.unique_ips_limit_time_window = 60;
        assert!(admit(&policy, "192.0.2.1", 0).is_ok() && admit(&policy, "192.0.2.2", 30).is_ok());
        assert_eq!(admit(&policy, "192.0.2.3", 31), Err(Denial::TooManyAddresses { window: 60 }));
        assert!(admit(&policy, "192.0.2.2", 59).is_ok(), "a known one goes on being good");
        assert!(admit(&policy, "192.0.2.3", 60).is_ok(), "the first one was forgotten");
    }
}
