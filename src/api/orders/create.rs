//! `POST orders/`, and `?dry_run=true`.

use actix_web::http::StatusCode;

use super::{dry_run, input, rows};
use crate::web::answer::{Answer, marked};
use crate::web::body::Body;
use crate::web::condition;
use crate::web::error::{self, Error, Shape};
use crate::web::list::Query;
use crate::web::request::ApiRequest;

/// Places an order, or says what would become of it.
pub(crate) async fn create(call: ApiRequest, query: Query, Body(body, _lease): Body) -> Answer {
    let is_dry = query.flag("dry_run")? == Some(true);
    let shape;
    // The request is made and handed over in one expression: what has a name is kept while the answer is waited for.
    let placed = {
        let request = call.keyed(&body)?;
        call.engine.expect_room(&request, is_dry).map_err(|busy| error::single(busy, &Shape::of(&[])))?;
        if is_dry {
            // Boxed, so that a placement does not carry the room of a dry run through every layer.
            return Box::pin(dry_run::single(&call, &body)).await;
        }
        let row = call.read(&body, |body| input::order(body, call.view().products(), call.app.limits()))?;
        let rows = vec![row];
        shape = Shape::of(&rows);
        call.engine.place(request, rows)
    }
    .await
    .map_err(|failure| error::single(failure, &shape))?;
    let order = placed.value.first().ok_or_else(|| Error::fault("a placement of one row made no order"))?;
    // As it was placed, which is all that a repeated request may be told.
    let answer = marked(rows::one(StatusCode::CREATED, order, None, call.app.zone()), placed.replayed);
    Ok(condition::tagged(answer, condition::of_order(order, false)))
}
