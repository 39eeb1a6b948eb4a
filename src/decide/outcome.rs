//! What is kept of an outcome beside an idempotency key, so that a repeated request gets the same answer.

use std::sync::Arc;

use super::Stocked;
use crate::domain::access::AccessOutcome;
use crate::domain::catalogue::Category;
use crate::domain::entry::{Answer, Entry, Event};
use crate::domain::inventory::RowOutcome;
use crate::domain::order::Order;

/// What a decision led to. Unless an outcome says otherwise nothing of it is kept, and a repeated request is decided
/// again.
pub trait Outcome: Sized + Send + 'static {
    /// What is kept of it.
    #[must_use]
    fn answer(&self) -> Option<Answer> {
        None
    }

    /// The outcome that `entry` had, beside whose key `answer` was kept; none where that is of another kind.
    #[must_use]
    fn replay(entry: &Entry, answer: &Answer) -> Option<Self> {
        let _ = (entry, answer);
        None
    }
}

/// The orders that were placed. They stand in the entry.
impl Outcome for Vec<Arc<Order>> {
    fn answer(&self) -> Option<Answer> {
        Some(Answer::Placed)
    }

    fn replay(entry: &Entry, answer: &Answer) -> Option<Self> {
        let placed = entry.events.iter().filter_map(|event| match event {
            Event::Placed(order) => Some(order.clone()),
            Event::Catalogue(_) | Event::Stock(_) | Event::Order(..) | Event::Access(_) => None,
        });
        matches!(answer, Answer::Placed).then(|| placed.collect())
    }
}

impl Outcome for Category {
    fn answer(&self) -> Option<Answer> {
        Some(Answer::Category(self.clone()))
    }

    fn replay(_: &Entry, answer: &Answer) -> Option<Self> {
        match answer {
            Answer::Category(category) => Some(category.clone()),
            Answer::Placed | Answer::Order(_) | Answer::Product(..) => None,
        }
    }
}

impl Outcome for Stocked {
    fn answer(&self) -> Option<Answer> {
        Some(Answer::Product(self.revision.clone(), self.balance))
    }

    fn replay(entry: &Entry, answer: &Answer) -> Option<Self> {
        match answer {
            Answer::Product(revision, balance) => Some(Self::of(revision.clone(), *balance, &entry.events)),
            Answer::Placed | Answer::Order(_) | Answer::Category(_) => None,
        }
    }
}

/// What would become of each row: nothing happened.
impl Outcome for Vec<RowOutcome> {}

/// Nothing is left to show.
impl Outcome for () {}

/// A secret is shown once, so that there is nothing to repeat.
impl Outcome for AccessOutcome {}
