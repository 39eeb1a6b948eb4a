//! `DELETE products/<id>/`.

use crate::domain::ids::ProductId;
use crate::web::answer::{Answer, gone};
use crate::web::error;
use crate::web::id::Path;
use crate::web::request::ApiRequest;

/// Deletes a product that no order ever named.
pub(crate) async fn delete(call: ApiRequest, Path(id): Path<ProductId>) -> Answer {
    call.engine.delete_product(call.conditional(call.plain())?, id).await.map_err(error::product)?;
    Ok(gone())
}
