//! The checks that single stored values pass on their way back into the domain.

use chrono::{Datelike, NaiveDate};

use crate::domain::ids::{CategoryId, OrderId, ProductId};
use crate::domain::money::Money;
use crate::domain::order::Status;
use crate::domain::text::Name;

use super::FormatError;

pub(super) fn order_id(id: u64) -> Result<OrderId, FormatError> {
    counted("an order id", id).map(OrderId)
}

pub(super) fn product_id(id: u64) -> Result<ProductId, FormatError> {
    counted("a product id", id).map(ProductId)
}

pub(super) fn category_id(id: u64) -> Result<CategoryId, FormatError> {
    counted("a category id", id).map(CategoryId)
}

/// A number that counts from 1.
pub(super) fn counted<N: Default + PartialEq + TryInto<i64>>(field: &'static str, n: N) -> Result<N, FormatError> {
    if n == N::default() { Err(FormatError::number(field, n)) } else { Ok(n) }
}

pub(super) fn money(field: &'static str, minor: u64) -> Result<Money, FormatError> {
    Money::from_minor(minor).ok_or_else(|| FormatError::number(field, minor))
}

pub(super) fn status(code: u8) -> Result<Status, FormatError> {
    Status::from_code(code).ok_or_else(|| FormatError::number("a status", code))
}

pub(super) fn name<const MAX: usize>(field: &'static str, text: &str) -> Result<Name<MAX>, FormatError> {
    let name = Name::parse(text).map_err(|error| FormatError::Text { field, error })?;
    if name.as_str().len() == text.len() { Ok(name) } else { Err(FormatError::NotTrimmed { field }) }
}

/// A calendar day as it is stored: days since the last day before year 1.
pub(super) fn day_number(date: NaiveDate) -> i32 {
    date.num_days_from_ce()
}

pub(super) fn date(field: &'static str, days: i32) -> Result<NaiveDate, FormatError> {
    NaiveDate::from_num_days_from_ce_opt(days).ok_or_else(|| FormatError::number(field, days))
}
