//! The list of orders, newest first, with its filters.

use chrono::{Days, NaiveDate, TimeZone};
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::super::fault::Fault;
use super::super::form::values;
use super::super::show::escaped;
use super::super::visit::{Answer, Visit};
use super::{OrderRow, statuses};
use crate::api::error::Error;
use crate::api::orders::terms;
use crate::domain::ids::{OrderId, ProductId};
use crate::domain::order::Status;
use crate::domain::time::Timestamp;
use crate::view::{Found, OrderFilter, Term, View};

/// Orders on one page.
const ROWS: usize = 50;
/// About how many orders are looked at for one page: what is found is there at once, and the page asks for the rest.
const EFFORT: usize = 20_000;
/// The parameters that a link to the next page repeats.
const PARAMETERS: [&str; 7] = ["status", "delayed", "from", "to", "customer", "product", "search"];

/// `GET orders/`.
pub(crate) async fn list(visit: Visit) -> Answer {
    let (filter, fault) = match filter(&visit) {
        Ok(filter) => (filter, None),
        Err(fault) => (OrderFilter::default(), Some(fault)),
    };
    let below = visit.text("below").parse().ok().map(OrderId);
    let is_filtered = filter != OrderFilter::default();
    let found = match fault {
        None => {
            visit.scan(move |engine| engine.view().search(&filter, below, ROWS, EFFORT)).await?.map_err(Error::from)?
        }
        Some(_) => Found::default(),
    };
    let kept = PARAMETERS.iter().filter(|name| !visit.text(name).is_empty());
    let kept: Vec<_> = kept.map(|name| format!("{name}={}", escaped(visit.text(name)))).collect();
    let next = found.next.map(|next| [kept.clone(), vec![format!("below={next}")]].concat().join("&"));
    let product = visit.text("product").parse().ok().and_then(|id| visit.view().products().get(ProductId(id)));
    let values = values(PARAMETERS.map(|name| (name, visit.text(name))));
    let context = context! {
        orders => rows(visit.view(), &found),
        full => found.items.len() == ROWS,
        next,
        below => below.map(|below| below.0),
        values,
        query => kept.join("&"),
        product => product.map(|product| product.revision.details.name.as_str().to_owned()),
        fault => fault.map(|fault| fault.line()),
        is_filtered,
        statuses => statuses(),
        is_empty => visit.view().counts() == [0; 5],
        targets => Value::from(vec!["processing", "shipped", "delivered"]),
    };
    visit.page("orders.html", context)
}

/// What was found, for a template.
pub(crate) fn rows(view: &View, found: &Found) -> Value {
    let rows: Vec<_> = found.items.iter().map(|order| OrderRow::new(order, view.delay(order.id))).collect();
    Value::from(Serde(&rows))
}

fn filter(visit: &Visit) -> Result<OrderFilter, Fault> {
    let zone = visit.console.0.gate.zone();
    let day = |name: &str| -> Result<Option<NaiveDate>, Fault> {
        let text = visit.text(name);
        if text.is_empty() {
            return Ok(None);
        }
        let day = text.parse().map_err(|_| Fault::bad_request(format!("{text} is no day; write it as 2026-11-23.")))?;
        Ok(Some(day))
    };
    let begin = |day: NaiveDate| {
        let midnight = day.and_hms_opt(0, 0, 0).and_then(|midnight| zone.from_local_datetime(&midnight).earliest());
        midnight.map(|midnight| Timestamp(midnight.timestamp_micros()))
    };
    let status = visit.text("status");
    let product = visit.text("product");
    let customer = visit.text("customer");
    Ok(OrderFilter {
        status: match status {
            "" => None,
            word => Some(Status::parse(word).ok_or_else(|| Fault::bad_request(format!("There is no status {word}.")))?),
        },
        delayed: !visit.text("delayed").is_empty(),
        terms: terms(visit.text("search"))?,
        placed_from: day("from")?.and_then(begin),
        placed_before: day("to")?.and_then(|day| day.checked_add_days(Days::new(1))).and_then(begin),
        product: match product {
            "" => None,
            id => Some(id.parse().map(ProductId).map_err(|_| Fault::bad_request("Give the product by its number."))?),
        },
        customer: (!customer.is_empty()).then(|| Term::new(customer)),
    })
}
