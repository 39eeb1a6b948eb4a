//! What always holds, one sentence a file. An invariant looks and draws nothing; it is asked after every step (about
//! what changed), and about everything after every start, every thirtieth step and at the end.

mod access_is_the_fold;
mod acknowledged_is_present;
mod ended_stays_ended;
mod flags_are_right;
mod history_is_legal;
mod key_has_one_effect;
mod lists_by_day_are_whole;
mod no_oversell;
mod stock_is_conserved;
mod timers_fire_once;
mod trend_counts_what_happened;
mod unacknowledged_is_absent_or_whole;
mod view_is_the_fold;
mod way_forward;
mod what_is_old_is_forgotten;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use packhorse::app::MemoryEngine;
use packhorse::domain::ids::OrderId;
use packhorse::domain::order::{Order, Policy};
use packhorse::domain::time::Timestamp;

use super::ages::Ages;
use super::client::Operation;
use super::model::{Model, OrderModel};
use super::timers::Timers;

/// What invariants look at.
pub(crate) struct Probe<'a> {
    pub(crate) engine: &'a MemoryEngine,
    pub(crate) model: &'a Model,
    pub(crate) timers: &'a Timers,
    pub(crate) ages: &'a Ages,
    pub(crate) operations: &'a [Operation],
    /// The operations that were answered, or had an effect, since the last look.
    pub(crate) fresh: &'a BTreeSet<usize>,
    pub(crate) depth: Depth,
    pub(crate) passed: Duration,
    pub(crate) keys_kept: Duration,
    pub(crate) ended_kept: Duration,
    /// How often a checkpoint is written, and looked what may be forgotten.
    pub(crate) checkpoints: Duration,
    pub(crate) zone: Tz,
    pub(crate) wall: Timestamp,
    pub(crate) policy: Policy,
    pub(crate) watchdog: Duration,
    /// What was read during this look.
    pub(crate) read: RefCell<BTreeMap<u64, Arc<Order>>>,
}

/// How much an invariant looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What changed since the last look.
    Step,
    /// Everything.
    Whole,
    /// Everything, after so much time that nothing moves any more.
    End,
}

/// A sentence, and what asks whether it is true: the error says where it is not.
pub(crate) type Invariant = (&'static str, fn(&Probe<'_>) -> Result<(), String>);

/// Every invariant.
pub(crate) const ALL: [Invariant; 15] = [
    ("nothing is oversold", no_oversell::check),
    ("stock is conserved", stock_is_conserved::check),
    ("what readers see is the fold of the journal", view_is_the_fold::check),
    ("who may call is the fold of the journal", access_is_the_fold::check),
    ("every history is legal", history_is_legal::check),
    ("each timer fires once and none is lost", timers_fire_once::check),
    ("what has ended stays ended", ended_stays_ended::check),
    ("what was acknowledged is present and equal", acknowledged_is_present::check),
    ("what was not acknowledged is absent or whole", unacknowledged_is_absent_or_whole::check),
    ("a key has one effect", key_has_one_effect::check),
    ("every order has a way forward", way_forward::check),
    ("flags are right", flags_are_right::check),
    ("what is old is forgotten", what_is_old_is_forgotten::check),
    ("lists by day are whole", lists_by_day_are_whole::check),
    ("the trend counts what happened", trend_counts_what_happened::check),
];

impl<'a> Probe<'a> {
    /// The order `id`, as readers see it.
    fn read(&self, id: u64) -> Result<Arc<Order>, String> {
        if let Some(order) = self.read.borrow().get(&id) {
            return Ok(order.clone());
        }
        let found = self.engine.order(OrderId(id)).map_err(|error| error.to_string())?;
        let found = found.ok_or_else(|| format!("order {id} is gone"))?;
        self.read.borrow_mut().insert(id, found.clone());
        Ok(found)
    }

    /// The orders to look at.
    fn orders(&self) -> Box<dyn Iterator<Item = (u64, &'a OrderModel)> + 'a> {
        let orders = &self.model.orders;
        match self.depth {
            Depth::Step => Box::new(self.model.touched.iter().filter_map(|id| Some((*id, orders.get(id)?)))),
            Depth::Whole | Depth::End => Box::new(orders.iter().map(|(id, order_model)| (*id, order_model))),
        }
    }

    /// The operations to look at, with their numbers.
    fn operations(&self) -> Box<dyn Iterator<Item = (usize, &'a Operation)> + 'a> {
        let operations = self.operations;
        match self.depth {
            Depth::Step => Box::new(self.fresh.iter().map(move |number| (*number, &operations[*number]))),
            Depth::Whole | Depth::End => Box::new(operations.iter().enumerate()),
        }
    }
}

/// `Err` with `what` unless `holds`.
fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}
