//! Acting on many orders: first what would happen to each, then what did. Both are at an address of their own, so that
//! loading them again changes nothing.

use std::sync::Arc;

use actix_web::http::StatusCode;
use hashbrown::HashSet;
use minijinja::value::Serde;
use minijinja::{Value, context};
use parking_lot::Mutex;
use serde::Serialize;

use super::super::form::{Form, bytes};
use super::super::page_error::PageError;
use super::super::page_request::{Answer, PageRequest, UNREADABLE, see_other};
use super::super::results;
use super::super::words;
use super::verb;
use crate::access::Right;
use crate::api::orders::input;
use crate::domain::expected::{Expected, Seen};
use crate::domain::ids::OrderId;
use crate::domain::order::{Order, OrderCommand, Status};
use crate::web::error;

/// Orders in one action: those of a page, and those that its continuations added.
const ORDERS_MAX: usize = 1_000;
/// What is said when an order became another after it was shown.
const CHANGED: &str = "It changed after it was shown, and nothing was done to it. Look at it, then choose it again.";
/// About what is kept of an order, in bytes.
const ORDER_BYTES: usize = 512;

/// What becomes, or became, of one order.
#[derive(Clone, Serialize)]
struct Outcome {
    id: u64,
    /// Which state of it this is about; 0 where there is none.
    version: u32,
    customer: String,
    status: &'static str,
    label: &'static str,
    ok: bool,
    text: String,
}

/// Orders that somebody chose, where they are to go, and what became of that.
pub(crate) struct Bulk {
    ids: Vec<OrderId>,
    to: Status,
    /// As it was typed.
    reason: String,
    run: Mutex<Option<Run>>,
}

/// How far it came.
#[derive(Clone, Default)]
struct Run {
    outcomes: Vec<Outcome>,
    wanted: usize,
    is_over: bool,
}

/// What the form asks for.
struct Wanted {
    orders: Vec<Chosen>,
    to: Status,
    reason: Option<Box<str>>,
}

/// An order, and the version of it that somebody saw, where the form says so: `17`, or `17:3`.
#[derive(Clone, Copy)]
struct Chosen {
    id: OrderId,
    version: Option<u32>,
}

impl Chosen {
    fn parse(text: &str) -> Option<Self> {
        let (id, version) = text.split_once(':').map_or((text, None), |(id, version)| (id, Some(version)));
        let version = version.map(str::parse).transpose().ok()?;
        Some(Self { id: OrderId(id.parse().ok()?), version })
    }
}

impl Wanted {
    fn of(form: &Form) -> Result<Self, PageError> {
        let chosen: Option<Vec<_>> = form.all("id").map(Chosen::parse).collect();
        let mut orders = chosen.ok_or_else(|| PageError::bad_request(UNREADABLE))?;
        // An order is changed once, however often it was ticked.
        let mut seen = HashSet::new();
        orders.retain(|order| seen.insert(order.id));
        if orders.is_empty() {
            return Err(PageError::bad_request("No order was chosen. Go back and tick the orders first."));
        }
        if orders.len() > ORDERS_MAX {
            return Err(PageError::bad_request(format!("At most {ORDERS_MAX} orders can be changed at once.")));
        }
        let body = bytes(&form.body(&["to", "reason"]));
        let (to, reason) = input::transition(&body).map_err(PageError::from)?;
        Ok(Self { orders, to, reason })
    }

    fn ids(&self) -> Vec<OrderId> {
        self.orders.iter().map(|order| order.id).collect()
    }

    /// The orders as they were seen. What is carried out comes from a page that showed each of them.
    fn seen(&self) -> Result<Vec<(OrderId, Seen)>, PageError> {
        let seen = self.orders.iter().map(|order| Some((order.id, Seen::Order(order.version?))));
        seen.collect::<Option<_>>().ok_or_else(|| PageError::bad_request(UNREADABLE))
    }
}

