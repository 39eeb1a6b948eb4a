//! The orders, by id, in pages: ids are dense, so that finding one is an index and listing the newest is a walk.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::ages::Ages;
use super::present::Present;
use super::statuses::Statuses;
use crate::domain::ids::OrderId;
use crate::domain::order::{Order, PerStatus, Status};
use crate::domain::time::{Bounds, Timestamp};

/// How many neighbouring ids share a page.
pub const PAGE_SIZE: usize = 1024;
/// How many neighbouring ids share a record of the archive.
pub const PACK_SIZE: u64 = PACK_LEN as u64;
const PACK_LEN: usize = 8;

/// The bit of a status code that says archived.
const ARCHIVED: u8 = 0x80;

/// Where an order is.
#[derive(Clone, Debug)]
pub enum Slot {
    /// There never was one.
    Absent,
    /// In memory.
    Here(Arc<Order>),
    /// In the archive only.
    Evicted,
}

/// What is known of [`PAGE_SIZE`] neighbouring ids without reading their orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusPage {
    /// Its number: the first id is `page * PAGE_SIZE`.
    pub page: u64,
    /// The status code of each id, 0 where there is no order; the high bit says archived.
    pub codes: Box<[u8]>,
    /// When the first and the last of them were placed.
    pub placed: Bounds,
}

pub(super) fn pack_of(id: OrderId) -> u64 {
    id.0 / PACK_SIZE
}

pub(super) fn page_of(id: OrderId) -> u64 {
    id.0 / PAGE_SIZE as u64
}

fn index_of(id: OrderId) -> usize {
    usize::try_from(id.0 % PAGE_SIZE as u64).expect("an index within a page is small")
}

fn code_of(order: &Order) -> u8 {
    order.status as u8 | if order.archived { ARCHIVED } else { 0 }
}

fn status_of(code: u8) -> Option<Status> {
    Status::from_code(code & !ARCHIVED)
}

#[derive(Debug)]
pub(super) struct OrderPage {
    slots: Vec<Option<Arc<Order>>>,
    codes: Box<[u8]>,
    placed: Bounds,
}

impl Default for OrderPage {
    fn default() -> Self {
        Self { slots: vec![None; PAGE_SIZE], codes: vec![0; PAGE_SIZE].into(), placed: Bounds::default() }
    }
}

impl OrderPage {
    /// When the first and the last of its orders were placed.
    pub(super) fn placed(&self) -> Bounds {
        self.placed
    }

    /// The order at `index`, if the page has one there that is not archived, in `status` where that is given, and
    /// `wanted` or not here to be asked.
    pub(super) fn listed(
        &self,
        index: usize,
        status: Option<Statuses>,
        wanted: impl FnOnce(&Order) -> bool,
    ) -> Option<Slot> {
        let code = self.codes[index];
        if code == 0 || code & ARCHIVED != 0 || status.is_some_and(|status| !status.has_code(code)) {
            return None;
        }
        match &self.slots[index] {
            Some(order) => wanted(order).then(|| Slot::Here(order.clone())),
            None => Some(Slot::Evicted),
        }
    }
}

/// What changed since the last checkpoint took it.
#[derive(Debug, Default)]
struct Dirty {
    packs: BTreeSet<u64>,
    /// What a checkpoint is writing right now: it reads the orders from here until it is done.
    sealed: BTreeSet<u64>,
    /// What ended and is still in memory, by the moment from which it ages.
    ended: Ages<OrderId>,
    /// What was looked at to leave memory, and no checkpoint holds yet.
    unsettled: Vec<(Timestamp, OrderId)>,
    /// What ended and has a change on its way, which is taken over without reading the archive.
    held: HashMap<OrderId, Arc<Order>>,
}

#[derive(Debug, Default)]
pub(super) struct Orders {
    pages: RwLock<Vec<Arc<RwLock<OrderPage>>>>,
    last: AtomicU64,
    in_memory: AtomicU64,
    counts: PerStatus<AtomicU64>,
    dirty: Mutex<Dirty>,
}

impl Orders {
    pub(super) fn last(&self) -> OrderId {
        OrderId(self.last.load(Ordering::Acquire))
    }

    pub(super) fn in_memory(&self) -> u64 {
        self.in_memory.load(Ordering::Relaxed)
    }

