//! The search box: an order by its number, products by name, orders by customer or telephone number.

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::catalogue::ProductRow;
use super::orders::rows;
use super::page_error::PageError;
use super::page_request::{Answer, PageRequest};
use crate::api::orders::terms;
use crate::domain::ids::{OrderId, ProductId};
use crate::view::{Found, OrderFilter, ProductFilter, Term};
use crate::web::error::Error;

/// Rows of each kind.
const ROWS: usize = 10;
/// About how many orders are looked at.
const EFFORT: usize = 20_000;

/// `GET find/?q=`.
pub(super) async fn find(request: PageRequest) -> Answer {
    let text = request.text("q").to_owned();
    if let Some(id) = order_number(&text)
        && request.find_order(id).await?.is_some()
    {
        return request.go(&format!("/admin/orders/{id}/"));
    }
    let term = Term::new(&text);
    let all = if term.is_number() { "customer" } else { "search" };
    let asked = terms(&text).map_err(PageError::from);
    // What is said is about the one field that there is.
    let fault = asked.as_ref().err().map(|fault| fault.fields.values().cloned().collect::<Vec<_>>().join(" "));
    let (products, found) = match asked {
        Ok(terms) if !terms.is_empty() => {
            request
                .scan(move |engine| {
                    let filter = ProductFilter { terms: terms.clone(), ..ProductFilter::default() };
                    let products = engine.view().products().find(&filter, ProductId(0), ROWS);
                    let filter = if term.is_number() {
                        OrderFilter { customer: Some(term), ..OrderFilter::default() }
                    } else {
                        OrderFilter { terms, ..OrderFilter::default() }
                    };
                    (products, engine.view().search(&filter, None, ROWS, EFFORT))
                })
                .await?
        }
        Ok(_) | Err(_) => (Vec::new(), Ok(Found::default())),
    };
    let found = found.map_err(Error::from)?;
    let context = context! {
        q => text,
        all,
        orders => rows(request.view(), &found),
        fault,
        more => found.next.is_some(),
        products => Value::from(Serde(ProductRow::all(&products, &request))),
    };
    request.page("find.html", context)
}

/// The order that `text` is the number of. A sign makes it a telephone number.
fn order_number(text: &str) -> Option<OrderId> {
    let digits = text.trim_start_matches('#');
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?.map(OrderId)
}
