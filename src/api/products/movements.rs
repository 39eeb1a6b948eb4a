//! `GET products/<id>/movements/`.

use super::super::answer::Answer;
use super::super::call::Call;
use super::super::id::Path;
use super::super::list::{Query, cut, page};
use super::super::render::{self, List, MovementBody};
use crate::domain::ids::{ProductId, RowId};

/// About how many bytes a movement takes.
const MOVEMENT_BYTES: usize = 224;

/// Lists the stock ledger of a product, newest first.
pub(crate) async fn movements(call: Call, Path(id): Path<ProductId>, query: Query) -> Answer {
    call.product(id)?;
    let limit = query.limit(&call.gate)?;
    let before = query.cursor(RowId::parse)?;
    let engine = call.engine.clone();
    let mut rows = call.gate.scan(move || engine.view().movements(id, before, limit + 1)).await??;
    let next = cut(&mut rows, limit, |(id, _)| *id);
    let times = call.times();
    let listed = List(|| rows.iter().map(|(_, row)| MovementBody::new(row, &times)));
    let out = render::json(&listed, rows.len() * MOVEMENT_BYTES);
    Ok(page(&call.http, out, next))
}
