//! `POST orders/<id>/cancel/`.

use super::{changed, input};
use crate::domain::ids::OrderId;
use crate::web::answer::Answer;
use crate::web::body::Body;
use crate::web::error;
use crate::web::id::Path;
use crate::web::request::ApiRequest;

/// Cancels an order, which gives its stock back.
pub(crate) async fn cancel(call: ApiRequest, Path(id): Path<OrderId>, Body(body, _lease): Body) -> Answer {
    let request = call.conditional(call.keyed(&body)?)?;
    call.order(id).await?;
    let reason = call.read(&body, |body| input::cancel(body))?;
    let cancelled = call.engine.cancel(request, id, reason).await.map_err(error::order)?;
    Ok(changed(&call, &cancelled.value, cancelled.replayed))
}
