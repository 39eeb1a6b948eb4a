//! Orders in packs, and the status pages that say which of them are where.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crossbeam::channel;

use super::Store;
use super::checkpoint::{Pack, StatusCode, StatusPage};
use super::error::StoreError;
use super::kv::{Direction, Range};
use super::pages::{PACK_ORDERS, PAGE_ORDERS, pack_of, page_of, slot_of};
use super::record::Changes;
use super::records::{ValueError, pack, page};
use super::revisions::Known;
use super::schema::Table;
use crate::domain::ids::OrderId;
use crate::domain::order::{Order, Status};

const TABLE: Table = Table::Orders;
const PAGE_PACKS: u64 = PAGE_ORDERS / PACK_ORDERS;
/// From this many packs of a page on, reading all of it in one go is cheaper than fetching them one by one.
const DENSE_PACKS: usize = 24;
/// How many status pages wait for their packs before they are written.
const PAGES_AT_ONCE: usize = 256;
/// The most threads that decode orders at a start.
const DECODERS_MAX: usize = 4;

impl Store {
    /// Stores orders in their packs, in bounded batches, and says how many packs that were. Orders of a pack that are
    /// not handed over stay as they are. Not on disk to stay before the next checkpoint is.
    pub fn put_packs(&self, packs: impl IntoIterator<Item = Pack>) -> Result<u64, StoreError> {
        let _one_writer = self.writer.lock();
        self.put_packs_locked(packs)
    }

    /// As [`Store::put_packs`], by whoever is the writer already.
    pub(super) fn put_packs_locked(&self, packs: impl IntoIterator<Item = Pack>) -> Result<u64, StoreError> {
        let mut changes = Changes::default();
        let mut pages = BTreeMap::new();
        let mut written = 0;
        for (number, orders) in packs {
            if orders.is_empty() {
                continue;
            }
            // The same pack may come again; what it merges with has to be there by then.
            if changes.is_full() || changes.has(&pack::ser_key(number)) {
                self.records.apply(TABLE, std::mem::take(&mut changes))?;
                if pages.len() >= PAGES_AT_ONCE {
                    self.put_pages(std::mem::take(&mut pages))?;
                }
            }
            self.put_revisions_of(&orders)?;
            changes.put(pack::ser_key(number), self.merged(number, &orders)?);
            self.mark(&orders, &mut pages)?;
            written += 1;
        }
        self.records.apply(TABLE, changes)?;
        self.put_pages(pages)?;
        Ok(written)
    }

    /// Enters `orders` into their status pages. Codes are taken from what is written into the packs and from nowhere
    /// else, so that a page is never ahead of a pack.
    fn mark(&self, orders: &[Arc<Order>], pages: &mut BTreeMap<u64, StatusPage>) -> Result<(), StoreError> {
        for order in orders {
            let page = match pages.entry(page_of(order.id)) {
                Entry::Occupied(page) => page.into_mut(),
                Entry::Vacant(vacant) => {
                    let stored = self.page(*vacant.key())?;
                    vacant.insert(stored.unwrap_or_default())
                }
            };
            page.set(slot_of(order.id), StatusCode::new(order.status, order.archived), order.placed_at);
        }
        Ok(())
    }

    /// The value of pack `number` with `orders` in place of what it holds of them now.
    fn merged(&self, number: u64, orders: &[Arc<Order>]) -> Result<Vec<u8>, StoreError> {
        if let Some(order) = orders.iter().find(|order| pack_of(order.id) != number) {
            return Err(StoreError::OrderMisplaced { order: order.id.0, pack: number });
        }
        let encoded: Vec<_> = orders.iter().map(|order| (pack::place_of(order.id), pack::ser_order(order))).collect();
        let fresh: pack::Places<'_> = encoded.iter().map(|(place, bytes)| (*place, bytes.as_slice())).collect();
        if fresh.len() as u64 == PACK_ORDERS {
            return Ok(pack::ser_value(&fresh));
        }
        let before = self.records.get(TABLE, &pack::ser_key(number))?.unwrap_or_default();
        let mut places = pack::deser_value(&before).map_err(damaged)?;
        places.extend(fresh);
        Ok(pack::ser_value(&places))
    }

    /// The orders of pack `number` that are stored, by id; none when there is no such pack.
    pub fn pack(&self, number: u64) -> Result<Vec<Order>, StoreError> {
        let Some(bytes) = self.records.get(TABLE, &pack::ser_key(number))? else { return Ok(Vec::new()) };
        let places = pack::deser_value(&bytes).map_err(damaged)?;
        let known = self.revisions.read();
        let orders = places.into_iter().map(|(place, bytes)| pack::deser_order(number, place, bytes, &known));
        orders.collect::<Result<_, _>>().map_err(damaged)
    }

