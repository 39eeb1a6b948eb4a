//! `GET products/<id>/movements/`.

use actix_web::http::StatusCode;

use crate::domain::ids::{ProductId, RowId};
use crate::domain::stock::Movement;
use crate::web::answer::Answer;
use crate::web::id::Path;
use crate::web::list::{Mark, Query, cut, leading_on};
use crate::web::parts;
use crate::web::request::ApiRequest;
use crate::wire::render::{self, MovementBody};

/// Lists the stock ledger of a product, newest first.
pub(crate) async fn movements(call: ApiRequest, Path(id): Path<ProductId>, query: Query) -> Answer {
    call.product(id)?;
    let limit = query.limit(&call.app)?;
    let mark = Mark::of("movements", id);
    let before = query.cursor(mark, RowId::parse)?;
    let engine = call.engine.clone();
    let mut rows = call.app.scan(move || engine.view().movements(id, before, limit + 1)).await??;
    let next = cut(&mut rows, limit, |(id, _)| mark.at(*id));
    let times = call.times();
    let write =
        move |(_, row): (RowId, Movement), part: &mut Vec<u8>| render::push(part, &MovementBody::new(&row, &times));
    Ok(leading_on(&call.http, parts::list(StatusCode::OK, rows, write), next))
}
