//! Categories, products and balances, as they are durable.

use std::collections::BTreeSet;
use std::sync::Arc;

use foldhash::HashMap;
use parking_lot::RwLock;

use crate::domain::catalogue::{CatalogueEvent, Category, Revision};
use crate::domain::ids::{CategoryId, ProductId};
use crate::domain::inventory::Inventory;
use crate::domain::stock::Balance;

use super::Term;

/// A product and its balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The product as it stands.
    pub revision: Arc<Revision>,
    /// How much of it there is.
    pub balance: Balance,
}

/// Which products to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProductFilter {
    /// Only those whose name holds every one of these terms, in any case.
    pub terms: Vec<Term>,
    /// Only those of this category.
    pub category: Option<CategoryId>,
    /// Only archived ones, or only others.
    pub archived: Option<bool>,
    /// Only products with at most this many units available.
    pub available_max: Option<u32>,
}

impl ProductFilter {
    /// Those of which at most `low_stock` units are available, and that are sold.
    #[must_use]
    pub fn running_low(low_stock: u32) -> Self {
        Self { available_max: Some(low_stock), archived: Some(false), ..Self::default() }
    }

    fn accepts(&self, product: &Product) -> bool {
        let details = &product.revision.details;
        self.category.is_none_or(|category| category == details.category)
            && self.archived.is_none_or(|archived| archived == details.archived)
            && self.available_max.is_none_or(|max| product.balance.available() <= max)
            && self.terms.iter().all(|term| term.is_in_text(details.name.as_str()))
    }
}

/// How many products are looked at under one lock, which holds up whoever takes over entries.
const LOCKED_MAX: usize = 4_096;

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
        let Some(first) = after.above() else { return Vec::new() };
        inner.inventory.catalogue.products_from(first).take(limit).map(|r| inner.product(r)).collect()
    }

    /// At most `limit` products with ids above `after` that `filter` accepts, by id.
    #[must_use]
    pub fn find(&self, filter: &ProductFilter, after: ProductId, limit: usize) -> Vec<Product> {
        let mut found = Vec::new();
        self.walk(after, |product| {
            if filter.accepts(&product) {
                found.push(product);
            }
            found.len() < limit
        });
        found
    }

    /// The products that `filter` accepts of which the fewest units are available, fewest first, at most `limit`, and
    /// how many it accepts.
    #[must_use]
    pub fn lowest(&self, filter: &ProductFilter, limit: usize) -> (Vec<Product>, usize) {
        let (mut lowest, mut count) = (Vec::new(), 0);
        let rank = |product: &Product| (product.balance.available(), product.revision.product);
        self.walk(ProductId(0), |product| {
            if filter.accepts(&product) {
                count += 1;
                let at = lowest.partition_point(|other| rank(other) < rank(&product));
                if at < limit {
                    lowest.insert(at, product);
                    lowest.truncate(limit);
                }
            }
            true
        });
        (lowest, count)
    }

    /// Shows every product with an id above `after` to `visit`, by id, until that says no.
    fn walk(&self, mut after: ProductId, mut visit: impl FnMut(Product) -> bool) {
        loop {
            let products = self.page(after, LOCKED_MAX);
            let Some(last) = products.last() else { return };
            after = last.revision.product;
            let is_last = products.len() < LOCKED_MAX;
            if !products.into_iter().all(&mut visit) || is_last {
                return;
            }
        }
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
