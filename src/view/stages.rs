//! Which orders are open, in the order in which their stage began, and which of them were flagged as delayed.
//!
//! A flag is derived from an order's state and the policy, so it needs no journal entry: after a restart the first
//! round of the watchdog finds the same flags, with the same times. It comes after time that really passed, and what an
//! order of a clock that was wrong is dated does not hurry or delay it.

use std::collections::BTreeSet;
use std::time::Duration;

use foldhash::HashMap;
use parking_lot::RwLock;

use super::present::Present;
use crate::domain::ids::OrderId;
use crate::domain::order::{Order, PerStage, Policy, Stage, Status};
use crate::domain::time::Timestamp;

/// A stage that began so far from its date was dated by a clock that was wrong. Becoming durable takes less.
const WRONG: Duration = Duration::from_mins(1);

/// The flag of an order that outstayed its stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    /// The stage.
    pub stage: Status,
    /// Since when: the moment at which the stage should have been over, and never one that is still to come.
    pub since: Timestamp,
}

#[derive(Debug, Default)]
struct Inner {
    /// By when the stage really began.
    open: PerStage<BTreeSet<(Timestamp, OrderId)>>,
    /// When it really began, where the order is dated otherwise.
    wrong: HashMap<OrderId, Timestamp>,
    flags: HashMap<OrderId, Delay>,
    flagged: BTreeSet<(Timestamp, OrderId)>,
    flagged_in: PerStage<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Stages(RwLock<Inner>);

impl Inner {
    fn enter(&mut self, order: &Order, stage: Stage, began: Timestamp) {
        let dated = order.moved_at;
        let is_wrong = began.since(dated).max(dated.since(began)) > WRONG;
        if is_wrong {
            self.wrong.insert(order.id, began);
        }
        self.open[stage].insert((if is_wrong { began } else { dated }, order.id));
    }

    fn leave(&mut self, order: &Order, stage: Stage) {
        let wrong = if self.wrong.is_empty() { None } else { self.wrong.remove(&order.id) };
        let place = (wrong.unwrap_or(order.moved_at), order.id);
        self.open[stage].remove(&place);
        if self.flags.remove(&order.id).is_some() {
            self.flagged.remove(&place);
            self.flagged_in[stage] -= 1;
        }
    }
}

/// An order that outstayed its stage and has no flag yet.
struct Stale {
    stage: Stage,
    place: (Timestamp, OrderId),
    since: Timestamp,
}

impl Stages {
    /// Takes `after` over, which was `before` until now.
    pub(super) fn publish<'a>(
        &self,
        changes: impl IntoIterator<Item = (Option<&'a Order>, &'a Order)>,
        present: &Present,
    ) {
        let mut inner = self.0.write();
        for (before, after) in changes {
            let stays = before.is_some_and(|before| (before.status, before.moved_at) == (after.status, after.moved_at));
            if stays {
                continue;
            }
            if let Some(before) = before
                && let Some(stage) = before.status.stage()
            {
                inner.leave(before, stage);
            }
            if let Some(stage) = after.status.stage() {
                inner.enter(after, stage, present.since(after.moved_at));
            }
        }
    }

    pub(super) fn flag_stale(&self, present: Timestamp, now: Timestamp, policy: &Policy) -> usize {
        let (stale, is_ahead) = self.stale(present, now, policy);
        if stale.is_empty() && !is_ahead {
            return 0;
        }
        let mut inner = self.0.write();
        if is_ahead {
            inner.flags.values_mut().for_each(|delay| delay.since = delay.since.min(now));
        }
        let mut fresh = 0;
        for Stale { stage, place, since } in stale {
            // It may have moved between the two locks.
            if !inner.open[stage].contains(&place) {
                continue;
            }
            if inner.flags.insert(place.1, Delay { stage: stage.status(), since }).is_none() {
                inner.flagged.insert(place);
                inner.flagged_in[stage] += 1;
                fresh += 1;
            }
        }
        fresh
    }

    /// What is stale, and whether a flag is dated later than `now`, by a clock that was ahead.
    fn stale(&self, present: Timestamp, now: Timestamp, policy: &Policy) -> (Vec<Stale>, bool) {
        let inner = self.0.read();
        let mut stale = Vec::new();
        for (stage, open) in &inner.open {
            let times = &policy.0[stage];
            for (began, id) in open {
                let over = began.plus(times.stale_after);
                if over >= present {
                    break;
                }
                if !inner.flags.contains_key(id) {
                    // Where the date is wrong, it is known only that it is over now.
                    let since = if inner.wrong.contains_key(id) { now } else { over.min(now) };
                    stale.push(Stale { stage, place: (*began, *id), since });
                }
            }
        }
        (stale, inner.flags.values().any(|delay| delay.since > now))
    }

