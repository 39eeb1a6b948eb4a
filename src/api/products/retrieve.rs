//! `GET products/<id>/`.

use super::super::answer::{Answer, ok};
use super::super::condition;
use super::super::id::Path;
use super::super::request::ApiRequest;
use super::rendered;
use crate::domain::ids::ProductId;

/// Shows a product.
pub(crate) async fn retrieve(call: ApiRequest, Path(id): Path<ProductId>) -> Answer {
    let product = call.product(id)?;
    Ok(condition::unless_known(&call.http, condition::of_product(&product), || ok(rendered(&product))))
}
