//! `GET categories/<id>/`.

use super::super::answer::{Answer, ok};
use super::super::id::Path;
use super::super::request::ApiRequest;
use super::rendered;
use crate::domain::ids::CategoryId;

/// Shows a category.
pub(crate) async fn retrieve(call: ApiRequest, Path(id): Path<CategoryId>) -> Answer {
    Ok(ok(rendered(&call.category(id)?)))
}
