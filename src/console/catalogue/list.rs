//! The list of products.

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::super::form::values;
use super::super::page_request::{Answer, PageRequest};
use super::super::show::escaped;
use super::{ProductRow, choices};
use crate::api::orders::terms;
use crate::domain::ids::{CategoryId, ProductId};
use crate::view::ProductFilter;
use crate::web::list::cut;

/// Products on one page.
const ROWS: usize = 50;
const PARAMETERS: [&str; 4] = ["search", "category", "archived", "low"];

/// `GET products/`.
pub(crate) async fn products(request: PageRequest) -> Answer {
    let is_set = |name: &str| !request.text(name).is_empty();
    let filter = ProductFilter {
        terms: terms(request.text("search"))?,
        category: request.text("category").parse().ok().map(CategoryId),
        archived: Some(is_set("archived")),
        available_max: is_set("low").then_some(request.low_stock()),
    };
    let after = ProductId(request.text("after").parse().unwrap_or(0));
    let mut found = request.scan(move |engine| engine.view().products().find(&filter, after, ROWS + 1)).await?;
    let last = cut(&mut found, ROWS, |product| product.revision.product);
    let kept: Vec<_> = PARAMETERS
        .iter()
        .filter(|name| is_set(name))
        .map(|name| format!("{name}={}", escaped(request.text(name))))
        .collect();
    let next = last.map(|last| [kept.clone(), vec![format!("after={last}")]].concat().join("&"));
    let values = values(PARAMETERS.map(|name| (name, request.text(name))));
    let context = context! {
        products => Value::from(Serde(ProductRow::all(&found, &request))),
        next,
        after => after.0,
        values,
        is_filtered => !kept.is_empty(),
        categories => choices(&request),
        is_empty => request.view().products().is_empty(),
        low_stock => request.low_stock(),
        note => request.text("note"),
    };
    request.page("products.html", context)
}
