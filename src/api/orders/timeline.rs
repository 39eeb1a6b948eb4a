//! `GET orders/<id>/timeline/`.

use super::super::answer::{Answer, ok};
use super::super::call::Call;
use super::super::id::Path;
use super::super::render::{self, HappeningBody, List};
use crate::domain::ids::OrderId;
use crate::domain::order::timeline as all_of;

/// About how many bytes a row takes.
const ROW_BYTES: usize = 176;

/// Lists everything that happened to an order, oldest first.
pub(crate) async fn timeline(call: Call, Path(id): Path<OrderId>) -> Answer {
    let order = call.order(id).await?;
    let times = call.times();
    let rows = List(|| {
        let numbered = (1..).zip(all_of(&order.history));
        numbered.map(|(sequence, happening)| HappeningBody::new(sequence, happening, &times))
    });
    Ok(ok(render::json(&rows, order.history.len() * ROW_BYTES)))
}
