//! `PUT` and `PATCH products/<id>/`. What a body leaves out stays as it is, for PUT also: only name, price and category
//! must be given there.

use super::super::answer::{Answer, ok};
use super::super::body::Body;
use super::super::call::Call;
use super::super::error;
use super::super::fields::Presence;
use super::super::id::Path;
use super::input;
use super::rendered;
use crate::domain::ids::ProductId;

/// Replaces a product.
pub(crate) async fn put(call: Call, Path(id): Path<ProductId>, Body(body, _lease): Body) -> Answer {
    update(call, id, &body, Presence::Full).await
}

/// Changes what is given of a product.
pub(crate) async fn patch(call: Call, Path(id): Path<ProductId>, Body(body, _lease): Body) -> Answer {
    update(call, id, &body, Presence::Partial).await
}

async fn update(call: Call, id: ProductId, body: &[u8], presence: Presence) -> Answer {
    // What does not exist is told before what is wrong with the body.
    call.product(id)?;
    let input = input::product(body, presence, call.view().products())?;
    let available = input.stock;
    let changed = call.engine.change_product(call.plain(), id, input.patch(), available).await;
    Ok(ok(rendered(&changed.map_err(error::product)?.value)))
}
