//! `GET orders/<id>/history/`.

use super::super::answer::{Answer, ok};
use super::super::call::Call;
use super::super::id::Path;
use super::super::render::{self, List, StepBody};
use crate::domain::ids::OrderId;

/// About how many bytes a step takes.
const STEP_BYTES: usize = 144;

/// Lists the transitions of an order, oldest first.
pub(crate) async fn history(call: Call, Path(id): Path<OrderId>) -> Answer {
    let order = call.order(id).await?;
    let times = call.times();
    let steps = List(|| order.history.iter().map(|step| StepBody::new(step, &times)));
    Ok(ok(render::json(&steps, order.history.len() * STEP_BYTES)))
}
