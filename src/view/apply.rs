//! How the view takes over durable entries, and what a checkpoint left of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{ArchiveError, KeyEntry, KeyHash, KeyOwner, StatusPage, View};
use crate::domain::access::Access;
use crate::domain::catalogue::{Category, Revision};
use crate::domain::effects::{Effects, OrderEffect};
use crate::domain::entry::{Entry, Event};
use crate::domain::order::Order;
use crate::domain::stock::Balance;
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

impl View {
    /// Takes over a batch of durable entries, in journal order, and answers with the orders that it changed, each as
    /// it stands after the batch's last event for it. Only the follower may call this.
    ///
    /// # Errors
    /// When an order that an entry changes left memory and cannot be read back. The view contains what came before
    /// that entry, and nothing of it.
    ///
    /// # Panics
    /// When an entry is missing or contradicts the state: the journal was decided against another one.
    pub fn apply(&self, batch: &[Durable]) -> Result<Vec<Arc<Order>>, ArchiveError> {
        let mut effects = Effects::default();
        for durable in batch {
            assert_eq!(durable.sequence, self.applied() + 1, "entries are applied in journal order, without a gap");
            // Before anything is locked: readers do not wait for the disk.
            let before = match self.standing(&durable.entry) {
                Ok(before) => before,
                Err(error) => {
                    self.movements.append(effects.movements);
                    return Err(error);
                }
            };
            self.apply_entry(durable, before, &mut effects);
            *self.chain.lock() = durable.chain;
            self.applied.store(durable.sequence, Ordering::Release);
        }
        self.movements.append(effects.movements);
        Ok(effects.orders.into_iter().map(|effect| effect.after).collect())
    }

    /// The orders that `entry` changes as they stand before it, one for each of its events of an order.
    fn standing(&self, entry: &Entry) -> Result<Vec<Arc<Order>>, ArchiveError> {
        let ids = entry.events.iter().filter_map(|event| match event {
            Event::Order(id, _) => Some(*id),
            Event::Placed(_) | Event::Catalogue(_) | Event::Stock(_) | Event::Access(_) => None,
        });
        let standing = |id| match self.orders.here(id).or_else(|| self.orders.held(id)) {
            Some(order) => Ok(order),
            None => self.order(id)?.ok_or_else(|| ArchiveError(format!("order {id} changes, and never was placed"))),
        };
        ids.map(standing).collect()
    }

    /// Takes over one entry. Of its effects the orders and the rows of the ledger are left to the caller.
    fn apply_entry(&self, durable: &Durable, before: Vec<Arc<Order>>, effects: &mut Effects) {
        let entry = &*durable.entry;
        let (first_order, first_row) = (effects.orders.len(), effects.movements.len());
        let mut before = before.into_iter();
        let mut standing = |_| Some(before.next().expect("there is one for each event of an order"));
        let mut inner = self.products.0.write();
        effects.take_over(entry, durable.sequence, &mut inner.inventory, &mut standing);
        for event in effects.catalogue.drain(..) {
            inner.note(&event);
        }
        for revision in effects.revisions.drain(..) {
            inner.keep(&revision);
        }
        let moved = effects.movements[first_row..].chunk_by(|(one, _), (other, _)| one == other);
        inner.dirty.products.extend(moved.map(|rows| rows[0].0));
        drop(inner);
        if !effects.access.is_empty() {
            let mut access = Access::clone(&self.access.load());
            for event in effects.access.drain(..) {
                self.audit.note(&access.apply(&event, entry.at));
            }
            self.access.store(Arc::new(access));
        }
        self.audit.append(&mut effects.audit);
        self.publish(&effects.orders[first_order..]);
        if let Some(record) = &entry.key {
            let used = KeyEntry {
                key: KeyHash::of(&record.key),
                request: record.request,
                sequence: durable.sequence,
                position: durable.position,
                at: entry.at,
                since: self.present.since(entry.at),
                owner: KeyOwner::of(&record.key, &entry.who),
            };
            self.keys.complete(used);
        }
    }

    fn publish(&self, orders: &[OrderEffect]) {
        let before = self.orders.publish(orders.iter().map(|effect| &effect.after), &self.present);
        let changes = || before.iter().map(Option::as_deref).zip(orders.iter().map(|effect| &*effect.after));
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
            self.keys.restore(&KeyEntry { since: self.present.since(key.at), ..*key });
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::domain::audit::AuditRow;
    use crate::domain::ids::{OrderId, ProductId, RowId};
    use crate::domain::order::{OrderChange, OrderEvent, Status};
    use crate::domain::origin::Origin;
    use crate::domain::stock::Movement;
    use crate::domain::time::{Bounds, Timestamp};
    use crate::journal::{GENESIS, Position};
    use crate::view::{Archive, ArchiveError, PAGE_SIZE};

    /// An archive that is slow: it says that it is asked, and fails when it is told to.
    struct Slow {
        asked: mpsc::SyncSender<()>,
        fail: parking_lot::Mutex<mpsc::Receiver<()>>,
    }

    impl Archive for Slow {
        fn pack(&self, _: u64) -> Result<Vec<Arc<Order>>, ArchiveError> {
            self.asked.send(()).unwrap();
            self.fail.lock().recv().unwrap();
            Err(ArchiveError("a test".into()))
        }

        fn revision(&self, _: ProductId, _: u32) -> Option<Arc<Revision>> {
            None
        }

        fn movements(&self, _: ProductId, _: Option<RowId>, _: usize) -> Result<Vec<(RowId, Movement)>, ArchiveError> {
            Ok(Vec::new())
        }

        fn audit(&self, _: Option<RowId>, _: usize) -> Result<Vec<Arc<AuditRow>>, ArchiveError> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn an_archive_that_is_slow_holds_up_no_reader_and_one_that_fails_is_an_error() {
        let (asked, was_asked) = mpsc::sync_channel(1);
        let (fail, told) = mpsc::channel();
        let view = View::new(Arc::new(Slow { asked, fail: parking_lot::Mutex::new(told) }), 1);
        let mut codes = vec![0; PAGE_SIZE];
        codes[1] = Status::Cancelled as u8;
        view.orders.restore(&StatusPage { page: 0, codes: codes.into(), placed: Bounds::default() });
        let archived = OrderEvent { version: 3, change: OrderChange::Archived };
        let events = vec![Event::Order(OrderId(1), Box::new(archived))].into();
        let entry = Arc::new(Entry { at: Timestamp(1), who: Origin::Client, key: None, events });
        let durable =
            Durable { sequence: 1, chain: GENESIS, position: Position { segment_first: 1, offset: 4096 }, entry };
        thread::scope(|scope| {
            let applied = scope.spawn(|| view.apply(&[durable]));
            was_asked.recv().unwrap();
            let (sender, products) = mpsc::channel();
            scope.spawn({
                let view = &view;
                move || sender.send(view.products().page(ProductId(0), 10).len())
            });
            let read = products.recv_timeout(Duration::from_secs(10));
            fail.send(()).unwrap();
            assert_eq!(read, Ok(0), "a reader waits for the archive");
            let error = applied.join().expect("it does not panic").unwrap_err();
            assert_eq!(error.to_string(), "the archive could not be read: a test");
        });
        assert_eq!(view.applied(), 0);
    }
}
