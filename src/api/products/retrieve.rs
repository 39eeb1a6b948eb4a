//! `GET products/<id>/`.

use super::super::answer::{Answer, ok};
use super::super::call::Call;
use super::super::id::Path;
use super::rendered;
use crate::domain::ids::ProductId;

/// Shows a product.
pub(crate) async fn retrieve(call: Call, Path(id): Path<ProductId>) -> Answer {
    Ok(ok(rendered(&call.product(id)?)))
}
