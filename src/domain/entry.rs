//! Entries: the facts that the journal keeps. One entry is atomic: all of its events happened, or none.

use std::sync::Arc;

use smallvec::SmallVec;

use super::access::AccessEvent;
use super::catalogue::{CatalogueEvent, Category, Revision};
use super::ids::OrderId;
use super::order::{Order, OrderEvent};
use super::origin::Origin;
use super::stock::{Balance, StockEvent};
use super::time::Timestamp;

/// One decision, with everything that followed from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was decided.
    pub at: Timestamp,
    /// Who asked for it.
    pub who: Origin,
    /// The idempotency record of the request, where it carried a key.
    pub key: Option<Box<KeyRecord>>,
    /// What happened, in order. Never empty.
    pub events: Events,
}

/// The events of one entry.
pub type Events = SmallVec<[Event; 1]>;

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The catalogue changed.
    Catalogue(Box<CatalogueEvent>),
    /// Stock was received or adjusted.
    Stock(Box<StockEvent>),
    /// An order was placed, its stock reserved.
    Placed(Arc<Order>),
    /// An order changed.
    Order(OrderId, Box<OrderEvent>),
    /// Users or keys changed.
    Access(Box<AccessEvent>),
}

impl From<CatalogueEvent> for Event {
    fn from(event: CatalogueEvent) -> Self {
        Self::Catalogue(Box::new(event))
    }
}

/// What makes a repeated request recognisable, and its answer repeatable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The client's key.
    pub key: Box<str>,
    /// A hash of the request that carried it.
    pub request: RequestHash,
    /// What was answered.
    pub answer: Answer,
}

/// A hash of method, path and body of a request.
pub type RequestHash = [u8; 16];

/// The facts from which an answer is rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The orders that this entry placed, as they were placed.
    Placed,
    /// One order.
    Order(Arc<Order>),
    /// A product and its stock.
    Product(Arc<Revision>, Balance),
    /// A category.
    Category(Category),
}
