//! `orders/`.

mod bulk;
mod cancel;
mod create;
mod cursor;
mod delayed;
mod delete;
mod dry_run;
mod filter;
mod history;
pub(crate) mod input;
mod list;
mod retrieve;
mod timeline;
mod transition;
mod update;

pub(super) use bulk::bulk;
pub(super) use cancel::cancel;
pub(super) use create::create;
pub(super) use delayed::delayed;
pub(super) use delete::delete;
pub(crate) use filter::{filter, terms};
pub(super) use history::history;
pub(super) use list::list;
pub(super) use retrieve::retrieve;
pub(super) use timeline::timeline;
pub(super) use transition::transition;
pub(super) use update::{patch, put};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use self::cursor::Cursor;
use super::answer::{ok, replayable};
use super::call::Call;
use super::condition;
use super::error::Error;
use super::list::page;
use super::render::{self, List, OrderBody, Times, WHOLE_ORDER_BYTES};
use crate::domain::order::Order;
use crate::view::{OrderQuery, View};

/// An order, with its delay if it is flagged, unless the caller has it already.
fn shown(call: &Call, order: &Order) -> HttpResponse {
    let delay = call.view().delay(order.id);
    let render = || ok(render::json(&OrderBody::new(order, delay, &call.times()), WHOLE_ORDER_BYTES));
    condition::unless_known(&call.http, condition::of_order(order, delay.is_some()), render)
}

/// An order after a command on it.
fn changed(call: &Call, order: &Order, replayed: bool) -> HttpResponse {
    let delay = call.view().delay(order.id);
    let out = render::json(&OrderBody::new(order, delay, &call.times()), WHOLE_ORDER_BYTES);
    let answer = replayable(StatusCode::OK, out, replayed);
    condition::tagged(answer, condition::of_order(order, delay.is_some()))
}

/// The page that `query` asks for.
async fn listed(call: &Call, query: OrderQuery) -> Result<HttpResponse, Error> {
    let zone = call.gate.zone();
    let work = move |view: &View| {
        let page = view.orders(&query)?;
        let last = page.items.last().filter(|_| page.more);
        let next = last.map(|order| Cursor(query.sort, query.sort.place(order)));
        let times = Times::new(zone);
        let rows = List(|| page.items.iter().map(|order| OrderBody::new(order, view.delay(order.id), &times)));
        Ok::<_, Error>((render::json(&rows, page.items.len() * WHOLE_ORDER_BYTES), next))
    };
    let engine = call.engine.clone();
    let (out, next) = call.gate.scan(move || work(engine.view())).await??;
    Ok(page(&call.http, out, next))
}
