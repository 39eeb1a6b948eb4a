//! Every counter of the process, declared once. Each counts from the start of the process and only ever up.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only goes up.
#[derive(Debug)]
pub struct Counter {
    /// Its name, for whoever reads it from outside.
    pub name: &'static str,
    /// What is counted.
    pub meaning: &'static str,
    count: AtomicU64,
}

impl Counter {
    const fn new(name: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, count: AtomicU64::new(0) }
    }

    /// Counts one more.
    pub fn increment(&self) {
        // Counters order nothing else in memory.
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($(#[doc = $meaning:literal])+ $name:ident = $text:literal;)*) => {
        $(
            $(#[doc = $meaning])+
            pub static $name: Counter = Counter::new($text, concat!($($meaning),+));
        )*

        /// All of them, in the order of their declaration.
        pub static ALL: &[&Counter] = &[$(&$name),*];
    };
}

counters! {
    /// Actors that panicked and were started again from the last durable state.
    ACTOR_RESTARTS = "actor_restarts_total";
    /// Timers of stages that ran out and were acted upon.
    TIMERS_FIRED = "timers_fired_total";
    /// Timers that ran out while the journal was full and were put off.
    TIMERS_DEFERRED = "timers_deferred_total";
    /// Checkpoints written.
    CHECKPOINTS_WRITTEN = "checkpoints_written_total";
    /// Checkpoints that could not be written.
    CHECKPOINTS_FAILED = "checkpoints_failed_total";
    /// Requests refused with 503 because a queue was full.
    REQUESTS_REFUSED_BUSY = "requests_refused_busy_total";
    /// Reads of the store that failed.
    STORE_READ_FAILURES = "store_read_failures_total";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn counts_up_by_one() {
        static COUNTER: Counter = Counter::new("tests_total", "Tests.");
        COUNTER.increment();
        COUNTER.increment();
        assert_eq!(COUNTER.get(), 2);
    }

    #[test]
    fn names_are_unique_and_end_in_their_unit() {
        let names: BTreeSet<_> = ALL.iter().map(|counter| counter.name).collect();
        assert_eq!(names.len(), ALL.len());
        for counter in ALL {
            assert!(counter.name.ends_with("_total"), "{}", counter.name);
            assert!(!counter.meaning.trim().is_empty(), "{}", counter.name);
        }
    }
}
