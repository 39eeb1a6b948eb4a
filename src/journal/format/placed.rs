//! An order as it was placed. Everything that follows from the entry it stands in is left out: it is pending, at
//! version 1, and its one row of history has the time and the origin of the entry.

use bincode::{BorrowDecode, Encode};

use crate::domain::entry::Entry;
use crate::domain::order::{Line, Order, Status, Step};
use crate::domain::origin::Origin;
use crate::domain::time::Timestamp;

use super::super::interface::Revisions;
use super::line::restore_lines;
use super::{ContactV1, FormatError, LineV1, List, value};

/// The stored form of an [`Order`] that an entry placed.
#[derive(Clone, Debug, Encode, BorrowDecode)]
pub struct PlacedV1<'a> {
    id: u64,
    contact: ContactV1<'a>,
    lines: List<'a, Line, LineV1>,
    total_minor: u64,
}

impl<'a> From<&'a Order> for PlacedV1<'a> {
    fn from(order: &'a Order) -> Self {
        Self {
            id: order.id.0,
            contact: (&order.contact).into(),
            lines: List::Values(&order.lines),
            total_minor: order.total.minor(),
        }
    }
}

impl PlacedV1<'_> {
    /// The order as the entry of `at` and `who` placed it, checked.
    pub fn restore(self, at: Timestamp, who: &Origin, revisions: &dyn Revisions) -> Result<Order, FormatError> {
        let id = value::order_id(self.id)?;
        let contact = self.contact.restore()?;
        let lines = restore_lines(self.lines, revisions)?;
        let total = value::money("a total", self.total_minor)?;
        Ok(Order::placed(id, contact, lines, total, at, who))
    }
}

/// Whether `order` is what [`PlacedV1::restore`] makes of it in `entry`.
pub(super) fn is_as_placed(order: &Order, entry: &Entry) -> bool {
    let Order {
        id: _,
        version,
        status,
        archived,
        contact: _,
        lines: _,
        total: _,
        placed_at,
        updated_at,
        moved_at,
        history,
    } = order;
    let is_first = |step: &Step| {
        (step.from, step.to, step.at) == (None, Status::Pending, entry.at)
            && *step.who() == entry.who
            && step.reason().is_none()
    };
    (*version, *status, *archived) == (1, Status::Pending, false)
        && [placed_at, updated_at, moved_at].into_iter().all(|at| *at == entry.at)
        && matches!(&**history, [step] if is_first(step))
}
