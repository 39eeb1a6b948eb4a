//! How long an order stays in a stage, and when staying becomes a delay. Timers are derived from this and the order's
//! state; that "a timer is set" is stored nowhere.

use std::time::Duration;

use super::super::time::Timestamp;
use super::{Order, Status};

/// When a stage ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// This long after it began.
    Span(Duration),
    /// Never: an operator moves the order.
    Manual,
}

/// The times of one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// When it ends by itself. Default: 5 s.
    pub after: After,
    /// An order that stays longer is flagged as delayed. Default: 1 h.
    pub stale_after: Duration,
}

impl Default for Stage {
    fn default() -> Self {
        Self { after: After::Span(Duration::from_secs(5)), stale_after: Duration::from_hours(1) }
    }
}

/// The times of the three open stages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The times of `pending`.
    pub pending: Stage,
    /// The times of `processing`.
    pub processing: Stage,
    /// The times of `shipped`.
    pub shipped: Stage,
}

impl Policy {
    /// The times of `status`; none where an order has ended.
    #[must_use]
    pub fn stage(&self, status: Status) -> Option<&Stage> {
        match status {
            Status::Pending => Some(&self.pending),
            Status::Processing => Some(&self.processing),
            Status::Shipped => Some(&self.shipped),
            Status::Delivered | Status::Cancelled => None,
        }
    }
}

/// When the stage of `order` ends by itself.
#[must_use]
pub fn due(order: &Order, policy: &Policy) -> Option<Timestamp> {
    match policy.stage(order.status)?.after {
        After::Span(span) => Some(order.moved_at.plus(span)),
        After::Manual => None,
    }
}

/// From when on `order` is delayed, if it does not move before.
#[must_use]
pub fn stale_at(order: &Order, policy: &Policy) -> Option<Timestamp> {
    Some(order.moved_at.plus(policy.stage(order.status)?.stale_after))
}
