//! `DELETE orders/<id>/`.

use super::super::answer::{Answer, gone};
use super::super::call::Call;
use super::super::error;
use super::super::id::Path;
use crate::domain::ids::OrderId;

/// Takes an ended order out of the lists; it stays readable by its id.
pub(crate) async fn delete(call: Call, Path(id): Path<OrderId>) -> Answer {
    call.engine.archive(call.conditional(call.plain())?, id).await.map_err(error::order)?;
    Ok(gone())
}
