//! The two clocks of a run: the wall clock, which steps, and the time that really passes, which never does.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use packhorse::actors::Clock;
use packhorse::domain::time::Timestamp;
use tokio::time::Instant;

/// The clocks of one life of the process, over the paused clock of its runtime.
pub(crate) struct Clocks {
    origin: Instant,
    /// What had passed when the life began.
    passed_before: Duration,
    /// What the wall clock would show at the origin.
    wall: AtomicI64,
}

impl Clocks {
    /// Clocks that go on from here. Call it on the runtime whose time it is.
    pub(crate) fn go_on(passed_before: Duration, wall: Timestamp) -> Self {
        Self { origin: Instant::now(), passed_before, wall: AtomicI64::new(wall.0) }
    }

    /// Sets the wall clock forward or back.
    pub(crate) fn step(&self, micros: i64) {
        self.wall.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Clock for Clocks {
    fn now(&self) -> Timestamp {
        Timestamp(self.wall.load(Ordering::Relaxed)).plus(self.origin.elapsed())
    }

    /// Since the run began.
    fn passed(&self) -> Duration {
        self.passed_before + self.origin.elapsed()
    }
}
