//! `POST orders/<id>/cancel/`.

use super::super::answer::Answer;
use super::super::body::Body;
use super::super::error;
use super::super::id::Path;
use super::super::request::ApiRequest;
use super::{changed, input};
use crate::domain::ids::OrderId;

/// Cancels an order, which gives its stock back.
pub(crate) async fn cancel(call: ApiRequest, Path(id): Path<OrderId>, Body(body, _lease): Body) -> Answer {
    let request = call.conditional(call.keyed(&body)?)?;
    call.order(id).await?;
    let reason = call.read(&body, |body| input::cancel(body))?;
    let cancelled = call.engine.cancel(request, id, reason).await.map_err(error::order)?;
    Ok(changed(&call, &cancelled.value, cancelled.replayed))
}
