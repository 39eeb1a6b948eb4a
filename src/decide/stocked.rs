//! A product with its stock, after a decision about it.

use std::sync::Arc;

use crate::domain::catalogue::Revision;
use crate::domain::entry::{Event, Events};
use crate::domain::ids::ProductId;
use crate::domain::inventory::Inventory;
use crate::domain::stock::Balance;

/// A product as it stands after a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stocked {
    /// What is said of it.
    pub revision: Arc<Revision>,
    /// How many units there are.
    pub balance: Balance,
    /// By how many units the decision changed what is on hand.
    pub on_hand_change: i64,
}

impl Stocked {
    /// `product` after `events`, which are about it and leave it there.
    ///
    /// # Panics
    /// When there is no such product after them.
    pub(super) fn after(inventory: &Inventory, product: ProductId, events: &Events) -> Self {
        let mut revision = inventory.catalogue.product(product).cloned();
        let mut balance = inventory.stock.balance(product);
        for event in events {
            match event {
                Event::Catalogue(event) => revision = inventory.catalogue.preview(event).or(revision),
                Event::Stock(event) => balance = balance.after(event.change),
                Event::Placed(_) | Event::Order(..) | Event::Access(_) => {}
            }
        }
        let revision = revision.expect("a product that is created or changed is there afterwards");
        Self::of(revision, balance, events)
    }

    /// What `events`, which are about one product, left of it.
    pub(super) fn of(revision: Arc<Revision>, balance: Balance, events: &Events) -> Self {
        Self { revision, balance, on_hand_change: on_hand_change(events) }
    }
}

/// By how many units `events`, which are about one product, change what is on hand of it.
fn on_hand_change(events: &Events) -> i64 {
    let change = |event: &Event| match event {
        Event::Stock(event) => event.change.on_hand(),
        Event::Catalogue(_) | Event::Placed(_) | Event::Order(..) | Event::Access(_) => 0,
    };
    events.iter().map(change).sum()
}