    pub(super) fn delay(&self, id: OrderId) -> Option<Delay> {
        self.0.read().flags.get(&id).copied()
    }

    /// Longest in their stage last.
    pub(super) fn flagged(&self, offset: usize, limit: usize) -> Vec<OrderId> {
        self.0.read().flagged.iter().rev().skip(offset).take(limit).map(|(_, id)| *id).collect()
    }

    pub(super) fn flagged_count(&self) -> usize {
        self.0.read().flagged.len()
    }

    /// The flagged orders of the open stage `stage`, longest in it first, and how many there are: a stage flags its
    /// orders in the order in which they came, so that they are the first ones of it.
    pub(super) fn flagged_in(&self, stage: Stage, limit: usize) -> (Vec<OrderId>, usize) {
        let inner = self.0.read();
        let flagged = inner.open[stage].iter().take_while(|(_, id)| inner.flags.contains_key(id));
        (flagged.take(limit).map(|(_, id)| *id).collect(), inner.flagged_in[stage])
    }

    /// Every open order, by when its stage began.
    pub(super) fn open(&self) -> Vec<OrderId> {
        let inner = self.0.read();
        let mut open: Vec<_> = inner.open.values().flatten().copied().collect();
        open.sort_unstable();
        open.into_iter().map(|(_, id)| id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Money;
    use crate::domain::order::{Contact, OrderChange, OrderEvent};
    use crate::domain::origin::Origin;

    const HOUR: Duration = Duration::from_hours(1);
    const YEAR: Duration = Duration::from_hours(24 * 365);
    const BEGIN: Timestamp = Timestamp(1_795_000_000_000_000);

    fn order(id: u64, at: Timestamp) -> Order {
        let contact = Contact::new("Ann", "ann@example.com", "1", "Here").unwrap();
        Order::placed(OrderId(id), contact, Box::new([]), Money::ZERO, at, &Origin::Client)
    }

    /// Orders 1 to 3, placed a minute after each other, the second one while the clock showed a year more or less.
    fn placed(second: Timestamp) -> (Stages, Present, [Order; 3]) {
        let (stages, present, minute) = (Stages::default(), Present::default(), Duration::from_mins(1));
        let orders = [order(1, BEGIN), order(2, second), order(3, BEGIN.plus(2 * minute))];
        for (nth, order) in (0..).zip(&orders) {
            present.pass_to(BEGIN.plus(nth * minute));
            stages.publish([(None, order)], &present);
        }
        (stages, present, orders)
    }

    #[test]
    fn a_clock_that_was_wrong_neither_delays_nor_hurries_a_flag() {
        let policy = Policy::default();
        for second in [BEGIN.plus(YEAR), BEGIN.minus(YEAR)] {
            let (stages, present, orders) = placed(second);
            let at = |minutes| BEGIN.plus(Duration::from_mins(minutes));
            assert_eq!(stages.flag_stale(at(60), at(60), &policy), 0, "nobody is an hour there");
            assert_eq!(stages.flag_stale(at(62), at(62), &policy), 2);
            assert_eq!(stages.delay(OrderId(2)).map(|delay| delay.since), Some(at(62)));
            assert_eq!(stages.flag_stale(at(63), at(63), &policy), 1);
            assert_eq!(stages.flagged_in(Stage::Pending, 9), (vec![OrderId(1), OrderId(2), OrderId(3)], 3));
            let change = OrderChange::Moved { to: Status::Processing, reason: None };
            present.pass_to(at(64));
            for order in &orders {
                let event = OrderEvent { version: 2, change: change.clone() };
                let after = order.after(&event, order.not_before(at(64)), &Origin::Client);
                stages.publish([(Some(order), &after)], &present);
            }
            assert_eq!((stages.flagged_count(), stages.flagged_in(Stage::Pending, 9)), (0, (Vec::new(), 0)));
            assert_eq!(stages.flag_stale(at(125), at(125), &policy), 3);
        }
    }

    #[test]
    fn no_flag_is_dated_in_the_future() {
        let policy = Policy::default();
        let (stages, ..) = placed(BEGIN.plus(YEAR));
        // It is flagged by a clock that is still ahead, and right at the next look.
        let later = BEGIN.plus(3 * HOUR);
        assert_eq!(stages.flag_stale(later, later.plus(YEAR), &policy), 3);
        assert_eq!(stages.flag_stale(later, later, &policy), 0);
        for id in 1..=3 {
            assert!(stages.delay(OrderId(id)).is_some_and(|delay| delay.since <= later), "{id}");
        }
    }
}
