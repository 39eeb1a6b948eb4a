//! Acting on many orders: first what would happen to each, then what did.

use std::sync::Arc;

use actix_web::http::StatusCode;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::super::fault::Fault;
use super::super::form::{Form, bytes};
use super::super::visit::{Answer, Visit};
use super::super::words;
use super::verb;
use crate::access::Right;
use crate::api::error;
use crate::api::orders::input;
use crate::domain::ids::OrderId;
use crate::domain::order::{Order, OrderCommand, Status};

/// Orders in one action: those of a page, and those that its continuations added.
const ORDERS_MAX: usize = 1_000;

/// What becomes, or became, of one order.
#[derive(Serialize)]
struct Outcome {
    id: u64,
    customer: String,
    status: &'static str,
    label: &'static str,
    ok: bool,
    text: String,
}

/// `POST orders/bulk/`: a preview, or with `run` the real thing.
pub(crate) async fn bulk(visit: Visit, form: Form) -> Answer {
    let ids: Vec<_> = form.all("id").filter_map(|id| id.parse().ok().map(OrderId)).collect();
    if ids.is_empty() {
        return Err(Fault::bad_request("No order was chosen. Go back and tick the orders first."));
    }
    if ids.len() > ORDERS_MAX {
        return Err(Fault::bad_request(format!("At most {ORDERS_MAX} orders can be changed at once.")));
    }
    let wants_run = !form.get("run").is_empty();
    let body = bytes(&form.body(&["to", "reason"]));
    let (to, reason) = input::transition(&body).map_err(Fault::from)?;
    let needs_reason = to == Status::Cancelled && reason.is_none();
    let is_run = wants_run && !needs_reason;
    let right = visit.right_to_orders();
    let mut outcomes = Vec::with_capacity(ids.len());
    for id in &ids {
        outcomes.push(if is_run {
            run(&visit, &right, *id, to, reason.clone()).await?
        } else {
            preview(&visit, *id, to).await?
        });
    }
    let done = outcomes.iter().filter(|outcome| outcome.ok).count();
    let context = context! {
        outcomes => Serde(&outcomes),
        done,
        refused => outcomes.len() - done,
        is_run,
        to => to.as_str(),
        to_label => to.label(),
        verb => verb(to),
        needs_reason => to == Status::Cancelled,
        reason_missing => wants_run && needs_reason,
        reason => form.get("reason"),
        ids => Value::from(outcomes.iter().filter(|outcome| outcome.ok).map(|outcome| outcome.id).collect::<Vec<_>>()),
    };
    visit.page("bulk.html", context)
}

fn outcome(order: &Order, ok: bool, text: String) -> Outcome {
    let customer = order.contact.customer_name().to_owned();
    Outcome { id: order.id.0, customer, status: order.status.as_str(), label: order.status.label(), ok, text }
}

fn missing(id: OrderId) -> Outcome {
    Outcome {
        id: id.0,
        customer: String::new(),
        status: "",
        label: "",
        ok: false,
        text: "There is no such order.".into(),
    }
}

async fn preview(visit: &Visit, id: OrderId, to: Status) -> Result<Outcome, Fault> {
    let Some(order) = visit.find_order(id).await? else { return Ok(missing(id)) };
    let command = OrderCommand::Move { to, reason: Some("a preview".into()) };
    Ok(match order.decide(command, order.not_before(visit.now())) {
        Ok(_) if to == Status::Cancelled => outcome(&order, true, stock(&order, "would go back in stock")),
        Ok(_) => outcome(&order, true, format!("{} to {}", order.status.label(), to.label().to_lowercase())),
        Err(rejection) => outcome(&order, false, words::whole(&rejection.to_string())),
    })
}

async fn run(
    visit: &Visit,
    right: &Right,
    id: OrderId,
    to: Status,
    reason: Option<Box<str>>,
) -> Result<Outcome, Fault> {
    let moved = match right.ended() {
        None => {
            visit.engine.transition(visit.plain(), id, to, reason).await.map_err(|failure| error::order(failure).into())
        }
        Some(text) => Err(Fault::new(StatusCode::FORBIDDEN, text)),
    };
    match moved {
        Ok(moved) if to == Status::Cancelled => {
            Ok(outcome(&moved.value, true, stock(&moved.value, "went back in stock")))
        }
        Ok(moved) => Ok(outcome(&moved.value, true, format!("Now {}.", moved.value.status.as_str()))),
        Err(error) => {
            let order: Option<Arc<Order>> = visit.find_order(id).await?;
            let text = error.line();
            Ok(order.map_or_else(|| missing(id), |order| outcome(&order, false, text)))
        }
    }
}

/// What becomes of the stock of a cancelled order, in words.
fn stock(order: &Order, becomes: &str) -> String {
    let lines: Vec<_> =
        order.lines.iter().map(|line| format!("{} × {}", line.quantity, line.product.details.name.as_str())).collect();
    format!("{} {becomes}", lines.join(", "))
}
