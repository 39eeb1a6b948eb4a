//! The system's clock: read here and nowhere else.

use crate::actors::Clock;
use crate::domain::time::Timestamp;

/// The wall clock of the machine.
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
}
