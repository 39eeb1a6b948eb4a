//! Which timers are armed, when each is due in time that really passes, and whether each fired then, and once.
//!
//! A stage that begins while the process runs lasts its span, by time that passes, whatever the wall clock shows and
//! whatever becomes of the order meanwhile that leaves it in its stage. A start reads the deadline off the wall clock,
//! once; a clock that was set back does not make a stage longer than it is.

use std::collections::BTreeMap;
use std::time::Duration;

use packhorse::domain::order::{After, Order, Policy, Status};
use packhorse::domain::origin::Origin;
use packhorse::domain::time::Timestamp;

/// Longer than a timer may be late: a few syncs of the slowest kind, and tries again while a queue is full.
pub(crate) const SLACK: Duration = Duration::from_secs(45);

/// See the module.
pub(crate) struct Timers {
    policy: Policy,
    armed: BTreeMap<u64, Armed>,
    /// What went wrong.
    pub(crate) faults: Vec<String>,
    pub(crate) fired: u64,
}

struct Armed {
    version: u32,
    status: Status,
    due: Duration,
}

impl Timers {
    pub(crate) fn new(policy: Policy) -> Self {
        Self { policy, armed: BTreeMap::new(), faults: Vec::new(), fired: 0 }
    }

    /// How long `status` lasts by itself.
    pub(crate) fn span(&self, status: Status) -> Option<Duration> {
        match self.policy.times(status)?.after {
            After::Span(span) => Some(span),
            After::Manual => None,
        }
    }

    /// The process was started: nothing is armed but what these open orders need.
    pub(crate) fn restart<'a>(&mut self, open: impl Iterator<Item = &'a Order>, passed: Duration, wall: Timestamp) {
        self.armed.clear();
        for order in open {
            if let Some(span) = self.span(order.status) {
                self.arm(order, passed + order.moved_at.plus(span).since(wall).min(span));
            }
        }
    }

    /// `order` stands like this since now.
    pub(crate) fn note(&mut self, order: &Order, passed: Duration) {
        let before = self.armed.remove(&order.id.0);
        let by_timer = order.history.last().is_some_and(|step| *step.who() == Origin::Timer);
        let moved = before.as_ref().is_none_or(|before| before.status != order.status);
        if by_timer && moved && !order.archived {
            self.fired += 1;
            self.check(order, before.as_ref(), passed);
        }
        if let Some(span) = self.span(order.status) {
            let stays = before.filter(|_| !moved);
            self.arm(order, stays.map_or(passed + span, |armed| armed.due));
        }
    }

    fn check(&mut self, order: &Order, before: Option<&Armed>, passed: Duration) {
        let id = order.id;
        match before {
            None => self.faults.push(format!("a timer of order {id} fired that nobody armed")),
            Some(armed) if armed.version + 1 != order.version => {
                let (armed, now) = (armed.version, order.version);
                self.faults.push(format!("the timer of order {id} was armed at version {armed} and led to {now}"));
            }
            // Timers go by whole milliseconds.
            Some(armed) if passed + Duration::from_millis(1) < armed.due => {
                self.faults
                    .push(format!("the timer of order {id} fired {:?} too early", armed.due.saturating_sub(passed)));
            }
            Some(armed) if passed > armed.due + SLACK => {
                self.faults
                    .push(format!("the timer of order {id} fired {:?} too late", passed.saturating_sub(armed.due)));
            }
            Some(_) => {}
        }
    }

    fn arm(&mut self, order: &Order, due: Duration) {
        self.armed.insert(order.id.0, Armed { version: order.version, status: order.status, due });
    }

    /// Whether the timer of this order is armed, and not overdue.
    pub(crate) fn is_armed(&self, order: u64, passed: Duration) -> bool {
        self.armed.get(&order).is_some_and(|armed| passed <= armed.due + SLACK)
    }

    /// The orders whose timers should have fired long ago.
    pub(crate) fn lost(&self, passed: Duration) -> impl Iterator<Item = (u64, Duration)> {
        let late = move |armed: &Armed| passed.checked_sub(armed.due + SLACK).filter(|late| !late.is_zero());
        self.armed.iter().filter_map(move |(id, armed)| Some((*id, late(armed)?)))
    }
}
