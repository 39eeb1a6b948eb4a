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

use actix_web::HttpResponse;

use crate::view::Product;
use crate::web::answer::replayable;
use crate::web::condition;
use crate::wire::render::{self, ProductBody};
use actix_web::http::StatusCode;

/// About how many bytes a product takes.
const PRODUCT_BYTES: usize = 320;

/// A product after a command on it.
fn changed(status: StatusCode, product: &Product, replayed: bool) -> HttpResponse {
    condition::tagged(replayable(status, rendered(product), replayed), condition::of_product(product))
}

fn rendered(product: &Product) -> Vec<u8> {
    render::json(&ProductBody::from(product), PRODUCT_BYTES)
}
