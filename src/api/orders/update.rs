//! `PUT` and `PATCH orders/<id>/`: the contact fields, while the order is pending.

use super::super::answer::{Answer, ok};
use super::super::body::Body;
use super::super::call::Call;
use super::super::error;
use super::super::fields::Presence;
use super::super::id::Path;
use super::{input, rendered};
use crate::domain::ids::OrderId;
use crate::domain::order::ContactPatch;

/// Replaces the contact fields.
pub(crate) async fn put(call: Call, Path(id): Path<OrderId>, Body(body, _lease): Body) -> Answer {
    call.order(id)?;
    update(call, id, input::contact(&body, Presence::Full)?).await
}

/// Changes the contact fields that are given.
pub(crate) async fn patch(call: Call, Path(id): Path<OrderId>, Body(body, _lease): Body) -> Answer {
    call.order(id)?;
    update(call, id, input::contact(&body, Presence::Partial)?).await
}

async fn update(call: Call, id: OrderId, patch: ContactPatch) -> Answer {
    let edited = call.engine.edit_contact(call.plain(), id, patch).await.map_err(error::order)?;
    Ok(ok(rendered(&call, &edited.value)))
}
