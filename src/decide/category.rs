//! Creating, renaming and deleting categories.

use smallvec::smallvec;

use super::{Context, Decided, Decision, State};
use crate::domain::catalogue::{CatalogueEvent, Category};
use crate::domain::entry::{Answer, Entry, Event, Events};
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
        Ok(Decided { events: one(CatalogueEvent::CategoryCreated(outcome.clone())), outcome })
    }

    fn answer(outcome: &Category) -> Option<Answer> {
        Some(Answer::Category(outcome.clone()))
    }

    fn replay(_: &Entry, answer: &Answer) -> Option<Category> {
        category(answer)
    }
}

impl Decision for RenameCategory {
    type Outcome = Category;
    type Rejection = InventoryRejection;

    fn decide(self, state: State<'_>, _: Context<'_>) -> Result<Decided<Category>, InventoryRejection> {
        let outcome = state.inventory.catalogue.rename_category(self.0, self.1)?;
        Ok(Decided { events: one(CatalogueEvent::CategoryRenamed(outcome.clone())), outcome })
    }

    fn answer(outcome: &Category) -> Option<Answer> {
        Some(Answer::Category(outcome.clone()))
    }

    fn replay(_: &Entry, answer: &Answer) -> Option<Category> {
        category(answer)
    }
}

impl Decision for DeleteCategory {
    type Outcome = ();
    type Rejection = InventoryRejection;

    fn decide(self, state: State<'_>, _: Context<'_>) -> Result<Decided<()>, InventoryRejection> {
        state.inventory.catalogue.delete_category(self.0)?;
        Ok(Decided { events: one(CatalogueEvent::CategoryDeleted(self.0)), outcome: () })
    }
}

fn category(answer: &Answer) -> Option<Category> {
    match answer {
        Answer::Category(category) => Some(category.clone()),
        Answer::Placed | Answer::Order(_) | Answer::Product(..) => None,
    }
}

fn one(event: CatalogueEvent) -> Events {
    smallvec![Event::Catalogue(Box::new(event))]
}
