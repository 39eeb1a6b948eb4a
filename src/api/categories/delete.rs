//! `DELETE categories/<id>/`.

use super::super::answer::{Answer, gone};
use super::super::call::Call;
use super::super::error;
use super::super::id::Path;
use crate::domain::ids::CategoryId;

/// Deletes a category that no product stands in.
pub(crate) async fn delete(call: Call, Path(id): Path<CategoryId>) -> Answer {
    call.engine.delete_category(call.plain(), id).await.map_err(error::category)?;
    Ok(gone())
}
