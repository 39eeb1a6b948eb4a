//! `POST orders/bulk/`, and `?dry_run=true`.

use actix_web::http::StatusCode;

use super::rows::{self, Shown};
use super::{dry_run, input};
use crate::web::answer::{Answer, json, marked};
use crate::web::body::BulkBody;
use crate::web::error::{self, Shape};
use crate::web::list::Query;
use crate::web::parts::PART_BYTES;
use crate::web::request::ApiRequest;
use crate::wire::fields::Ignored;

/// Reading a larger body than this would hold up the other connections of the thread.
const OFFLOADED_BYTES: usize = 1 << 20;

/// Places all orders of a list, or none; or says what would become of them. An empty list is no entry, and so no effect
/// that could be repeated.
pub(crate) async fn bulk(call: ApiRequest, query: Query, BulkBody(body, lease): BulkBody) -> Answer {
    let is_dry = query.flag("dry_run")? == Some(true);
    let request = call.keyed(&body)?;
    call.engine.expect_room(&request, is_dry).map_err(|busy| error::bulk(busy, &Shape::of(&[])))?;
    let large = body.len() > OFFLOADED_BYTES;
    if is_dry {
        return Box::pin(dry_run::answer(&call, body, lease, large)).await;
    }
    let (engine, app) = (call.engine.clone(), call.app.clone());
    let parse = move || {
        let ignored = Ignored::default();
        let rows = input::bulk(ignored.of(&body), engine.view().products(), app.limits());
        (rows, ignored)
    };
    let (rows, ignored) = if large {
        let read = call.app.convert(parse).await?;
        call.expect_right()?;
        read
    } else {
        parse()
    };
    let noted = call.note(&ignored);
    let rows = rows?;
    noted?;
    if rows.is_empty() {
        return Ok(json(StatusCode::CREATED, b"[]".to_vec()));
    }
    let shape = Shape::of(&rows);
    let placed = call.engine.place(request, rows).await.map_err(|failure| error::bulk(failure, &shape))?;
    let orders = placed.value.into_iter().map(|order| Shown { order, delay: None }).collect();
    // The orders are there until they are sent, and so is the room that their body took.
    // A repetition makes no orders, and may be sent by as many clients as like.
    let part_bytes = if placed.replayed { PART_BYTES } else { rows::PLACED_PART_BYTES };
    let answer = rows::list(StatusCode::CREATED, call.app.zone(), orders, part_bytes, lease);
    Ok(marked(answer, placed.replayed))
}
