//! What a decision on catalogue, stock, users and keys needs of a journal: the fold of all its entries without the
//! orders that have ended, the ledger, the audit log and the idempotency keys.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::domain::access::Access;
use crate::domain::catalogue::Revision;
use crate::domain::entry::Event;
use crate::domain::ids::{OrderId, ProductId};
use crate::domain::inventory::{Inventory, Observer};
use crate::domain::order::Order;
use crate::journal::{Durable, ReadError, Reader, Revisions, Tail};
use crate::telemetry::Progress;

/// The fold of the entries so far.
#[derive(Default)]
pub(in crate::app) struct State {
    /// Catalogue and stock.
    pub(in crate::app) inventory: Inventory,
    /// Users and keys.
    pub(in crate::app) access: Access,
    known: Known,
    /// Those that can still change.
    orders: BTreeMap<OrderId, Arc<Order>>,
}

/// The revisions that lines of orders refer to.
#[derive(Default)]
struct Known(HashMap<(ProductId, u32), Arc<Revision>>);

impl Observer for Known {
    fn revised(&mut self, revision: &Arc<Revision>) {
        self.0.insert((revision.product, revision.number), revision.clone());
    }
}

impl Revisions for State {
    fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>> {
        self.known.0.get(&(product, number)).cloned()
    }
}

impl State {
    /// All that `reader`, which is at the front, has to say, and how it ends.
    pub(in crate::app) fn read(reader: Reader) -> Result<(Self, Tail), ReadError> {
        Self::read_watching(reader, |_| {})
    }

    /// As [`State::read`]; `watch` sees each entry.
    pub(in crate::app) fn read_watching(
        mut reader: Reader,
        mut watch: impl FnMut(&Durable),
    ) -> Result<(Self, Tail), ReadError> {
        let progress = Progress::start("reading the journal", reader.progress().bytes_total);
        let mut state = Self::default();
        while let Some(durable) = reader.next(&state)? {
            watch(&durable);
            state.apply(&durable);
            progress.set(reader.progress().bytes_read);
        }
        Ok((state, reader.into_tail()?))
    }

    fn apply(&mut self, durable: &Durable) {
        let entry = &*durable.entry;
        for event in &entry.events {
            match event {
                Event::Placed(order) => self.keep(order.clone()),
                // An order that is not here has ended: stock does not change any more.
                Event::Order(id, event) => {
                    if let Some(before) = self.orders.get(id).filter(|before| event.version > before.version).cloned() {
                        self.inventory.apply_order(&before, event, &mut self.known);
                        self.keep(Arc::new(before.after(event, entry.at, &entry.who)));
                    }
                }
                Event::Access(event) => drop(self.access.apply(event, entry.at)),
                Event::Catalogue(_) | Event::Stock(_) => {}
            }
            self.inventory.apply_event(event, &mut self.known);
        }
    }

    fn keep(&mut self, order: Arc<Order>) {
        if order.status.is_terminal() {
            self.orders.remove(&order.id);
        } else {
            self.orders.insert(order.id, order);
        }
    }
}
