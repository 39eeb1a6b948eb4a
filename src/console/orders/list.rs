//! The list of orders, newest first, with its filters.

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::super::form::values;
use super::super::page_error::PageError;
use super::super::page_request::{Answer, PageRequest};
use super::super::show::escaped;
use super::{OrderRow, statuses};
use crate::api::orders::filter;
use crate::domain::ids::{OrderId, ProductId};
use crate::view::{Found, OrderFilter, View};
use crate::web::error::Error;

/// Orders on one page.
const ROWS: usize = 50;
/// About how many orders are looked at for one page: what is found is there at once, and the page asks for the rest.
const EFFORT: usize = 20_000;
/// The parameters that a link to the next page repeats.
const PARAMETERS: [&str; 7] = ["status", "delayed", "from", "to", "customer", "product", "search"];

/// `GET orders/`.
pub(crate) async fn list(request: PageRequest) -> Answer {
    let (filter, fault) = match filter(&request.query, request.console.0.app.zone()) {
        Ok(filter) => (filter, None),
        Err(error) => (OrderFilter::default(), Some(PageError::from(error))),
    };
    let below = request.text("below").parse().ok().map(OrderId);
    // What was refused was meant as a filter.
    let is_filtered = fault.is_some() || filter != OrderFilter::default();
    let found = match fault {
        None => request
            .scan(move |engine| engine.view().search(&filter, below, ROWS, EFFORT))
            .await?
            .map_err(Error::from)?,
        Some(_) => Found::default(),
    };
    let kept = PARAMETERS.iter().filter(|name| !request.text(name).is_empty());
    let kept: Vec<_> = kept.map(|name| format!("{name}={}", escaped(request.text(name)))).collect();
    let next = found.next.map(|next| [kept.clone(), vec![format!("below={next}")]].concat().join("&"));
    let product = request.text("product").parse().ok().and_then(|id| request.view().products().get(ProductId(id)));
    let values = values(PARAMETERS.map(|name| (name, request.text(name))));
    let context = context! {
        orders => rows(request.view(), &found),
        full => found.items.len() == ROWS,
        next,
        below => below.map(|below| below.0),
        values,
        query => kept.join("&"),
        product => product.map(|product| product.revision.details.name.as_str().to_owned()),
        fault => fault.map(|fault| fault.line()),
        is_filtered,
        statuses => statuses(),
        is_empty => request.view().counts().values().all(|count| *count == 0),
        targets => Value::from(vec!["processing", "shipped", "delivered"]),
    };
    request.page("orders.html", context)
}

/// What was found, for a template.
pub(crate) fn rows(view: &View, found: &Found) -> Value {
    let rows: Vec<_> = found.items.iter().map(|order| OrderRow::new(order, view.delay(order.id))).collect();
    Value::from(Serde(&rows))
}
