//! `POST orders/<id>/transition/`.

use super::{changed, input};
use crate::domain::ids::OrderId;
use crate::web::answer::Answer;
use crate::web::body::Body;
use crate::web::error;
use crate::web::id::Path;
use crate::web::request::ApiRequest;

/// Moves an order to another status.
pub(crate) async fn transition(call: ApiRequest, Path(id): Path<OrderId>, Body(body, _lease): Body) -> Answer {
    let request = call.conditional(call.keyed(&body)?)?;
    call.order(id).await?;
    let (to, reason) = call.read(&body, |body| input::transition(body))?;
    let moved = call.engine.transition(request, id, to, reason).await.map_err(error::order)?;
    Ok(changed(&call, &moved.value, moved.replayed))
}
