//! `DELETE orders/<id>/`.

use crate::domain::ids::OrderId;
use crate::web::answer::{Answer, gone};
use crate::web::error;
use crate::web::id::Path;
use crate::web::request::ApiRequest;

/// Takes an ended order out of the lists; it stays readable by its id.
pub(crate) async fn delete(call: ApiRequest, Path(id): Path<OrderId>) -> Answer {
    call.engine.archive(call.conditional(call.plain())?, id).await.map_err(error::order)?;
    Ok(gone())
}
