//! `DELETE products/<id>/`.

use super::super::answer::{Answer, gone};
use super::super::error;
use super::super::id::Path;
use super::super::request::ApiRequest;
use crate::domain::ids::ProductId;

/// Deletes a product that no order ever named.
pub(crate) async fn delete(call: ApiRequest, Path(id): Path<ProductId>) -> Answer {
    call.engine.delete_product(call.conditional(call.plain())?, id).await.map_err(error::product)?;
    Ok(gone())
}
