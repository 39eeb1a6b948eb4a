//! What readers see: the durable state, published by the follower of the journal and read by everybody without waiting
//! in a mailbox.
//!
//! Invariants: nothing is in the view that is not durable; it is written by one thread only, in journal order; what an
//! order's slot holds is immutable and replaced as a whole. Deliberately absent: decisions.

mod ages;
mod apply;
mod audit;
mod catalogue;
mod changes;
mod keys;
mod movements;
mod orders;
mod present;
mod query;
mod search;
mod stages;
mod statuses;
mod term;
mod trend;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

pub use apply::{Restored, RestoredProduct};
pub use catalogue::{Product, ProductFilter, Products};
pub use changes::{Changes, ProductHead};
pub use keys::{Claim, ClaimGuard, KeyEntry, KeyHash, KeyOwner, Keys};
pub use orders::{PACK_SIZE, PAGE_SIZE, Slot, StatusPage};
pub use query::{OrderFilter, OrderQuery, Ordering as QueryOrdering, Page, Place, SortField, SortKey};
pub use search::Found;
pub use stages::Delay;
pub use statuses::Statuses;
pub use term::Term;
pub use trend::{Interval, Trend};

use crate::domain::access::Access;
use crate::domain::audit::AuditRow;
use crate::domain::catalogue::Revision;
use crate::domain::ids::{OrderId, ProductId, RowId};
use crate::domain::order::{Order, PerStatus, Policy, Stage};
use crate::domain::stock::Movement;
use crate::domain::time::Timestamp;
use crate::journal::{Chain, Revisions};

/// Why something that left memory could not be read back.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the archive could not be read: {0}")]
pub struct ArchiveError(pub String);

/// What left memory, read back from where the checkpoints put it.
pub trait Archive: Send + Sync {
    /// All orders of a pack of [`PACK_SIZE`] neighbouring ids, by id.
    fn pack(&self, pack: u64) -> Result<Vec<Arc<Order>>, ArchiveError>;

    /// A revision of a product that was made before the view's own.
    fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>>;

    /// At most `limit` movements of `product` before `before`, newest first, each with its place.
    fn movements(
        &self,
        product: ProductId,
        before: Option<RowId>,
        limit: usize,
    ) -> Result<Vec<(RowId, Movement)>, ArchiveError>;

    /// At most `limit` rows of the audit log before `before`, newest first.
    fn audit(&self, before: Option<RowId>, limit: usize) -> Result<Vec<Arc<AuditRow>>, ArchiveError>;
}

/// The archive of a view that nothing ever leaves: of a check, or of a test.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoArchive;

impl Archive for NoArchive {
    fn pack(&self, pack: u64) -> Result<Vec<Arc<Order>>, ArchiveError> {
        Err(ArchiveError(format!("pack {pack} never left memory")))
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

/// The last checkpoint that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointMark {
    /// The last entry that it contains.
    pub sequence: u64,
    /// When it was taken.
    pub at: Timestamp,
}

/// The read view.
pub struct View {
    orders: orders::Orders,
    products: Products,
    access: ArcSwap<Access>,
    audit: audit::Audit,
    movements: movements::Movements,
    keys: Arc<Keys>,
    stages: stages::Stages,
    trend: Trend,
    present: present::Present,
    checkpoint: parking_lot::Mutex<Option<CheckpointMark>>,
    applied: AtomicU64,
    chain: parking_lot::Mutex<Chain>,
    archive: Arc<dyn Archive>,
}

impl View {
    /// An empty view over `archive`, keeping at most `keys_max` idempotency keys.
    #[must_use]
    pub fn new(archive: Arc<dyn Archive>, keys_max: usize) -> Self {
        Self {
            orders: orders::Orders::default(),
            products: Products::default(),
            access: ArcSwap::default(),
            audit: audit::Audit::default(),
            movements: movements::Movements::default(),
            keys: Arc::new(Keys::new(keys_max)),
            stages: stages::Stages::default(),
            trend: Trend::default(),
            present: present::Present::default(),
            checkpoint: parking_lot::Mutex::default(),
            applied: AtomicU64::new(0),
            chain: parking_lot::Mutex::default(),
            archive,
        }
    }

    /// The sequence of the last entry that the view contains.
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    /// The journal's running hash after that entry.
    #[must_use]
    pub fn chain(&self) -> Chain {
        *self.chain.lock()
    }

    /// The catalogue and its balances.
    #[must_use]
    pub fn products(&self) -> &Products {
        &self.products
    }

    /// Users and keys.
    #[must_use]
    pub fn access(&self) -> Arc<Access> {
        self.access.load_full()
    }

    /// The idempotency keys.
    #[must_use]
    pub fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    /// The order `id`, from memory or from the archive; `None` when there never was one.
    ///
    /// # Errors
    /// When the archive fails.
    pub fn order(&self, id: OrderId) -> Result<Option<Arc<Order>>, ArchiveError> {
        match self.orders.slot(id) {
            Slot::Here(order) => Ok(Some(order)),
            Slot::Absent => Ok(None),
            Slot::Evicted => self.archived(id, &mut None).map(Some),
        }
    }

    /// The order `id`, where it can be told without reading the archive; `None` where it is only there.
    #[must_use]
    pub fn order_at_hand(&self, id: OrderId) -> Option<Option<Arc<Order>>> {
        match self.orders.slot(id) {
            Slot::Here(order) => Some(Some(order)),
            Slot::Absent => Some(None),
            Slot::Evicted => None,
        }
    }

