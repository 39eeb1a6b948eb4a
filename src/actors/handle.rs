//! The handle that everybody calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::Arbiter;
use parking_lot::Mutex;
use tokio::sync::{broadcast, oneshot};

use super::addresses::Addresses;
use super::admission::{Admission, Load};
use super::clock::Ageing;
use super::failure::{Failure, OrderFailure};
use super::messages::CheckpointNow;
use super::shard_context::RETRY_AFTER;
use super::verified::{self, Verified};
use crate::decide::{
    self, AdjustStock, ChangeAccess, ChangeProduct, CreateCategory, CreateProduct, DeleteCategory, DeleteProduct,
    DryRun, Import, ImportRejection, Outcome, Place, RenameCategory, Stocked,
};
use crate::domain::access::{AccessCommand, AccessOutcome, AccessRejection};
use crate::domain::catalogue::{Category, ProductDetails, ProductPatch};
use crate::domain::entry::RequestHash;
use crate::domain::expected::Expected;
use crate::domain::ids::{CategoryId, OrderId, ProductId};
use crate::domain::inventory::{InventoryRejection, Opening, OrderRequest, PlaceRejection, RowOutcome};
use crate::domain::order::{ContactPatch, Order, OrderCommand, Status};
use crate::domain::origin::Origin;
use crate::domain::stock::{Adjustment, StockEdit};
use crate::domain::text::CategoryName;
use crate::domain::time::Timestamp;
use crate::journal::{Journal, Stats};
use crate::view::{ArchiveError, CheckpointMark, Product, View};

/// Who asks, and by which idempotency key.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who.
    pub who: Origin,
    /// The key, where the caller gave one.
    pub key: Option<IdempotencyKey>,
    /// What the caller saw of the order or product that a command is about; other commands do not ask. It is judged
    /// where the command is decided. A repeated request is answered as before, whatever became of it since.
    pub expected: Expected,
}

impl Request {
    /// A request of `who` without an idempotency key.
    #[must_use]
    pub fn of(who: Origin) -> Self {
        Self { who, key: None, expected: Expected::ANYTHING }
    }

    /// The same, to be carried out only while what it is about is as `expected`.
    #[must_use]
    pub fn expecting(self, expected: Expected) -> Self {
        Self { expected, ..self }
    }
}

/// What makes a repeated request recognisable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The caller's key.
    pub key: Box<str>,
    /// A hash of the request. The same key with another hash is refused.
    pub request: RequestHash,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered<T> {
    /// What was answered.
    pub value: T,
    /// Whether it was answered before: the request carried a key that had its effect already.
    pub replayed: bool,
}

/// Whether the engine takes commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It does.
    Ready,
    /// It takes none until the disk has room again.
    NoSpace,
    /// It is being stopped.
    Stopping,
    /// Its journal is poisoned; the text says why.
    Poisoned(String),
}

/// What an operator wants to know of a running engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// What was committed since the start, and how fast.
    pub journal: Stats,
    /// How many entries wait for a commit.
    pub queue: usize,
    /// How much room the journal takes on the disk.
    pub journal_bytes: u64,
    /// What is being placed.
    pub placing: Load,
    /// The last checkpoint, if there is one.
    pub checkpoint: Option<CheckpointMark>,
    /// What came of reading the journal's files again.
    pub verified: Verified,
}

/// The engine. Clones share it.
///
/// A command returns once what it did is durable; a read returns what is durable, without waiting for anybody.
#[derive(Clone)]
pub struct Fulfillment(Arc<Inner>);

pub(super) struct Inner {
    pub(super) addresses: Arc<Addresses>,
    pub(super) view: Arc<View>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) ageing: Ageing,
    pub(super) admission: Arc<Admission>,
    /// Dry runs have room of their own: they take none from what has an effect.
    pub(super) dry_runs: Arc<Admission>,
    pub(super) feed: broadcast::Sender<Arc<Order>>,
    pub(super) drained: Mutex<Option<oneshot::Receiver<()>>>,
    pub(super) arbiters: Mutex<Vec<Arbiter>>,
    pub(super) stopping: AtomicBool,
    pub(super) verified: verified::Latest,
}