    pub(super) fn counts(&self) -> PerStatus<u64> {
        PerStatus::from_fn(|status| self.counts[status].load(Ordering::Relaxed))
    }

    pub(super) fn page(&self, page: u64) -> Option<Arc<RwLock<OrderPage>>> {
        self.pages.read().get(usize::try_from(page).ok()?).cloned()
    }

    pub(super) fn slot(&self, id: OrderId) -> Slot {
        let Some(page) = self.page(page_of(id)) else { return Slot::Absent };
        let page = page.read();
        match (&page.slots[index_of(id)], page.codes[index_of(id)]) {
            (Some(order), _) => Slot::Here(order.clone()),
            (None, 0) => Slot::Absent,
            (None, _) => Slot::Evicted,
        }
    }

    pub(super) fn here(&self, id: OrderId) -> Option<Arc<Order>> {
        match self.slot(id) {
            Slot::Here(order) => Some(order),
            Slot::Absent | Slot::Evicted => None,
        }
    }

    /// See [`super::View::hold`].
    pub(super) fn hold(&self, order: &Arc<Order>) {
        self.dirty.lock().held.insert(order.id, order.clone());
    }

    /// See [`super::View::let_go`].
    pub(super) fn let_go(&self, id: OrderId) {
        self.dirty.lock().held.remove(&id);
    }

    /// The order `id`, if it is held for a change on its way.
    pub(super) fn held(&self, id: OrderId) -> Option<Arc<Order>> {
        self.dirty.lock().held.get(&id).cloned()
    }

    /// Whether `order`, from the archive, is older than what its page says of it. Codes grow along every legal way.
    pub(super) fn is_behind(&self, order: &Order) -> bool {
        let page = self.page(page_of(order.id));
        page.is_some_and(|page| code_of(order) < page.read().codes[index_of(order.id)])
    }

