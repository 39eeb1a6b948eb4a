//! The product revisions, all of them in memory: every line of every order shares one.

use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use parking_lot::{RwLock, RwLockReadGuard};

use super::Store;
use super::error::StoreError;
use super::kv::Range;
use super::record::Changes;
use super::records::revision;
use super::schema::Table;
use crate::domain::catalogue::Revision;
use crate::domain::ids::ProductId;
use crate::domain::order::Order;
use crate::journal::Revisions;

type Map = HashMap<(ProductId, u32), Arc<Revision>, FixedState>;

/// The revisions that the store holds.
#[derive(Default)]
pub(super) struct RevisionCache(RwLock<Map>);

/// The revisions while somebody decodes orders.
pub(super) struct Known<'a>(RwLockReadGuard<'a, Map>);

impl RevisionCache {
    pub(super) fn read(&self) -> Known<'_> {
        // A thread that decodes may hold it already, with a writer waiting in between.
        Known(self.0.read_recursive())
    }
}

impl Revisions for Known<'_> {
    fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>> {
        self.0.get(&(product, number)).cloned()
    }
}

impl Revisions for Store {
    fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>> {
        self.revisions.read().revision(product, number)
    }
}

impl Store {
    /// Revision `number` of `product`, the one that every order read from here shares. Never waits for the disk.
    #[must_use]
    pub fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>> {
        Revisions::revision(self, product, number)
    }

    /// Reads every revision into memory.
    pub(super) fn load_revisions(&self) -> Result<(), StoreError> {
        const TABLE: Table = Table::Revisions;
        let mut map = Map::default();
        self.records.for_each(TABLE, Range::all(), |key, value| {
            let (product, number) = revision::deser_key(key).map_err(|error| error.within(TABLE))?;
            let revision = revision::deser_value(value).map_err(|error| error.within(TABLE))?;
            if (revision.product, revision.number) != (product, number) {
                let found = format!("revision {number} of product {product} calls itself another one");
                return Err(StoreError::damaged(TABLE, found));
            }
            map.insert((product, number), Arc::new(revision));
            Ok(())
        })?;
        *self.revisions.0.write() = map;
        Ok(())
    }

    /// Stores those of `revisions` that the store does not hold yet.
    pub(super) fn put_revisions<'a>(
        &self,
        revisions: impl IntoIterator<Item = &'a Arc<Revision>>,
    ) -> Result<(), StoreError> {
        let mut fresh: Vec<&Arc<Revision>> = Vec::new();
        let mut changes = Changes::default();
        for revision in revisions {
            let known = self.revisions.0.read().get(&(revision.product, revision.number)).cloned();
            if known.is_some_and(|known| Arc::ptr_eq(&known, revision) || known == *revision) {
                continue;
            }
            changes.put(revision::ser_key(revision.product, revision.number), revision::ser_value(revision));
            fresh.push(revision);
            if changes.is_full() {
                self.take_over(std::mem::take(&mut changes), &mut fresh)?;
            }
        }
        self.take_over(changes, &mut fresh)
    }

    /// Stores the revisions that the lines of `orders` name, as far as the store does not hold them: orders may be
    /// newer than the revisions that a checkpoint hands over.
    pub(super) fn put_revisions_of(&self, orders: &[Arc<Order>]) -> Result<(), StoreError> {
        let lines = || orders.iter().flat_map(|order| order.lines.iter());
        let all_known = {
            let map = self.revisions.0.read();
            lines().all(|line| map.contains_key(&(line.product.product, line.product.number)))
        };
        if all_known { Ok(()) } else { self.put_revisions(lines().map(|line| &line.product)) }
    }

    /// Forgets the revisions of a product that no order ever named.
    pub(super) fn delete_revisions(&self, product: ProductId) -> Result<(), StoreError> {
        let mut numbers = Vec::new();
        self.records.for_each(Table::Revisions, Range::prefix(&revision::ser_prefix(product)), |key, _| {
            numbers.push(revision::deser_key(key).map_err(|error| error.within(Table::Revisions))?.1);
            Ok(())
        })?;
        let mut changes = Changes::default();
        for number in &numbers {
            changes.delete(revision::ser_key(product, *number));
        }
        self.records.apply(Table::Revisions, changes)?;
        let mut map = self.revisions.0.write();
        for number in numbers {
            map.remove(&(product, number));
        }
        Ok(())
    }

    fn take_over(&self, changes: Changes, fresh: &mut Vec<&Arc<Revision>>) -> Result<(), StoreError> {
        self.records.apply(Table::Revisions, changes)?;
        let mut map = self.revisions.0.write();
        for revision in fresh.drain(..) {
            map.insert((revision.product, revision.number), revision.clone());
        }
        Ok(())
    }
}
