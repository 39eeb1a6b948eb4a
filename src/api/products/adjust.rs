//! `POST products/<id>/adjust/`.

use actix_web::http::StatusCode;

use super::super::answer::Answer;
use super::super::body::Body;
use super::super::error;
use super::super::id::Path;
use super::super::request::ApiRequest;
use super::{changed, input};
use crate::domain::ids::ProductId;

/// Adjusts the stock of a product, which leaves a row in its ledger.
pub(crate) async fn adjust(call: ApiRequest, Path(id): Path<ProductId>, Body(body, _lease): Body) -> Answer {
    let request = call.conditional(call.keyed(&body)?)?;
    call.product(id)?;
    let adjustment = call.read(&body, |body| input::adjustment(body, id))?;
    let adjusted = call.engine.adjust(request, adjustment).await.map_err(error::product)?;
    Ok(changed(StatusCode::OK, &adjusted.value.0, adjusted.replayed))
}