    /// The order `id` as it was last stored; `None` when it never was.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] also when the order's status page knows it, but its pack does not.
    pub fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        let number = pack_of(id);
        if let Some(bytes) = self.records.get(TABLE, &pack::ser_key(number))? {
            let place = pack::place_of(id);
            let places = pack::deser_value(&bytes).map_err(damaged)?;
            if let Some(bytes) = places.get(&place) {
                return pack::deser_order(number, place, bytes, &self.revisions.read()).map(Some).map_err(damaged);
            }
        }
        match self.page(page_of(id))?.and_then(|page| page.get(slot_of(id)).status()) {
            None => Ok(None),
            Some(_) => Err(missing(id)),
        }
    }

    /// The status page `number`.
    pub fn page(&self, number: u64) -> Result<Option<StatusPage>, StoreError> {
        let bytes = self.records.get(Table::Pages, &page::ser_key(number))?;
        bytes.map(|bytes| page::deser_value(&bytes).map_err(|error| error.within(Table::Pages))).transpose()
    }

    fn put_pages(&self, pages: BTreeMap<u64, StatusPage>) -> Result<(), StoreError> {
        let mut changes = Changes::default();
        for (number, page) in pages {
            changes.put(page::ser_key(number), page::ser_value(&page));
            if changes.is_full() {
                self.records.apply(Table::Pages, std::mem::take(&mut changes))?;
            }
        }
        self.records.apply(Table::Pages, changes)
    }

    /// Shows `visit` every order that `pages` call open, in no order, and says how many there were. An order may have
    /// gone on, and even ended, since its page was written: it is shown as its pack has it.
    ///
    /// Several threads read and decode; `visit` is called on this one.
    pub fn open_orders(
        &self,
        pages: &[(u64, StatusPage)],
        mut visit: impl FnMut(Arc<Order>),
    ) -> Result<u64, StoreError> {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(DECODERS_MAX).min(pages.len().max(1));
        let (turn, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (sender, decoded) = channel::bounded::<Result<Vec<Arc<Order>>, StoreError>>(2 * threads);
        let decode = |sender: channel::Sender<_>| {
            while !stop.load(Ordering::Relaxed)
                && let Some((number, page)) = pages.get(turn.fetch_add(1, Ordering::Relaxed))
            {
                // Nobody listens any more once another thread met damage.
                if sender.send(self.open_orders_of(*number, page)).is_err() {
                    return;
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..threads {
                let sender = sender.clone();
                scope.spawn(|| decode(sender));
            }
            drop(sender);
            let mut count = 0;
            let result = decoded.iter().try_for_each(|orders| {
                let orders = orders?;
                count += orders.len() as u64;
                orders.into_iter().for_each(&mut visit);
                Ok(())
            });
            stop.store(true, Ordering::Relaxed);
            // A thread may wait for room in the channel.
            drop(decoded);
            result.map(|()| count)
        })
    }

    /// The open orders of one page.
    fn open_orders_of(&self, number: u64, page: &StatusPage) -> Result<Vec<Arc<Order>>, StoreError> {
        let first = number.checked_mul(PAGE_ORDERS).ok_or_else(|| bad_page(number))?;
        let mut wanted: Vec<(u64, Vec<(OrderId, Status)>)> = Vec::new();
        for (slot, status) in page.open() {
            let id = OrderId(first.checked_add(slot as u64).ok_or_else(|| bad_page(number))?);
            match wanted.last_mut() {
                Some((pack, ids)) if *pack == pack_of(id) => ids.push((id, status)),
                _ => wanted.push((pack_of(id), vec![(id, status)])),
            }
        }
        let mut found = Vec::with_capacity(wanted.iter().map(|(_, ids)| ids.len()).sum());
        let all = if wanted.len() < DENSE_PACKS { Vec::new() } else { self.packs_of(first / PACK_ORDERS)? };
        let known = self.revisions.read();
        for (pack, ids) in wanted {
            let one;
            let bytes = if all.is_empty() {
                one = self.records.get(TABLE, &pack::ser_key(pack))?;
                one.as_deref()
            } else {
                let at = all.binary_search_by_key(&pack, |(number, _)| *number).ok();
                at.and_then(|at| all.get(at)).map(|(_, bytes)| bytes.as_slice())
            };
            decode_open(pack, bytes.unwrap_or_default(), &ids, &known, &mut found)?;
        }
        Ok(found)
    }

    /// The packs of the page that begins with pack `first`, by number.
    fn packs_of(&self, first: u64) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let start = pack::ser_key(first).to_vec();
        let range = match first.checked_add(PAGE_PACKS) {
            Some(end) => Range::between(start, pack::ser_key(end).to_vec()),
            None => Range::from(start),
        };
        let found = self.records.scan(TABLE, &range, Direction::Forward, usize::MAX)?;
        found.into_iter().map(|(key, value)| Ok((pack::deser_key(&key).map_err(damaged)?, value))).collect()
    }
}

/// Adds the orders `ids` of `pack` to `found`.
fn decode_open(
    pack: u64,
    bytes: &[u8],
    ids: &[(OrderId, Status)],
    known: &Known<'_>,
    found: &mut Vec<Arc<Order>>,
) -> Result<(), StoreError> {
    let places = pack::deser_value(bytes).map_err(damaged)?;
    for (id, status) in ids {
        let place = pack::place_of(*id);
        let bytes = places.get(&place).ok_or_else(|| missing(*id))?;
        let order = pack::deser_order(pack, place, bytes, known).map_err(damaged)?;
        // Packs are written before pages, so an order that lags behind its page is one that an older write left.
        if !may_reach(*status, order.status) {
            let found = format!("order {id} is {}, but its status page already calls it {status}", order.status);
            return Err(StoreError::damaged(TABLE, found));
        }
        found.push(Arc::new(order));
    }
    Ok(())
}

fn may_reach(from: Status, to: Status) -> bool {
    from == to || from.successors().any(|next| may_reach(next, to))
}

fn damaged(error: ValueError) -> StoreError {
    error.within(TABLE)
}

fn missing(id: OrderId) -> StoreError {
    StoreError::damaged(TABLE, format!("order {id} stands in its status page, but not in its pack"))
}

fn bad_page(number: u64) -> StoreError {
    StoreError::damaged(Table::Pages, format!("there can be no status page {number}"))
}
