//! Which orders are open, in the order in which their stage began, and which of them were flagged as delayed.
//!
//! A flag is derived from an order's state and the policy, so it needs no journal entry: after a restart the first
//! round of the watchdog finds the same flags, with the same times.

use std::collections::BTreeSet;

use foldhash::HashMap;
use parking_lot::RwLock;

use crate::domain::ids::OrderId;
use crate::domain::order::{Order, Policy, Status};
use crate::domain::time::Timestamp;

/// The flag of an order that outstayed its stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    /// The stage.
    pub stage: Status,
    /// Since when: the moment at which the stage should have been over.
    pub since: Timestamp,
}

#[derive(Debug, Default)]
struct Inner {
    open: [BTreeSet<(Timestamp, OrderId)>; 3],
    flags: HashMap<OrderId, Delay>,
    flagged: BTreeSet<(Timestamp, OrderId)>,
    flagged_in: [usize; 3],
}

#[derive(Debug, Default)]
pub(super) struct Stages(RwLock<Inner>);

fn index(status: Status) -> Option<usize> {
    Status::OPEN.iter().position(|open| *open == status)
}

impl Stages {
    /// Takes `after` over, which was `before` until now.
    pub(super) fn publish<'a>(&self, changes: impl IntoIterator<Item = (Option<&'a Order>, &'a Order)>) {
        let mut inner = self.0.write();
        for (before, after) in changes {
            let stays = before.is_some_and(|before| (before.status, before.moved_at) == (after.status, after.moved_at));
            if stays {
                continue;
            }
            if let Some(before) = before
                && let Some(stage) = index(before.status)
            {
                inner.open[stage].remove(&(before.moved_at, before.id));
                if inner.flags.remove(&before.id).is_some() {
                    inner.flagged.remove(&(before.moved_at, before.id));
                    inner.flagged_in[stage] -= 1;
                }
            }
            if let Some(stage) = index(after.status) {
                inner.open[stage].insert((after.moved_at, after.id));
            }
        }
    }

    pub(super) fn flag_stale(&self, now: Timestamp, policy: &Policy) -> usize {
        let stale = self.stale(now, policy);
        if stale.is_empty() {
            return 0;
        }
        let mut inner = self.0.write();
        let mut fresh = 0;
        for (stage, moved_at, id, since) in stale {
            // It may have moved between the two locks.
            let Some(at) = index(stage).filter(|at| inner.open[*at].contains(&(moved_at, id))) else { continue };
            if inner.flags.insert(id, Delay { stage, since }).is_none() {
                inner.flagged.insert((moved_at, id));
                inner.flagged_in[at] += 1;
                fresh += 1;
            }
        }
        fresh
    }

    fn stale(&self, now: Timestamp, policy: &Policy) -> Vec<(Status, Timestamp, OrderId, Timestamp)> {
        let inner = self.0.read();
        let mut stale = Vec::new();
        for (stage, open) in Status::OPEN.into_iter().zip(&inner.open) {
            let Some(times) = policy.stage(stage) else { continue };
            for (moved_at, id) in open {
                let since = moved_at.plus(times.stale_after);
                if since >= now {
                    break;
                }
                if !inner.flags.contains_key(id) {
                    stale.push((stage, *moved_at, *id, since));
                }
            }
        }
        stale
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
    pub(super) fn flagged_in(&self, stage: usize, limit: usize) -> (Vec<OrderId>, usize) {
        let inner = self.0.read();
        let flagged = inner.open[stage].iter().take_while(|(_, id)| inner.flags.contains_key(id));
        (flagged.take(limit).map(|(_, id)| *id).collect(), inner.flagged_in[stage])
    }

    /// Every open order, by when its stage began.
    pub(super) fn open(&self) -> Vec<OrderId> {
        let inner = self.0.read();
        let mut open: Vec<_> = inner.open.iter().flatten().copied().collect();
        open.sort_unstable();
        open.into_iter().map(|(_, id)| id).collect()
    }
}
