//! `POST products/<id>/adjust/`.

use actix_web::http::StatusCode;

use super::{changed, input};
use crate::domain::ids::ProductId;
use crate::web::answer::Answer;
use crate::web::body::Body;
use crate::web::error;
use crate::web::id::Path;
use crate::web::request::ApiRequest;

/// Adjusts the stock of a product, which leaves a row in its ledger.
pub(crate) async fn adjust(call: ApiRequest, Path(id): Path<ProductId>, Body(body, _lease): Body) -> Answer {
    let request = call.conditional(call.keyed(&body)?)?;
    call.product(id)?;
    let adjustment = call.read(&body, |body| input::adjustment(body, id))?;
    let adjusted = call.engine.adjust(request, adjustment).await.map_err(error::product)?;
    Ok(changed(StatusCode::OK, &adjusted.value.0, adjusted.replayed))
}
