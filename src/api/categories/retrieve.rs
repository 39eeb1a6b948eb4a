//! `GET categories/<id>/`.

use super::super::answer::{Answer, ok};
use super::super::call::Call;
use super::super::id::Path;
use super::rendered;
use crate::domain::ids::CategoryId;

/// Shows a category.
pub(crate) async fn retrieve(call: Call, Path(id): Path<CategoryId>) -> Answer {
    Ok(ok(rendered(&call.category(id)?)))
}
