//! The one place of the bench that looks at a clock.
#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]

use std::time::{Duration, Instant};

/// Measures time.
pub(crate) struct Timer(Instant);

impl Timer {
    /// Begins to measure.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since then.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Does nothing for a while.
pub(crate) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}
