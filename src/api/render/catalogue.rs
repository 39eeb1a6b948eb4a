//! Categories and products.

use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use crate::domain::catalogue::{Category, Revision};
use crate::domain::money::Money;
use crate::view::Product;

/// A category.
#[derive(Debug, Serialize)]
pub(crate) struct CategoryBody<'a> {
    id: u64,
    name: &'a str,
}

/// A product at some moment: exactly what the contract says of it.
#[derive(Debug, Serialize)]
pub(super) struct DetailsBody<'a> {
    id: u64,
    name: &'a str,
    description: &'a str,
    price: Text<Money>,
    stock: u32,
    expiry_date: Option<Text<NaiveDate>>,
    category: CategoryBody<'a>,
}

/// A product as it stands.
#[derive(Debug, Serialize)]
pub(crate) struct ProductBody<'a> {
    id: u64,
    name: &'a str,
    description: &'a str,
    price: Text<Money>,
    stock: u32,
    expiry_date: Option<Text<NaiveDate>>,
    category: CategoryBody<'a>,
    archived: bool,
    on_hand: u32,
    reserved: u32,
}

/// Something that is written as it displays itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<T>(pub(crate) T);

impl<T: std::fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'a> From<&'a Category> for CategoryBody<'a> {
    fn from(category: &'a Category) -> Self {
        Self { id: category.id.0, name: category.name.as_str() }
    }
}

impl<'a> DetailsBody<'a> {
    /// `revision`, of which `stock` pieces are available.
    pub(super) fn new(revision: &'a Revision, stock: u32) -> Self {
        let details = &revision.details;
        Self {
            id: revision.product.0,
            name: details.name.as_str(),
            description: &details.description,
            price: Text(details.price),
            stock,
            expiry_date: details.expiry_date.map(Text),
            category: CategoryBody { id: details.category.0, name: revision.category_name.as_str() },
        }
    }
}

impl<'a> From<&'a Product> for ProductBody<'a> {
    fn from(product: &'a Product) -> Self {
        let balance = product.balance;
        let DetailsBody { id, name, description, price, stock, expiry_date, category } =
            DetailsBody::new(&product.revision, balance.available());
        let archived = product.revision.details.archived;
        let (on_hand, reserved) = (balance.on_hand, balance.reserved);
        Self { id, name, description, price, stock, expiry_date, category, archived, on_hand, reserved }
    }
}
