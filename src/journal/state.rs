//! What the commit thread lets everybody else see.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::interface::{Poison, Stats};

/// The watermark, the poison and the figures of a journal.
#[derive(Debug)]
pub(super) struct State {
    watermark: AtomicU64,
    poison: OnceLock<Poison>,
    lacks_space: AtomicBool,
    /// Whether entries wait for a segment that is not there yet.
    waits: AtomicBool,
    closing: AtomicBool,
    stall_max: Duration,
    origin: Instant,
    /// When the commit under way began, in microseconds since `origin`; [`IDLE`] when none is.
    commit_since: AtomicU64,
    entries: AtomicU64,
    groups: AtomicU64,
    bytes: AtomicU64,
    commit_micros_last: AtomicU64,
    commit_micros_sum: AtomicU64,
}

const IDLE: u64 = u64::MAX;

/// What one commit made durable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Committed {
    pub(super) sequence: u64,
    pub(super) entries: usize,
    pub(super) bytes: usize,
    pub(super) took: Duration,
}

impl State {
    pub(super) fn new(watermark: u64, stall_max: Duration) -> Self {
        Self {
            watermark: AtomicU64::new(watermark),
            poison: OnceLock::new(),
            lacks_space: AtomicBool::new(false),
            waits: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            stall_max,
            origin: Instant::now(),
            commit_since: AtomicU64::new(IDLE),
            entries: AtomicU64::new(0),
            groups: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            commit_micros_last: AtomicU64::new(0),
            commit_micros_sum: AtomicU64::new(0),
        }
    }

    pub(super) fn watermark(&self) -> u64 {
        self.watermark.load(Ordering::Acquire)
    }

    /// Why the journal is poisoned. A commit that is under way for too long poisons it here and now: the thread that
    /// waits for the disk cannot.
    pub(super) fn poisoned(&self) -> Option<Poison> {
        if let Some(poison) = self.poison.get() {
            return Some(poison.clone());
        }
        let since = self.commit_since.load(Ordering::Acquire);
        if since == IDLE {
            return None;
        }
        let took = Duration::from_micros(micros(self.origin.elapsed()).saturating_sub(since));
        if took <= self.stall_max {
            return None;
        }
        self.poison(Poison::Stalled { took, max: self.stall_max });
        self.poison.get().cloned()
    }

    /// Poisons the journal. The first reason stays.
    pub(super) fn poison(&self, poison: Poison) {
        if self.poison.set(poison).is_ok()
            && let Some(poison) = self.poison.get()
        {
            tracing::error!(reason = %poison, "the journal is poisoned: nothing more is acknowledged");
        }
    }

    pub(super) fn lacks_space(&self) -> bool {
        self.lacks_space.load(Ordering::Acquire)
    }

    /// Notes whether there is room for the next segment.
    pub(super) fn set_lacks_space(&self, lacks: bool) {
        let lacked = self.lacks_space.swap(lacks, Ordering::AcqRel);
        match (lacked, lacks) {
            (false, true) => tracing::error!("the disk is full: nothing is taken until there is room; free some space"),
            (true, false) => tracing::info!("the disk has room again"),
            (false, false) | (true, true) => {}
        }
    }

    pub(super) fn waits(&self) -> bool {
        self.waits.load(Ordering::Acquire)
    }

    /// Notes whether entries wait for the next segment, and why it is not there.
    pub(super) fn set_waits(&self, why: Option<&str>) {
        let waited = self.waits.swap(why.is_some(), Ordering::AcqRel);
        match (waited, why) {
            (false, Some(why)) => {
                tracing::error!(why, "the journal waits for its next segment: nothing is taken until it is there");
            }
            (true, None) => tracing::info!("the journal has its next segment and takes entries again"),
            (false, None) | (true, Some(_)) => {}
        }
    }

    /// Whether the journal is being closed, so that waiting for room has to end.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    /// Notes that a commit begins.
    pub(super) fn commit_begins(&self) -> Instant {
        let now = Instant::now();
        self.commit_since.store(micros(now.saturating_duration_since(self.origin)), Ordering::Release);
        now
    }

    /// Notes that the commit which began at `begun` ended, and says how long it took; `Err` when that was too long, or
    /// somebody saw before that it was.
    pub(super) fn commit_ends(&self, begun: Instant) -> Result<Duration, Poison> {
        self.commit_since.store(IDLE, Ordering::Release);
        let took = begun.elapsed();
        if took > self.stall_max {
            self.poison(Poison::Stalled { took, max: self.stall_max });
        }
        self.poison.get().map_or(Ok(took), |poison| Err(poison.clone()))
    }

    /// Moves the watermark.
    pub(super) fn committed(&self, commit: Committed) {
        let took = micros(commit.took);
        self.entries.fetch_add(commit.entries as u64, Ordering::Relaxed);
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(commit.bytes as u64, Ordering::Relaxed);
        self.commit_micros_last.store(took, Ordering::Relaxed);
        self.commit_micros_sum.fetch_add(took, Ordering::Relaxed);
        self.watermark.store(commit.sequence, Ordering::Release);
    }

    pub(super) fn stats(&self) -> Stats {
        let groups = self.groups.load(Ordering::Relaxed);
        Stats {
            entries: self.entries.load(Ordering::Relaxed),
            groups,
            bytes: self.bytes.load(Ordering::Relaxed),
            commit_micros_last: self.commit_micros_last.load(Ordering::Relaxed),
            commit_micros_mean: self.commit_micros_sum.load(Ordering::Relaxed).checked_div(groups).unwrap_or(0),
        }
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(IDLE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_under_way_for_too_long_is_seen_by_others_and_stays_seen() {
        let state = State::new(0, Duration::ZERO);
        assert_eq!(state.poisoned(), None);
        let begun = state.commit_begins();
        while begun.elapsed() < Duration::from_micros(10) {
            std::thread::yield_now();
        }
        assert!(matches!(state.poisoned(), Some(Poison::Stalled { .. })));
        assert!(state.commit_ends(begun).is_err());
        assert!(matches!(state.poisoned(), Some(Poison::Stalled { .. })));
    }

    #[test]
    fn the_first_reason_stays() {
        let state = State::new(0, Duration::from_secs(10));
        state.poison(Poison::FollowerGone);
        state.poison(Poison::Panicked("later".into()));
        assert_eq!(state.poisoned(), Some(Poison::FollowerGone));
    }

    #[test]
    fn counts_what_was_committed() {
        let shown = State::new(5, Duration::from_secs(10));
        for (sequence, took) in [(7, 100), (8, 300)] {
            shown.committed(Committed { sequence, entries: 2, bytes: 50, took: Duration::from_micros(took) });
        }
        assert_eq!(shown.watermark(), 8);
        let stats = Stats { entries: 4, groups: 2, bytes: 100, commit_micros_last: 300, commit_micros_mean: 200 };
        assert_eq!(shown.stats(), stats);
    }
}
