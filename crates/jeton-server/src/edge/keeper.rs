//! The keeper of the house: knows every open connection and ends those that have waited for too long.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::MissedTickBehavior;

use super::{
    Limits,
    watch::{Order, Tick, Waiting, Watch},
};

/// Every open connection, and the one timer that limits all of them.
#[derive(Debug)]
pub struct Keeper {
    now: Arc<AtomicU32>,
    tick: Duration,
    head: Tick,
    idle: Tick,
    write: Tick,
    linger: Tick,
    /// How long an idle connection is left alone although others wait for its place.
    courtesy: Tick,
    members: Mutex<HashMap<u64, Arc<Watch>>>,
    next_member: AtomicU64,
    /// Accept loops that wait for a connection to end.
    waiting_for_room: AtomicU32,
}

/// Ticks are at most this long.
const LONGEST_TICK: Duration = Duration::from_millis(250);

/// Where connections are scarce, one that has been idle for this long is given up.
const COURTESY: Duration = Duration::from_secs(1);

impl Keeper {
    pub(super) fn new(limits: &Limits) -> Self {
        let shortest = limits.head_time.min(limits.idle_time).min(limits.write_time).min(limits.linger_time);
        let tick = (shortest / 4).clamp(Duration::from_millis(1), LONGEST_TICK);
        // One tick more than the time asked for: a waiting may begin just before the clock ticks.
        let ticks = |time: Duration| {
            let ticks = time.as_nanos().div_ceil(tick.as_nanos()).saturating_add(1);
            Tick::try_from(ticks).unwrap_or(Tick::MAX)
        };
        Self {
            now: Arc::default(),
            tick,
            head: ticks(limits.head_time),
            idle: ticks(limits.idle_time),
            write: ticks(limits.write_time),
            linger: ticks(limits.linger_time),
            courtesy: ticks(COURTESY.min(limits.idle_time)),
            members: Mutex::default(),
            next_member: AtomicU64::default(),
            waiting_for_room: AtomicU32::default(),
        }
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.members().len()
    }

    fn members(&self) -> MutexGuard<'_, HashMap<u64, Arc<Watch>>> {
        // Nothing panics while holding it; if something did, the map would still be whole.
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection in, until what this returns is dropped.
    pub(super) fn admit(self: &Arc<Self>) -> Member {
        let id = self.next_member.fetch_add(1, Relaxed);
        let watch = Arc::new(Watch::new(Arc::clone(&self.now)));
        self.members().insert(id, Arc::clone(&watch));
        Member { keeper: Arc::clone(self), id, watch }
    }

    /// Says that somebody waits for a connection to end, until what this returns is dropped.
    pub(super) fn crowded(self: &Arc<Self>) -> Crowded {
        if self.waiting_for_room.fetch_add(1, Relaxed) == 0 {
            tracing::warn!(open = self.open(), "the limit of connections is reached; new ones wait");
        }
        Crowded(Arc::clone(self))
    }

    /// Ticks, for ever.
    pub(super) async fn run(&self) {
        let mut interval = tokio::time::interval(self.tick);
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            interval.tick().await;
            self.now.fetch_add(1, Relaxed);
            self.look();
        }
    }

    fn look(&self) {
        let members = self.members();
        for watch in members.values() {
            if let Some(order) = self.judge(watch) {
                watch.give(order);
            }
        }
        if self.waiting_for_room.load(Relaxed) > 0 {
            self.make_room(&members);
        }
    }

    fn judge(&self, watch: &Watch) -> Option<Order> {
        if watch.blocked().is_some_and(|ticks| ticks >= self.write) {
            return Some(Order::Drop);
        }
        match watch.waiting()? {
            (Waiting::Head, ticks) if ticks >= self.head => Some(Order::Drop),
            (Waiting::Linger, ticks) if ticks >= self.linger => Some(Order::Drop),
            // Whoever does not take the hint is let go of.
            (Waiting::Idle, ticks) if ticks >= self.idle.saturating_add(self.linger) => Some(Order::Drop),
            (Waiting::Idle, ticks) if ticks >= self.idle => Some(Order::Finish),
            _ => None,
        }
    }

    /// Ends the longest idle connections: a sixteenth of those that could go, at least one.
    fn make_room(&self, members: &HashMap<u64, Arc<Watch>>) {
        let mut idle: Vec<_> = members
            .values()
            .filter_map(|watch| match watch.waiting() {
                Some((Waiting::Idle, ticks)) if ticks >= self.courtesy => Some((ticks, watch)),
                _ => None,
            })
            .collect();
        idle.sort_unstable_by_key(|(ticks, _)| std::cmp::Reverse(*ticks));
        for (_, watch) in idle.iter().take(1 + idle.len() / 16) {
            watch.give(Order::Finish);
        }
    }

    pub(super) fn finish_all(&self) {
        for watch in self.members().values() {
            watch.give(Order::Finish);
        }
    }

    /// Returns how many there were.
    pub(super) fn drop_all(&self) -> usize {
        let members = self.members();
        for watch in members.values() {
            watch.give(Order::Drop);
        }
        members.len()
    }
}

/// A connection's place in the keeper's list.
#[derive(Debug)]
pub(super) struct Member {
    keeper: Arc<Keeper>,
    id: u64,
    pub(super) watch: Arc<Watch>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.keeper.members().remove(&self.id);
    }
}

/// Somebody waits for room.
#[derive(Debug)]
pub(super) struct Crowded(Arc<Keeper>);

impl Drop for Crowded {
    fn drop(&mut self) {
        self.0.waiting_for_room.fetch_sub(1, Relaxed);
    }
}
