//! `PUT` and `PATCH orders/<id>/`: the contact fields, while the order is pending.

use super::super::answer::Answer;
use super::super::body::Body;
use super::super::error;
use super::super::fields::Presence;
use super::super::id::Path;
use super::super::request::ApiRequest;
use super::{changed, input};
use crate::domain::ids::OrderId;

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
