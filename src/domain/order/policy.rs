//! How long an order stays in a stage, and when staying becomes a delay. Timers are derived from this and the order's
//! state; that "a timer is set" is stored nowhere.

use std::time::Duration;

use super::super::time::Timestamp;
use super::{Order, PerStage, Status};

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
pub struct StageTimes {
    /// When it ends by itself. Default: 5 s.
    pub after: After,
    /// An order that stays longer is flagged as delayed. Default: 1 h.
    pub stale_after: Duration,
}

impl Default for StageTimes {
    fn default() -> Self {
        Self { after: After::Span(Duration::from_secs(5)), stale_after: Duration::from_hours(1) }
    }
}

/// The times of each stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy(pub PerStage<StageTimes>);

impl Policy {
    /// The same `times` for every stage.
    #[must_use]
    pub fn uniform(times: StageTimes) -> Self {
        Self(PerStage::from_fn(|_| times))
    }

    /// The times of `status`; none where an order has ended.
    #[must_use]
    pub fn times(&self, status: Status) -> Option<&StageTimes> {
        status.stage().map(|stage| &self.0[stage])
    }
}

/// When the stage of `order` ends by itself.
#[must_use]
pub fn due(order: &Order, policy: &Policy) -> Option<Timestamp> {
    Some(order.moved_at.plus(span(order, policy)?))
}

/// How long the stage of `order` lasts in all, if it ends by itself.
#[must_use]
pub fn span(order: &Order, policy: &Policy) -> Option<Duration> {
    match policy.times(order.status)?.after {
        After::Span(span) => Some(span),
        After::Manual => None,
    }
}

/// How long the stage of `order` still lasts at `now`, if it ends by itself. A clock that was set back, so that the
/// stage has not begun yet by what it shows, does not make the stage longer than it is.
#[must_use]
pub fn left(order: &Order, policy: &Policy, now: Timestamp) -> Option<Duration> {
    let span = span(order, policy)?;
    Some(order.moved_at.plus(span).since(now).min(span))
}

/// From when on `order` is delayed, if it does not move before.
#[must_use]
pub fn stale_at(order: &Order, policy: &Policy) -> Option<Timestamp> {
    Some(order.moved_at.plus(policy.times(order.status)?.stale_after))
}

#[cfg(test)]
mod tests {
    use super::super::{Contact, Order, Stage};
    use super::*;
    use crate::domain::ids::OrderId;
    use crate::domain::money::Money;
    use crate::domain::origin::Origin;

    #[test]
    fn a_stage_is_never_longer_than_it_is() {
        let begin = Timestamp(1_000_000_000_000);
        let contact = Contact::new("Ann", "ann@example.com", "1", "Here").unwrap();
        let order = Order::placed(OrderId(1), contact, [].into(), Money::ZERO, begin, &Origin::Client);
        let (policy, second) = (Policy::default(), Duration::from_secs(1));
        let left_at = |now| left(&order, &policy, now);
        assert_eq!(left_at(begin), Some(5 * second));
        assert_eq!(left_at(begin.plus(2 * second)), Some(3 * second));
        assert_eq!(left_at(begin.plus(6 * second)), Some(Duration::ZERO), "it is overdue");
        assert_eq!(left_at(begin.minus(3_600 * second)), Some(5 * second), "the clock was set back");
        let mut manual = policy;
        manual.0[Stage::Pending].after = After::Manual;
        assert_eq!(left(&order, &manual, begin), None);
    }
}
