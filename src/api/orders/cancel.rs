//! `POST orders/<id>/cancel/`.

use actix_web::http::StatusCode;

use super::super::answer::{Answer, replayable};
use super::super::body::Body;
use super::super::call::Call;
use super::super::error;
use super::super::id::Path;
use super::{input, rendered};
use crate::domain::ids::OrderId;

/// Cancels an order, which gives its stock back.
pub(crate) async fn cancel(call: Call, Path(id): Path<OrderId>, Body(body, _lease): Body) -> Answer {
    let request = call.keyed(&body)?;
    call.order(id)?;
    let reason = input::cancel(&body)?;
    let cancelled = call.engine.cancel(request, id, reason).await.map_err(error::order)?;
    Ok(replayable(StatusCode::OK, rendered(&call, &cancelled.value), cancelled.replayed))
}
