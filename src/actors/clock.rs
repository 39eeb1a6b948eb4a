//! Where the time of day comes from, and by what things age.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::time::Timestamp;

/// The clocks of the machine.
pub trait Clock: Send + Sync {
    /// What time it is by the wall clock, which may step in either direction at any time.
    fn now(&self) -> Timestamp;

    /// How much time has really passed since some moment before the process: it never steps.
    fn passed(&self) -> Duration;
}

/// The time by which things age: what the wall clock showed at the start, and what has really passed since. Where the
/// wall clock is set meanwhile, the two go apart; see decision 17.
#[derive(Clone)]
pub struct Ageing {
    clock: Arc<dyn Clock>,
    began: Timestamp,
    passed_before: Duration,
}

impl Ageing {
    /// Begins now, by the wall clock of `clock`.
    #[must_use]
    pub fn begin(clock: Arc<dyn Clock>) -> Self {
        Self { began: clock.now(), passed_before: clock.passed(), clock }
    }

    /// What the wall clock showed at the start.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        self.began
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.began.plus(self.clock.passed().saturating_sub(self.passed_before))
    }
}
