//! The timers of one shard's orders.
//!
//! Each order's actor arms its own; the shard looks when the earliest is due and tells each actor whose time has come.
//! One sleep serves a shard, so that an armed timer costs 32 bytes in order instead of a task's worth of its own.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::domain::ids::OrderId;

/// When which order's timer is due, with the version of the order that it was armed at.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeMap<(Instant, OrderId), u32>,
    /// When the shard looks next.
    look: Option<Instant>,
}

impl Timers {
    /// Arms a timer. `true`: the shard has to be told, because it would look too late.
    #[must_use]
    pub(super) fn arm(&mut self, at: Instant, order: OrderId, version: u32) -> bool {
        self.due.insert((at, order), version);
        let early = self.look.is_none_or(|look| at < look);
        if early {
            self.look = Some(at);
        }
        early
    }

    /// Takes a timer back.
    pub(super) fn disarm(&mut self, at: Instant, order: OrderId) {
        self.due.remove(&(at, order));
    }

    /// Takes out at most `max` timers that are due at `now`, in due order.
    pub(super) fn take_due(&mut self, now: Instant, max: usize) -> Vec<(OrderId, u32)> {
        let mut due = Vec::new();
        while due.len() < max
            && let Some(first) = self.due.first_entry()
            && first.key().0 <= now
        {
            let ((_, order), version) = first.remove_entry();
            due.push((order, version));
        }
        due
    }

    /// When the shard has to look next: it promises to.
    pub(super) fn next(&mut self) -> Option<Instant> {
        self.look = self.due.first_key_value().map(|((at, _), _)| *at);
        self.look
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_shard_is_told_only_of_what_it_would_miss() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut timers = Timers::default();
        assert!(timers.arm(at(5), OrderId(1), 1), "the first");
        assert!(!timers.arm(at(5), OrderId(2), 1), "due together");
        assert!(!timers.arm(at(9), OrderId(3), 1), "due later");
        assert!(timers.arm(at(2), OrderId(4), 7), "due earlier");
        assert!(!timers.arm(at(3), OrderId(5), 1), "the shard looks at 2 and finds the next then");
        assert_eq!(timers.take_due(at(2), 10), [(OrderId(4), 7)]);
        assert_eq!(timers.next(), Some(at(3)));
        timers.disarm(at(3), OrderId(5));
        assert_eq!(timers.next(), Some(at(5)));
        assert_eq!(timers.take_due(at(4), 10), []);
        assert_eq!(timers.take_due(at(20), 2), [(OrderId(1), 1), (OrderId(2), 1)], "in due order, at most so many");
        assert_eq!(timers.take_due(at(20), 2), [(OrderId(3), 1)]);
        assert_eq!(timers.next(), None);
        assert!(timers.arm(at(30), OrderId(6), 1), "after a pause the shard sleeps without an end");
    }
}