/// `POST orders/bulk/`: leads to what would happen; with `run` it happens, and leads to what did. A form that is sent
/// again with the same `key` finds that done.
pub(crate) async fn bulk(request: PageRequest, form: Form) -> Answer {
    let wanted = Wanted::of(&form)?;
    let results = &request.console.0.results;
    let keep = |wanted: &Wanted| {
        let (ids, to, reason) = (wanted.ids(), wanted.to, form.get("reason").to_owned());
        let bulk = Arc::new(Bulk { ids, to, reason, run: Mutex::new(None) });
        let weight = 1_024 + wanted.orders.len() * ORDER_BYTES;
        (results.keep(&request.caller.who, results::Outcome::Bulk(bulk.clone()), weight), bulk)
    };
    if form.get("run").is_empty() {
        return request.go(&address(&keep(&wanted).0));
    }
    let key = form.get("key");
    if wanted.to == Status::Cancelled && wanted.reason.is_none() {
        // What was not taken is answered at once, and nothing is kept of it.
        let bulk = Bulk { ids: wanted.ids(), to: wanted.to, reason: String::new(), run: Mutex::new(None) };
        return preview(&request, &bulk, key, StatusCode::BAD_REQUEST).await;
    }
    let seen = wanted.seen()?;
    let found = results.bulk(key, &request.caller.who).filter(|bulk| bulk.to == wanted.to);
    let (key, bulk) = found.map_or_else(|| keep(&wanted), |bulk| (key.to_owned(), bulk));
    let who = request.caller.who.clone();
    if bulk.begin(seen.len()) {
        // It goes on when the browser goes away: whoever comes back reads how it ended.
        let going = actix_web::rt::spawn(async move { bulk.go(&request, seen, wanted.reason).await });
        if let Err(error) = going.await {
            tracing::error!(%error, %who, "changing many orders ended early");
        }
    }
    see_other(&address(&key))
}

/// Where the page of `key` is.
fn address(key: &str) -> String {
    format!("/admin/orders/bulk/{key}/")
}

/// `GET orders/bulk/<key>/`: what would happen as things are now, or what did.
pub(crate) async fn bulk_shown(request: PageRequest) -> Answer {
    let key = request.http.match_info().get("key").unwrap_or_default().to_owned();
    let gone = "This page is not kept any more. What was changed is changed; the orders say how they are now.";
    let bulk = request.console.0.results.bulk(&key, &request.caller.who);
    let bulk = bulk.ok_or_else(|| PageError::new(StatusCode::NOT_FOUND, gone))?;
    let run = bulk.run.lock().clone();
    match run {
        None => preview(&request, &bulk, &key, StatusCode::OK).await,
        Some(run) => page(&request, &bulk, &key, &run.outcomes, StatusCode::OK, Some(&run)),
    }
}

/// What stands on the page before anything is changed.
async fn preview(request: &PageRequest, bulk: &Bulk, key: &str, status: StatusCode) -> Answer {
    let mut outcomes = Vec::with_capacity(bulk.ids.len());
    for id in &bulk.ids {
        outcomes.push(look(request, *id, bulk.to).await?);
    }
    page(request, bulk, key, &outcomes, status, None)
}

fn page(
    request: &PageRequest,
    bulk: &Bulk,
    key: &str,
    outcomes: &[Outcome],
    status: StatusCode,
    run: Option<&Run>,
) -> Answer {
    let done = outcomes.iter().filter(|outcome| outcome.ok).count();
    let context = context! {
        key,
        outcomes => Serde(outcomes),
        done,
        refused => outcomes.len() - done,
        is_run => run.is_some(),
        is_over => run.is_none_or(|run| run.is_over),
        wanted => run.map(|run| run.wanted),
        to => bulk.to.as_str(),
        to_label => bulk.to.label(),
        verb => verb(bulk.to),
        needs_reason => bulk.to == Status::Cancelled,
        reason_missing => status == StatusCode::BAD_REQUEST,
        reason => bulk.reason.as_str(),
        chosen => Value::from(outcomes.iter().filter(|outcome| outcome.ok).map(Outcome::chosen).collect::<Vec<_>>()),
    };
    request.page_with(status, "bulk.html", context)
}

