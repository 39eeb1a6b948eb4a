//! Reading a checkpoint, and what has to be tidied up before.

use std::sync::Arc;

use parking_lot::Mutex;

use super::checkpoint::{Counts, Head, Loaded, StatusPage};
use super::digest::Digest;
use super::error::StoreError;
use super::kv::{Kv, Range};
use super::pages::{PAGE_ORDERS, page_of};
use super::record::{Changes, Records};
use super::records::{
    HeadKind, ValueError, api_key, balance, category, head, ledger, page, product, schema, unfinished, user,
};
use super::revisions::RevisionCache;
use super::schema::{SCHEMA_VERSION, Table};
use super::{Store, Writer};
use crate::domain::ids::OrderId;

impl Store {
    /// The store over an engine: a new one when the engine is empty. Rows that a checkpoint left which was never
    /// finished are removed.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] also when the store was written with another schema.
    pub fn over(kv: Arc<dyn Kv>) -> Result<Self, StoreError> {
        let mut store = Self {
            records: Records::over(kv),
            revisions: RevisionCache::default(),
            writer: Mutex::default(),
            directory: None,
        };
        store.check_schema()?;
        let writer = store.resume()?;
        if writer.held.is_some() {
            store.load_revisions()?;
        }
        store.writer = Mutex::new(writer);
        Ok(store)
    }

    /// What a writer has to know of what the engine holds.
    pub(super) fn resume(&self) -> Result<Writer, StoreError> {
        let Some((held, digest)) = self.head()? else {
            self.begin_anew()?;
            return Ok(Writer::default());
        };
        if self.is_unfinished()? {
            tracing::info!(checkpoint.sequence = held.sequence, "cutting off what an unfinished checkpoint left");
            self.cut_movements(held.sequence)?;
            self.end_unfinished()?;
        }
        let written = held.sequence;
        Ok(Writer { held: Some(held), digest, unfinished: false, written })
    }

    /// The checkpoint that is there, checked; `None` in a new store. Orders are read by [`Store::open_orders`].
    pub fn load(&self) -> Result<Option<Loaded>, StoreError> {
        // A checkpoint must not be replaced while it is read.
        let _one_writer = self.writer.lock();
        let Some((head, digest)) = self.head()? else { return Ok(None) };
        let mut found = Digest::default();
        let mut loaded = Loaded { head, ..Loaded::default() };
        self.records.for_each(Table::Head, Range::all(), |key, value| {
            if self.take(key, value, &mut loaded)? {
                found = found.with(key, value);
            }
            Ok(())
        })?;
        let counts = Counts { categories: loaded.categories.len() as u64, products: loaded.products.len() as u64 };
        if found != digest || counts != loaded.head.counts {
            let sequence = loaded.head.sequence;
            let found = format!("the records at sequence {sequence} are not those that its head was written with");
            return Err(StoreError::damaged(Table::Head, found));
        }
        loaded.pages = self.load_pages(loaded.head.order_last)?;
        loaded.keys = self.load_keys()?;
        Ok(Some(loaded))
    }

    /// Takes over a record of the table `Head`. Answers whether it is one of those that the digest covers.
    fn take(&self, key: &[u8], value: &[u8], loaded: &mut Loaded) -> Result<bool, StoreError> {
        let kind = key.first().copied().unwrap_or_default();
        let is = |wanted: HeadKind| wanted as u8 == kind;
        if is(HeadKind::Schema) || is(HeadKind::Head) || is(HeadKind::Unfinished) {
            return Ok(false);
        }
        if is(HeadKind::Category) {
            let (id, category) =
                (category::deser_key(key).map_err(damaged)?, category::deser_value(value).map_err(damaged)?);
            if category.id != id {
                return Err(StoreError::damaged(Table::Head, format!("category {id} calls itself {}", category.id)));
            }
            loaded.categories.push(category);
        } else if is(HeadKind::Product) {
            let (id, head) = (product::deser_key(key).map_err(damaged)?, product::deser_value(value).map_err(damaged)?);
            let revision = self.revision(id, head.number).ok_or_else(|| {
                StoreError::damaged(Table::Revisions, format!("revision {} of product {id} is missing", head.number))
            })?;
            loaded.products.push((head, revision));
        } else if is(HeadKind::Balance) {
            let id = balance::deser_key(key).map_err(damaged)?;
            loaded.balances.push((id, balance::deser_value(value).map_err(damaged)?));
        } else if is(HeadKind::User) {
            let user = user::deser_value(value).map_err(damaged)?;
            if key != user::ser_key(&user.name) {
                return Err(StoreError::damaged(Table::Head, format!("another user calls itself {}", user.name)));
            }
            loaded.users.push(user);
        } else if is(HeadKind::ApiKey) {
            let api_key = api_key::deser_value(value).map_err(damaged)?;
            if key != api_key::ser_key(api_key.id) {
                return Err(StoreError::damaged(Table::Head, format!("another API key calls itself {}", api_key.id)));
            }
            loaded.api_keys.push(api_key);
        } else if is(HeadKind::Ledger) {
            // Read again whenever its product's rows are; here it only has to be one.
            ledger::deser_key(key).and_then(|_| ledger::deser_value(value)).map_err(damaged)?;
        } else {
            return Err(StoreError::damaged(Table::Head, format!("there is no kind {kind}")));
        }
        Ok(true)
    }

