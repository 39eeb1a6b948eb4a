//! How the view takes over durable entries, and what a checkpoint left of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{KeyEntry, KeyHash, KeyOwner, StatusPage, View};
use crate::domain::access::Access;
use crate::domain::catalogue::{CatalogueEvent, Category, Revision};
use crate::domain::entry::{Entry, Event};
use crate::domain::ids::{OrderId, ProductId};
use crate::domain::inventory::Observer;
use crate::domain::order::{Order, OrderChange, OrderEvent};
use crate::domain::stock::{Balance, Change, Movement};
use crate::journal::{Chain, Durable};

/// The exact part of a checkpoint, as it is read back.
#[derive(Debug)]
pub struct Restored {
    /// The last entry that it contains.
    pub sequence: u64,
    /// The journal's running hash after it.
    pub chain: Chain,
    /// The last order id given out.
    pub order_last: u64,
    /// The last category and product ids given out.
    pub catalogue_lasts: (u64, u64),
    /// All categories.
    pub categories: Vec<Category>,
    /// All products.
    pub products: Vec<RestoredProduct>,
    /// Users and keys.
    pub access: Access,
    /// The status of every order.
    pub pages: Vec<StatusPage>,
    /// The idempotency keys.
    pub keys: Vec<KeyEntry>,
}

/// A product, as a checkpoint holds it.
#[derive(Debug)]
pub struct RestoredProduct {
    /// Its current revision.
    pub revision: Arc<Revision>,
    /// Whether an order ever named it.
    pub ordered: bool,
    /// How much of it there is.
    pub balance: Balance,
}

/// Collects what one entry did to catalogue and stock.
struct Gathering<'a> {
    revisions: Vec<Arc<Revision>>,
    touched: Vec<CatalogueEvent>,
    movements: &'a mut Vec<(ProductId, Movement)>,
    sequence: u64,
    entry: &'a Entry,
    order: Option<OrderId>,
    reason: Option<Arc<str>>,
}

impl Observer for Gathering<'_> {
    fn revised(&mut self, revision: &Arc<Revision>) {
        self.revisions.push(revision.clone());
    }

    fn catalogue_changed(&mut self, event: &CatalogueEvent) {
        self.touched.push(event.clone());
    }

    fn moved(&mut self, product: ProductId, change: Change, after: Balance) {
        let movement = Movement {
            sequence: self.sequence,
            at: self.entry.at,
            change,
            after,
            order: self.order,
            who: self.entry.who.clone(),
            reason: self.reason.clone(),
        };
        self.movements.push((product, movement));
    }
}

impl View {
    /// Takes over a batch of durable entries, in journal order, and answers with the orders that it changed, each as
    /// it stands after the batch's last event for it. Only the follower may call this.
    ///
    /// # Panics
    /// When an entry is missing or contradicts the state: the journal was decided against another one.
    pub fn apply(&self, batch: &[Durable]) -> Vec<Arc<Order>> {
        let mut changed = Vec::new();
        let mut movements = Vec::new();
        for durable in batch {
            assert_eq!(durable.sequence, self.applied() + 1, "entries are applied in journal order, without a gap");
            self.apply_entry(durable, &mut changed, &mut movements);
            *self.chain.lock() = durable.chain;
            self.applied.store(durable.sequence, Ordering::Release);
        }
        self.movements.append(movements);
        changed
    }

