//! What an export has to know of the entries before the one it reads: products, stock, and the orders that can still
//! change.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::What;
use crate::domain::catalogue::Revision;
use crate::domain::effects::Effects;
use crate::domain::ids::{OrderId, ProductId};
use crate::domain::inventory::Inventory;
use crate::domain::order::Order;
use crate::journal::{Durable, Revisions};

/// The fold of the entries so far.
pub(super) struct Fold {
    what: What,
    inventory: Inventory,
    revisions: HashMap<(ProductId, u32), Arc<Revision>>,
    orders: BTreeMap<OrderId, Arc<Order>>,
    /// Of the last entry.
    effects: Effects,
}

impl Revisions for Fold {
    fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>> {
        self.revisions.get(&(product, number)).cloned()
    }
}

impl Fold {
    /// The fold of nothing, for an export of `what`.
    pub(super) fn new(what: What) -> Self {
        Self {
            what,
            inventory: Inventory::default(),
            revisions: HashMap::new(),
            orders: BTreeMap::new(),
            effects: Effects::default(),
        }
    }

    /// Takes over the next entry, and answers with what came of it. An order that is not here has ended: neither its
    /// history nor stock changes any more.
    pub(super) fn apply(&mut self, durable: &Durable) -> &Effects {
        let Self { what, inventory, revisions, orders, effects } = self;
        effects.clear();
        effects.take_over(&durable.entry, durable.sequence, inventory, |id| orders.get(&id).cloned());
        for revision in &effects.revisions {
            revisions.insert((revision.product, revision.number), revision.clone());
        }
        for order in effects.orders.iter().map(|effect| &effect.after) {
            if *what != What::Orders && order.status.is_terminal() {
                orders.remove(&order.id);
            } else {
                orders.insert(order.id, order.clone());
            }
        }
        effects
    }

    /// The orders as they stand, by id, when they are what is exported.
    pub(super) fn into_orders(self) -> BTreeMap<OrderId, Arc<Order>> {
        if self.what == What::Orders { self.orders } else { BTreeMap::new() }
    }
}
