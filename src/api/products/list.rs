//! `GET products/`.

use super::super::answer::Answer;
use super::super::call::Call;
use super::super::list::{Query, more, page};
use super::super::render::{self, List, ProductBody};
use super::PRODUCT_BYTES;
use crate::domain::ids::ProductId;

/// Lists products, archived ones included, by id.
pub(crate) async fn list(call: Call, query: Query) -> Answer {
    let limit = query.limit(&call.gate)?;
    let after = ProductId(query.cursor_id()?.unwrap_or(0));
    let mut products = call.view().products().page(after, limit + 1);
    let more = more(&mut products, limit);
    let next = products.last().filter(|_| more).map(|product| product.revision.product);
    let rows = List(|| products.iter().map(ProductBody::from));
    let out = render::json(&rows, products.len() * PRODUCT_BYTES);
    Ok(page(&call.http, out, next))
}
