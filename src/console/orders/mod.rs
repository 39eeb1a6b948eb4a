//! Orders: the list, one order, placing one, and acting on one or on many.

mod act;
mod bulk;
mod list;
mod new;
mod one;

use minijinja::Value;
use serde::Serialize;

pub(super) use act::{archive, cancel, contact, transition};
pub(super) use bulk::{Bulk, bulk, bulk_shown};
pub(super) use list::{list, rows};
pub(super) use new::{blank, place};
pub(super) use one::{show, who};

use super::page_request::{Answer, PageRequest};
use crate::domain::order::{Action, Order, Status, allowed_actions};
use crate::view::Delay;

/// An order in a list.
#[derive(Debug, Serialize)]
pub(super) struct OrderRow<'a> {
    id: u64,
    status: &'static str,
    label: &'static str,
    customer: &'a str,
    email: &'a str,
    /// The first line, in words.
    first: String,
    /// How many further lines there are.
    more: usize,
    total: String,
    placed_at: i64,
    moved_at: i64,
    delayed_since: Option<i64>,
    /// Where it may go next.
    next: Option<&'static str>,
    /// What that is called on a button.
    next_label: Option<&'static str>,
    may_cancel: bool,
    /// What a form is made of that acts on it.
    version: u64,
}

impl<'a> OrderRow<'a> {
    /// `order`, flagged with `delay`.
    pub(super) fn new(order: &'a Order, delay: Option<Delay>) -> Self {
        let first =
            order.lines.first().map(|line| format!("{} × {}", line.quantity, line.product.details.name.as_str()));
        let next = next(order);
        Self {
            id: order.id.0,
            status: order.status.as_str(),
            label: order.status.label(),
            customer: order.contact.customer_name(),
            email: order.contact.customer_email(),
            first: first.unwrap_or_default(),
            more: order.lines.len().saturating_sub(1),
            total: order.total.to_string(),
            placed_at: order.placed_at.0,
            moved_at: order.moved_at.0,
            delayed_since: delay.map(|delay| delay.since.0),
            next: next.map(Status::as_str),
            next_label: next.map(verb),
            may_cancel: order.status.may_become(Status::Cancelled),
            version: order.version.into(),
        }
    }
}

/// Where `order` may be moved on to.
fn next(order: &Order) -> Option<Status> {
    allowed_actions(order.status, order.archived).find_map(|action| match action {
        Action::Transition(to) => Some(to),
        Action::Cancel | Action::Edit | Action::Archive => None,
    })
}

/// What a button says that moves an order to `to`.
pub(super) fn verb(to: Status) -> &'static str {
    match to {
        Status::Pending => "Put back",
        Status::Processing => "Start processing",
        Status::Shipped => "Mark as shipped",
        Status::Delivered => "Mark as delivered",
        Status::Cancelled => "Cancel",
    }
}

/// Every status with its label, for a choice.
pub(super) fn statuses() -> Value {
    Status::ALL.map(|status| vec![status.as_str(), status.label()]).to_vec().into()
}

/// Back to where the form of an action stood, with a note of what was done.
pub(super) fn back(request: &PageRequest, from: &str, id: u64, note: &str) -> Answer {
    match from {
        "delayed" => request.go(&format!("/admin/delayed/?note={note}&order={id}")),
        _ => request.go(&format!("/admin/orders/{id}/?note={note}")),
    }
}
