//! What is said of a product: creating it, changing it, archiving it, deleting it.

use actix_web::http::StatusCode;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;
use serde_json::json;

use super::super::form::{Form, bytes};
use super::super::page_error::PageError;
use super::super::page_request::{Answer, PageRequest, token};
use super::choices;
use crate::api::products::input;
use crate::domain::expected::Seen;
use crate::domain::ids::CategoryId;
use crate::domain::stock::StockEdit;
use crate::view::Product;
use crate::web::error;
use crate::wire::fields::Presence;

/// The fields of the form, as the API names them.
const FIELDS: [&str; 5] = ["name", "description", "price", "expiry_date", "category_id"];

/// What is said when the product was changed while somebody filled in the form.
const MEANWHILE: &str =
    "Not saved: somebody else changed this product while you were editing. Compare, then save again.";

/// `GET products/new/`.
pub(crate) async fn blank(request: PageRequest) -> Answer {
    page(&request, None, None, &Form::default(), Form::default().values())
}

/// `POST products/new/`.
pub(crate) async fn create(request: PageRequest, form: Form) -> Answer {
    let mut body = form.whole(&["name", "price", "category_id"]);
    body.extend(form.body(&["description", "stock", "expiry_date"]));
    let body = bytes(&body);
    let made = async {
        let input = input::product(&body, Presence::Full, request.view().products())?;
        let opening = input.stock.unwrap_or(0);
        let sent = request.once(form.get("token"), &body)?;
        request.engine.create_product(sent, input.details(), opening).await.map_err(error::product)
    };
    match made.await.map_err(PageError::from) {
        Ok(made) => request.go(&format!("/admin/products/{}/?note=created", made.value.revision.product)),
        Err(fault) if fault.is_about_the_form() => page(&request, None, Some(fault), &form, form.values()),
        Err(fault) => Err(fault),
    }
}

/// `GET products/<id>/edit/`.
pub(crate) async fn edit(request: PageRequest) -> Answer {
    let product = request.product()?;
    let details = &product.revision.details;
    let values = context! {
        name => details.name.as_str(),
        description => &*details.description,
        price => details.price.to_string(),
        expiry_date => details.expiry_date.map(|day| day.to_string()),
        category_id => details.category.0.to_string(),
    };
    page(&request, Some(&product), None, &Form::default(), values)
}

/// `POST products/<id>/edit/`.
pub(crate) async fn change(request: PageRequest, form: Form) -> Answer {
    let product = request.product()?;
    let mut body = form.whole(&FIELDS);
    let description = form.or_stored("description", &product.revision.details.description);
    body.insert("description".into(), description.into());
    if form.get("expiry_date").is_empty() {
        body.insert("expiry_date".into(), json!(null));
    }
    let body = bytes(&body);
    let changed = async {
        let input = input::product(&body, Presence::Full, request.view().products())?;
        let id = product.revision.product;
        let sent = request.plain().expecting(form.expected("revision", Seen::Revision)?);
        request.engine.change_product(sent, id, input.patch(), StockEdit::default()).await.map_err(error::product)
    };
    match changed.await.map_err(|error| PageError::from(error).or_stale(MEANWHILE)) {
        Ok(_) => request.go(&format!("/admin/products/{}/?note=changed", product.revision.product)),
        // What is stored now is what the form that comes back is made of.
        Err(fault) if fault.is_about_the_form() => {
            page(&request, Some(&request.product()?), Some(fault), &form, form.values())
        }
        Err(fault) => Err(fault),
    }
}

/// `POST products/<id>/archive/`: takes it out of what can be ordered, or back in.
pub(crate) async fn archive(request: PageRequest, form: Form) -> Answer {
    let id = request.product()?.revision.product;
    let archived = form.get("archived") == "true";
    let patch = crate::domain::catalogue::ProductPatch { archived: Some(archived), ..Default::default() };
    request.engine.change_product(request.plain(), id, patch, StockEdit::default()).await.map_err(error::product)?;
    let note = if archived { "archived" } else { "unarchived" };
    request.tell(&format!("/admin/products/{id}/?note={note}"))
}

/// `POST products/<id>/delete/`.
pub(crate) async fn delete(request: PageRequest, form: Form) -> Answer {
    let product = request.product()?;
    let deleted =
        request.engine.delete_product(request.plain(), product.revision.product).await.map_err(error::product);
    match deleted.map_err(PageError::from) {
        Ok(_) => request.go("/admin/products/?note=deleted"),
        // The page offers what is left: archiving it.
        Err(fault) if fault.is_about_the_form() => super::stock::page(&request, &product, Some(fault), &form).await,
        Err(fault) => Err(fault),
    }
}

/// A field that was filled in otherwise than it is stored.
#[derive(Serialize)]
struct Unsaved {
    label: &'static str,
    before: String,
    after: String,
}

/// The fields of `form` that differ from `product`.
fn unsaved(request: &PageRequest, product: &Product, form: &Form) -> Vec<Unsaved> {
    let details = &product.revision.details;
    let chosen = form.get("category_id").parse().ok().and_then(|id| request.view().products().category(CategoryId(id)));
    let chosen = chosen.map_or_else(|| form.get("category_id").to_owned(), |category| category.name.to_string());
    let typed = |name: &str| form.get(name).to_owned();
    let all = [
        ("Name", details.name.to_string(), typed("name")),
        ("Category", product.revision.category_name.to_string(), chosen),
        ("Price", details.price.to_string(), typed("price")),
        (
            "Last day for orders",
            details.expiry_date.map(|day| day.to_string()).unwrap_or_default(),
            typed("expiry_date"),
        ),
        (
            "Description",
            details.description.to_string(),
            form.or_stored("description", &details.description).to_owned(),
        ),
    ];
    let differing = all.into_iter().filter(|(_, before, after)| before != after);
    differing.map(|(label, before, after)| Unsaved { label, before, after }).collect()
}

fn page(
    request: &PageRequest,
    product: Option<&Product>,
    fault: Option<PageError>,
    form: &Form,
    values: Value,
) -> Answer {
    let is_conflict = fault.as_ref().is_some_and(|fault| fault.status == StatusCode::CONFLICT);
    let unsaved = product.filter(|_| is_conflict).map(|product| unsaved(request, product, form)).unwrap_or_default();
    let context = context! {
        id => product.map(|product| product.revision.product.0),
        name => product.map(|product| product.revision.details.name.as_str()),
        revision => product.map(|product| product.revision.number),
        unsaved => Serde(unsaved),
        values,
        categories => choices(request),
        errors => Serde(fault.as_ref().map(|fault| &fault.fields)),
        fault => fault.as_ref().map(|fault| fault.texts.join(" ")),
        token => token(),
    };
    request.page_with(fault.map_or(StatusCode::OK, |fault| fault.status), "product_form.html", context)
}
