//! What an export has to know of the entries before the one it reads: products, stock, and the orders that can still
//! change. Its answers are those of the view, of which it is the small part that nothing has to be asked of.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::What;
use crate::domain::audit::{AuditRow, rows_of};
use crate::domain::catalogue::Revision;
use crate::domain::entry::{Entry, Event};
use crate::domain::ids::{OrderId, ProductId};
use crate::domain::inventory::{Inventory, Observer};
use crate::domain::order::{Order, OrderChange, timeline};
use crate::domain::stock::{Balance, Change, Movement};
use crate::journal::{Durable, Revisions};

/// The fold of the entries so far.
pub(super) struct Fold {
    what: What,
    inventory: Inventory,
    revisions: HashMap<(ProductId, u32), Arc<Revision>>,
    orders: BTreeMap<OrderId, Arc<Order>>,
}

/// The rows that came of one entry.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Orders to which something happened, and how much had happened to them before.
    pub(super) history: Vec<(Arc<Order>, usize)>,
    pub(super) movements: Vec<(ProductId, Movement)>,
    pub(super) audit: Vec<Arc<AuditRow>>,
}

struct Watching<'a> {
    revisions: &'a mut HashMap<(ProductId, u32), Arc<Revision>>,
    movements: Option<&'a mut Vec<(ProductId, Movement)>>,
    sequence: u64,
    entry: &'a Entry,
    order: Option<OrderId>,
    reason: Option<Arc<str>>,
}

impl Observer for Watching<'_> {
    fn revised(&mut self, revision: &Arc<Revision>) {
        self.revisions.insert((revision.product, revision.number), revision.clone());
    }

    fn moved(&mut self, product: ProductId, change: Change, after: Balance) {
        let Some(movements) = &mut self.movements else { return };
        let movement = Movement {
            sequence: self.sequence,
            at: self.entry.at,
            change,
            after,
            order: self.order,
            who: self.entry.who.clone(),
            reason: self.reason.clone(),
        };
        movements.push((product, movement));
    }
}

impl Revisions for Fold {
    fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>> {
        self.revisions.get(&(product, number)).cloned()
    }
}

impl Fold {
    /// The fold of nothing, for an export of `what`.
    pub(super) fn new(what: What) -> Self {
        Self { what, inventory: Inventory::default(), revisions: HashMap::new(), orders: BTreeMap::new() }
    }

    /// Takes over the next entry, and answers with the rows that it makes.
    pub(super) fn apply(&mut self, durable: &Durable) -> Found {
        let entry = &*durable.entry;
        let mut found = Found::default();
        let movements = (self.what == What::Movements).then_some(&mut found.movements);
        let mut watching = Watching {
            revisions: &mut self.revisions,
            movements,
            sequence: durable.sequence,
            entry,
            order: None,
            reason: None,
        };
        let mut changed = Vec::new();
        for event in &entry.events {
            (watching.order, watching.reason) = cause(event);
            match event {
                Event::Placed(order) => changed.push(order.clone()),
                // An order that is not here has ended: neither its history nor stock changes any more.
                Event::Order(id, event) => {
                    if let Some(before) = self.orders.get(id).filter(|before| event.version > before.version) {
                        changed.push(Arc::new(before.after(event, entry.at, &entry.who)));
                        self.inventory.apply_order(before, event, &mut watching);
                    }
                }
                Event::Catalogue(_) | Event::Stock(_) | Event::Access(_) => {}
            }
            self.inventory.apply_event(event, &mut watching);
        }
        if self.what == What::Audit {
            found.audit.extend(rows_of(durable.sequence, entry));
        }
        for order in changed {
            if self.what == What::History {
                let before = self.orders.get(&order.id).map_or(0, |before| timeline(&before.history).count());
                found.history.push((order.clone(), before));
            }
            self.keep(order);
        }
        found
    }

    fn keep(&mut self, order: Arc<Order>) {
        if self.what != What::Orders && order.status.is_terminal() {
            self.orders.remove(&order.id);
        } else {
            self.orders.insert(order.id, order);
        }
    }

    /// The orders as they stand, by id, when they are what is exported.
    pub(super) fn into_orders(self) -> BTreeMap<OrderId, Arc<Order>> {
        if self.what == What::Orders { self.orders } else { BTreeMap::new() }
    }
}

fn cause(event: &Event) -> (Option<OrderId>, Option<Arc<str>>) {
    match event {
        Event::Placed(order) => (Some(order.id), None),
        Event::Order(id, event) => {
            let reason = match &event.change {
                OrderChange::Moved { reason, .. } => reason.as_deref().map(Into::into),
                OrderChange::ContactChanged(_) | OrderChange::Archived => None,
            };
            (Some(*id), reason)
        }
        Event::Stock(event) => (None, event.reason.as_deref().map(Into::into)),
        Event::Catalogue(_) | Event::Access(_) => (None, None),
    }
}
