//! `PUT` and `PATCH products/<id>/`. What a body leaves out stays as it is, for PUT also: only name, price and category
//! must be given there. `stock` sets what is available; `expected`, and the `on_hand` and `reserved` of an answer that
//! is sent back, guard it against what happened since that was read.

use actix_web::http::StatusCode;

use super::{changed, input};
use crate::domain::ids::ProductId;
use crate::web::answer::Answer;
use crate::web::body::Body;
use crate::web::error;
use crate::web::id::Path;
use crate::web::request::ApiRequest;
use crate::wire::fields::Presence;

/// Replaces a product.
pub(crate) async fn put(call: ApiRequest, Path(id): Path<ProductId>, Body(body, _lease): Body) -> Answer {
    update(call, id, &body, Presence::Full).await
}

/// Changes what is given of a product.
pub(crate) async fn patch(call: ApiRequest, Path(id): Path<ProductId>, Body(body, _lease): Body) -> Answer {
    update(call, id, &body, Presence::Partial).await
}

async fn update(call: ApiRequest, id: ProductId, body: &[u8], presence: Presence) -> Answer {
    // What does not exist is told before what is wrong with the body.
    call.product(id)?;
    let request = call.conditional(call.plain())?;
    let input = call.read(body, |body| input::product(body, presence, call.view().products()))?;
    let stock = input.stock_edit();
    let edited = call.engine.change_product(request, id, input.patch(), stock).await.map_err(error::product)?;
    Ok(changed(StatusCode::OK, &edited.value, false))
}
