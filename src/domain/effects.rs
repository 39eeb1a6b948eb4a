//! What an entry means: the one place that says what it does to orders, stock, catalogue, users and keys. The read
//! model, exports and whoever follows the journal take it from here.

use std::sync::Arc;

use super::access::AccessEvent;
use super::audit::{AuditRow, rows_of};
use super::catalogue::{CatalogueEvent, Revision};
use super::entry::{Entry, Event};
use super::ids::{OrderId, ProductId};
use super::inventory::{Inventory, Observer};
use super::order::{Order, OrderChange};
use super::stock::{Balance, Change, Movement};

/// An order that an entry placed or changed.
#[derive(Clone, Debug)]
pub struct OrderEffect {
    /// As it stood before; nothing where the entry placed it.
    pub before: Option<Arc<Order>>,
    /// As it stands after.
    pub after: Arc<Order>,
}

/// What came of an entry, or of several: each list in the order of the journal.
#[derive(Debug, Default)]
pub struct Effects {
    /// The orders that it placed or changed.
    pub orders: Vec<OrderEffect>,
    /// The rows of the stock ledger that it adds.
    pub movements: Vec<(ProductId, Movement)>,
    /// The revisions of products that it made.
    pub revisions: Vec<Arc<Revision>>,
    /// What happened to categories and products.
    pub catalogue: Vec<CatalogueEvent>,
    /// What happened to users and keys, to be applied by whoever keeps those.
    pub access: Vec<AccessEvent>,
    /// The rows of the audit log that it adds.
    pub audit: Vec<Arc<AuditRow>>,
}

impl Effects {
    /// Takes `entry`, which is the one at `sequence`, over into `inventory`, and adds what came of it. `standing`
    /// answers with an order as it stands before the entry, once for each event about it; nothing where it has ended
    /// and nobody keeps it, which leaves it and its stock as they are.
    ///
    /// An order may be newer than the entry: a checkpoint writes orders after the moment of its head. It stays as it is
    /// then, while the stock, which is exact, moves.
    ///
    /// # Panics
    /// When the entry contradicts the state: it was decided against another one.
    pub fn take_over(
        &mut self,
        entry: &Entry,
        sequence: u64,
        inventory: &mut Inventory,
        mut standing: impl FnMut(OrderId) -> Option<Arc<Order>>,
    ) {
        let first = self.orders.len();
        for event in &entry.events {
            let (order, reason) = cause(event);
            let mut recorder = Recorder { effects: self, entry, sequence, order, reason };
            inventory.apply_event(event, &mut recorder);
            match event {
                Event::Placed(order) => self.orders.push(OrderEffect { before: None, after: order.clone() }),
                Event::Order(id, event) => {
                    let Some(standing) = standing(*id) else { continue };
                    inventory.apply_order(&standing, event, &mut recorder);
                    // What an event before it in this entry made of it.
                    let changed = self.orders[first..].last().filter(|last| last.after.id == *id);
                    let before = changed.map_or(standing, |changed| changed.after.clone());
                    if event.version > before.version {
                        let after = Arc::new(before.after(event, entry.at, &entry.who));
                        self.orders.push(OrderEffect { before: Some(before), after });
                    }
                }
                Event::Access(event) => self.access.push((**event).clone()),
                Event::Catalogue(_) | Event::Stock(_) => {}
            }
        }
        self.audit.extend(rows_of(sequence, entry));
    }

    /// Forgets all of it, and keeps the room.
    pub fn clear(&mut self) {
        let Self { orders, movements, revisions, catalogue, access, audit } = self;
        orders.clear();
        movements.clear();
        revisions.clear();
        catalogue.clear();
        access.clear();
        audit.clear();
    }
}

/// Notes what one event does to catalogue and stock.
struct Recorder<'a> {
    effects: &'a mut Effects,
    entry: &'a Entry,
    sequence: u64,
    order: Option<OrderId>,
    reason: Option<Arc<str>>,
}

impl Observer for Recorder<'_> {
    fn revised(&mut self, revision: &Arc<Revision>) {
        self.effects.revisions.push(revision.clone());
    }

    fn catalogue_changed(&mut self, event: &CatalogueEvent) {
        self.effects.catalogue.push(event.clone());
    }

    fn moved(&mut self, product: ProductId, change: Change, after: Balance) {
        let (order, reason) = (self.order, self.reason.clone());
        let (sequence, at, who) = (self.sequence, self.entry.at, self.entry.who.clone());
        self.effects.movements.push((product, Movement { sequence, at, change, after, order, who, reason }));
    }
}

/// Which order moved the stock, and the reason that somebody gave.
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
