//! What leaves when it is old enough, oldest first, whatever order it came in.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::domain::time::Timestamp;

/// Items by the moment from which they age. What comes in the order of time, as nearly everything does, costs a place
/// in a queue; a moment before the last one, as a journal holds them after a clock was set back, waits beside it.
#[derive(Debug)]
pub(super) struct Ages<T> {
    queue: VecDeque<(Timestamp, T)>,
    strays: BinaryHeap<Reverse<(Timestamp, T)>>,
}

impl<T: Ord> Default for Ages<T> {
    fn default() -> Self {
        Self { queue: VecDeque::new(), strays: BinaryHeap::new() }
    }
}

impl<T: Ord> Ages<T> {
    /// Adds `item`, which ages from `at` on.
    pub(super) fn push(&mut self, at: Timestamp, item: T) {
        if self.queue.back().is_none_or(|(last, _)| *last <= at) {
            self.queue.push_back((at, item));
        } else {
            self.strays.push(Reverse((at, item)));
        }
    }

    /// What is in the queue, oldest first, without the strays.
    pub(super) fn queued(&self) -> impl Iterator<Item = &(Timestamp, T)> {
        self.queue.iter()
    }

    /// Takes out the oldest item, if it ages from a moment before `before`.
    pub(super) fn pop_before(&mut self, before: Timestamp) -> Option<(Timestamp, T)> {
        let queued = self.queue.front().map(|(at, _)| *at);
        let stray = self.strays.peek().map(|Reverse((at, _))| *at);
        if stray.is_some_and(|stray| queued.is_none_or(|queued| stray < queued)) {
            return stray.filter(|at| *at < before).and_then(|_| self.strays.pop()).map(|Reverse(item)| item);
        }
        self.queue.pop_front_if(|(at, _)| *at < before)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_oldest_leaves_first_whatever_order_they_came_in(
            moments in prop::collection::vec(0..100i64, 0..100),
            before in 0..120i64,
        ) {
            let mut ages = Ages::default();
            for (item, at) in moments.iter().enumerate() {
                ages.push(Timestamp(*at), item);
            }
            let left: Vec<_> = std::iter::from_fn(|| ages.pop_before(Timestamp(before))).map(|(at, _)| at.0).collect();
            let mut expected: Vec<_> = moments.into_iter().filter(|at| *at < before).collect();
            expected.sort_unstable();
            prop_assert_eq!(left, expected);
        }
    }

    #[test]
    fn one_from_a_clock_that_ran_ahead_holds_up_no_other() {
        let mut ages = Ages::default();
        for (item, at) in [10, 1_000_000, 11, 12].into_iter().enumerate() {
            ages.push(Timestamp(at), item);
        }
        let left: Vec<_> = std::iter::from_fn(|| ages.pop_before(Timestamp(100))).map(|(_, item)| item).collect();
        assert_eq!(left, [0, 2, 3]);
    }
}
