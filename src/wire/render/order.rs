//! Orders.

use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::catalogue::{DetailsBody, Text};
use super::time::{Time, Times};
use super::words::{ARCHIVE, ActionWord, CANCEL, EDIT, MoneyText, StatusWord};
use crate::domain::money::Money;
use crate::domain::order::{Action, Line, Order, allowed_actions};
use crate::view::Delay;

/// About how many bytes an order of one line takes.
pub(crate) const WHOLE_ORDER_BYTES: usize = 768;

/// An order as it stands.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = Order, example = json!({
    "id": 1, "customer_name": "Alice", "customer_email": "alice@example.com", "customer_phone": "1234567890",
    "delivery_address": "123 Main St", "status": "pending", "status_display": "Pending",
    "created_at": "2026-11-22T10:00:00.123456+06:00", "updated_at": "2026-11-22T10:00:00.123456+06:00",
    "last_transition_time": "2026-11-22T10:00:00.123456+06:00", "total_price": "599.98",
    "items": [{"product_id": 1, "quantity": 2, "product_details": {
        "id": 1, "name": "Phone", "description": "", "price": "299.99", "stock": 8, "expiry_date": null,
        "category": {"id": 1, "name": "Electronics"},
    }}],
    "is_delayed": false, "delayed_since": null, "allowed_actions": ["transition:processing", "cancel", "edit"],
}))]
pub(crate) struct OrderBody<'a> {
    id: u64,
    customer_name: &'a str,
    customer_email: &'a str,
    customer_phone: &'a str,
    delivery_address: &'a str,
    #[schema(value_type = StatusWord)]
    status: &'static str,
    /// The status, for people.
    status_display: &'static str,
    #[schema(value_type = String, format = "date-time")]
    created_at: Time<'a>,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Time<'a>,
    #[schema(value_type = String, format = "date-time")]
    last_transition_time: Time<'a>,
    #[schema(value_type = MoneyText)]
    total_price: Text<Money>,
    #[schema(value_type = Vec<LineBody>)]
    items: Lines<'a>,
    /// Whether it outstayed its stage.
    is_delayed: bool,
    #[schema(value_type = Option<String>, format = "date-time", required)]
    delayed_since: Option<Time<'a>>,
    #[schema(value_type = Vec<ActionWord>)]
    allowed_actions: Actions<'a>,
}

/// The lines of an order.
#[derive(Debug)]
pub(crate) struct Lines<'a>(pub(crate) &'a [Line]);

#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(as = Line)]
pub(crate) struct LineBody<'a> {
    product_id: u64,
    quantity: u32,
    /// The product as it was when the order was placed.
    #[schema(value_type = DetailsBody)]
    product_details: DetailsBody<'a>,
}

#[derive(Debug)]
struct Actions<'a>(&'a Order);

impl<'a> OrderBody<'a> {
    /// `order`, flagged with `delay`.
    pub(crate) fn new(order: &'a Order, delay: Option<Delay>, times: &'a Times) -> Self {
        Self::with_lines(order, delay, times, &order.lines)
    }

    /// The same with only these `lines`.
    pub(crate) fn with_lines(order: &'a Order, delay: Option<Delay>, times: &'a Times, lines: &'a [Line]) -> Self {
        Self {
            id: order.id.0,
            customer_name: order.contact.customer_name(),
            customer_email: order.contact.customer_email(),
            customer_phone: order.contact.customer_phone(),
            delivery_address: order.contact.delivery_address(),
            status: order.status.as_str(),
            status_display: order.status.label(),
            created_at: times.show(order.placed_at),
            updated_at: times.show(order.updated_at),
            last_transition_time: times.show(order.moved_at),
            total_price: Text(order.total),
            items: Lines(lines),
            is_delayed: delay.is_some(),
            delayed_since: delay.map(|delay| times.show(delay.since)),
            allowed_actions: Actions(order),
        }
    }
}

impl<'a> From<&'a Line> for LineBody<'a> {
    fn from(line: &'a Line) -> Self {
        Self {
            product_id: line.product.product.0,
            quantity: line.quantity,
            product_details: DetailsBody::new(&line.product, line.available_after),
        }
    }
}

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(LineBody::from))
    }
}

impl Serialize for Actions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut actions = serializer.serialize_seq(None)?;
        for action in allowed_actions(self.0.status, self.0.archived) {
            match action {
                Action::Transition(to) => actions.serialize_element(&Text(format_args!("transition:{to}")))?,
                Action::Cancel => actions.serialize_element(CANCEL)?,
                Action::Edit => actions.serialize_element(EDIT)?,
                Action::Archive => actions.serialize_element(ARCHIVE)?,
            }
        }
        actions.end()
    }
}
