//! The delayed board: orders that outstayed their stage, by stage, longest first, with what to do about each.

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::orders::{OrderRow, verb};
use super::page_request::{Answer, PageRequest};
use crate::domain::order::{Stage, Status};

/// Orders of each stage.
const ROWS: usize = 30;

/// `GET delayed/`.
pub(super) async fn board(request: PageRequest) -> Answer {
    let view = request.view();
    let mut total = 0;
    let stages = Stage::ALL.map(|stage| {
        let (orders, count) = view.delayed_in(stage, ROWS);
        total += count;
        let rows: Vec<_> = orders.iter().map(|order| OrderRow::new(order, view.delay(order.id))).collect();
        let allowed = request.console.0.policy.0[stage].stale_after.as_micros();
        let status = stage.status();
        context! {
            status => status.as_str(),
            label => status.label(),
            count,
            orders => Serde(&rows),
            allowed => i64::try_from(allowed).ok(),
            verb => status.next_by_timer().map(verb),
            next => status.next_by_timer().map(Status::as_str),
        }
    });
    let context = context! {
        stages => Value::from(stages.to_vec()),
        total,
        note => request.text("note"),
        order => request.text("order").parse::<u64>().ok(),
    };
    request.page("delayed.html", context)
}
