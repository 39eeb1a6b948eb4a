//! `DELETE categories/<id>/`.

use crate::domain::ids::CategoryId;
use crate::web::answer::{Answer, gone};
use crate::web::error;
use crate::web::id::Path;
use crate::web::request::ApiRequest;

/// Deletes a category that no product stands in.
pub(crate) async fn delete(call: ApiRequest, Path(id): Path<CategoryId>) -> Answer {
    call.engine.delete_category(call.plain(), id).await.map_err(error::category)?;
    Ok(gone())
}
