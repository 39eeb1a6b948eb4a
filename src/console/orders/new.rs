//! Placing an order by hand.

use actix_web::http::StatusCode;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde_json::{Map, json};

use super::super::form::{Form, bytes};
use super::super::page_error::PageError;
use super::super::page_request::{Answer, PageRequest, token};
use crate::api::orders::input;
use crate::domain::ids::ProductId;
use crate::domain::order::Field;
use crate::view::ProductFilter;
use crate::web::error::{self, Shape};

/// Lines that the form always has room for, beyond those that are filled in.
const LINES_FREE: usize = 3;
/// Products that the form offers by name; of more, the number has to be known.
const PRODUCTS_MAX: usize = 500;

/// `GET orders/new/`.
pub(crate) async fn blank(request: PageRequest) -> Answer {
    page(&request, None, &Form::default())
}

/// `POST orders/new/`.
pub(crate) async fn place(request: PageRequest, form: Form) -> Answer {
    let mut body = form.whole(&Field::ALL.map(Field::as_str));
    let items: Vec<_> = lines(&form)
        .filter(|(product, quantity)| !product.is_empty() || !quantity.is_empty())
        .map(|(product, quantity)| {
            let mut line = Map::new();
            line.insert("product_id".into(), json!(product));
            if !quantity.is_empty() {
                line.insert("quantity".into(), json!(quantity));
            }
            line
        })
        .collect();
    body.insert("items".into(), json!(items));
    let body = bytes(&body);
    let placed = async {
        let order = input::order(&body, request.view().products(), request.console.0.app.limits())?;
        let rows = vec![order];
        let shape = Shape::of(&rows);
        let sent = request.once(form.get("token"), &body)?;
        request.engine.place(sent, rows).await.map_err(|failure| error::single(failure, &shape))
    };
    match placed.await.map_err(PageError::from) {
        Ok(placed) => {
            let id = placed.value.first().map_or(0, |order| order.id.0);
            request.go(&format!("/admin/orders/{id}/?note=placed"))
        }
        Err(mut fault) if fault.is_about_the_form() => {
            if fault.status == StatusCode::UNPROCESSABLE_ENTITY
                && let Some(order) = request.placed_by(form.get("token")).await?
            {
                fault.texts.push(format!("It placed order {order}."));
            }
            page(&request, Some(fault), &form)
        }
        Err(fault) => Err(fault),
    }
}

/// The lines of the form: product and quantity.
fn lines(form: &Form) -> impl Iterator<Item = (&str, &str)> {
    form.all("product_id").zip(form.all("quantity"))
}

fn page(request: &PageRequest, fault: Option<PageError>, form: &Form) -> Answer {
    let filter = ProductFilter { archived: Some(false), ..ProductFilter::default() };
    let products = request.view().products().find(&filter, ProductId(0), PRODUCTS_MAX);
    let options: Vec<_> = products
        .iter()
        .map(|product| {
            let details = &product.revision.details;
            context! {
                id => product.revision.product.0,
                name => details.name.as_str(),
                price => details.price.to_string(),
                available => product.balance.available(),
            }
        })
        .collect();
    // Lines that were left empty are closed up, as the errors count them.
    let mut filled: Vec<_> = lines(form).filter(|line| *line != ("", "")).collect();
    if filled.is_empty() && !request.text("product").is_empty() {
        filled.push((request.text("product"), "1"));
    }
    let count = filled.len() + if filled.is_empty() { LINES_FREE } else { 1 };
    filled.resize(count, ("", ""));
    let lines: Vec<Value> = filled.into_iter().map(|(product, quantity)| context! { product, quantity }).collect();
    let context = context! {
        values => form.values(),
        lines,
        products => options,
        few_products => products.len() < PRODUCTS_MAX,
        errors => Serde(fault.as_ref().map(|fault| &fault.fields)),
        fault => fault.as_ref().map(|fault| fault.texts.join(" ")),
        token => token(),
    };
    request.page_with(fault.map_or(StatusCode::OK, |fault| fault.status), "order_new.html", context)
}
