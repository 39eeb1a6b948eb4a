//! The inventory actor: the only one that reserves stock, and the follower of the journal.
//!
//! It decides against the tentative state, which contains everything decided so far, submits one entry, and parks the
//! answer. When the journal hands a batch back as durable, it publishes it to the view, tells the desks, and gives the
//! answers. Bulks are serialised that way without each waiting for its own sync.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler};
use chrono_tz::Tz;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::clock::{Ageing, Clock};
use super::desk::{RETRY_AFTER, failure};
use super::failure::Failure;
use super::keeper::Keeper;
use super::lifeline::Lifeline;
use super::messages::{Caller, CheckpointNow, Decide, Follow, Forget, LetGo, Published, Settled, Write};
use super::start::Desks;
use crate::domain::access::Access;
use crate::domain::entry::{Entry, Event, KeyRecord};
use crate::domain::inventory::Inventory;
use crate::domain::order::Order;
use crate::engine::{self, Step, Waiting};
use crate::journal::{Durable, Journal};
use crate::telemetry::counters;
use crate::view::{Changes, CheckpointMark, View};

/// While checkpoints fail, so many times the usual number of changes may wait before placing is refused.
const CHANGES_WAITING_FACTOR: usize = 8;

/// So many orders leave memory, and so many keys are forgotten, before somebody else has a turn: a fraction of a millisecond.
const SLICE: usize = 1024;

/// The turn of the others. actix polls an actor that notifies itself again at once, before anybody else on its thread.
const SLICE_PAUSE: Duration = Duration::from_millis(1);

/// When checkpoints are written and what may leave memory.
#[derive(Clone, Debug)]
pub(super) struct Keeping {
    pub(super) interval: Duration,
    pub(super) changes: usize,
    pub(super) ended_orders: Duration,
    pub(super) keys: Duration,
}

/// What a successor takes over.
pub(super) struct Core {
    pub(super) inventory: Inventory,
    pub(super) access: Access,
    pub(super) waiting: Waiting,
    pub(super) view: Arc<View>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ageing: Ageing,
    pub(super) desks: Desks,
    pub(super) feed: broadcast::Sender<Arc<Order>>,
    pub(super) keeper: Addr<Keeper>,
    pub(super) keeping: Keeping,
    pub(super) zone: Tz,
    pub(super) mailbox: usize,
    pub(super) writing: bool,
    pub(super) checkpoint_waiters: Vec<(u64, oneshot::Sender<()>)>,
    /// Set while durable entries are taken over: state that a panic left half changed has no successor.
    pub(super) applying: bool,
}

impl Core {
    fn decide(&mut self, message: Decide) {
        let Decide { caller, command, room, reply } = message;
        // The room is let go with the answer, which nobody may wait for any more.
        let answer = |result| {
            move || {
                reply.send(result).ok();
                drop(room);
            }
        };
        if self.view.changes_waiting() > self.keeping.changes.saturating_mul(CHANGES_WAITING_FACTOR) {
            drop(caller);
            answer(Err(Failure::Busy { retry_after: RETRY_AFTER }))();
            return;
        }
        let now = self.clock.now();
        match engine::step(&self.inventory, &self.access, command, now, self.zone, &caller.who) {
            Err(rejection) => self.answer_behind(caller, answer(Err(Failure::Rejected(rejection)))),
            Ok(Step { events, outcome }) if events.is_empty() => self.answer_behind(caller, answer(Ok(outcome))),
            Ok(Step { events, outcome }) => {
                let key = caller.claim.as_ref().zip(outcome.answer()).map(|(claim, answer)| {
                    Box::new(KeyRecord { key: claim.key().into(), request: claim.request(), answer })
                });
                let Caller { who, claim } = caller;
                let entry = Arc::new(Entry { at: now, who, key, events });
                if let Err(refused) = self.journal.submit(entry.clone()) {
                    drop(claim);
                    answer(Err(failure(&*self.journal, refused)))();
                    return;
                }
                // An answer that is not kept settles no key: its claim ends here.
                if let Some(claim) = claim.filter(|_| entry.key.is_some()) {
                    claim.submitted();
                }
                for event in &entry.events {
                    if let Event::Access(event) = event {
                        self.access.apply(event, entry.at);
                    }
                    self.inventory.apply_event(event, &mut ());
                }
                self.waiting.park(entry, Box::new(answer(Ok(outcome))));
            }
        }
    }

    /// Answers without an entry. The idempotency key is free before anybody can know.
    fn answer_behind(&mut self, caller: Caller, answer: impl FnOnce() + Send + 'static) {
        drop(caller);
        self.waiting.park_behind(Box::new(answer));
    }

