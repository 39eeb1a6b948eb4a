//! One product: what there is of it, why, and setting it right.

use actix_web::http::StatusCode;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::super::form::{Form, bytes};
use super::super::orders::who;
use super::super::page_error::PageError;
use super::super::page_request::{Answer, PageRequest, token};
use super::ProductRow;
use crate::api::products::input;
use crate::domain::access::Role;
use crate::domain::ids::RowId;
use crate::domain::stock::{Change, Movement};
use crate::view::Product;
use crate::web::error::{self, Error};
use crate::web::list::cut;

/// Rows of the ledger on one page.
const ROWS: usize = 50;

#[derive(Serialize)]
struct MovementRow<'a> {
    sequence: u64,
    at: i64,
    cause: &'static str,
    text: &'static str,
    on_hand_change: i64,
    reserved_change: i64,
    quantity: i64,
    on_hand: u32,
    reserved: u32,
    available: u32,
    order: Option<u64>,
    who: String,
    reason: Option<&'a str>,
}

/// What happened, in plain words.
fn text(change: Change) -> &'static str {
    match change {
        Change::Received(_) => "received",
        Change::Adjusted(_) => "corrected by hand",
        Change::Reserved(_) => "reserved for an order",
        Change::Released(_) => "order cancelled, available again",
        Change::Shipped(_) => "shipped with an order",
    }
}

impl<'a> From<&'a Movement> for MovementRow<'a> {
    fn from(row: &'a Movement) -> Self {
        Self {
            sequence: row.sequence,
            at: row.at.0,
            cause: row.change.cause(),
            text: text(row.change),
            on_hand_change: row.change.on_hand(),
            reserved_change: row.change.reserved(),
            quantity: row.change.quantity(),
            on_hand: row.after.on_hand,
            reserved: row.after.reserved,
            available: row.after.available(),
            order: row.order.map(|order| order.0),
            who: who(&row.who),
            reason: row.reason.as_deref(),
        }
    }
}

/// `GET products/<id>/`.
pub(crate) async fn product(request: PageRequest) -> Answer {
    let product = request.product()?;
    page(&request, &product, None, &Form::default()).await
}

/// `POST products/<id>/adjust/`: by a difference, or to what was counted.
pub(crate) async fn adjust(request: PageRequest, form: Form) -> Answer {
    let product = request.product()?;
    let mut body = form.body(&["expected", "reason"]);
    let (name, field) = if form.get("how") == "by" { ("delta", "amount") } else { ("set", "amount") };
    body.insert(name.into(), form.get(field).into());
    let body = bytes(&body);
    let adjusted = async {
        let adjustment = input::adjustment(&body, product.revision.product)?;
        form.seen("expected")?;
        let sent = request.once(form.get("token"), &body)?;
        request.engine.adjust(sent, adjustment).await.map_err(error::product)
    };
    match adjusted.await.map_err(PageError::from) {
        Ok(corrected) => {
            let (after, change) = corrected.value;
            let is = after.balance.on_hand;
            // What it was right before this, also where the form comes again or somebody else was in between.
            let was = i64::from(is) - change;
            request.tell(&format!("/admin/products/{}/?note=adjusted&was={was}&is={is}", product.revision.product))
        }
        Err(mut fault) if fault.is_about_the_form() => {
            // The form has one field for both.
            for name in ["delta", "set", "stock"] {
                if let Some(text) = fault.fields.remove(name) {
                    fault.fields.insert("amount".into(), text);
                }
            }
            page(&request, &request.product()?, Some(fault), &form).await
        }
        Err(fault) => Err(fault),
    }
}

pub(super) async fn page(request: &PageRequest, product: &Product, fault: Option<PageError>, form: &Form) -> Answer {
    let id = product.revision.product;
    let before = RowId::parse(request.text("before"));
    let rows = request.scan(move |engine| engine.view().movements(id, before, ROWS + 1)).await?;
    let mut rows = rows.map_err(Error::from)?;
    let next = cut(&mut rows, ROWS, |(id, _)| id.to_string());
    let status = fault.as_ref().map_or(StatusCode::OK, |fault| fault.status);
    let is_stale = status == StatusCode::CONFLICT
        && !form.get("expected").is_empty()
        && form.get("expected") != product.balance.on_hand.to_string();
    let is_told = request.is_told();
    // Only a number that is still true can be taken back.
    let undo = request.text("was").parse::<u32>().ok().filter(|_| {
        is_told && request.text("note") == "adjusted" && request.text("is") == product.balance.on_hand.to_string()
    });
    let context = context! {
        product => Serde(ProductRow::new(product, request.low_stock())),
        description => &*product.revision.details.description,
        number => product.revision.number,
        rows => Value::from(Serde(rows.iter().map(|(_, row)| MovementRow::from(row)).collect::<Vec<_>>())),
        next,
        before => request.text("before"),
        may_adjust => request.may(Role::Operator),
        note => request.text("note"),
        was => request.text("was").parse::<u32>().ok(),
        is_told,
        undo => undo.filter(|_| request.may(Role::Operator)),
        is_stale,
        values => form.values(),
        errors => Serde(fault.as_ref().map(|fault| &fault.fields)),
        fault => fault.as_ref().map(|fault| fault.texts.join(" ")),
        token => token(),
    };
    request.page_with(status, "product.html", context)
}
