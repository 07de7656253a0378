//! What one connection is doing, as seen by the [`Keeper`](super::Keeper).
//!
//! The connection only notes what it does, in atomics and without reading a clock or setting a timer: "now" is the
//! keeper's tick. The keeper looks at every connection a few times per second and orders those to end that have waited
//! for too long. So a limit costs a request next to nothing, and holds to within one tick.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;

/// The keeper's time: ticks since it began. It wraps after decades.
pub(super) type Tick = u32;

/// What a connection waits for while no request is in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Waiting {
    /// The end of a head: of the first request, or of one whose first byte has come.
    Head = 0,
    /// The first byte of the next request.
    Idle = 1,
    /// The client's end of a connection that has been answered and closed from this side.
    Linger = 2,
}

/// What the keeper wants of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Order {
    CarryOn = 0,
    /// Finish the requests in hand, then end.
    Finish = 1,
    /// End now.
    Drop = 2,
}

/// One connection's notes. Everything is relaxed: each value stands alone, and being a tick late is allowed.
#[derive(Debug)]
pub(super) struct Watch {
    now: Arc<AtomicU32>,
    waiting: AtomicU8,
    /// When the present waiting began.
    since: AtomicU32,
    /// Requests whose answer has not been handed over whole.
    in_hand: AtomicU32,
    /// HTTP/2: bytes come at any time (pings, window updates) and say nothing about a head.
    multiplexed: AtomicBool,
    /// A write waits for the client, since `blocked_since`.
    blocked: AtomicBool,
    blocked_since: AtomicU32,
    /// See [`Watch::has_unread`].
    unread: AtomicBool,
    order: AtomicU8,
    waker: AtomicWaker,
}

impl Watch {
    pub(super) fn new(now: Arc<AtomicU32>) -> Self {
        let started = now.load(Relaxed);
        Self {
            now,
            waiting: AtomicU8::new(Waiting::Head as u8),
            since: AtomicU32::new(started),
            in_hand: AtomicU32::new(0),
            multiplexed: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            blocked_since: AtomicU32::new(started),
            unread: AtomicBool::new(false),
            order: AtomicU8::new(Order::CarryOn as u8),
            waker: AtomicWaker::new(),
        }
    }

    /// A request's head has come. The request is in hand until what this returns is dropped.
    pub(super) fn begin(self: &Arc<Self>, multiplexed: bool, has_body: bool) -> InHand {
        self.in_hand.fetch_add(1, Relaxed);
        if multiplexed {
            self.multiplexed.store(true, Relaxed);
        }
        self.unread.store(has_body && !multiplexed, Relaxed);
        InHand(Arc::clone(self))
    }

    pub(super) fn wait_for(&self, what: Waiting) {
        self.since.store(self.now.load(Relaxed), Relaxed);
        self.waiting.store(what as u8, Relaxed);
    }

    /// What is waited for, and for how many ticks already; `None` while a request is in hand.
    pub(super) fn waiting(&self) -> Option<(Waiting, Tick)> {
        if self.in_hand.load(Relaxed) > 0 {
            return None;
        }
        let what = match self.waiting.load(Relaxed) {
            0 => Waiting::Head,
            1 => Waiting::Idle,
            _ => Waiting::Linger,
        };
        Some((what, self.ticks_since(&self.since)))
    }

    /// For how many ticks a write has waited for the client to read.
    pub(super) fn blocked(&self) -> Option<Tick> {
        self.blocked.load(Relaxed).then(|| self.ticks_since(&self.blocked_since))
    }

    fn ticks_since(&self, then: &AtomicU32) -> Tick {
        self.now.load(Relaxed).wrapping_sub(then.load(Relaxed))
    }

    /// Gives an order; one that asks for less than an earlier one changes nothing.
    pub(super) fn give(&self, order: Order) {
        if self.order.fetch_max(order as u8, Relaxed) < order as u8 {
            self.waker.wake();
        }
    }

