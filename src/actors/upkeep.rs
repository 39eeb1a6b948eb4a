//! The inventory actor's upkeep: when checkpoints are written, and what leaves memory.

use std::time::Duration;

use actix::{AsyncContext, Context, Handler};

use super::inventory::{InventoryActor, InventoryState};
use super::messages::{CheckpointNow, Forget, LetGo, Settled, Write};
use super::tell::{tell, tell_any};
use crate::telemetry::counters;
use crate::view::{Changes, CheckpointMark};

/// Orders evicted and keys expired per tick (well under a millisecond), so that other messages are not delayed.
const SLICE: usize = 1024;

/// The pause between ticks. actix polls an actor that notifies itself again at once, before anybody else on its thread.
const SLICE_PAUSE: Duration = Duration::from_millis(1);

impl InventoryState {
    fn checkpoint(&mut self) {
        if self.writing || (self.view.changes_waiting() == 0 && self.checkpoint_waiters.is_empty()) {
            return;
        }
        let changes = self.view.take_changes();
        self.writing = true;
        tell_any(&self.checkpointer, Write(Box::new(changes)));
    }

    fn settled(&mut self, result: Result<u64, Box<Changes>>) {
        self.writing = false;
        match result {
            Ok(sequence) => {
                counters::CHECKPOINTS_WRITTEN.increment();
                self.view.changes_written();
                self.view.note_checkpoint(CheckpointMark { sequence, at: self.clock.now() });
                for (_, waiter) in self.checkpoint_waiters.extract_if(.., |(wanted, _)| *wanted <= sequence) {
                    waiter.send(()).ok();
                }
                if !self.checkpoint_waiters.is_empty() {
                    self.checkpoint();
                }
            }
            Err(changes) => {
                counters::CHECKPOINTS_FAILED.increment();
                self.view.changes_failed(*changes);
                // The journal holds everything: who waits for a checkpoint to stop need not wait for a broken store.
                self.checkpoint_waiters.clear();
            }
        }
    }

    /// Lets go of a slice of what need not be in memory any more, and answers whether there may be more.
    fn forget(&self) -> bool {
        let now = self.ageing.now();
        let keys = self.view.keys().expire(now, self.retention.keys, SLICE);
        let orders = self.view.evict(now.minus(self.retention.ended_orders), SLICE);
        keys || orders
    }
}

impl InventoryActor {
    pub(super) fn tidy(&mut self, ctx: &mut Context<Self>) {
        // A journal that is stuck in a call ends nothing: this is where that shows.
        if self.state.journal.poisoned().is_some() {
            tell(&ctx.address(), LetGo);
            self.state.shards.let_go(&self.state.view);
        }
        self.state.checkpoint();
        self.forget(ctx);
    }

    pub(super) fn forget(&mut self, ctx: &mut Context<Self>) {
        if !self.forgetting {
            self.forgetting = true;
            ctx.notify(Forget);
        }
    }
}

impl Handler<Forget> for InventoryActor {
    type Result = ();

    fn handle(&mut self, _: Forget, ctx: &mut Self::Context) {
        self.forgetting = self.state.forget();
        if self.forgetting {
            ctx.notify_later(Forget, SLICE_PAUSE);
        }
    }
}

impl Handler<Settled> for InventoryActor {
    type Result = ();

    fn handle(&mut self, settled: Settled, _: &mut Self::Context) {
        if let Some(result) = settled.take() {
            self.state.settled(result);
        }
    }
}

impl Handler<CheckpointNow> for InventoryActor {
    type Result = ();

    fn handle(&mut self, CheckpointNow(waiter): CheckpointNow, _: &mut Self::Context) {
        let wanted = self.state.view.applied();
        self.state.checkpoint_waiters.push((wanted, waiter));
        self.state.checkpoint();
    }
}
