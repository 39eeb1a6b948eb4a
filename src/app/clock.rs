//! The system's clocks: read here and nowhere else.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::actors::Clock;
use crate::domain::time::Timestamp;

/// The clocks of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// What time it is, for the command line.
#[must_use]
pub fn now() -> Timestamp {
    SystemClock.now()
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(chrono::Utc::now().timestamp_micros())
    }

    /// Since the machine started; a time in which it slept is part of it.
    fn passed(&self) -> Duration {
        clock_gettime(ClockId::Boottime).try_into().unwrap_or_default()
    }
}