    /// Every status page. Each order up to `order_last` has to be there.
    fn load_pages(&self, order_last: u64) -> Result<Vec<(u64, StatusPage)>, StoreError> {
        const TABLE: Table = Table::Pages;
        let mut pages = Vec::new();
        self.records.for_each(TABLE, Range::all(), |key, value| {
            let number = page::deser_key(key).map_err(|error| error.within(TABLE))?;
            pages.push((number, page::deser_value(value).map_err(|error| error.within(TABLE))?));
            Ok(())
        })?;
        let due = if order_last == 0 { 0 } else { page_of(OrderId(order_last)) + 1 };
        let mut numbers = pages.iter().map(|(number, _)| *number);
        if let Some(gone) = (0..due).find(|number| numbers.next() != Some(*number)) {
            return Err(StoreError::damaged(TABLE, format!("status page {gone} is missing")));
        }
        for (number, page) in pages.iter().take_while(|(number, _)| *number < due) {
            let ids = (number * PAGE_ORDERS..).zip(page.codes());
            let mut absent = ids.filter(|(id, code)| (1..=order_last).contains(id) && code.status().is_none());
            if let Some((id, _)) = absent.next() {
                return Err(StoreError::damaged(TABLE, format!("order {id} is missing from its status page")));
            }
        }
        Ok(pages)
    }

    fn head(&self) -> Result<Option<(Head, Digest)>, StoreError> {
        let bytes = self.records.get(Table::Head, &head::ser_key())?;
        bytes.map(|bytes| head::deser_value(&bytes).map_err(damaged)).transpose()
    }

    fn check_schema(&self) -> Result<(), StoreError> {
        let Some(bytes) = self.records.get(Table::Head, &schema::ser_key())? else { return Ok(()) };
        match schema::deser_value(&bytes).map_err(damaged)? {
            SCHEMA_VERSION => Ok(()),
            found if found > SCHEMA_VERSION => Err(StoreError::Newer { found, known: SCHEMA_VERSION }),
            other => {
                let found = format!("schema version {other}, where this program writes {SCHEMA_VERSION}");
                Err(StoreError::damaged(Table::Head, found))
            }
        }
    }

    fn is_unfinished(&self) -> Result<bool, StoreError> {
        let mark = self.records.get(Table::Head, &unfinished::ser_key())?;
        Ok(mark.map(|bytes| unfinished::deser_value(&bytes).map_err(damaged)).transpose()?.is_some())
    }

    fn end_unfinished(&self) -> Result<(), StoreError> {
        let mut changes = Changes::default();
        changes.delete(unfinished::ser_key());
        self.records.apply(Table::Head, changes)
    }

    /// Without a head nothing else means anything: what is there is left of a first checkpoint that was never finished.
    fn begin_anew(&self) -> Result<(), StoreError> {
        for table in Table::ALL {
            self.records.clear(table)?;
        }
        let mut changes = Changes::default();
        changes.put(schema::ser_key(), schema::ser_value(SCHEMA_VERSION));
        self.records.apply(Table::Head, changes)?;
        self.records.flush()
    }
}

fn damaged(error: ValueError) -> StoreError {
    error.within(Table::Head)
}
