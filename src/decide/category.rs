//! Creating, renaming and deleting categories.

use smallvec::smallvec;

use super::{Context, Decided, Decision, State};
use crate::domain::catalogue::{CatalogueEvent, Category};
use crate::domain::ids::CategoryId;
use crate::domain::inventory::InventoryRejection;
use crate::domain::text::CategoryName;

/// Create a category.
#[derive(Clone, Debug)]
pub struct CreateCategory(pub CategoryName);

/// Give a category another name.
#[derive(Clone, Debug)]
pub struct RenameCategory(pub CategoryId, pub CategoryName);

/// Delete a category without products.
#[derive(Clone, Copy, Debug)]
pub struct DeleteCategory(pub CategoryId);

impl Decision for CreateCategory {
    type Outcome = Category;
    type Rejection = InventoryRejection;

    fn decide(self, state: State<'_>, _: Context<'_>) -> Result<Decided<Category>, InventoryRejection> {
        let outcome = state.inventory.catalogue.create_category(self.0)?;
        Ok(Decided { events: smallvec![CatalogueEvent::CategoryCreated(outcome.clone()).into()], outcome })
    }
}

impl Decision for RenameCategory {
    type Outcome = Category;
    type Rejection = InventoryRejection;

    fn decide(self, state: State<'_>, _: Context<'_>) -> Result<Decided<Category>, InventoryRejection> {
        let outcome = state.inventory.catalogue.rename_category(self.0, self.1)?;
        Ok(Decided { events: smallvec![CatalogueEvent::CategoryRenamed(outcome.clone()).into()], outcome })
    }
}

impl Decision for DeleteCategory {
    type Outcome = ();
    type Rejection = InventoryRejection;

    fn decide(self, state: State<'_>, _: Context<'_>) -> Result<Decided<()>, InventoryRejection> {
        state.inventory.catalogue.delete_category(self.0)?;
        Ok(Decided { events: smallvec![CatalogueEvent::CategoryDeleted(self.0).into()], outcome: () })
    }
}
