//! What a command does to an order, or the rule it breaks.

use std::fmt;

use super::super::ids::OrderId;
use super::super::time::Timestamp;
use super::{Contact, ContactPatch, Order, Status};

/// A command on one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderCommand {
    /// The timer that was armed at `version` ran out.
    TimerFired {
        /// The version it was armed at. When the order has another by now, nothing happens.
        version: u32,
    },
    /// Move to another status.
    Move {
        /// Where to.
        to: Status,
        /// Why. Needed to cancel.
        reason: Option<Box<str>>,
    },
    /// Change contact fields; only while pending.
    EditContact(Box<ContactPatch>),
    /// Take an ended order out of the lists.
    Archive,
}

/// A change of one order: facts, decided before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderEvent {
    /// The version that the order has after it.
    pub version: u32,
    /// What happened.
    pub change: OrderChange,
}

impl OrderEvent {
    /// Whether it has an effect on the stock of the order's lines.
    #[must_use]
    pub fn changes_stock(&self) -> bool {
        match self.change {
            OrderChange::Moved { to, .. } => Order::stock_effect(to, 1).is_some(),
            OrderChange::ContactChanged(_) | OrderChange::Archived => false,
        }
    }
}

/// What happened to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderChange {
    /// It entered another status.
    Moved {
        /// Where to.
        to: Status,
        /// Why.
        reason: Option<Box<str>>,
    },
    /// Its contact fields changed.
    ContactChanged(Contact),
    /// It was taken out of the lists.
    Archived,
}

/// The rule of an order's life that a command broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderRejection {
    /// There is no way from here to there.
    #[error("Order {order} is {from} and cannot become {to}. {}", Legal(*from))]
    NoSuchTransition {
        /// The order.
        order: OrderId,
        /// Where it stands.
        from: Status,
        /// What was asked for.
        to: Status,
    },
    /// Cancelling needs a reason.
    #[error("Cancelling needs a reason.")]
    ReasonMissing,
    /// The contact is fixed once the order left `pending`.
    #[error("Order {order} is {status}; its contact fields can only be changed while it is pending.")]
    ContactFixed {
        /// The order.
        order: OrderId,
        /// Where it stands.
        status: Status,
    },
    /// An open order cannot be archived.
    #[error("Order {order} is {status} and cannot be deleted while it is open. Cancel it first.")]
    StillOpen {
        /// The order.
        order: OrderId,
        /// Where it stands.
        status: Status,
    },
}

struct Legal(Status);

impl fmt::Display for Legal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let legal: Vec<_> = self.0.successors().map(Status::as_str).collect();
        match legal.as_slice() {
            [] => f.write_str("It has ended; no transition is possible."),
            [only] => write!(f, "It can become {only}."),
            several => write!(f, "It can become {}.", several.join(" or ")),
        }
    }
}

/// What may be done with an order next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Move on to this status.
    Transition(Status),
    /// Cancel.
    Cancel,
    /// Change contact fields.
    Edit,
    /// Take it out of the lists.
    Archive,
}

/// What may be done next with an order in `status`.
pub fn allowed_actions(status: Status, archived: bool) -> impl Iterator<Item = Action> {
    let onward = status.next_by_timer().map(Action::Transition);
    let cancel = status.may_become(Status::Cancelled).then_some(Action::Cancel);
    let edit = (status == Status::Pending).then_some(Action::Edit);
    let archive = (status.is_terminal() && !archived).then_some(Action::Archive);
    [onward, cancel, edit, archive].into_iter().flatten()
}

impl Order {
    /// What `command` leads to at `now`; `None` when nothing is left to do.
    pub fn decide(&self, command: OrderCommand, now: Timestamp) -> Result<Option<OrderEvent>, OrderRejection> {
        // A clock that was set back must not put a history row before its predecessor.
        debug_assert!(now >= self.updated_at, "the caller passes no time before the order's last change");
        let change = match command {
            OrderCommand::TimerFired { version } => {
                if version != self.version {
                    return Ok(None);
                }
                self.status.next_by_timer().map(|to| OrderChange::Moved { to, reason: None })
            }
            OrderCommand::Move { to, reason } => Some(self.decide_move(to, reason)?),
            OrderCommand::EditContact(patch) => self.decide_edit(&patch)?,
            OrderCommand::Archive => self.decide_archive()?,
        };
        Ok(change.map(|change| OrderEvent { version: self.version + 1, change }))
    }

    fn decide_move(&self, to: Status, reason: Option<Box<str>>) -> Result<OrderChange, OrderRejection> {
        if !self.status.may_become(to) {
            return Err(OrderRejection::NoSuchTransition { order: self.id, from: self.status, to });
        }
        if to == Status::Cancelled && reason.is_none() {
            return Err(OrderRejection::ReasonMissing);
        }
        Ok(OrderChange::Moved { to, reason })
    }

    fn decide_edit(&self, patch: &ContactPatch) -> Result<Option<OrderChange>, OrderRejection> {
        if self.status != Status::Pending {
            return Err(OrderRejection::ContactFixed { order: self.id, status: self.status });
        }
        let contact = self.contact.patched(patch);
        Ok((contact != self.contact).then_some(OrderChange::ContactChanged(contact)))
    }

    fn decide_archive(&self) -> Result<Option<OrderChange>, OrderRejection> {
        if !self.status.is_terminal() {
            return Err(OrderRejection::StillOpen { order: self.id, status: self.status });
        }
        Ok((!self.archived).then_some(OrderChange::Archived))
    }

    /// The time to decide at: `now`, but never before the order's last change.
    #[must_use]
    pub fn not_before(&self, now: Timestamp) -> Timestamp {
        now.max(self.updated_at)
    }

    /// The stock effects of `change`, line by line.
    pub fn stock_effects(
        &self,
        change: &OrderChange,
    ) -> impl Iterator<Item = (super::super::ids::ProductId, super::super::stock::Change)> {
        let to = match change {
            OrderChange::Moved { to, .. } => Some(*to),
            OrderChange::ContactChanged(_) | OrderChange::Archived => None,
        };
        self.lines
            .iter()
            .filter_map(move |line| Self::stock_effect(to?, line.quantity).map(|effect| (line.product.product, effect)))
    }
}
