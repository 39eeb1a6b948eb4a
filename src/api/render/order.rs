//! Orders.

use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::catalogue::{DetailsBody, Text};
use super::time::{Time, Times};
use crate::domain::money::Money;
use crate::domain::order::{Action, Line, Order, allowed_actions};
use crate::view::Delay;

/// About how many bytes an order of one line takes.
pub(crate) const WHOLE_ORDER_BYTES: usize = 768;

/// An order as it stands.
#[derive(Debug, serde::Serialize)]
pub(crate) struct OrderBody<'a> {
    id: u64,
    customer_name: &'a str,
    customer_email: &'a str,
    customer_phone: &'a str,
    delivery_address: &'a str,
    status: &'static str,
    status_display: &'static str,
    created_at: Time<'a>,
    updated_at: Time<'a>,
    last_transition_time: Time<'a>,
    total_price: Text<Money>,
    items: Lines<'a>,
    is_delayed: bool,
    delayed_since: Option<Time<'a>>,
    allowed_actions: Actions<'a>,
}

/// The lines of an order.
#[derive(Debug)]
pub(crate) struct Lines<'a>(pub(crate) &'a [Line]);

#[derive(Debug, serde::Serialize)]
struct LineBody<'a> {
    product_id: u64,
    quantity: u32,
    product_details: DetailsBody<'a>,
}

#[derive(Debug)]
struct Actions<'a>(&'a Order);

impl<'a> OrderBody<'a> {
    /// `order`, flagged with `delay`.
    pub(crate) fn new(order: &'a Order, delay: Option<Delay>, times: &'a Times) -> Self {
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
            items: Lines(&order.lines),
            is_delayed: delay.is_some(),
            delayed_since: delay.map(|delay| times.show(delay.since)),
            allowed_actions: Actions(order),
        }
    }
}

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|line| LineBody {
            product_id: line.product.product.0,
            quantity: line.quantity,
            product_details: DetailsBody::new(&line.product, line.available_after),
        }))
    }
}

impl Serialize for Actions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut actions = serializer.serialize_seq(None)?;
        for action in allowed_actions(self.0.status, self.0.archived) {
            match action {
                Action::Transition(to) => actions.serialize_element(&Text(format_args!("transition:{to}")))?,
                Action::Cancel => actions.serialize_element("cancel")?,
                Action::Edit => actions.serialize_element("edit")?,
                Action::Archive => actions.serialize_element("archive")?,
            }
        }
        actions.end()
    }
}
