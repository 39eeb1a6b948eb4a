//! An order in full, with its history.

use bincode::{BorrowDecode, Encode};

use crate::domain::order::{Line, Order, Step};
use crate::domain::time::Timestamp;

use super::super::interface::Revisions;
use super::line::restore_lines;
use super::{ContactV1, FormatError, LineV1, List, StepV1, codec, value};

/// The stored form of [`Order`].
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

/// Appends `order`, in full, to `bytes`.
pub fn encode_order(order: &Order, bytes: &mut Vec<u8>) {
    codec::encode(&OrderV1::from(order), bytes);
}

/// Reads an order that fills `bytes` exactly.
pub fn decode_order(bytes: &[u8], revisions: &dyn Revisions) -> Result<Order, FormatError> {
    codec::decode::<OrderV1<'_>>(bytes)?.restore(revisions)
}
