//! What the orders of a shard share, and what callers are told when nothing can be taken.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use actix::Recipient;
use tokio::time::Instant;

use super::clock::Clock;
use super::failure::Failure;
use super::messages::{Crashed, Idle, LookAtTimers};
use super::tell::tell_any;
use super::timers::Timers;
use crate::domain::ids::OrderId;
use crate::domain::order::{Order, Policy};
use crate::journal::{Journal, Refused};
use crate::telemetry::counters;
use crate::view::{ArchiveError, View};

/// How long a caller should wait before it tries again, when a queue was full.
pub(super) const RETRY_AFTER: Duration = Duration::from_millis(100);
/// How long before it tries again when the disk is full.
pub(super) const ROOM_AFTER: Duration = Duration::from_secs(1);

/// What the order actors of one shard share.
pub(super) struct ShardContext {
    pub(super) policy: Policy,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) view: Arc<View>,
    pub(super) shard: RefCell<Option<OwnShard>>,
    pub(super) timers: RefCell<Timers>,
}

/// What an order's actor tells its shard: each thing once.
pub(super) struct OwnShard {
    pub(super) looks: Recipient<LookAtTimers>,
    pub(super) idle: Recipient<Idle>,
    pub(super) crashed: Recipient<Crashed>,
}

impl ShardContext {
    /// Arms the timer of an order, which fires at `at`. The answer is what takes it back.
    pub(super) fn arm_timer(&self, order: OrderId, version: u32, at: Instant) -> Instant {
        if self.timers.borrow_mut().arm(at, order, version)
            && let Some(shard) = &*self.shard.borrow()
        {
            tell_any(&shard.looks, LookAtTimers);
        }
        at
    }

    /// Takes back the timer of an order that was armed for `at`.
    pub(super) fn disarm_timer(&self, order: OrderId, at: Instant) {
        self.timers.borrow_mut().disarm(at, order);
    }

    /// Tells the shard that an order's actor is done.
    pub(super) fn is_idle(&self, idle: Idle) {
        if let Some(shard) = &*self.shard.borrow() {
            tell_any(&shard.idle, idle);
        }
    }

    /// Tells the shard that an order's actor panicked.
    pub(super) fn has_crashed(&self, crashed: Crashed) {
        if let Some(shard) = &*self.shard.borrow() {
            tell_any(&shard.crashed, crashed);
        }
    }

    pub(super) fn failure<R: std::error::Error + 'static>(&self, refused: Refused) -> Failure<R> {
        failure(&*self.journal, refused)
    }
}

/// What a caller is told when the journal refused an entry.
pub(super) fn failure<R: std::error::Error + 'static>(journal: &dyn Journal, refused: Refused) -> Failure<R> {
    match refused {
        Refused::Full => Failure::Busy { retry_after: RETRY_AFTER },
        Refused::NoSpace => Failure::NoSpace { retry_after: ROOM_AFTER },
        Refused::Poisoned | Refused::Closed => Failure::Stopped(
            journal.poisoned().map_or_else(|| "it is being stopped".to_owned(), |poison| poison.to_string()),
        ),
    }
}

/// Reads an order back that left memory, where that holds up nobody.
pub(super) async fn read_back(view: Arc<View>, order: OrderId) -> Result<Option<Arc<Order>>, ArchiveError> {
    let read = tokio::task::spawn_blocking(move || view.order(order)).await;
    let read = read.unwrap_or_else(|error| Err(ArchiveError(error.to_string())));
    read.inspect_err(|_| counters::STORE_READ_FAILURES.increment())
}
