//! `GET orders/<id>/history/`.

use actix_web::http::StatusCode;

use crate::domain::ids::OrderId;
use crate::web::answer::Answer;
use crate::web::id::Path;
use crate::web::parts;
use crate::web::request::ApiRequest;
use crate::wire::render::{self, StepBody};

/// Lists the transitions of an order, oldest first.
pub(crate) async fn history(call: ApiRequest, Path(id): Path<OrderId>) -> Answer {
    let order = call.order(id).await?;
    let times = call.times();
    let steps = (0..order.history.len()).collect();
    let write = move |at: usize, part: &mut Vec<u8>| render::push(part, &StepBody::new(&order.history[at], &times));
    Ok(parts::list(StatusCode::OK, steps, write))
}
