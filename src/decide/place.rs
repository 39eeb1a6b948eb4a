//! Placing orders.

use std::sync::Arc;

use super::{Context, Decided, Decision, State};
use crate::domain::entry::Event;
use crate::domain::inventory::{OrderRequest, PlaceRejection};
use crate::domain::order::Order;

/// Place these orders, all or none, each seeing the ones before it.
#[derive(Clone, Debug)]
pub struct Place(pub Vec<OrderRequest>);

impl Decision for Place {
    type Outcome = Vec<Arc<Order>>;
    type Rejection = PlaceRejection;

    fn decide(self, state: State<'_>, context: Context<'_>) -> Result<Decided<Self::Outcome>, PlaceRejection> {
        let orders = state.inventory.decide_place(self.0, context.now, context.zone, context.who)?;
        let events = orders.iter().cloned().map(Event::Placed).collect();
        Ok(Decided { events, outcome: orders })
    }
}