    fn apply_entry(&self, durable: &Durable, changed: &mut Vec<Arc<Order>>, rows: &mut Vec<(ProductId, Movement)>) {
        let entry = &*durable.entry;
        let mut inner = self.products.0.write();
        let mut gathering = Gathering {
            revisions: Vec::new(),
            touched: Vec::new(),
            movements: rows,
            sequence: durable.sequence,
            entry,
            order: None,
            reason: None,
        };
        let first_row = gathering.movements.len();
        let first_order = changed.len();
        for event in &entry.events {
            gathering.order = order_of(event);
            gathering.reason = reason_of(event);
            match event {
                Event::Placed(order) => changed.push(order.clone()),
                Event::Order(id, event) => {
                    let Some(before) = self.orders.here(*id).or_else(|| self.order(*id).ok().flatten()) else {
                        panic!("an order that changes exists: {id}")
                    };
                    if event.version > before.version {
                        changed.push(Arc::new(before.after(event, entry.at, &entry.who)));
                    }
                    inner.inventory.apply_order(&before, event, &mut gathering);
                }
                Event::Access(event) => {
                    let mut access = Access::clone(&self.access.load());
                    self.audit.note(&access.apply(event, entry.at));
                    self.access.store(Arc::new(access));
                }
                Event::Catalogue(_) | Event::Stock(_) => {}
            }
            inner.inventory.apply_event(event, &mut gathering);
        }
        for event in gathering.touched {
            inner.note(&event);
        }
        for revision in &gathering.revisions {
            inner.keep(revision);
        }
        let moved = gathering.movements[first_row..].chunk_by(|(one, _), (other, _)| one == other);
        inner.dirty.products.extend(moved.map(|rows| rows[0].0));
        drop(inner);
        self.audit.append(durable.sequence, entry);
        self.publish(&changed[first_order..]);
        if let Some(record) = &entry.key {
            let used = KeyEntry {
                key: KeyHash::of(&record.key),
                request: record.request,
                sequence: durable.sequence,
                position: durable.position,
                at: entry.at,
                owner: KeyOwner::of(&record.key, &entry.who),
            };
            self.keys.complete(used, self.present.since(entry.at));
        }
    }

    fn publish(&self, orders: &[Arc<Order>]) {
        let before = self.orders.publish(orders, &self.present);
        let changes = || before.iter().map(Option::as_deref).zip(orders.iter().map(|order| &**order));
        self.trend.note(changes(), &self.present);
        self.stages.publish(changes(), &self.present);
    }

    /// Takes over the exact part of a checkpoint: only on an empty view.
    pub fn restore(&self, restored: Restored) {
        let mut inner = self.products.0.write();
        let mut products = Vec::with_capacity(restored.products.len());
        for RestoredProduct { revision, ordered, balance } in restored.products {
            inner.inventory.stock.restore(revision.product, balance);
            inner.revisions.insert((revision.product, revision.number), revision.clone());
            products.push((revision, ordered));
        }
        inner.inventory.order_last = restored.order_last;
        inner.inventory.catalogue.restore(restored.categories, products, restored.catalogue_lasts);
        self.access.store(Arc::new(restored.access));
        for page in &restored.pages {
            self.orders.restore(page);
        }
        for key in &restored.keys {
            self.keys.restore(key, self.present.since(key.at));
        }
        *self.chain.lock() = restored.chain;
        self.applied.store(restored.sequence, Ordering::Release);
    }

    /// Puts orders of a checkpoint back into memory: the open ones, before the journal's tail is applied.
    pub fn reload(&self, orders: &[Arc<Order>]) {
        for order in orders {
            self.orders.reload(order, &self.present);
        }
        self.stages.publish(orders.iter().map(|order| (None, &**order)), &self.present);
    }
}

fn order_of(event: &Event) -> Option<OrderId> {
    match event {
        Event::Placed(order) => Some(order.id),
        Event::Order(id, _) => Some(*id),
        Event::Catalogue(_) | Event::Stock(_) | Event::Access(_) => None,
    }
}

fn reason_of(event: &Event) -> Option<Arc<str>> {
    match event {
        Event::Stock(event) => event.reason.as_deref().map(Into::into),
        Event::Order(_, event) => reason_of_change(event),
        Event::Placed(_) | Event::Catalogue(_) | Event::Access(_) => None,
    }
}

fn reason_of_change(event: &OrderEvent) -> Option<Arc<str>> {
    match &event.change {
        OrderChange::Moved { reason, .. } => reason.as_deref().map(Into::into),
        OrderChange::ContactChanged(_) | OrderChange::Archived => None,
    }
}
