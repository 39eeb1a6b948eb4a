//! A row of an order's history.

use bincode::{BorrowDecode, Encode};

use crate::domain::order::Step;
use crate::domain::time::Timestamp;

use super::{FormatError, WhoV1, value};

/// The stored form of [`Step`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub struct StepV1<'a> {
    from: Option<u8>,
    to: u8,
    at: i64,
    who: WhoV1<'a>,
    reason: Option<&'a str>,
}

impl<'a> From<&'a Step> for StepV1<'a> {
    fn from(step: &'a Step) -> Self {
        Self {
            from: step.from.map(|status| status as u8),
            to: step.to as u8,
            at: step.at.0,
            who: step.who().into(),
            reason: step.reason(),
        }
    }
}

impl StepV1<'_> {
    /// The domain's value, checked.
    pub fn restore(self) -> Result<Step, FormatError> {
        let from = self.from.map(value::status).transpose()?;
        let to = value::status(self.to)?;
        Ok(Step::new(from, to, Timestamp(self.at), &self.who.restore(), self.reason))
    }
}
