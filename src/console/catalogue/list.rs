//! The list of products.

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::super::form::values;
use super::super::page_request::{Answer, PageRequest};
use super::super::show::escaped;
use super::{ProductRow, choices};
use crate::api::list::cut;
use crate::api::orders::terms;
use crate::domain::ids::{CategoryId, ProductId};
use crate::view::ProductFilter;

/// Products on one page.
const ROWS: usize = 50;
const PARAMETERS: [&str; 4] = ["search", "category", "archived", "low"];

/// `GET products/`.
pub(crate) async fn products(visit: PageRequest) -> Answer {
    let is_set = |name: &str| !visit.text(name).is_empty();
    let filter = ProductFilter {
        terms: terms(visit.text("search"))?,
        category: visit.text("category").parse().ok().map(CategoryId),
        archived: Some(is_set("archived")),
        available_max: is_set("low").then_some(visit.low_stock()),
    };
    let after = ProductId(visit.text("after").parse().unwrap_or(0));
    let mut found = visit.scan(move |engine| engine.view().products().find(&filter, after, ROWS + 1)).await?;
    let last = cut(&mut found, ROWS, |product| product.revision.product);
    let kept: Vec<_> = PARAMETERS
        .iter()
        .filter(|name| is_set(name))
        .map(|name| format!("{name}={}", escaped(visit.text(name))))
        .collect();
    let next = last.map(|last| [kept.clone(), vec![format!("after={last}")]].concat().join("&"));
    let values = values(PARAMETERS.map(|name| (name, visit.text(name))));
    let context = context! {
        products => Value::from(Serde(ProductRow::all(&found, &visit))),
        next,
        after => after.0,
        values,
        is_filtered => !kept.is_empty(),
        categories => choices(&visit),
        is_empty => visit.view().products().is_empty(),
        low_stock => visit.low_stock(),
        note => visit.text("note"),
    };
    visit.page("products.html", context)
}
