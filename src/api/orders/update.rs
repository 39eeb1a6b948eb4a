//! `PUT` and `PATCH orders/<id>/`: the contact fields, while the order is pending.

use super::{changed, input};
use crate::domain::ids::OrderId;
use crate::web::answer::Answer;
use crate::web::body::Body;
use crate::web::error;
use crate::web::id::Path;
use crate::web::request::ApiRequest;
use crate::wire::fields::Presence;

/// Replaces the contact fields.
pub(crate) async fn put(call: ApiRequest, Path(id): Path<OrderId>, Body(body, _lease): Body) -> Answer {
    update(call, id, &body, Presence::Full).await
}

/// Changes the contact fields that are given.
pub(crate) async fn patch(call: ApiRequest, Path(id): Path<OrderId>, Body(body, _lease): Body) -> Answer {
    update(call, id, &body, Presence::Partial).await
}

async fn update(call: ApiRequest, id: OrderId, body: &[u8], presence: Presence) -> Answer {
    // What does not exist is told before what is wrong with the body.
    let order = call.order(id).await?;
    let request = call.conditional(call.plain())?;
    let patch = call.read(body, |body| input::contact(body, presence, &order.lines))?;
    let edited = call.engine.edit_contact(request, id, patch).await.map_err(error::order)?;
    Ok(changed(&call, &edited.value, false))
}
