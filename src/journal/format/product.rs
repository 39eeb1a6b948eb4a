//! What is said of a product.

use bincode::{BorrowDecode, Encode};

use crate::domain::catalogue::ProductDetails;

use super::{FormatError, value};

/// The stored form of [`ProductDetails`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub struct ProductDetailsV1<'a> {
    name: &'a str,
    description: &'a str,
    price_minor: u64,
    expiry_day: Option<i32>,
    category: u64,
    archived: bool,
}

impl<'a> From<&'a ProductDetails> for ProductDetailsV1<'a> {
    fn from(details: &'a ProductDetails) -> Self {
        Self {
            name: details.name.as_str(),
            description: &details.description,
            price_minor: details.price.minor(),
            expiry_day: details.expiry_date.map(value::day_number),
            category: details.category.0,
            archived: details.archived,
        }
    }
}

impl ProductDetailsV1<'_> {
    /// The domain's value, checked.
    pub fn restore(self) -> Result<ProductDetails, FormatError> {
        Ok(ProductDetails {
            name: value::name("a product's name", self.name)?,
            description: self.description.into(),
            price: value::money("a price", self.price_minor)?,
            expiry_date: self.expiry_day.map(|days| value::date("an expiry date", days)).transpose()?,
            category: value::category_id(self.category)?,
            archived: self.archived,
        })
    }
}
