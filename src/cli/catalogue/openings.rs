//! From a catalogue file to what has to be created of it.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use unicode_normalization::UnicodeNormalization;

use super::error::Problems;
use super::{CatalogueError, CatalogueFile};
use crate::domain::catalogue::{Catalogue, ProductDetails};
use crate::domain::ids::{CategoryId, ProductId};
use crate::domain::inventory::Opening;

/// What brings `file` into `catalogue`: a category that it lacks is created where it is first named. A
/// product whose name is in its category already, there or in a row before, is a mistake unless duplicates are allowed.
pub(in crate::cli) fn openings(
    file: &CatalogueFile,
    catalogue: &Catalogue,
    allow_duplicates: bool,
) -> Result<Vec<Opening>, CatalogueError> {
    let mut known = Known::of(catalogue);
    let mut problems = Problems::none(&file.path);
    let mut openings = Vec::with_capacity(file.rows.len());
    let mut category_next = catalogue.category_next();
    for (row, place) in file.rows.iter().zip(&file.places) {
        let category = *known.categories.entry(alike(row.category.as_str())).or_insert_with(|| {
            let id = category_next;
            category_next = id.next();
            openings.push(Opening::Category(row.category.clone()));
            id
        });
        match known.products.entry((category, alike(row.name.as_str()))) {
            Entry::Occupied(before) if !allow_duplicates => problems.add_row(
                *place,
                format_args!(
                    "{:?} is in category {:?} already, {}; take the row out, or give --allow-duplicates to make another \
                     product of that name",
                    row.name.as_str(),
                    row.category.as_str(),
                    before.get()
                ),
            ),
            Entry::Occupied(_) => {}
            Entry::Vacant(free) => drop(free.insert(format!("by {place} of this file"))),
        }
        let details = ProductDetails {
            name: row.name.clone(),
            description: row.description.clone(),
            price: row.price,
            expiry_date: row.expiry_date,
            category,
            archived: false,
        };
        openings.push(Opening::Product(details, row.stock));
    }
    problems.or(openings)
}

/// The names that are taken, and by what.
struct Known {
    categories: HashMap<String, CategoryId>,
    products: HashMap<(CategoryId, String), String>,
}

impl Known {
    fn of(catalogue: &Catalogue) -> Self {
        let categories = catalogue.categories().map(|category| (alike(category.name.as_str()), category.id)).collect();
        let products = catalogue.products_from(ProductId(1)).map(|revision| {
            let name = alike(revision.details.name.as_str());
            ((revision.details.category, name), format!("as product {}", revision.product))
        });
        Self { categories, products: products.collect() }
    }
}

/// What texts that look the same have in common.
fn alike(text: &str) -> String {
    text.nfc().collect()
}
