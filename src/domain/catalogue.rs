//! The catalogue: categories, and products in numbered revisions.
//!
//! Invariant: a revision never changes. Editing a product makes a new one, so that a line of an order can hold the
//! product as it was when it was ordered by sharing it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use hashbrown::HashMap;

use super::count::{counted, word};
use super::ids::{CategoryId, ProductId};
use super::money::Money;
use super::text::{CategoryName, ProductName};

/// A category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// Its unique name.
    pub name: CategoryName,
}

/// What an operator says of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductDetails {
    /// The name.
    pub name: ProductName,
    /// Free text, may be empty.
    pub description: Box<str>,
    /// The price of one piece.
    pub price: Money,
    /// The last day on which it can be ordered.
    pub expiry_date: Option<NaiveDate>,
    /// The category it stands in.
    pub category: CategoryId,
    /// An archived product stays readable and cannot be ordered.
    pub archived: bool,
}

/// What an operator changes of a product; what is left out stays as it is when the change is decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductPatch {
    /// The name.
    pub name: Option<ProductName>,
    /// Free text, may be empty.
    pub description: Option<Box<str>>,
    /// The price of one piece.
    pub price: Option<Money>,
    /// The last day on which it can be ordered, or none.
    pub expiry_date: Option<Option<NaiveDate>>,
    /// The category it stands in.
    pub category: Option<CategoryId>,
    /// Whether it is archived.
    pub archived: Option<bool>,
}

impl ProductPatch {
    /// `current` with what this changes of it.
    #[must_use]
    pub fn onto(self, current: &ProductDetails) -> ProductDetails {
        ProductDetails {
            name: self.name.unwrap_or_else(|| current.name.clone()),
            description: self.description.unwrap_or_else(|| current.description.clone()),
            price: self.price.unwrap_or(current.price),
            expiry_date: self.expiry_date.unwrap_or(current.expiry_date),
            category: self.category.unwrap_or(current.category),
            archived: self.archived.unwrap_or(current.archived),
        }
    }
}

/// One immutable state of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The product.
    pub product: ProductId,
    /// Counts up from 1 with each edit of the product or of its category's name.
    pub number: u32,
    /// What was said of it.
    pub details: ProductDetails,
    /// The category's name at that time.
    pub category_name: CategoryName,
}

/// A change of the catalogue: facts, decided before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogueEvent {
    /// A category was created.
    CategoryCreated(Category),
    /// A category got another name.
    CategoryRenamed(Category),
    /// An unused category was deleted.
    CategoryDeleted(CategoryId),
    /// A product was created.
    ProductCreated(ProductId, ProductDetails),
    /// A product was edited, archived or taken out of the archive.
    ProductChanged(ProductId, ProductDetails),
    /// A product that no order ever named was deleted.
    ProductDeleted(ProductId),
}

/// The rule of the catalogue that a command broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueRejection {
    /// No such category.
    #[error("there is no category {0}")]
    CategoryMissing(CategoryId),
    /// No such product.
    #[error("there is no product {0}")]
    ProductMissing(ProductId),
    /// Another category has this name.
    #[error("a category named {0} already exists")]
    CategoryNameTaken(CategoryName),
    /// The category still has products.
    #[error(
        "category {category} is used by {}; move or delete {} first",
        counted(*products, "product", "products"),
        word(*products, "it", "them")
    )]
    CategoryInUse {
        /// The category.
        category: CategoryId,
        /// How many products stand in it.
        products: usize,
    },
    /// An order names the product.
    #[error("product {0} is named by orders; archive it instead")]
    ProductInUse(ProductId),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    current: Arc<Revision>,
    ordered: bool,
}

/// All categories and products as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    categories: BTreeMap<CategoryId, Category>,
    names: HashMap<CategoryName, CategoryId>,
    products: HashMap<ProductId, Entry>,
    category_last: u64,
    product_last: u64,
}

