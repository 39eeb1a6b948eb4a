//! A line of an order: which product revision, how many, at what price.

use bincode::{Decode, Encode};

use crate::domain::order::Line;

use super::super::interface::Revisions;
use super::{FormatError, List, value};

/// The stored form of [`Line`].
#[derive(Clone, Copy, Debug, Encode, Decode)]
pub struct LineV1 {
    product: u64,
    revision: u32,
    quantity: u32,
    unit_price_minor: u64,
    available_after: u32,
}

impl From<&Line> for LineV1 {
    fn from(line: &Line) -> Self {
        Self {
            product: line.product.product.0,
            revision: line.product.number,
            quantity: line.quantity,
            unit_price_minor: line.product.details.price.minor(),
            available_after: line.available_after,
        }
    }
}

impl LineV1 {
    /// The domain's value, checked. The price is stored beside the revision that has it, so that a line never
    /// silently costs something else when a revision was restored wrongly.
    pub fn restore(self, revisions: &dyn Revisions) -> Result<Line, FormatError> {
        let (product, number) = (value::product_id(self.product)?, self.revision);
        let stored = value::money("a unit price", self.unit_price_minor)?;
        let revision = revisions.revision(product, number).ok_or(FormatError::RevisionMissing { product, number })?;
        if revision.details.price != stored {
            return Err(FormatError::PriceDiffers { product, number, stored, revision: revision.details.price });
        }
        let quantity = value::counted("a quantity", self.quantity)?;
        Ok(Line { product: revision, quantity, available_after: self.available_after })
    }
}

/// The lines of one order.
pub(super) fn restore_lines(
    lines: List<'_, Line, LineV1>,
    revisions: &dyn Revisions,
) -> Result<Box<[Line]>, FormatError> {
    if lines.is_empty() {
        return Err(FormatError::Empty { field: "an order's list of lines" });
    }
    lines.into_forms().into_iter().map(|line| line.restore(revisions)).collect()
}
