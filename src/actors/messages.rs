//! What actors say to each other: data, with the reply's type.

use std::sync::Arc;

use actix::Message;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::admission::Room;
use super::failure::{Failure, OrderFailure};
use crate::decide::Decision;
use crate::domain::ids::OrderId;
use crate::domain::order::{Order, OrderCommand};
use crate::domain::origin::Origin;
use crate::journal::Durable;
use crate::view::{Changes, ClaimGuard};

/// Who asks, and by which idempotency key.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) who: Origin,
    pub(super) claim: Option<ClaimGuard>,
}

/// Decide something about catalogue and stock, or users and keys.
pub(super) struct Decide<D: Decision> {
    pub(super) caller: Caller,
    pub(super) decision: D,
    /// Of a placement: what is let go when it is answered.
    pub(super) room: Option<Room>,
    pub(super) reply: oneshot::Sender<Decided<D>>,
}

/// What the inventory actor answers.
pub(super) type Decided<D> = Result<<D as Decision>::Outcome, Failure<<D as Decision>::Rejection>>;

impl<D: Decision> Message for Decide<D> {
    type Result = ();
}

/// Take over what became durable. The answer says that it was taken over.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Follow(pub(super) Arc<Vec<Durable>>);

/// Let go of what need not be in memory any more, a slice at a time: commands have their turn in between.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Forget;

/// Nothing more becomes durable: whoever still waits for that is told so, by what would answer them being dropped.
#[derive(Clone, Copy, Message)]
#[rtype(result = "()")]
pub(super) struct LetGo;

/// Write a checkpoint.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Write(pub(super) Box<Changes>);

/// A checkpoint was written up to this sequence, or failed with these changes. Whoever gets it first takes that.
#[derive(Clone, Message)]
#[rtype(result = "()")]
pub(super) struct Settled(Arc<Mutex<Option<Written>>>);

type Written = Result<u64, Box<Changes>>;

impl Settled {
    pub(super) fn with(written: Written) -> Self {
        Self(Arc::new(Mutex::new(Some(written))))
    }

    pub(super) fn take(&self) -> Option<Written> {
        self.0.lock().take()
    }

    pub(super) fn is_taken(&self) -> bool {
        self.0.lock().is_none()
    }
}

/// Write a checkpoint now, and say so when one is written that contains everything durable by now.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct CheckpointNow(pub(super) oneshot::Sender<()>);

/// Carry out a command on one order.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Command {
    pub(super) order: OrderId,
    pub(super) caller: Caller,
    pub(super) what: OrderCommand,
    /// The order as it was read back, where it had left memory.
    pub(super) known: Option<Arc<Order>>,
    pub(super) reply: OrderReply,
}

/// Where the answer to a command on an order goes.
pub(super) type OrderReply = oneshot::Sender<Result<Arc<Order>, Failure<OrderFailure>>>;

/// Orders as they stand now, durably.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Published(pub(super) Vec<Arc<Order>>);

/// Open orders as a start found them.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Recalled(pub(super) Vec<Arc<Order>>);

/// An order as it stands now, for its own actor.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Applied(pub(super) Arc<Order>);

/// The timer that was armed at this version ran out.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct TimerFired {
    pub(super) version: u32,
}

/// A timer may be due, or is due earlier than the one that was waited for.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct LookAtTimers;

/// The actor of an ended order has nothing left to do after so many commands. One that it was sent meanwhile keeps it.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Idle {
    pub(super) order: OrderId,
    pub(super) generation: u64,
    pub(super) commands: u64,
}

/// The actor of an order panicked while an entry of this version, if any, was on its way.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Crashed {
    pub(super) order: OrderId,
    pub(super) in_flight: Option<u32>,
    /// The version that it stood at, and when its timer goes off.
    pub(super) timer: (u32, Option<Instant>),
}
