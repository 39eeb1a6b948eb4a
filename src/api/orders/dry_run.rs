//! `POST orders/?dry_run=true` and `POST orders/bulk/?dry_run=true`: what the real run would answer, and the outcome of
//! each row.

use std::sync::Arc;

use actix_web::http::StatusCode;
use bytes::Bytes;
use serde::Serialize;

use super::input::{self, BulkRows};
use super::rows::{self, Row};
use crate::domain::inventory::{PlaceReason, RowOutcome};
use crate::domain::order::{Line, Order};
use crate::web::Lease;
use crate::web::answer::Answer;
use crate::web::error;
use crate::web::parts::PART_BYTES;
use crate::web::request::ApiRequest;
use crate::wire::fields::{Ignored, Problem};
use crate::wire::render::{self, OrderBody, Times};

/// What would become of a row, in the words of an answer.
type Outcome = Result<Arc<Order>, Problem>;

/// What would become of a row: an order, or errors.
#[derive(Serialize)]
struct RowBody<'a> {
    row: usize,
    order: Option<OrderBody<'a>>,
    errors: Option<&'a Problem>,
}

/// Judges the rows of `body` and keeps nothing of it. Rows that cannot be read are no part of what the others are
/// judged by.
pub(super) async fn answer(call: &ApiRequest, body: Bytes, lease: Lease, large: bool) -> Answer {
    call.without_key()?;
    let (engine, app) = (call.engine.clone(), call.app.clone());
    let parse = move || {
        let ignored = Ignored::default();
        let rows = input::bulk_rows(ignored.of(&body), engine.view().products(), app.limits());
        (rows, ignored)
    };
    let (rows, ignored) = if large { call.app.convert(parse).await? } else { parse() };
    let noted = call.note(&ignored);
    let rows = rows?;
    noted?;
    judged(call, rows, error::bulk_row, lease, large).await
}

/// Judges the one order that `body` is.
pub(super) async fn single(call: &ApiRequest, body: &[u8]) -> Answer {
    call.without_key()?;
    let row = call.read(body, |body| input::order_row(body, call.view().products(), call.app.limits()))?;
    let (good, bad) = match row {
        Ok(row) => (vec![row], Vec::new()),
        Err(problem) => (Vec::new(), vec![(0, problem)]),
    };
    judged(call, BulkRows { count: 1, good, told: bad.len(), bad }, error::single_row, Lease::default(), false).await
}

async fn judged(
    call: &ApiRequest,
    BulkRows { count, good, bad, .. }: BulkRows,
    told: fn(PlaceReason, usize) -> Problem,
    lease: Lease,
    large: bool,
) -> Answer {
    let lines: Vec<usize> = good.iter().map(|row| row.lines.len()).collect();
    let judged = if good.is_empty() { Ok(Vec::new()) } else { call.engine.dry_run(call.plain().who, good).await };
    let judged = judged.map_err(|failure| error::bulk(failure, &error::Shape::of(&[])))?;
    let merge = move || merged(count, bad, judged, &lines, told);
    let rows: Vec<Outcome> = if large { call.app.convert(merge).await? } else { merge() };
    // What the real run would answer comes first.
    let is_whole = rows.iter().all(Result::is_ok);
    let frame = [if is_whole { r#"{"status":201,"rows":["# } else { r#"{"status":400,"rows":["# }, "]}"];
    Ok(rows::answer(StatusCode::OK, call.app.zone(), frame, rows, PART_BYTES, lease))
}

/// The outcomes of all rows in order: those that could be read, `judged`, between those that could not, `bad`.
fn merged(
    count: usize,
    bad: Vec<(usize, Problem)>,
    judged: Vec<RowOutcome>,
    lines: &[usize],
    told: fn(PlaceReason, usize) -> Problem,
) -> Vec<Outcome> {
    let mut bad = bad.into_iter().peekable();
    let mut judged = judged.into_iter().zip(lines);
    let row = |row: usize| match bad.next_if(|(index, _)| *index == row) {
        Some((_, problem)) => Some(Err(problem)),
        None => judged.next().map(|(outcome, lines)| outcome.map_err(|reason| told(reason, *lines))),
    };
    (0..count).map_while(row).collect()
}

impl Row for Outcome {
    fn order(&self) -> Option<&Order> {
        self.as_ref().ok().map(|order| &**order)
    }

    fn write(&self, place: usize, lines: &[Line], times: &Times, part: &mut Vec<u8>) {
        let order = self.order().map(|order| OrderBody::with_lines(order, None, times, lines));
        render::push(part, &RowBody { row: place, order, errors: self.as_ref().err() });
    }
}
