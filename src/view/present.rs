//! When things that the view takes over happen, for whatever ages there: see decision 17.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::domain::time::Timestamp;

/// See the module.
#[derive(Debug)]
pub(super) struct Present {
    now: AtomicI64,
    is_live: AtomicBool,
}

impl Default for Present {
    fn default() -> Self {
        Self { now: AtomicI64::new(i64::MAX), is_live: AtomicBool::new(false) }
    }
}

impl Present {
    pub(super) fn recall_until(&self, now: Timestamp) {
        self.now.store(now.0, Ordering::Relaxed);
    }

    pub(super) fn pass_to(&self, now: Timestamp) {
        self.now.store(now.0, Ordering::Relaxed);
        self.is_live.store(true, Ordering::Relaxed);
    }

    /// From which moment on something ages that is dated `at`: what is read back, from its date, or from now on where
    /// that is still to come; what happens, from now on, whatever a clock said that was wrong.
    pub(super) fn since(&self, at: Timestamp) -> Timestamp {
        let now = Timestamp(self.now.load(Ordering::Relaxed));
        if self.is_live.load(Ordering::Relaxed) { now } else { at.min(now) }
    }
}