impl Fulfillment {
    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The present, by which things age.
    #[must_use]
    pub fn present(&self) -> Timestamp {
        self.0.ageing.now()
    }

    /// What is durable, for reading.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.0.view
    }

    /// The order `id` as it stands; `None` when there never was one.
    ///
    /// # Errors
    /// When it left memory and cannot be read back.
    pub fn order(&self, id: OrderId) -> Result<Option<Arc<Order>>, ArchiveError> {
        self.0.view.order(id)
    }

    /// Every change of an order from now on, in journal order. A listener that falls too far behind misses some, and
    /// is told so.
    #[must_use]
    pub fn feed(&self) -> broadcast::Receiver<Arc<Order>> {
        self.0.feed.subscribe()
    }

    /// Whether commands are taken.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        if let Some(why) = self.0.broken_by() {
            return Readiness::Poisoned(why);
        }
        if self.0.stopping.load(Ordering::Acquire) {
            return Readiness::Stopping;
        }
        if self.0.journal.lacks_space() {
            return Readiness::NoSpace;
        }
        Readiness::Ready
    }

    /// How it is doing. Looks at the files of the journal: not for a thread that runs actors.
    #[must_use]
    pub fn health(&self) -> Health {
        let journal = &self.0.journal;
        Health {
            journal: journal.stats(),
            queue: journal.queue_len(),
            journal_bytes: journal.disk_bytes(),
            placing: self.0.admission.load(),
            checkpoint: self.0.view.checkpoint(),
            verified: self.verified(),
        }
    }

    /// What came of reading the journal's files again.
    #[must_use]
    pub fn verified(&self) -> Verified {
        self.0.verified.get()
    }

    /// The journal's files were read from front to back by `at`, and are sound.
    pub fn note_journal_sound(&self, at: Timestamp) {
        self.0.verified.note_sound(at);
    }

    /// The journal's files were read, and are damaged.
    pub fn note_journal_damaged(&self) {
        self.0.verified.note_damaged();
    }

    /// Refuses a placement that would be refused later, after more was spent on it. One with an idempotency key is
    /// not: it may be a repetition, which is answered whatever is under way. `is_dry` says that it only is a dry run.
    ///
    /// # Errors
    /// [`Failure::Busy`] while as many placements of the caller are under way as may be.
    pub fn expect_room(&self, request: &Request, is_dry: bool) -> Result<(), Failure<PlaceRejection>> {
        let admission = if is_dry { &self.0.dry_runs } else { &self.0.admission };
        let refused = (is_dry || request.key.is_none()) && admission.is_full(&request.who);
        if refused { Err(Failure::Busy { retry_after: RETRY_AFTER }) } else { Ok(()) }
    }

    /// Places orders: all of `rows`, each seeing the rows before it, or none. Waits until they are durable.
    pub async fn place(
        &self,
        request: Request,
        rows: Vec<OrderRequest>,
    ) -> Result<Answered<Vec<Arc<Order>>>, Failure<PlaceRejection>> {
        let room = Some((&self.0.admission, rows.len()));
        self.0.decide(request, Place(rows), room).await
    }

    /// The hash of the request that placed orders under `key`, and the first of them as it was placed; `None` where no
    /// such key is remembered. Waits for the disk: not for a thread that runs actors.
    ///
    /// # Errors
    /// When the answer cannot be read back.
    pub fn placed_by(&self, key: &str) -> Result<Option<(RequestHash, Arc<Order>)>, ArchiveError> {
        let Some((request, position)) = self.0.view.keys().find(key) else { return Ok(None) };
        let read = self.0.journal.read_at(position, &*self.0.view);
        let durable = read.map_err(|error| ArchiveError(error.to_string()))?;
        let kept = decide::kept(&durable.entry, key);
        let orders: Option<Vec<Arc<Order>>> = kept.and_then(|answer| Outcome::replay(&durable.entry, answer));
        Ok(orders.and_then(|orders| Some((request, orders.first()?.clone()))))
    }

    /// Says what [`Fulfillment::place`] would make of `rows` now, row by row, and changes nothing: there is no entry,
    /// no id is given out, and no idempotency key is taken.
    ///
    /// The rows are judged as `place` judges them, against everything decided so far, each seeing the rows before it. A
    /// row that cannot be placed takes nothing, so that what is said of the rows after it holds once it is left out.
    /// `place` on the same state places all rows when each of them is `Ok` here, as the same orders, and otherwise
    /// refuses the bulk for the first `Err`. Answers once all that the outcome rests on is durable. It needs as much
    /// room as a placement of these rows, among other dry runs.
    ///
    /// # Errors
    /// What is wrong with a row is in its outcome; [`Failure::Rejected`] does not occur.
    pub async fn dry_run(
        &self,
        who: Origin,
        rows: Vec<OrderRequest>,
    ) -> Result<Vec<RowOutcome>, Failure<PlaceRejection>> {
        let room = Some((&self.0.dry_runs, rows.len()));
        let answered = self.0.decide(Request::of(who), DryRun(rows), room).await;
        answered.map(|answered| answered.value).map_err(|failure| failure.map(|never| match never {}))
    }

    /// Moves an order on. Waits until that is durable.
    pub async fn transition(
        &self,
        request: Request,
        order: OrderId,
        to: Status,
        reason: Option<Box<str>>,
    ) -> Result<Answered<Arc<Order>>, Failure<OrderFailure>> {
        self.0.command(request, order, OrderCommand::Move { to, reason }).await
    }

    /// Cancels an order, which releases its stock. Waits until that is durable.
    pub async fn cancel(
        &self,
        request: Request,
        order: OrderId,
        reason: Box<str>,
    ) -> Result<Answered<Arc<Order>>, Failure<OrderFailure>> {
        self.transition(request, order, Status::Cancelled, Some(reason)).await
    }

    /// Changes contact fields of a pending order. Waits until that is durable.
    pub async fn edit_contact(
        &self,
        request: Request,
        order: OrderId,
        patch: ContactPatch,
    ) -> Result<Answered<Arc<Order>>, Failure<OrderFailure>> {
        self.0.command(request, order, OrderCommand::EditContact(Box::new(patch))).await
    }

    /// Takes an ended order out of the lists. Waits until that is durable.
    pub async fn archive(
        &self,
        request: Request,
        order: OrderId,
    ) -> Result<Answered<Arc<Order>>, Failure<OrderFailure>> {
        self.0.command(request, order, OrderCommand::Archive).await
    }

    /// Creates a category. Waits until that is durable.
    pub async fn create_category(
        &self,
        request: Request,
        name: CategoryName,
    ) -> Result<Answered<Category>, Failure<InventoryRejection>> {
        self.0.decide(request, CreateCategory(name), None).await
    }

    /// Gives a category another name. Waits until that is durable.
    pub async fn rename_category(
        &self,
        request: Request,
        id: CategoryId,
        name: CategoryName,
    ) -> Result<Answered<Category>, Failure<InventoryRejection>> {
        self.0.decide(request, RenameCategory(id, name), None).await
    }

    /// Deletes a category without products. Waits until that is durable.
    pub async fn delete_category(
        &self,
        request: Request,
        id: CategoryId,
    ) -> Result<Answered<()>, Failure<InventoryRejection>> {
        self.0.decide(request, DeleteCategory(id), None).await
    }

    /// Creates a product with `opening` units on hand. Waits until that is durable.
    pub async fn create_product(
        &self,
        request: Request,
        details: ProductDetails,
        opening: u32,
    ) -> Result<Answered<Product>, Failure<InventoryRejection>> {
        let created = self.0.decide(request, CreateProduct { details, opening }, None).await?;
        Ok(created.map(|stocked| product(stocked).0))
    }

    /// Changes what is said of a product, and sets what is available of it where a number is given. Waits until that
    /// is durable.
    pub async fn change_product(
        &self,
        request: Request,
        id: ProductId,
        patch: ProductPatch,
        stock: StockEdit,
    ) -> Result<Answered<Product>, Failure<InventoryRejection>> {
        let expected = request.expected.clone();
        let changed = self.0.decide(request, ChangeProduct { product: id, patch, stock, expected }, None).await?;
        Ok(changed.map(|stocked| product(stocked).0))
    }

    /// Deletes a product that no order ever named. Waits until that is durable.
    pub async fn delete_product(
        &self,
        request: Request,
        id: ProductId,
    ) -> Result<Answered<()>, Failure<InventoryRejection>> {
        let expected = request.expected.clone();
        self.0.decide(request, DeleteProduct { product: id, expected }, None).await
    }

    /// Adjusts stock. Waits until that is durable. Says by how many units it changed what is on hand, too; 0 where the
    /// number was as it should be.
    pub async fn adjust(
        &self,
        request: Request,
        adjustment: Adjustment,
    ) -> Result<Answered<(Product, i64)>, Failure<InventoryRejection>> {
        let expected = request.expected.clone();
        let adjusted = self.0.decide(request, AdjustStock { adjustment, expected }, None).await?;
        Ok(adjusted.map(product))
    }

    /// Creates categories and products with their opening stock: all or none. Waits until that is durable.
    pub async fn import(&self, request: Request, openings: Vec<Opening>) -> Result<(), Failure<ImportRejection>> {
        self.0.decide(request, Import(openings), None).await.map(|_| ())
    }

    /// Changes users or keys. Waits until that is durable. An idempotency key is not looked at: what was made by the
    /// first request is a secret that only its answer holds.
    pub async fn access(
        &self,
        request: Request,
        command: AccessCommand,
    ) -> Result<Answered<AccessOutcome>, Failure<AccessRejection>> {
        self.0.decide(Request::of(request.who), ChangeAccess(command), None).await
    }

    /// Stops: takes nothing more, answers what was taken, writes a checkpoint, and lets go of the journal. Stopping
    /// twice does no harm.
    pub async fn close(&self) {
        if self.0.stopping.swap(true, Ordering::AcqRel) {
            return;
        }
        let journal = self.0.journal.clone();
        let closed = tokio::task::spawn_blocking(move || journal.close()).await;
        if let Err(error) = closed {
            tracing::error!(%error, "closing the journal failed");
        }
        let drained = self.0.drained.lock().take();
        if let Some(drained) = drained {
            // Without an answer the follower is gone, and there is nothing to wait for.
            drained.await.ok();
        }
        if self.0.journal.poisoned().is_none() {
            let (sender, receiver) = oneshot::channel();
            let asked = self.0.addresses.inventory().send(CheckpointNow(sender)).await;
            if asked.is_err() || receiver.await.is_err() {
                tracing::warn!("no checkpoint was written while stopping; the next start reads more of the journal");
            }
        }
        let arbiters = std::mem::take(&mut *self.0.arbiters.lock());
        let joined = tokio::task::spawn_blocking(move || arbiters.into_iter().all(stop)).await;
        if !matches!(joined, Ok(true)) {
            tracing::error!("a thread of the engine panicked while it stopped");
        }
    }
}

impl<T> Answered<T> {
    fn map<U>(self, convert: impl FnOnce(T) -> U) -> Answered<U> {
        Answered { value: convert(self.value), replayed: self.replayed }
    }
}

/// A product after a decision, and by how many units that changed what is on hand.
fn product(Stocked { revision, balance, on_hand_change }: Stocked) -> (Product, i64) {
    (Product { revision, balance }, on_hand_change)
}

/// Stops a thread and waits for it, so that what its actors held is let go.
fn stop(arbiter: Arbiter) -> bool {
    arbiter.stop();
    arbiter.join().is_ok()
}

#[cfg(test)]
impl Fulfillment {
    pub(super) fn inventory(&self) -> Arc<actix::Addr<super::inventory::InventoryActor>> {
        self.0.addresses.inventory()
    }

    pub(super) fn shard_of(&self, order: OrderId) -> Arc<actix::Addr<super::shard::OrderShard>> {
        self.0.addresses.shards().of(order.0)
    }
}