    /// The order in force. The task of `cx` is woken when a stronger one is given.
    pub(super) fn order(&self, cx: &Context<'_>) -> Order {
        self.waker.register(cx.waker());
        match self.order.load(Relaxed) {
            0 => Order::CarryOn,
            1 => Order::Finish,
            _ => Order::Drop,
        }
    }

    /// Whether the client has sent something that may not have been read to its end.
    pub(super) fn has_unread(&self) -> bool {
        self.unread.load(Relaxed)
    }

    /// Bytes have come.
    pub(super) fn note_read(&self) {
        self.unread.store(true, Relaxed);
        let first_byte = self.waiting.load(Relaxed) == Waiting::Idle as u8;
        if first_byte && !self.multiplexed.load(Relaxed) && self.in_hand.load(Relaxed) == 0 {
            self.wait_for(Waiting::Head);
        }
    }

    /// A write has gone through, or waits for the client.
    pub(super) fn note_write<T>(&self, outcome: &Poll<T>) {
        let was_blocked = self.blocked.load(Relaxed);
        if outcome.is_pending() != was_blocked {
            self.blocked_since.store(self.now.load(Relaxed), Relaxed);
            self.blocked.store(!was_blocked, Relaxed);
        }
    }
}

/// A request in hand: from its head until its answer's body has been handed over, or given up.
#[derive(Debug)]
pub(super) struct InHand(Arc<Watch>);

impl Drop for InHand {
    fn drop(&mut self) {
        // The waiting begins before the request stops counting, so that the keeper never sees an old one.
        self.0.wait_for(Waiting::Idle);
        self.0.in_hand.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> (Arc<AtomicU32>, Arc<Watch>) {
        let now = Arc::new(AtomicU32::new(Tick::MAX - 1));
        (Arc::clone(&now), Arc::new(Watch::new(now)))
    }

    #[test]
    fn a_connection_waits_for_a_head_then_is_in_hand_then_idle() {
        let (now, watch) = watch();
        assert_eq!(watch.waiting(), Some((Waiting::Head, 0)));
        now.fetch_add(3, Relaxed);
        assert_eq!(watch.waiting(), Some((Waiting::Head, 3)), "also where the ticks wrap");
        let one = watch.begin(false, false);
        let two = watch.begin(false, false);
        drop(one);
        assert_eq!(watch.waiting(), None);
        now.fetch_add(3, Relaxed);
        drop(two);
        assert_eq!(watch.waiting(), Some((Waiting::Idle, 0)));
        watch.note_read();
        now.fetch_add(2, Relaxed);
        watch.note_read();
        assert_eq!(watch.waiting(), Some((Waiting::Head, 2)), "a second byte does not begin the waiting anew");
    }

    #[test]
    fn bytes_on_an_idle_http2_connection_are_no_head() {
        let (_, watch) = watch();
        drop(watch.begin(true, false));
        watch.note_read();
        assert_eq!(watch.waiting(), Some((Waiting::Idle, 0)));
    }

    #[test]
    fn a_blocked_write_counts_from_its_beginning() {
        let (now, watch) = watch();
        assert_eq!(watch.blocked(), None);
        watch.note_write::<()>(&Poll::Pending);
        now.fetch_add(2, Relaxed);
        watch.note_write::<()>(&Poll::Pending);
        assert_eq!(watch.blocked(), Some(2));
        watch.note_write(&Poll::Ready(()));
        assert_eq!(watch.blocked(), None);
    }

    #[test]
    fn the_stronger_order_holds() {
        let (_, watch) = watch();
        let cx = Context::from_waker(std::task::Waker::noop());
        assert_eq!(watch.order(&cx), Order::CarryOn);
        watch.give(Order::Drop);
        watch.give(Order::Finish);
        assert_eq!(watch.order(&cx), Order::Drop);
    }
}