    /// Takes over a durable batch: stock, view, desks, answers, in this order.
    fn follow(&mut self, batch: &[Durable]) {
        self.applying = true;
        let mut answers = Vec::new();
        for durable in batch {
            match self.waiting.settle(&durable.entry) {
                Some(parked) => answers.extend(parked),
                None => self.apply_foreign(&durable.entry),
            }
        }
        self.view.pass_to(self.ageing.now());
        let changed = self.view.apply(batch).unwrap_or_else(|error| {
            // What changes is in memory, or held there: this ends like any other fault while a durable entry is applied.
            panic!("{error}; see to the disk, then start again: the journal has everything")
        });
        self.publish(changed);
        for release in answers {
            release();
        }
        self.applying = false;
    }

    /// What an order's own actor decided has its effect on stock once it is durable.
    fn apply_foreign(&mut self, entry: &Entry) {
        for event in &entry.events {
            let Event::Order(id, event) = event else {
                panic!("only order actors submit entries beside the inventory actor")
            };
            if event.changes_stock() {
                let order = self.view.order_at_hand(*id).flatten().expect("an open order is in memory");
                self.inventory.apply_order(&order, event, &mut ());
            }
        }
    }

    fn publish(&self, changed: Vec<Arc<Order>>) {
        if self.feed.receiver_count() > 0 {
            for order in &changed {
                // Nobody may listen any more.
                self.feed.send(order.clone()).ok();
            }
        }
        for (desk, orders) in self.desks.split(changed) {
            // No command: it is bounded by the entries on their way, and must not be lost.
            desk.do_send(Published(orders));
        }
    }

    fn checkpoint(&mut self) {
        if self.writing || (self.view.changes_waiting() == 0 && self.checkpoint_waiters.is_empty()) {
            return;
        }
        let changes = self.view.take_changes();
        self.writing = true;
        // No command: one checkpoint is under way at a time.
        self.keeper.do_send(Write(Box::new(changes)));
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
        let keys = self.view.keys().expire(now, self.keeping.keys, SLICE);
        let orders = self.view.evict(now.minus(self.keeping.ended_orders), SLICE);
        keys || orders
    }
}

/// See the module.
pub(super) struct InventoryActor {
    core: Lifeline<Core>,
    /// Whether a [`Forget`] is under way.
    forgetting: bool,
}

impl InventoryActor {
    pub(super) fn new(core: Core, heirs: mpsc::UnboundedSender<Core>) -> Self {
        Self { core: Lifeline::new(core, heirs), forgetting: false }
    }

    fn tidy(&mut self, ctx: &mut Context<Self>) {
        // A journal that is stuck in a call ends nothing: this is where that shows.
        if self.core.journal.poisoned().is_some() {
            self.core.desks.let_go(&self.core.view);
        }
        self.core.checkpoint();
        self.forget(ctx);
    }

    fn forget(&mut self, ctx: &mut Context<Self>) {
        if !self.forgetting {
            self.forgetting = true;
            ctx.notify(Forget);
        }
    }
}

impl Actor for InventoryActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.core.mailbox);
        ctx.run_interval(self.core.keeping.interval, Self::tidy);
        self.forget(ctx);
    }
}

impl Handler<Decide> for InventoryActor {
    type Result = ();

    fn handle(&mut self, message: Decide, _: &mut Self::Context) {
        self.core.decide(message);
    }
}

impl Handler<Follow> for InventoryActor {
    type Result = ();

    fn handle(&mut self, Follow(batch): Follow, ctx: &mut Self::Context) {
        self.core.follow(&batch);
        if self.core.view.changes_waiting() >= self.core.keeping.changes {
            self.tidy(ctx);
        }
    }
}

impl Handler<LetGo> for InventoryActor {
    type Result = ();

    fn handle(&mut self, _: LetGo, _: &mut Self::Context) {
        self.core.waiting = Waiting::default();
    }
}

impl Handler<Forget> for InventoryActor {
    type Result = ();

    fn handle(&mut self, _: Forget, ctx: &mut Self::Context) {
        self.forgetting = self.core.forget();
        if self.forgetting {
            ctx.notify_later(Forget, SLICE_PAUSE);
        }
    }
}

impl Handler<Settled> for InventoryActor {
    type Result = ();

    fn handle(&mut self, settled: Settled, _: &mut Self::Context) {
        if let Some(result) = settled.take() {
            self.core.settled(result);
        }
    }
}

impl Handler<CheckpointNow> for InventoryActor {
    type Result = ();

    fn handle(&mut self, CheckpointNow(waiter): CheckpointNow, _: &mut Self::Context) {
        let wanted = self.core.view.applied();
        self.core.checkpoint_waiters.push((wanted, waiter));
        self.core.checkpoint();
    }
}
