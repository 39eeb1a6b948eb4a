//! Balances and what changes them.

use bincode::{BorrowDecode, Decode, Encode};

use crate::domain::stock::{Balance, Change, ON_HAND_MAX, StockEvent};

use super::{FormatError, value};

/// The stored form of [`Balance`].
#[derive(Clone, Copy, Debug, Encode, Decode)]
pub struct BalanceV1 {
    on_hand: u32,
    reserved: u32,
}

impl From<&Balance> for BalanceV1 {
    fn from(balance: &Balance) -> Self {
        Self { on_hand: balance.on_hand, reserved: balance.reserved }
    }
}

impl BalanceV1 {
    /// The domain's value, checked.
    pub fn restore(self) -> Result<Balance, FormatError> {
        let Self { on_hand, reserved } = self;
        if on_hand > ON_HAND_MAX {
            return Err(FormatError::number("stock on hand", on_hand));
        }
        if reserved > on_hand {
            return Err(FormatError::number("reserved stock above what is on hand", reserved));
        }
        Ok(Balance { on_hand, reserved })
    }
}

/// The stored form of [`Change`].
#[derive(Clone, Copy, Debug, Encode, Decode)]
pub enum ChangeV1 {
    /// Came in.
    Received(u32),
    /// Corrected.
    Adjusted(i64),
    /// Promised.
    Reserved(u32),
    /// No longer promised.
    Released(u32),
    /// Went out.
    Shipped(u32),
}

impl From<&Change> for ChangeV1 {
    fn from(change: &Change) -> Self {
        match *change {
            Change::Received(n) => Self::Received(n),
            Change::Adjusted(delta) => Self::Adjusted(delta),
            Change::Reserved(n) => Self::Reserved(n),
            Change::Released(n) => Self::Released(n),
            Change::Shipped(n) => Self::Shipped(n),
        }
    }
}

impl ChangeV1 {
    /// The domain's value, checked: no change is larger than what can be counted.
    pub fn restore(self) -> Result<Change, FormatError> {
        let units = |n: u32| if n <= ON_HAND_MAX { Ok(n) } else { Err(FormatError::number("a change of stock", n)) };
        Ok(match self {
            Self::Received(n) => Change::Received(units(n)?),
            Self::Adjusted(delta) if delta.unsigned_abs() > u64::from(ON_HAND_MAX) => {
                return Err(FormatError::number("a change of stock", delta));
            }
            Self::Adjusted(delta) => Change::Adjusted(delta),
            Self::Reserved(n) => Change::Reserved(units(n)?),
            Self::Released(n) => Change::Released(units(n)?),
            Self::Shipped(n) => Change::Shipped(units(n)?),
        })
    }
}

/// The stored form of [`StockEvent`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub struct StockEventV1<'a> {
    product: u64,
    change: ChangeV1,
    reason: Option<&'a str>,
}

impl<'a> From<&'a StockEvent> for StockEventV1<'a> {
    fn from(event: &'a StockEvent) -> Self {
        Self { product: event.product.0, change: (&event.change).into(), reason: event.reason.as_deref() }
    }
}

impl StockEventV1<'_> {
    /// The domain's value, checked.
    pub fn restore(self) -> Result<StockEvent, FormatError> {
        Ok(StockEvent {
            product: value::product_id(self.product)?,
            change: self.change.restore()?,
            reason: self.reason.map(Into::into),
        })
    }
}