impl Catalogue {
    /// The product as it stands.
    #[must_use]
    pub fn product(&self, id: ProductId) -> Option<&Arc<Revision>> {
        self.products.get(&id).map(|entry| &entry.current)
    }

    /// A category.
    #[must_use]
    pub fn category(&self, id: CategoryId) -> Option<&Category> {
        self.categories.get(&id)
    }

    /// The category named `name`.
    #[must_use]
    pub fn category_by_name(&self, name: &CategoryName) -> Option<&Category> {
        self.names.get(name).and_then(|id| self.categories.get(id))
    }

    /// Whether an order ever named `product`.
    #[must_use]
    pub fn is_ordered(&self, product: ProductId) -> bool {
        self.products.get(&product).is_some_and(|entry| entry.ordered)
    }

    /// The products from `first` on, by id.
    pub fn products_from(&self, first: ProductId) -> impl Iterator<Item = &Arc<Revision>> {
        (first.0..=self.product_last).filter_map(|id| self.product(ProductId(id)))
    }

    /// The ids that were given out so far, categories' and products': only for writing a checkpoint.
    #[must_use]
    pub fn lasts(&self) -> (u64, u64) {
        (self.category_last, self.product_last)
    }

    /// How many categories and products there are.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.categories.len() as u64, self.products.len() as u64)
    }

    /// Takes over what a checkpoint says: only for reading one.
    pub fn restore(
        &mut self,
        categories: Vec<Category>,
        products: Vec<(Arc<Revision>, bool)>,
        (category_last, product_last): (u64, u64),
    ) {
        self.category_last = category_last;
        self.product_last = product_last;
        for category in categories {
            self.names.insert(category.name.clone(), category.id);
            self.categories.insert(category.id, category);
        }
        for (current, ordered) in products {
            self.products.insert(current.product, Entry { current, ordered });
        }
    }

    /// All categories, by id.
    pub fn categories(&self) -> impl Iterator<Item = &Category> {
        self.categories.values()
    }

    /// Whether there is neither a category nor a product.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.categories.is_empty() && self.products.is_empty()
    }

    /// The id that the next category gets.
    #[must_use]
    pub fn category_next(&self) -> CategoryId {
        CategoryId(self.category_last).next()
    }

    /// The id that the next product gets.
    #[must_use]
    pub fn product_next(&self) -> ProductId {
        ProductId(self.product_last).next()
    }

    /// The category that one named `name` becomes.
    pub fn create_category(&self, name: CategoryName) -> Result<Category, CatalogueRejection> {
        self.name_is_free(&name, None)?;
        Ok(Category { id: self.category_next(), name })
    }

    /// The category `id` under another name.
    pub fn rename_category(&self, id: CategoryId, name: CategoryName) -> Result<Category, CatalogueRejection> {
        self.category_exists(id)?;
        self.name_is_free(&name, Some(id))?;
        Ok(Category { id, name })
    }

    /// Refuses to delete a category that is not there, or has products.
    pub fn delete_category(&self, id: CategoryId) -> Result<(), CatalogueRejection> {
        self.category_exists(id)?;
        let products = self.products.values().filter(|p| p.current.details.category == id).count();
        if products > 0 { Err(CatalogueRejection::CategoryInUse { category: id, products }) } else { Ok(()) }
    }

    /// The id of a product of which `details` are to be said.
    pub fn create_product(&self, details: &ProductDetails) -> Result<ProductId, CatalogueRejection> {
        self.category_exists(details.category)?;
        Ok(self.product_next())
    }

    /// What is said of the product `id` after `patch`.
    pub fn change_product(&self, id: ProductId, patch: ProductPatch) -> Result<ProductDetails, CatalogueRejection> {
        let current = self.product(id).ok_or(CatalogueRejection::ProductMissing(id))?;
        let details = patch.onto(&current.details);
        self.category_exists(details.category)?;
        Ok(details)
    }

    /// Refuses to delete a product that is not there, or that an order named.
    pub fn delete_product(&self, id: ProductId) -> Result<(), CatalogueRejection> {
        let entry = self.products.get(&id).ok_or(CatalogueRejection::ProductMissing(id))?;
        if entry.ordered { Err(CatalogueRejection::ProductInUse(id)) } else { Ok(()) }
    }

    /// The product as it will stand after `event`; none where `event` is not about one that stays.
    #[must_use]
    pub fn preview(&self, event: &CatalogueEvent) -> Option<Arc<Revision>> {
        match event {
            CatalogueEvent::ProductCreated(id, details) | CatalogueEvent::ProductChanged(id, details) => {
                let number = self.product(*id).map_or(1, |revision| revision.number + 1);
                Some(Arc::new(self.revision(*id, details.clone(), number)))
            }
            CatalogueEvent::CategoryCreated(_)
            | CatalogueEvent::CategoryRenamed(_)
            | CatalogueEvent::CategoryDeleted(_)
            | CatalogueEvent::ProductDeleted(_) => None,
        }
    }

    /// Takes over `event` and answers with the product revisions that it made.
    pub fn apply(&mut self, event: &CatalogueEvent) -> Vec<Arc<Revision>> {
        use CatalogueEvent as E;
        match event {
            E::CategoryCreated(category) => {
                self.category_last = self.category_last.max(category.id.0);
                self.names.insert(category.name.clone(), category.id);
                self.categories.insert(category.id, category.clone());
                Vec::new()
            }
            E::CategoryRenamed(category) => self.rename(category),
            E::CategoryDeleted(id) => {
                let gone = self.categories.remove(id).expect("a deleted category existed");
                self.names.remove(&gone.name);
                Vec::new()
            }
            E::ProductCreated(id, details) => {
                self.product_last = self.product_last.max(id.0);
                vec![self.revise(*id, details.clone(), 1)]
            }
            E::ProductChanged(id, details) => {
                let number = self.product(*id).expect("a changed product exists").number + 1;
                vec![self.revise(*id, details.clone(), number)]
            }
            E::ProductDeleted(id) => {
                self.products.remove(id).expect("a deleted product existed");
                Vec::new()
            }
        }
    }

    /// Remembers that an order names `product`, so that it can no longer be deleted.
    pub fn mark_ordered(&mut self, product: ProductId) {
        if let Some(entry) = self.products.get_mut(&product) {
            entry.ordered = true;
        }
    }

    fn rename(&mut self, category: &Category) -> Vec<Arc<Revision>> {
        let before = self.categories.insert(category.id, category.clone()).expect("a renamed category exists");
        self.names.remove(&before.name);
        self.names.insert(category.name.clone(), category.id);
        let mut inside: Vec<_> =
            self.products.values().map(|p| p.current.clone()).filter(|r| r.details.category == category.id).collect();
        inside.sort_by_key(|revision| revision.product);
        inside.into_iter().map(|r| self.revise(r.product, r.details.clone(), r.number + 1)).collect()
    }

    fn revise(&mut self, product: ProductId, details: ProductDetails, number: u32) -> Arc<Revision> {
        let current = Arc::new(self.revision(product, details, number));
        let ordered = self.is_ordered(product);
        self.products.insert(product, Entry { current: current.clone(), ordered });
        current
    }

    fn revision(&self, product: ProductId, details: ProductDetails, number: u32) -> Revision {
        let category_name = self.category(details.category).expect("a product stands in a category").name.clone();
        Revision { product, number, details, category_name }
    }

    fn category_exists(&self, id: CategoryId) -> Result<(), CatalogueRejection> {
        self.categories.contains_key(&id).then_some(()).ok_or(CatalogueRejection::CategoryMissing(id))
    }

    fn name_is_free(&self, name: &CategoryName, holder: Option<CategoryId>) -> Result<(), CatalogueRejection> {
        match self.names.get(name) {
            Some(id) if Some(*id) != holder => Err(CatalogueRejection::CategoryNameTaken(name.clone())),
            Some(_) | None => Ok(()),
        }
    }
}
