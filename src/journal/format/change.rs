//! A change of one order.

use bincode::{BorrowDecode, Encode};

use crate::domain::order::{OrderChange, OrderEvent};

use super::{ContactV1, FormatError, value};

/// The stored form of [`OrderEvent`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub struct OrderEventV1<'a> {
    version: u32,
    change: OrderChangeV1<'a>,
}

/// The stored form of [`OrderChange`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub enum OrderChangeV1<'a> {
    /// It moved to another status.
    Moved(u8, Option<&'a str>),
    /// It got another contact.
    ContactChanged(ContactV1<'a>),
    /// It left the lists.
    Archived,
}

impl<'a> From<&'a OrderEvent> for OrderEventV1<'a> {
    fn from(event: &'a OrderEvent) -> Self {
        let change = match &event.change {
            OrderChange::Moved { to, reason } => OrderChangeV1::Moved(*to as u8, reason.as_deref()),
            OrderChange::ContactChanged(contact) => OrderChangeV1::ContactChanged(contact.into()),
            OrderChange::Archived => OrderChangeV1::Archived,
        };
        Self { version: event.version, change }
    }
}

impl OrderEventV1<'_> {
    /// The domain's value, checked.
    pub fn restore(self) -> Result<OrderEvent, FormatError> {
        let change = match self.change {
            OrderChangeV1::Moved(to, reason) => {
                OrderChange::Moved { to: value::status(to)?, reason: reason.map(Into::into) }
            }
            OrderChangeV1::ContactChanged(contact) => OrderChange::ContactChanged(contact.restore()?),
            OrderChangeV1::Archived => OrderChange::Archived,
        };
        Ok(OrderEvent { version: value::counted("an order's version", self.version)?, change })
    }
}
