//! `POST orders/<id>/transition/`.

use super::super::answer::Answer;
use super::super::body::Body;
use super::super::error;
use super::super::id::Path;
use super::super::request::ApiRequest;
use super::{changed, input};
use crate::domain::ids::OrderId;

/// Moves an order to another status.
pub(crate) async fn transition(call: ApiRequest, Path(id): Path<OrderId>, Body(body, _lease): Body) -> Answer {
    let request = call.conditional(call.keyed(&body)?)?;
    call.order(id).await?;
    let (to, reason) = call.read(&body, |body| input::transition(body))?;
    let moved = call.engine.transition(request, id, to, reason).await.map_err(error::order)?;
    Ok(changed(&call, &moved.value, moved.replayed))
}
