//! `DELETE orders/<id>/`.

use super::super::answer::{Answer, gone};
use super::super::error;
use super::super::id::Path;
use super::super::request::ApiRequest;
use crate::domain::ids::OrderId;

/// Takes an ended order out of the lists; it stays readable by its id.
pub(crate) async fn delete(call: ApiRequest, Path(id): Path<OrderId>) -> Answer {
    call.engine.archive(call.conditional(call.plain())?, id).await.map_err(error::order)?;
    Ok(gone())
}