    /// Publishes `orders`, neighbours together under one lock. Answers with what stood in memory of each before.
    pub(super) fn publish<'a>(
        &self,
        orders: impl IntoIterator<Item = &'a Arc<Order>>,
        present: &Present,
    ) -> Vec<Option<Arc<Order>>> {
        let mut orders = orders.into_iter().peekable();
        let mut before = Vec::with_capacity(orders.size_hint().0);
        let mut dirty = self.dirty.lock();
        let mut pack_last = None;
        while let Some(first) = orders.peek() {
            let number = page_of(first.id);
            let page = self.page_or_new(number);
            let mut page = page.write();
            while let Some(order) = orders.next_if(|order| page_of(order.id) == number) {
                before.push(self.put(&mut page, order));
                let pack = Some(pack_of(order.id));
                if pack != pack_last {
                    dirty.packs.extend(pack);
                    pack_last = pack;
                }
                if order.status.is_terminal() {
                    dirty.held.remove(&order.id);
                    dirty.ended.push(present.since(order.moved_at), order.id);
                }
            }
        }
        before
    }

    fn put(&self, page: &mut OrderPage, order: &Arc<Order>) -> Option<Arc<Order>> {
        let index = index_of(order.id);
        page.placed = page.placed.with(order.placed_at);
        let stood = page.slots[index].replace(order.clone());
        if stood.is_none() {
            self.in_memory.fetch_add(1, Ordering::Relaxed);
        }
        let before = std::mem::replace(&mut page.codes[index], code_of(order));
        self.recount(status_of(before), Some(order.status));
        self.last.fetch_max(order.id.0, Ordering::AcqRel);
        stood
    }

    fn recount(&self, before: Option<Status>, after: Option<Status>) {
        if before == after {
            return;
        }
        if let Some(status) = before {
            self.counts[status].fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(status) = after {
            self.counts[status].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn page_or_new(&self, number: u64) -> Arc<RwLock<OrderPage>> {
        if let Some(page) = self.page(number) {
            return page;
        }
        let number = usize::try_from(number).expect("page numbers fit the address space");
        let mut pages = self.pages.write();
        while pages.len() <= number {
            pages.push(Arc::default());
        }
        pages[number].clone()
    }

    /// Reads a status page of a checkpoint: its orders are known to exist and are still in the archive only.
    pub(super) fn restore(&self, status_page: &StatusPage) {
        let page = self.page_or_new(status_page.page);
        let mut page = page.write();
        page.placed = status_page.placed;
        for (index, code) in status_page.codes.iter().copied().enumerate().take(PAGE_SIZE) {
            let before = std::mem::replace(&mut page.codes[index], code);
            self.recount(status_of(before), status_of(code));
            if code != 0 {
                self.last.fetch_max(status_page.page * PAGE_SIZE as u64 + index as u64, Ordering::AcqRel);
            }
        }
    }

    /// Puts an order of the archive back into memory: it is not changed by that. It may have ended since its page was
    /// written, and leaves as others do then.
    pub(super) fn reload(&self, order: &Arc<Order>, present: &Present) {
        if order.status.is_terminal() {
            self.dirty.lock().ended.push(present.since(order.moved_at), order.id);
        }
        let page = self.page_or_new(page_of(order.id));
        self.put(&mut page.write(), order);
    }

    /// The packs changed since the last call. Their orders stay until [`Orders::forget_sealed`].
    pub(super) fn take_dirty(&self) -> BTreeSet<u64> {
        let mut dirty = self.dirty.lock();
        dirty.sealed = std::mem::take(&mut dirty.packs);
        dirty.sealed.clone()
    }

    /// The checkpoint that took the packs is done with them.
    pub(super) fn forget_sealed(&self) {
        let mut dirty = self.dirty.lock();
        dirty.sealed.clear();
        for (since, id) in std::mem::take(&mut dirty.unsettled) {
            dirty.ended.push(since, id);
        }
    }

    pub(super) fn mark_dirty(&self, packs: impl IntoIterator<Item = u64>) {
        self.dirty.lock().packs.extend(packs);
    }

    pub(super) fn dirty_count(&self) -> usize {
        self.dirty.lock().packs.len()
    }

    /// The orders of `pack` that are in memory.
    pub(super) fn pack(&self, pack: u64) -> Vec<Arc<Order>> {
        let first = OrderId(pack * PACK_SIZE);
        let Some(page) = self.page(page_of(first)) else { return Vec::new() };
        let page = page.read();
        page.slots[index_of(first)..].iter().take(PACK_LEN).flatten().cloned().collect()
    }

    /// How many orders of `pack` there are, in memory or not.
    pub(super) fn known_in(&self, pack: u64) -> u64 {
        let first = OrderId(pack * PACK_SIZE);
        let Some(page) = self.page(page_of(first)) else { return 0 };
        let page = page.read();
        page.codes[index_of(first)..].iter().take(PACK_LEN).filter(|code| **code != 0).count() as u64
    }

    /// See [`super::View::evict`].
    pub(super) fn evict(&self, before: Timestamp, most: usize) -> bool {
        let mut dirty = self.dirty.lock();
        for _ in 0..most {
            let Some((since, id)) = dirty.ended.pop_before(before) else { return false };
            if dirty.packs.contains(&pack_of(id)) || dirty.sealed.contains(&pack_of(id)) {
                dirty.unsettled.push((since, id));
            } else if let Some(page) = self.page(page_of(id))
                && page.write().slots[index_of(id)].take().is_some()
            {
                self.in_memory.fetch_sub(1, Ordering::Relaxed);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Money;
    use crate::domain::order::{Contact, OrderChange, OrderEvent};
    use crate::domain::origin::Origin;

    #[test]
    fn the_end_of_a_checkpoint_costs_nothing_for_what_ended_long_ago() {
        let orders = Orders::default();
        (1..=1_000_000).for_each(|id| orders.dirty.lock().ended.push(Timestamp(0), OrderId(id)));
        let begun = std::time::Instant::now();
        for _ in 0..1_000 {
            orders.forget_sealed();
        }
        // Moving the million each time would take seconds.
        assert!(begun.elapsed() < std::time::Duration::from_millis(500), "{:?}", begun.elapsed());
    }

    #[test]
    fn an_order_that_the_archive_has_from_an_earlier_time_is_an_error() {
        struct Old(Arc<Order>);
        impl crate::view::Archive for Old {
            fn pack(&self, _: u64) -> Result<Vec<Arc<Order>>, crate::view::ArchiveError> {
                Ok(vec![self.0.clone()])
            }
            fn revision(
                &self,
                _: crate::domain::ids::ProductId,
                _: u32,
            ) -> Option<Arc<crate::domain::catalogue::Revision>> {
                None
            }
            fn movements(
                &self,
                _: crate::domain::ids::ProductId,
                _: Option<crate::domain::ids::RowId>,
                _: usize,
            ) -> Result<Vec<(crate::domain::ids::RowId, crate::domain::stock::Movement)>, crate::view::ArchiveError>
            {
                Ok(Vec::new())
            }
            fn audit(
                &self,
                _: Option<crate::domain::ids::RowId>,
                _: usize,
            ) -> Result<Vec<Arc<crate::domain::audit::AuditRow>>, crate::view::ArchiveError> {
                Ok(Vec::new())
            }
        }
        let contact = Contact::new("Ann", "ann@example.com", "1", "Here").unwrap();
        let placed = Order::placed(OrderId(2), contact, Box::new([]), Money::ZERO, Timestamp(1), &Origin::Client);
        let cancelled = OrderChange::Moved { to: Status::Cancelled, reason: None };
        let ended = placed.after(&OrderEvent { version: 2, change: cancelled }, Timestamp(2), &Origin::Client);
        for (held, is_found) in [(placed, false), (ended.clone(), true)] {
            let view = crate::view::View::new(Arc::new(Old(Arc::new(held))), 1);
            view.orders.publish([&Arc::new(ended.clone())], &Present::default());
            view.orders.take_dirty();
            view.orders.forget_sealed();
            view.orders.evict(Timestamp(10), 10);
            assert_eq!(view.order(OrderId(2)).is_ok(), is_found);
        }
    }

    #[test]
    fn an_order_stays_until_the_checkpoint_that_writes_it_is_done() {
        let contact = Contact::new("Ann", "ann@example.com", "1", "Here").unwrap();
        let order = Order::placed(OrderId(2), contact, Box::new([]), Money::ZERO, Timestamp(1), &Origin::Client);
        let cancelled = OrderChange::Moved { to: Status::Cancelled, reason: None };
        let ended = order.after(&OrderEvent { version: 2, change: cancelled }, Timestamp(2), &Origin::Client);
        let orders = Orders::default();
        orders.publish([&Arc::new(ended)], &Present::default());
        let is_left = || {
            orders.evict(Timestamp(10), 10);
            orders.in_memory() == 1
        };
        assert!(is_left(), "no checkpoint has begun");
        let packs = orders.take_dirty();
        assert!(is_left(), "a checkpoint is being written");
        orders.mark_dirty(packs);
        orders.forget_sealed();
        assert!(is_left(), "it failed");
        orders.take_dirty();
        orders.forget_sealed();
        assert!(!is_left(), "the next one did not");
    }

    #[test]
    fn orders_leave_in_slices_and_one_that_waits_holds_up_no_other() {
        let ended = |id: u64| {
            let contact = Contact::new("Ann", "ann@example.com", "1", "Here").unwrap();
            let order = Order::placed(OrderId(id), contact, Box::new([]), Money::ZERO, Timestamp(1), &Origin::Client);
            let cancelled = OrderChange::Moved { to: Status::Cancelled, reason: None };
            Arc::new(order.after(&OrderEvent { version: 2, change: cancelled }, Timestamp(2), &Origin::Client))
        };
        let orders = Orders::default();
        for n in 1..=10 {
            orders.publish([&ended(n * PACK_SIZE)], &Present::default());
        }
        orders.take_dirty();
        orders.forget_sealed();
        orders.mark_dirty([1, 2]);
        assert!(!orders.evict(Timestamp(2), 4), "nothing ended before it did");
        assert_eq!(orders.in_memory(), 10);
        assert!(orders.evict(Timestamp(3), 4));
        assert_eq!(orders.in_memory(), 8, "two of four wait for a checkpoint");
        assert!(orders.evict(Timestamp(3), 4));
        assert!(!orders.evict(Timestamp(3), 4));
        assert_eq!(orders.in_memory(), 2);
        orders.take_dirty();
        orders.forget_sealed();
        assert!(!orders.evict(Timestamp(3), 4));
        assert_eq!(orders.in_memory(), 0);
    }
}
