//! The watchdog: flags orders that outstayed their stage. It changes neither their status nor their history.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, AsyncContext, Context};

use super::checkpointer::said;
use super::clock::{Ageing, Clock};
use crate::domain::order::Policy;
use crate::telemetry::counters;
use crate::view::View;

/// See the module.
pub(super) struct Watchdog {
    pub(super) view: Arc<View>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ageing: Ageing,
    pub(super) policy: Policy,
    pub(super) interval: Duration,
}

impl Watchdog {
    /// One patrol. One that panics is logged, and the next one comes: without it orders would be late unseen.
    fn guarded(&mut self) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.patrol())) {
            counters::ACTOR_RESTARTS.increment();
            tracing::error!(cause = said(&*panic), "the watchdog failed; it looks again");
        }
    }

    fn patrol(&mut self) {
        let fresh = self.view.flag_stale(self.ageing.now(), self.clock.now(), &self.policy);
        if fresh > 0 {
            tracing::warn!(orders = fresh, flagged = self.view.delayed_count(), "orders outstayed their stage");
        }
    }
}

impl Actor for Watchdog {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.guarded();
        ctx.run_interval(self.interval, |watchdog, _| watchdog.guarded());
    }
}
