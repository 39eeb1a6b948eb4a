//! The catalogue: products with their stock, and categories.

mod categories;
mod list;
mod product;
mod stock;

use serde::Serialize;

pub(super) use categories::{categories, create_category, delete_category, rename_category};
pub(super) use list::products;
pub(super) use product::{archive, blank, change, create, delete, edit};
pub(super) use stock::{adjust, product};

use super::page_request::PageRequest;
use crate::domain::ids::CategoryId;
use crate::view::Product;

/// Categories that a choice offers.
const CATEGORIES_MAX: usize = 1_000;

/// A product in a list.
#[derive(Debug, Serialize)]
pub(super) struct ProductRow<'a> {
    id: u64,
    name: &'a str,
    category: &'a str,
    price: String,
    on_hand: u32,
    reserved: u32,
    available: u32,
    archived: bool,
    low: bool,
    expiry: Option<String>,
}

impl<'a> ProductRow<'a> {
    /// A row for each of `products`.
    pub(super) fn all(products: &'a [Product], request: &PageRequest) -> Vec<Self> {
        products.iter().map(|product| Self::new(product, request.low_stock())).collect()
    }

    /// The row of `product`, which runs low with `low_stock` units or fewer.
    pub(super) fn new(product: &'a Product, low_stock: u32) -> Self {
        let (details, balance) = (&product.revision.details, product.balance);
        Self {
            id: product.revision.product.0,
            name: details.name.as_str(),
            category: product.revision.category_name.as_str(),
            price: details.price.to_string(),
            on_hand: balance.on_hand,
            reserved: balance.reserved,
            available: balance.available(),
            archived: details.archived,
            low: !details.archived && balance.available() <= low_stock,
            expiry: details.expiry_date.map(|day| day.to_string()),
        }
    }
}

/// Number and name of every category, for a choice.
fn choices(request: &PageRequest) -> minijinja::Value {
    let categories = request.view().products().categories(CategoryId(0), CATEGORIES_MAX);
    let choice = |category: crate::domain::catalogue::Category| {
        minijinja::context! { id => category.id.0, name => category.name.as_str() }
    };
    categories.into_iter().map(choice).collect::<Vec<_>>().into()
}
