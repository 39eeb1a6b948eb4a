//! Categories, products and balances, as they are durable.

use std::collections::BTreeSet;
use std::sync::Arc;

use foldhash::HashMap;
use parking_lot::RwLock;

use crate::domain::catalogue::{CatalogueEvent, Category, Revision};
use crate::domain::ids::{CategoryId, ProductId};
use crate::domain::inventory::Inventory;
use crate::domain::stock::Balance;

/// A product and its balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The product as it stands.
    pub revision: Arc<Revision>,
    /// How much of it there is.
    pub balance: Balance,
}

/// What changed since the last checkpoint took it.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    pub(super) products: BTreeSet<ProductId>,
    pub(super) categories: BTreeSet<CategoryId>,
    pub(super) revisions: Vec<Arc<Revision>>,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) inventory: Inventory,
    pub(super) revisions: HashMap<(ProductId, u32), Arc<Revision>>,
    pub(super) dirty: Dirty,
}

/// The catalogue and its balances, for readers.
#[derive(Debug, Default)]
pub struct Products(pub(super) RwLock<Inner>);

impl Inner {
    fn product(&self, revision: &Arc<Revision>) -> Product {
        Product { revision: revision.clone(), balance: self.inventory.stock.balance(revision.product) }
    }

    /// Remembers that the next checkpoint has to write what `event` touched.
    pub(super) fn note(&mut self, event: &CatalogueEvent) {
        match event {
            CatalogueEvent::CategoryCreated(category) | CatalogueEvent::CategoryRenamed(category) => {
                self.dirty.categories.insert(category.id);
            }
            CatalogueEvent::CategoryDeleted(id) => {
                self.dirty.categories.insert(*id);
            }
            CatalogueEvent::ProductCreated(id, _)
            | CatalogueEvent::ProductChanged(id, _)
            | CatalogueEvent::ProductDeleted(id) => {
                self.dirty.products.insert(*id);
            }
        }
    }

    /// Keeps a revision for the orders that will name it.
    pub(super) fn keep(&mut self, revision: &Arc<Revision>) {
        self.revisions.insert((revision.product, revision.number), revision.clone());
        self.dirty.products.insert(revision.product);
        self.dirty.revisions.push(revision.clone());
    }
}

impl Products {
    /// Whether there is a product `id`.
    #[must_use]
    pub fn contains(&self, id: ProductId) -> bool {
        self.0.read().inventory.catalogue.product(id).is_some()
    }

    /// The product `id` and its balance.
    #[must_use]
    pub fn get(&self, id: ProductId) -> Option<Product> {
        let inner = self.0.read();
        inner.inventory.catalogue.product(id).map(|revision| inner.product(revision))
    }

    /// At most `limit` products with ids above `after`, by id.
    #[must_use]
    pub fn page(&self, after: ProductId, limit: usize) -> Vec<Product> {
        let inner = self.0.read();
        inner.inventory.catalogue.products_from(after.next()).take(limit).map(|r| inner.product(r)).collect()
    }

    /// The category `id`.
    #[must_use]
    pub fn category(&self, id: CategoryId) -> Option<Category> {
        self.0.read().inventory.catalogue.category(id).cloned()
    }

    /// At most `limit` categories with ids above `after`, by id.
    #[must_use]
    pub fn categories(&self, after: CategoryId, limit: usize) -> Vec<Category> {
        let inner = self.0.read();
        inner.inventory.catalogue.categories().filter(|category| category.id > after).take(limit).cloned().collect()
    }

    /// Whether there is neither a category nor a product.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.read().inventory.catalogue.is_empty()
    }

    /// A product as it was at revision `number`.
    #[must_use]
    pub fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>> {
        self.0.read().revisions.get(&(product, number)).cloned()
    }

    /// A copy of everything: what the deciding state starts from.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        self.0.read().inventory.clone()
    }
}
