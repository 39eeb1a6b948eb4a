//! The search box: an order by its number, products by name, orders by customer.

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::catalogue::ProductRow;
use super::orders::rows;
use super::visit::{Answer, Visit};
use crate::api::error::Error;
use crate::api::orders::terms;
use crate::domain::ids::{OrderId, ProductId};
use crate::view::{Found, OrderFilter, ProductFilter};

/// Rows of each kind.
const ROWS: usize = 10;
/// About how many orders are looked at.
const EFFORT: usize = 20_000;

/// `GET find/?q=`.
pub(super) async fn find(visit: Visit) -> Answer {
    let text = visit.text("q").to_owned();
    let number = text.trim_start_matches('#').parse().ok().map(OrderId);
    if let Some(id) = number
        && visit.find_order(id).await?.is_some()
    {
        return visit.go(&format!("/admin/orders/{id}/"));
    }
    let (products, found) = match terms(&text) {
        Ok(terms) if !terms.is_empty() => {
            visit
                .scan(move |engine| {
                    let filter = ProductFilter { terms: terms.clone(), ..ProductFilter::default() };
                    let products = engine.view().products().find(&filter, ProductId(0), ROWS);
                    let filter = OrderFilter { terms, ..OrderFilter::default() };
                    (products, engine.view().search(&filter, None, ROWS, EFFORT))
                })
                .await?
        }
        Ok(_) | Err(_) => (Vec::new(), Ok(Found::default())),
    };
    let found = found.map_err(Error::from)?;
    let context = context! {
        q => text,
        orders => rows(visit.view(), &found),
        more => found.next.is_some(),
        products => Value::from(Serde(ProductRow::all(&products, &visit))),
    };
    visit.page("find.html", context)
}
