//! Categories and products.

use chrono::NaiveDate;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::words::MoneyText;
use crate::domain::catalogue::{Category, Revision};
use crate::domain::money::Money;
use crate::view::Product;

/// A category.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Category, example = json!({"id": 1, "name": "Electronics"}))]
pub(crate) struct CategoryBody<'a> {
    id: u64,
    name: &'a str,
}

/// A product at some moment: exactly what the contract says of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProductDetails)]
pub(super) struct DetailsBody<'a> {
    id: u64,
    name: &'a str,
    description: &'a str,
    #[schema(value_type = MoneyText)]
    price: Text<Money>,
    /// What is available.
    stock: u32,
    #[schema(value_type = Option<String>, format = "date", required)]
    expiry_date: Option<Text<NaiveDate>>,
    #[schema(value_type = CategoryBody)]
    category: CategoryBody<'a>,
}

/// A product as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product, example = json!({
    "id": 1, "name": "Phone", "description": "", "price": "299.99", "stock": 8, "expiry_date": null,
    "category": {"id": 1, "name": "Electronics"}, "archived": false, "on_hand": 10, "reserved": 2,
}))]
pub(crate) struct ProductBody<'a> {
    id: u64,
    name: &'a str,
    description: &'a str,
    #[schema(value_type = MoneyText)]
    price: Text<Money>,
    /// What is available.
    stock: u32,
    #[schema(value_type = Option<String>, format = "date", required)]
    expiry_date: Option<Text<NaiveDate>>,
    #[schema(value_type = CategoryBody)]
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
    /// `revision`, of which `stock` units are available.
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
