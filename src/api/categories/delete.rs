//! `DELETE categories/<id>/`.

use super::super::answer::{Answer, gone};
use super::super::error;
use super::super::id::Path;
use super::super::request::ApiRequest;
use crate::domain::ids::CategoryId;

/// Deletes a category that no product stands in.
pub(crate) async fn delete(call: ApiRequest, Path(id): Path<CategoryId>) -> Answer {
    call.engine.delete_category(call.plain(), id).await.map_err(error::category)?;
    Ok(gone())
}
