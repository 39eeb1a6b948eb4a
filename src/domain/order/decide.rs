//! What a command does to an order, or the rule it breaks.

use std::fmt;

use super::super::expected::Expected;
use super::super::ids::OrderId;
use super::super::time::Timestamp;
use super::{Contact, ContactPatch, Order, Status};

/// How often the contact of one order can be changed: every change stays in its history.
const EDITS_MAX: usize = 100;

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
    /// Do this, if the order is still as the caller saw it.
    Expecting(Expected, Box<OrderCommand>),
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
            OrderChange::Moved { to, .. } => to.stock_effect(1).is_some(),
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
    /// The contact was changed too often already.
    #[error(
        "The contact of order {order} was changed {EDITS_MAX} times, and no more changes are kept. Cancel it and place another."
    )]
    TooManyEdits {
        /// The order.
        order: OrderId,
    },
    /// Somebody changed the order in between.
    #[error("Order {order} was changed meanwhile and is at version {current}. Read it again, then repeat.")]
    Stale {
        /// The order.
        order: OrderId,
        /// The version it has.
        current: u32,
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
            OrderCommand::Expecting(expected, command) => {
                if !expected.holds_for_order(self.version) {
                    return Err(OrderRejection::Stale { order: self.id, current: self.version });
                }
                return self.decide(*command, now);
            }
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
        if contact == self.contact {
            return Ok(None);
        }
        // Nothing but edits happens to a pending order.
        if self.history.last().is_some_and(|step| step.incidents().len() >= EDITS_MAX) {
            return Err(OrderRejection::TooManyEdits { order: self.id });
        }
        Ok(Some(OrderChange::ContactChanged(contact)))
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
        self.lines.iter().filter_map(move |line| Some((line.product.product, to?.stock_effect(line.quantity)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::expected::Seen;
    use super::super::super::money::Money;
    use super::super::super::origin::Origin;
    use super::super::{Field, What};
    use super::*;

    fn placed() -> Order {
        let contact = Contact::new("Ann", "ann@example.com", "1", "Here").unwrap();
        Order::placed(OrderId(1), contact, [].into(), Money::ZERO, Timestamp(1), &Origin::Client)
    }

    fn edit(phone: &str) -> OrderCommand {
        let mut patch = ContactPatch::default();
        patch.set(Field::CustomerPhone, phone).unwrap();
        OrderCommand::EditContact(Box::new(patch))
    }

    fn after(order: &Order, command: OrderCommand, who: &Origin) -> Order {
        let now = order.updated_at.plus(std::time::Duration::from_secs(1));
        order.after(&order.decide(command, now).unwrap().unwrap(), now, who)
    }

    #[test]
    fn an_edit_is_kept_with_the_texts_before_and_after_and_who_made_it() {
        let ann = Origin::User("ann".into());
        let order = after(&placed(), edit("2"), &ann);
        let order = after(&order, edit("3"), &Origin::Key("till".into()));
        let order = after(&order, OrderCommand::Move { to: Status::Processing, reason: None }, &Origin::Timer);
        let [placed, moved] = &*order.history else { panic!("edits are no steps") };
        assert!(moved.incidents().is_empty());
        let found = placed.incidents().iter().map(|incident| match &incident.what {
            What::ContactChanged(changes) => {
                let [change] = &**changes else { panic!("one field changed") };
                (incident.who.to_string(), change.field, change.before.to_string(), change.after.to_string())
            }
            What::Archived => panic!("it was not archived"),
        });
        let phone = Field::CustomerPhone;
        let wanted = [("user:ann", phone, "1", "2"), ("key:till", phone, "2", "3")];
        let wanted = wanted.map(|(who, field, from, to)| (who.to_owned(), field, from.to_owned(), to.to_owned()));
        assert_eq!(found.collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn a_command_for_a_version_that_is_over_has_no_effect() {
        let order = after(&placed(), edit("2"), &Origin::Client);
        let expecting =
            |seen: &[Seen], command| OrderCommand::Expecting(Expected::one_of(seen.iter().copied()), Box::new(command));
        let cancel = || OrderCommand::Move { to: Status::Cancelled, reason: Some("x".into()) };
        let stale = Err(OrderRejection::Stale { order: order.id, current: 2 });
        assert_eq!(order.decide(expecting(&[Seen::Order(1)], cancel()), Timestamp(i64::MAX)), stale);
        assert_eq!(
            order.decide(expecting(&[], edit("2")), Timestamp(i64::MAX)),
            stale,
            "no version fits a foreign tag"
        );
        assert_eq!(order.decide(expecting(&[Seen::Revision(2)], cancel()), Timestamp(i64::MAX)), stale);
        let fits = order.decide(expecting(&[Seen::Order(1), Seen::Order(2)], cancel()), Timestamp(i64::MAX));
        assert_eq!(fits.unwrap().unwrap().version, 3);
    }

    #[test]
    fn the_edits_of_an_order_are_bounded() {
        let mut order = placed();
        for number in 0..EDITS_MAX {
            order = after(&order, edit(&format!("55{number}")), &Origin::Client);
        }
        let refused = order.decide(edit("7"), Timestamp(i64::MAX));
        assert_eq!(refused, Err(OrderRejection::TooManyEdits { order: order.id }));
        assert_eq!(
            order.decide(edit(&format!("55{}", EDITS_MAX - 1)), Timestamp(i64::MAX)),
            Ok(None),
            "it changes nothing"
        );
    }
}