    /// Keeps `order`, which has ended, at hand until it changed: its change is going to be submitted, and who takes
    /// that over does not wait for the archive.
    pub fn hold(&self, order: &Arc<Order>) {
        self.orders.hold(order);
    }

    /// There is no change of the order `id` on its way.
    pub fn let_go(&self, id: OrderId) {
        self.orders.let_go(id);
    }

    /// The order `id`, which is in the archive only: from `pack`, or from its pack, which is then left there.
    fn archived(&self, id: OrderId, pack: &mut Option<(u64, Vec<Arc<Order>>)>) -> Result<Arc<Order>, ArchiveError> {
        let number = orders::pack_of(id);
        if pack.as_ref().is_none_or(|(held, _)| *held != number) {
            *pack = Some((number, self.archive.pack(number)?));
        }
        let mut held = pack.iter().flat_map(|(_, orders)| orders);
        let Some(order) = held.find(|order| order.id == id) else {
            return Err(ArchiveError(format!("order {id} is missing from its pack")));
        };
        if self.orders.is_behind(order) {
            return match self.orders.slot(id) {
                // It was changed meanwhile.
                Slot::Here(order) => Ok(order),
                Slot::Absent | Slot::Evicted => Err(ArchiveError(format!("order {id} is older there than it was"))),
            };
        }
        Ok(order.clone())
    }

    /// Whether there ever was an order `id`.
    #[must_use]
    pub fn has_order(&self, id: OrderId) -> bool {
        !matches!(self.orders.slot(id), Slot::Absent)
    }

    /// How many orders stand in each status, archived ones included.
    #[must_use]
    pub fn counts(&self) -> PerStatus<u64> {
        self.orders.counts()
    }

    /// How many orders are held in memory.
    #[must_use]
    pub fn orders_in_memory(&self) -> u64 {
        self.orders.in_memory()
    }

    /// Since when `order` is delayed, if it is flagged.
    #[must_use]
    pub fn delay(&self, order: OrderId) -> Option<Delay> {
        self.stages.delay(order)
    }

    /// The flagged orders, longest in their stage last, at most `limit` after skipping `offset`.
    #[must_use]
    pub fn delayed(&self, offset: usize, limit: usize) -> Vec<Arc<Order>> {
        let ids = self.stages.flagged(offset, limit);
        ids.into_iter().filter_map(|id| self.orders.here(id)).collect()
    }

    /// How many orders are flagged.
    #[must_use]
    pub fn delayed_count(&self) -> usize {
        self.stages.flagged_count()
    }

    /// The flagged orders of `stage`, longest in it first, at most `limit`, and how many there are.
    #[must_use]
    pub fn delayed_in(&self, stage: Stage, limit: usize) -> (Vec<Arc<Order>>, usize) {
        let (ids, count) = self.stages.flagged_in(stage, limit);
        (ids.into_iter().filter_map(|id| self.orders.here(id)).collect(), count)
    }

    /// What happened to orders lately.
    #[must_use]
    pub fn trend(&self) -> &Trend {
        &self.trend
    }

    /// The last checkpoint, if there is one.
    #[must_use]
    pub fn checkpoint(&self) -> Option<CheckpointMark> {
        *self.checkpoint.lock()
    }

    /// Notes that there is a checkpoint.
    pub fn note_checkpoint(&self, mark: CheckpointMark) {
        *self.checkpoint.lock() = Some(mark);
    }

    /// Flags every open order that has stayed longer than its stage allows by `present`, and answers with how many are
    /// new. No flag is dated later than `now`, which is what the wall clock shows.
    pub fn flag_stale(&self, present: Timestamp, now: Timestamp, policy: &Policy) -> usize {
        self.stages.flag_stale(present, now, policy)
    }

    /// What is read back from now on happened before `now`: where a clock that ran ahead dated it later, it counts as
    /// of `now`. Only on an empty view.
    pub fn recall_until(&self, now: Timestamp) {
        self.present.recall_until(now);
    }

    /// What is applied from now on happens at `present`, by whatever clock its entry was dated.
    pub fn pass_to(&self, present: Timestamp) {
        self.present.pass_to(present);
    }

    /// At most `limit` movements of `product` before `before`, newest first, each with its place.
    ///
    /// # Errors
    /// When the archive fails.
    pub fn movements(
        &self,
        product: ProductId,
        before: Option<RowId>,
        limit: usize,
    ) -> Result<Vec<(RowId, Movement)>, ArchiveError> {
        self.movements.page(product, before, limit, &*self.archive)
    }

    /// At most `limit` rows of the audit log before `before`, newest first.
    ///
    /// # Errors
    /// When the archive fails.
    pub fn audit(&self, before: Option<RowId>, limit: usize) -> Result<Vec<Arc<AuditRow>>, ArchiveError> {
        self.audit.page(before, limit, &*self.archive)
    }

    /// The open orders, by when their stage began: what has timers.
    #[must_use]
    pub fn open_orders(&self) -> Vec<Arc<Order>> {
        self.stages.open().into_iter().filter_map(|id| self.orders.here(id)).collect()
    }

    /// Takes orders out of memory that ended before the present was `before` and are safely in the archive. Looks at
    /// `most` of them, and answers whether there may be more.
    pub fn evict(&self, before: Timestamp, most: usize) -> bool {
        self.orders.evict(before, most)
    }
}

impl Revisions for View {
    fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>> {
        self.products.revision(product, number).or_else(|| self.archive.revision(product, number))
    }
}
