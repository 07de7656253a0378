//! Waiting: the one place of the integration tests that looks at a clock.
#![expect(clippy::disallowed_methods, reason = "tests wait for the real program, which has the real clock")]

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long anything may take before a test gives up; generous, for a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks again and again until there is an answer. Panics, naming `what`, when there is none for too long.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "waited too long for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Does nothing for a while.
pub(crate) fn pause(duration: Duration) {
    thread::sleep(duration);
}
