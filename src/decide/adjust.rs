//! Adjusting stock by hand.

use super::{Context, Decided, Decision, State, Stocked};
use crate::domain::expected::Expected;
use crate::domain::inventory::InventoryRejection;
use crate::domain::stock::Adjustment;

/// Adjust the stock of a product.
#[derive(Clone, Debug)]
pub struct AdjustStock {
    /// Which product, and what is done.
    pub adjustment: Adjustment,
    /// As what the caller saw the product.
    pub expected: Expected,
}

impl Decision for AdjustStock {
    type Outcome = Stocked;
    type Rejection = InventoryRejection;

    fn decide(self, state: State<'_>, _: Context<'_>) -> Result<Decided<Stocked>, InventoryRejection> {
        let Self { adjustment, expected } = self;
        let product = adjustment.product;
        state.inventory.expect(product, &expected)?;
        let events = state.inventory.decide_adjust(adjustment)?.into_iter().collect();
        Ok(Decided { outcome: Stocked::after(state.inventory, product, &events), events })
    }
}
