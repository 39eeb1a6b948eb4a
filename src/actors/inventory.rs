//! The inventory actor: the only one that reserves stock, and the follower of the journal.
//!
//! It decides against the tentative state, which contains everything decided so far, submits one entry, and parks the
//! answer. When the journal hands a batch back as durable (`follower.rs`), it publishes it to the view, tells the
//! shards, and gives the answers. Bulks are serialised that way without each waiting for its own sync. Between commands
//! it sees to checkpoints and to what may leave memory (`upkeep.rs`).

use std::error::Error;
use std::sync::Arc;

use actix::{Actor, AsyncContext, Context, Handler, Recipient};
use chrono_tz::Tz;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::clock::{Ageing, Clock};
use super::failure::Failure;
use super::handoff::CrashHandoff;
use super::messages::{Caller, Decide, Write};
use super::retention::Retention;
use super::shard_context::{RETRY_AFTER, failure};
use super::shards::Shards;
use crate::decide::{self, Decided, Decision, Outcome, State, Waiting};
use crate::domain::access::Access;
use crate::domain::entry::Event;
use crate::domain::inventory::Inventory;
use crate::domain::order::Order;
use crate::journal::{Journal, Refused};
use crate::view::View;

/// While checkpoints keep failing, placements are refused once this many checkpoints' worth of changes are waiting.
const CHANGES_WAITING_FACTOR: usize = 8;

/// What a successor takes over.
pub(super) struct InventoryState {
    pub(super) inventory: Inventory,
    pub(super) access: Access,
    pub(super) waiting: Waiting,
    pub(super) view: Arc<View>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ageing: Ageing,
    pub(super) shards: Shards,
    pub(super) feed: broadcast::Sender<Arc<Order>>,
    pub(super) checkpointer: Recipient<Write>,
    pub(super) retention: Retention,
    pub(super) zone: Tz,
    pub(super) mailbox: usize,
    pub(super) writing: bool,
    pub(super) checkpoint_waiters: Vec<(u64, oneshot::Sender<()>)>,
    /// Set once nothing more becomes durable: what was decided beyond that is no ground for an answer.
    pub(super) is_over: bool,
    /// Set while durable entries are taken over: state that a panic left half changed has no successor.
    pub(super) applying: bool,
}

impl InventoryState {
    fn decide<D: Decision>(&mut self, message: Decide<D>) {
        let Decide { caller, decision, room, reply } = message;
        // The room is let go with the answer, which nobody may wait for any more.
        let answer = |result| {
            move || {
                reply.send(result).ok();
                drop(room);
            }
        };
        if let Some(failure) = self.not_now() {
            drop(caller);
            answer(Err(failure))();
            return;
        }
        let now = self.clock.now();
        let state = State { inventory: &self.inventory, access: &self.access };
        match decision.decide(state, decide::Context { now, zone: self.zone, who: &caller.who }) {
            Err(rejection) => self.answer_behind(caller, answer(Err(Failure::Rejected(rejection)))),
            Ok(Decided { events, outcome }) if events.is_empty() => self.answer_behind(caller, answer(Ok(outcome))),
            Ok(Decided { events, outcome }) => {
                let entry = match caller.submit(&*self.journal, now, events, outcome.answer()) {
                    Ok(entry) => entry,
                    Err(refused) => return answer(Err(failure(&*self.journal, refused)))(),
                };
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

    /// Why nothing is decided now.
    fn not_now<R: Error + 'static>(&self) -> Option<Failure<R>> {
        if self.is_over {
            return Some(failure(&*self.journal, Refused::Poisoned));
        }
        let is_behind = self.view.changes_waiting() > self.retention.changes.saturating_mul(CHANGES_WAITING_FACTOR);
        is_behind.then_some(Failure::Busy { retry_after: RETRY_AFTER })
    }

    /// Answers without an entry. The idempotency key is free before anybody can know.
    fn answer_behind(&mut self, caller: Caller, answer: impl FnOnce() + Send + 'static) {
        drop(caller);
        self.waiting.park_behind(Box::new(answer));
    }
}

/// See the module.
pub(super) struct InventoryActor {
    pub(super) state: CrashHandoff<InventoryState>,
    /// Whether a [`Forget`](super::messages::Forget) is under way.
    pub(super) forgetting: bool,
}

impl InventoryActor {
    pub(super) fn new(state: InventoryState, successors: mpsc::UnboundedSender<InventoryState>) -> Self {
        Self { state: CrashHandoff::new(state, successors), forgetting: false }
    }
}

impl Actor for InventoryActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.state.mailbox);
        ctx.run_interval(self.state.retention.interval, Self::tidy);
        self.forget(ctx);
    }
}

impl<D: Decision> Handler<Decide<D>> for InventoryActor {
    type Result = ();

    fn handle(&mut self, message: Decide<D>, _: &mut Self::Context) {
        self.state.decide(message);
    }
}
