//! Requests that take long, and what becomes of them when authority is taken away meanwhile.
//!
//! The lock turns when a request begins. A push may go on for an hour after that, and whoever revokes its token is
//! promised that the token is dead. So each such request stands here with a way to ask once more, and every change that
//! takes authority away asks: what is refused now is ended, and the change is answered only when it has ended.
//!
//! A request stands here before the lock is asked for the first time, so that no change falls between. Until it was let
//! in nobody else asks about it: it has done nothing yet, and its password would be tried twice. A change that comes in
//! that time only leaves word, and the request asks once more by itself before it begins.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::{BoxFuture, join_all};
use tokio_util::sync::CancellationToken;

/// For how long a change waits for the end of a request. What is being ended is killed long before.
const PATIENCE: Duration = Duration::from_secs(15);

/// Asks the lock once more, with the same credential. False if it says no now, or cannot be asked.
pub type Ask = Box<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// Everything that is under way.
#[derive(Default)]
pub struct Underway(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    last: u64,
    entries: HashMap<u64, Entry>,
}

/// How far a request is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// The lock is being asked.
    Asking,
    /// The same, and something was taken away since it was.
    Outdated,
    /// It was let in.
    Admitted,
}

#[derive(Clone)]
struct Entry {
    ask: Arc<Ask>,
    stage: Stage,
    revoked: CancellationToken,
    gone: CancellationToken,
}

/// A request's place among what is under way; it is left when this is dropped.
pub struct Place {
    number: u64,
    underway: Arc<Underway>,
    revoked: CancellationToken,
    gone: CancellationToken,
}

impl Underway {
    /// Enters a request, before the lock is asked for the first time: what is taken away after that asks again.
    pub fn enter(self: &Arc<Self>, ask: Ask) -> Place {
        let (revoked, gone) = (CancellationToken::new(), CancellationToken::new());
        let entry = Entry { ask: Arc::new(ask), stage: Stage::Asking, revoked, gone };
        let mut all = self.entries();
        all.last += 1;
        let number = all.last;
        all.entries.insert(number, entry.clone());
        Place { number, underway: Arc::clone(self), revoked: entry.revoked, gone: entry.gone }
    }

    /// Asks about everything that was let in, and waits until what is refused has ended. For whoever has just taken
    /// authority away, after every memory of it has ended.
    pub async fn review(&self) {
        let reviewing = self.admitted().into_iter().map(|entry| async move {
            if !(entry.ask)().await {
                entry.revoked.cancel();
                if tokio::time::timeout(PATIENCE, entry.gone.cancelled()).await.is_err() {
                    tracing::error!("a request that lost its authority does not end");
                }
            }
        });
        join_all(reviewing).await;
    }

    /// What was let in. What was not yet is told that the answer which it waits for is outdated.
    fn admitted(&self) -> Vec<Entry> {
        let mut all = self.entries();
        let (admitted, asking): (Vec<&mut Entry>, Vec<&mut Entry>) =
            all.entries.values_mut().partition(|entry| entry.stage == Stage::Admitted);
        for entry in asking {
            entry.stage = Stage::Outdated;
        }
        admitted.into_iter().map(|entry| entry.clone()).collect()
    }

    /// How many requests are under way.
    pub fn count(&self) -> usize {
        self.entries().entries.len()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // A panic while this lock is held can only be one of allocation, and leaves the map whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Notes that the lock let the request in, from when on every change asks about it. False if something was taken away
    /// since the lock was asked: it is to be asked once more first.
    #[must_use]
    pub fn admit(&self) -> bool {
        let mut all = self.underway.entries();
        let Some(entry) = all.entries.get_mut(&self.number) else { return false };
        let is_current = entry.stage != Stage::Outdated;
        entry.stage = if is_current { Stage::Admitted } else { Stage::Asking };
        is_current
    }

    /// Waits until the request must end.
    pub async fn revoked(&self) {
        self.revoked.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.underway.entries().entries.remove(&self.number);
        self.gone.cancel();
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use tokio::task::JoinHandle;

    use super::*;

    impl Place {
        /// A request that ends a little after it must, and whether it has.
        pub(crate) fn into_request(self) -> (JoinHandle<()>, Arc<AtomicBool>) {
            let ended = Arc::new(AtomicBool::new(false));
            let note = Arc::clone(&ended);
            let request = tokio::spawn(async move {
                self.revoked().await;
                tokio::task::yield_now().await;
                note.store(true, Ordering::SeqCst);
            });
            (request, ended)
        }
    }

    fn asking(allowed: &Arc<AtomicBool>) -> Ask {
        let allowed = Arc::clone(allowed);
        Box::new(move || {
            let allowed = allowed.load(Ordering::SeqCst);
            Box::pin(async move { allowed })
        })
    }

    #[tokio::test]
    async fn a_change_is_answered_when_what_it_forbids_has_ended() {
        let underway = Arc::new(Underway::default());
        let (allowed, other) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(true)));
        let (place, stays) = (underway.enter(asking(&allowed)), underway.enter(asking(&other)));
        assert!(place.admit() && stays.admit());
        underway.review().await;
        assert_eq!(underway.count(), 2);

        allowed.store(false, Ordering::SeqCst);
        let (request, ended) = place.into_request();
        underway.review().await;
        assert!(ended.load(Ordering::SeqCst));
        request.await.unwrap();
        assert_eq!(underway.count(), 1);
        drop(stays);
        assert_eq!(underway.count(), 0);
    }

    #[tokio::test]
    async fn what_was_not_let_in_yet_asks_by_itself_when_something_was_taken_away() {
        let underway = Arc::new(Underway::default());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let place = underway.enter(Box::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { true })
        }));
        underway.review().await;
        underway.review().await;
        assert!(!place.admit(), "its answer is of before");
        assert!(place.admit(), "asked once more, and nothing has changed since");
        assert_eq!(asked.load(Ordering::SeqCst), 0);
        underway.review().await;
        assert_eq!(asked.load(Ordering::SeqCst), 1, "now it is asked about");
    }
}
