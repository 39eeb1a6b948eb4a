//! `GET products/<id>/`.

use super::rendered;
use crate::domain::ids::ProductId;
use crate::web::answer::{Answer, ok};
use crate::web::condition;
use crate::web::id::Path;
use crate::web::request::ApiRequest;

/// Shows a product.
pub(crate) async fn retrieve(call: ApiRequest, Path(id): Path<ProductId>) -> Answer {
    let product = call.product(id)?;
    Ok(condition::unless_known(&call.http, condition::of_product(&product), || ok(rendered(&product))))
}
