//! An order in full, with its history. An answer that is kept beside an idempotency key does not show what happened
//! between two steps, and leaves that out; the store keeps it.

use bincode::{BorrowDecode, Encode};

use crate::domain::order::{Incident, Line, Order, Step};
use crate::domain::time::Timestamp;

use super::super::interface::Revisions;
use super::line::restore_lines;
use super::{ContactV1, FormatError, IncidentV1, LineV1, List, StepV1, codec, value};

/// The stored form of [`Order`], without the incidents of its history.
#[derive(Clone, Debug, Encode, BorrowDecode)]
pub struct OrderV1<'a> {
    id: u64,
    version: u32,
    status: u8,
    archived: bool,
    contact: ContactV1<'a>,
    lines: List<'a, Line, LineV1>,
    total_minor: u64,
    placed_at: i64,
    updated_at: i64,
    moved_at: i64,
    history: List<'a, Step, StepV1<'a>>,
}

/// The stored form of [`Order`].
#[derive(Clone, Debug, Encode, BorrowDecode)]
pub struct OrderV2<'a> {
    order: OrderV1<'a>,
    incidents: List<'a, (usize, &'a Incident), IncidentV1<'a>>,
}

impl<'a> From<&'a Order> for OrderV1<'a> {
    fn from(order: &'a Order) -> Self {
        Self {
            id: order.id.0,
            version: order.version,
            status: order.status as u8,
            archived: order.archived,
            contact: (&order.contact).into(),
            lines: List::Values(&order.lines),
            total_minor: order.total.minor(),
            placed_at: order.placed_at.0,
            updated_at: order.updated_at.0,
            moved_at: order.moved_at.0,
            history: List::Values(&order.history),
        }
    }
}

impl OrderV1<'_> {
    /// The domain's value, checked.
    pub fn restore(self, revisions: &dyn Revisions) -> Result<Order, FormatError> {
        let status = value::status(self.status)?;
        let history: Box<[Step]> =
            self.history.into_forms().into_iter().map(StepV1::restore).collect::<Result<_, _>>()?;
        let last = history.last().ok_or(FormatError::Empty { field: "an order's history" })?;
        if last.to != status {
            return Err(FormatError::number("the status at the end of a history", last.to as u8));
        }
        Ok(Order {
            id: value::order_id(self.id)?,
            version: value::counted("an order's version", self.version)?,
            status,
            archived: self.archived,
            contact: self.contact.restore()?,
            lines: restore_lines(self.lines, revisions)?,
            total: value::money("a total", self.total_minor)?,
            placed_at: Timestamp(self.placed_at),
            updated_at: Timestamp(self.updated_at),
            moved_at: Timestamp(self.moved_at),
            history,
        })
    }
}

impl OrderV2<'_> {
    /// The domain's value, checked.
    pub fn restore(self, revisions: &dyn Revisions) -> Result<Order, FormatError> {
        let mut order = self.order.restore(revisions)?;
        for incident in self.incidents.into_forms() {
            let (step, incident) = incident.restore()?;
            let after = usize::try_from(step).ok().and_then(|step| order.history.get_mut(step));
            after.ok_or_else(|| FormatError::number("the step before an incident", step))?.note(incident);
        }
        Ok(order)
    }
}

/// Appends `order`, in full, to `bytes`.
pub fn encode_order(order: &Order, bytes: &mut Vec<u8>) {
    let steps = order.history.iter().enumerate();
    let incidents = steps.flat_map(|(at, step)| step.incidents().iter().map(move |incident| (at, incident)));
    let incidents: Vec<_> = incidents.collect();
    codec::encode(&OrderV2 { order: order.into(), incidents: List::Values(&incidents) }, bytes);
}

/// Reads an order that fills `bytes` exactly.
pub fn decode_order(bytes: &[u8], revisions: &dyn Revisions) -> Result<Order, FormatError> {
    codec::decode::<OrderV2<'_>>(bytes)?.restore(revisions)
}
