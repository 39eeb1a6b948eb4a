//! `GET categories/<id>/`.

use super::rendered;
use crate::domain::ids::CategoryId;
use crate::web::answer::{Answer, ok};
use crate::web::id::Path;
use crate::web::request::ApiRequest;

/// Shows a category.
pub(crate) async fn retrieve(call: ApiRequest, Path(id): Path<CategoryId>) -> Answer {
    Ok(ok(rendered(&call.category(id)?)))
}
