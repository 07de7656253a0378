//! When people did something for the last time: noted in memory, at most once a day and person, and written behind the
//! requests, so that reading writes nothing.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jeton_core::{
    id::UserId,
    time::Timestamp,
    user::{User, UserState},
};
use jeton_store::Fault;

use crate::app::App;

/// Rows in one statement.
const BATCH: usize = 1_000;

/// Who did something that is not written yet, and when.
#[derive(Default)]
pub struct Activity(Mutex<HashMap<UserId, Timestamp>>);

impl Activity {
    /// Notes that somebody did something. Only the date is ever shown, so the first time on a date will do; what an
    /// account does that cannot be used does not count.
    pub fn note(&self, user: &User, now: Timestamp) {
        let is_news = user.last_activity_on.is_none_or(|last| last < now.date());
        if is_news && user.state == UserState::Active {
            self.map().insert(user.id, now);
        }
    }

    fn map(&self) -> MutexGuard<'_, HashMap<UserId, Timestamp>> {
        // A panic while this lock is held can only be one of allocation, and leaves the map whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Writes who did something so far. When the database fails, it is kept for the next time.
    pub async fn flush_activity(&self) -> Result<(), Fault> {
        let noted: Vec<_> = std::mem::take(&mut *self.activity.map()).into_iter().collect();
        for (number, batch) in noted.chunks(BATCH).enumerate() {
            if let Err(fault) = self.store.record_activity(batch).await {
                let mut map = self.activity.map();
                for (user, at) in &noted[number * BATCH..] {
                    map.entry(*user).or_insert(*at);
                }
                return Err(fault);
            }
            // Until the next reading, what is remembered of them would have them noted with every request.
            for (user, _) in batch {
                self.identities.forget_user(*user);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use jeton_core::user::User;

    use super::*;
    use crate::test_instance::{Instance, NOW};

    #[tokio::test]
    async fn the_first_deed_of_a_day_is_written_and_the_others_are_not() {
        let instance = Instance::new().await;
        let app = &instance.app;
        let jane = instance.user("jane", false).await;
        let known = async || app.identities.user(&app.store, jane.id).await.unwrap().unwrap();
        assert_eq!(known().await.last_activity_on, None);

        app.activity.note(&jane, NOW);
        app.flush_activity().await.unwrap();
        assert_eq!(known().await.last_activity_on, Some(NOW.date()));
        app.activity.note(known().await.as_ref(), NOW.plus_seconds(1));
        assert!(app.activity.map().is_empty());
        app.activity.note(known().await.as_ref(), NOW.plus_seconds(86_400));
        assert_eq!(app.activity.map().len(), 1);

        let blocked = User { state: UserState::Blocked, ..jane };
        app.flush_activity().await.unwrap();
        app.activity.note(&blocked, NOW.plus_seconds(3 * 86_400));
        assert!(app.activity.map().is_empty());
    }
}