/// The end of a run, however it comes about.
struct End<'a>(&'a Bulk);

impl Drop for End<'_> {
    fn drop(&mut self) {
        if let Some(run) = &mut *self.0.run.lock() {
            run.is_over = true;
        }
    }
}

impl Bulk {
    /// Whether nobody began it before.
    fn begin(&self, wanted: usize) -> bool {
        let mut run = self.run.lock();
        let is_first = run.is_none();
        run.get_or_insert_with(|| Run { wanted, ..Run::default() });
        is_first
    }

    /// Changes one order after the other, as long as the visitor's right lasts.
    async fn go(&self, request: &PageRequest, seen: Vec<(OrderId, Seen)>, reason: Option<Box<str>>) {
        let _end = End(self);
        let right = request.right_to_orders();
        for order in seen {
            let outcome = change(request, &right, order, self.to, reason.clone()).await;
            if let Some(run) = &mut *self.run.lock() {
                run.outcomes.push(outcome);
            }
        }
    }
}

impl Outcome {
    /// How a form says that it is about the order as it is here.
    fn chosen(&self) -> String {
        format!("{}:{}", self.id, self.version)
    }
}

fn outcome(order: &Order, ok: bool, text: String) -> Outcome {
    let customer = order.contact.customer_name().to_owned();
    let (status, label) = (order.status.as_str(), order.status.label());
    Outcome { id: order.id.0, version: order.version, customer, status, label, ok, text }
}

fn bare(id: OrderId, text: String) -> Outcome {
    Outcome { id: id.0, version: 0, customer: String::new(), status: "", label: "", ok: false, text }
}

fn missing(id: OrderId) -> Outcome {
    bare(id, "There is no such order.".into())
}

async fn look(request: &PageRequest, id: OrderId, to: Status) -> Result<Outcome, PageError> {
    let Some(order) = request.find_order(id).await? else { return Ok(missing(id)) };
    let command = OrderCommand::Move { to, reason: Some("a preview".into()) };
    Ok(match order.decide(command, order.not_before(request.now())) {
        Ok(_) if to == Status::Cancelled => outcome(&order, true, stock(&order, "would go back in stock")),
        Ok(_) => outcome(&order, true, format!("{} to {}", order.status.label(), to.label().to_lowercase())),
        Err(rejection) => outcome(&order, false, words::whole(&rejection.to_string())),
    })
}

async fn change(
    request: &PageRequest,
    right: &Right,
    (id, seen): (OrderId, Seen),
    to: Status,
    reason: Option<Box<str>>,
) -> Outcome {
    let moved = match right.ended() {
        None => {
            let sent = request.plain().expecting(Expected::one_of([seen]));
            let moved = request.engine.transition(sent, id, to, reason).await;
            moved.map_err(|failure| PageError::from(error::order(failure)).or_stale(CHANGED))
        }
        Some(text) => Err(PageError::new(StatusCode::FORBIDDEN, text)),
    };
    match moved {
        Ok(moved) if to == Status::Cancelled => outcome(&moved.value, true, stock(&moved.value, "went back in stock")),
        Ok(moved) => outcome(&moved.value, true, format!("Now {}.", moved.value.status.as_str())),
        Err(fault) => match request.find_order(id).await {
            Ok(Some(order)) => outcome(&order, false, fault.line()),
            Ok(None) => missing(id),
            // What was done to the others has to be told all the same.
            Err(_) => bare(id, fault.line()),
        },
    }
}

/// What becomes of the stock of a cancelled order, in words.
fn stock(order: &Order, becomes: &str) -> String {
    let lines: Vec<_> =
        order.lines.iter().map(|line| format!("{} × {}", line.quantity, line.product.details.name.as_str())).collect();
    format!("{} {becomes}", lines.join(", "))
}
