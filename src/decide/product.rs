//! Creating, changing and deleting products.

use smallvec::smallvec;

use super::{Context, Decided, Decision, State, Stocked};
use crate::domain::catalogue::{CatalogueEvent, ProductDetails, ProductPatch};
use crate::domain::expected::Expected;
use crate::domain::ids::ProductId;
use crate::domain::inventory::InventoryRejection;
use crate::domain::stock::StockEdit;

/// Create a product.
#[derive(Clone, Debug)]
pub struct CreateProduct {
    /// What is said of it.
    pub details: ProductDetails,
    /// How many units are on hand from the start.
    pub opening: u32,
}

/// Change what is said of a product, and what is available of it where a number is given.
#[derive(Clone, Debug)]
pub struct ChangeProduct {
    /// Which one.
    pub product: ProductId,
    /// What changes of what is said.
    pub patch: ProductPatch,
    /// What changes of its stock.
    pub stock: StockEdit,
    /// As what the caller saw it.
    pub expected: Expected,
}

/// Delete a product that no order ever named.
#[derive(Clone, Debug)]
pub struct DeleteProduct {
    /// Which one.
    pub product: ProductId,
    /// As what the caller saw it.
    pub expected: Expected,
}

impl Decision for CreateProduct {
    type Outcome = Stocked;
    type Rejection = InventoryRejection;

    fn decide(self, state: State<'_>, _: Context<'_>) -> Result<Decided<Stocked>, InventoryRejection> {
        let product = state.inventory.catalogue.product_next();
        let events = state.inventory.create_product(self.details, self.opening)?;
        Ok(Decided { outcome: Stocked::after(state.inventory, product, &events), events })
    }
}

impl Decision for ChangeProduct {
    type Outcome = Stocked;
    type Rejection = InventoryRejection;

    fn decide(self, state: State<'_>, _: Context<'_>) -> Result<Decided<Stocked>, InventoryRejection> {
        let Self { product, patch, stock, expected } = self;
        state.inventory.expect(product, &expected)?;
        let events = state.inventory.change_product(product, patch, stock)?;
        Ok(Decided { outcome: Stocked::after(state.inventory, product, &events), events })
    }
}

impl Decision for DeleteProduct {
    type Outcome = ();
    type Rejection = InventoryRejection;

    fn decide(self, state: State<'_>, _: Context<'_>) -> Result<Decided<()>, InventoryRejection> {
        state.inventory.expect(self.product, &self.expected)?;
        state.inventory.catalogue.delete_product(self.product)?;
        Ok(Decided { events: smallvec![CatalogueEvent::ProductDeleted(self.product).into()], outcome: () })
    }
}
