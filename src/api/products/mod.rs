//! `products/`.

mod adjust;
mod create;
mod delete;
pub(crate) mod input;
mod list;
mod movements;
mod retrieve;
mod update;

pub(super) use adjust::adjust;
pub(super) use create::create;
pub(super) use delete::delete;
pub(super) use list::list;
pub(super) use movements::movements;
pub(super) use retrieve::retrieve;
pub(super) use update::{patch, put};

use super::render::{self, ProductBody};
use crate::view::Product;

/// About how many bytes a product takes.
const PRODUCT_BYTES: usize = 320;

fn rendered(product: &Product) -> Vec<u8> {
    render::json(&ProductBody::from(product), PRODUCT_BYTES)
}
