//! A row of the stock ledger.

use bincode::{BorrowDecode, Encode};

use crate::domain::stock::Movement;
use crate::domain::time::Timestamp;

use super::stock::{BalanceV1, ChangeV1};
use super::{FormatError, WhoV1, value};

/// The stored form of [`Movement`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub struct MovementV1<'a> {
    sequence: u64,
    at: i64,
    change: ChangeV1,
    after: BalanceV1,
    order: Option<u64>,
    who: WhoV1<'a>,
    reason: Option<&'a str>,
}

impl<'a> From<&'a Movement> for MovementV1<'a> {
    fn from(movement: &'a Movement) -> Self {
        Self {
            sequence: movement.sequence,
            at: movement.at.0,
            change: (&movement.change).into(),
            after: (&movement.after).into(),
            order: movement.order.map(|id| id.0),
            who: (&movement.who).into(),
            reason: movement.reason.as_deref(),
        }
    }
}

impl MovementV1<'_> {
    /// The domain's value, checked.
    pub fn restore(self) -> Result<Movement, FormatError> {
        Ok(Movement {
            sequence: value::counted("a sequence", self.sequence)?,
            at: Timestamp(self.at),
            change: self.change.restore()?,
            after: self.after.restore()?,
            order: self.order.map(value::order_id).transpose()?,
            who: self.who.restore(),
            reason: self.reason.map(Into::into),
        })
    }
}
