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
mod rows;
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

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use self::cursor::{Written, after, mark};
use self::rows::Shown;
use crate::domain::order::Order;
use crate::view::{OrderQuery, View};
use crate::web::answer::marked;
use crate::web::condition;
use crate::web::error::Error;
use crate::web::list::{Query, leading_on};
use crate::web::parts::PART_BYTES;
use crate::web::request::ApiRequest;

/// An order, with its delay if it is flagged, unless the caller has it already.
fn shown(call: &ApiRequest, order: &Arc<Order>) -> HttpResponse {
    let delay = call.view().delay(order.id);
    let render = || rows::one(StatusCode::OK, order, delay, call.app.zone());
    condition::unless_known(&call.http, condition::of_order(order, delay.is_some()), render)
}

/// An order after a command on it.
fn changed(call: &ApiRequest, order: &Arc<Order>, replayed: bool) -> HttpResponse {
    let delay = call.view().delay(order.id);
    let answer = marked(rows::one(StatusCode::OK, order, delay, call.app.zone()), replayed);
    condition::tagged(answer, condition::of_order(order, delay.is_some()))
}

/// A page of a list ends with the order that makes it longer than this, in bytes: orders that were read back from the
/// disk are held until they are sent.
const PAGE_BYTES: usize = 4 << 20;

/// The page of `orders` after the cursor of `query`, or the beginning of it.
async fn listed(call: &ApiRequest, query: &Query, mut orders: OrderQuery) -> Result<HttpResponse, Error> {
    let (mark, sort) = (mark(&orders), orders.sort);
    orders.after = after(query, mark, sort, call.view())?;
    let work = move |view: &View| {
        let mut page = view.orders(&orders)?;
        let mut bytes = 0;
        let fits = page.items.iter().position(|order| {
            bytes += rows::weight(order);
            bytes > PAGE_BYTES
        });
        if let Some(last) = fits {
            page.more |= last + 1 < page.items.len();
            page.items.truncate(last + 1);
        }
        let last = page.items.last().filter(|_| page.more);
        let next = last.map(|order| mark.at(Written(sort.place(order))));
        let shown = |order: Arc<Order>| Shown { delay: view.delay(order.id), order };
        Ok::<_, Error>((page.items.into_iter().map(shown).collect(), next))
    };
    let engine = call.engine.clone();
    let (orders, next) = call.app.scan(move || work(engine.view())).await??;
    Ok(leading_on(&call.http, rows::list(StatusCode::OK, call.app.zone(), orders, PART_BYTES, ()), next))
}
