//! `POST orders/<id>/transition/`.

use actix_web::http::StatusCode;

use super::super::answer::{Answer, replayable};
use super::super::body::Body;
use super::super::call::Call;
use super::super::error;
use super::super::id::Path;
use super::{input, rendered};
use crate::domain::ids::OrderId;

/// Moves an order to another status.
pub(crate) async fn transition(call: Call, Path(id): Path<OrderId>, Body(body, _lease): Body) -> Answer {
    let request = call.keyed(&body)?;
    call.order(id)?;
    let (to, reason) = input::transition(&body)?;
    let moved = call.engine.transition(request, id, to, reason).await.map_err(error::order)?;
    Ok(replayable(StatusCode::OK, rendered(&call, &moved.value), moved.replayed))
}
