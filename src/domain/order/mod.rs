//! An order: its states, its transitions, its history.
//!
//! | from | to | by | stock |
//! |---|---|---|---|
//! | - | pending | place | reserve every line, or nothing at all |
//! | pending | processing | timer, operator | - |
//! | processing | shipped | timer, operator | `on_hand` and `reserved` fall together |
//! | shipped | delivered | timer, operator | - |
//! | pending, processing | cancelled | client, operator, with a reason | release what is reserved |
//!
//! No other transition exists. Invariants: `version` counts the entries that touched the order, and so its steps and
//! incidents; the history is a path through the table; what has ended stays ended.

mod contact;
mod decide;
mod history;
mod policy;
mod status;

use std::sync::Arc;

pub use contact::{Contact, ContactError, ContactPatch, Field};
pub use decide::{Action, OrderChange, OrderCommand, OrderEvent, OrderRejection, allowed_actions};
pub use history::{FieldChange, Happening, Incident, Step, What, timeline};
pub use policy::{After, Policy, StageTimes, due, left, span, stale_at};
pub use status::{PerStage, PerStatus, Stage, Status};

use super::catalogue::Revision;
use super::ids::OrderId;
use super::money::Money;
use super::origin::Origin;
use super::time::Timestamp;

/// One line of an order: a product as it was when it was ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The product, frozen.
    pub product: Arc<Revision>,
    /// How many units, at least 1.
    pub quantity: u32,
    /// What was available of the product right after the order.
    pub available_after: u32,
}

/// An order as it stands at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// How many entries touched it: 1 when placed.
    pub version: u32,
    /// Where it stands.
    pub status: Status,
    /// Taken out of the lists after it ended.
    pub archived: bool,
    /// Whom it goes to.
    pub contact: Contact,
    /// What it holds, at least one line.
    pub lines: Box<[Line]>,
    /// The sum of the lines.
    pub total: Money,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
    /// When it entered its status.
    pub moved_at: Timestamp,
    /// Every transition, oldest first, with what happened in between.
    pub history: Box<[Step]>,
}

impl Order {
    /// A new order, pending.
    #[must_use]
    pub fn placed(
        id: OrderId,
        contact: Contact,
        lines: Box<[Line]>,
        total: Money,
        now: Timestamp,
        who: &Origin,
    ) -> Self {
        let first = Step::new(None, Status::Pending, now, who, None);
        Self {
            id,
            version: 1,
            status: Status::Pending,
            archived: false,
            contact,
            lines,
            total,
            placed_at: now,
            updated_at: now,
            moved_at: now,
            history: Box::new([first]),
        }
    }

    /// The order after `event`, which was decided at `at` by `who`. An event that the order already contains changes
    /// nothing: replay may meet it again.
    ///
    /// # Panics
    /// When an event between the two is missing.
    #[must_use]
    pub fn after(&self, event: &OrderEvent, at: Timestamp, who: &Origin) -> Self {
        if event.version <= self.version {
            return self.clone();
        }
        assert_eq!(event.version, self.version + 1, "order {} misses no event", self.id);
        let (mut status, mut moved_at, mut archived) = (self.status, self.moved_at, self.archived);
        let (mut contact, mut step, mut what) = (None, None, None);
        match &event.change {
            OrderChange::Moved { to, reason } => {
                step = Some(Step::new(Some(status), *to, at, who, reason.as_deref()));
                (status, moved_at) = (*to, at);
            }
            OrderChange::ContactChanged(changed) => {
                what = Some(What::ContactChanged(FieldChange::between(&self.contact, changed)));
                contact = Some(changed.clone());
            }
            OrderChange::Archived => {
                what = Some(What::Archived);
                archived = true;
            }
        }
        let mut history: Box<[Step]> = self.history.iter().cloned().chain(step).collect();
        if let Some(what) = what {
            let last = history.last_mut().expect("an order was placed");
            last.note(Incident { at, who: who.clone(), what });
        }
        Self {
            id: self.id,
            version: event.version,
            status,
            archived,
            contact: contact.unwrap_or_else(|| self.contact.clone()),
            lines: self.lines.clone(),
            total: self.total,
            placed_at: self.placed_at,
            updated_at: at,
            moved_at,
            history,
        }
    }

    /// The order as an answer is kept of it beside an idempotency key: without what happened between its steps, which
    /// no answer shows.
    #[must_use]
    pub fn as_answered(self: &Arc<Self>) -> Arc<Self> {
        if self.history.iter().all(|step| step.incidents().is_empty()) {
            return self.clone();
        }
        Arc::new(Self { history: self.history.iter().map(Step::alone).collect(), ..(**self).clone() })
    }
}
