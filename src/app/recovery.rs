//! From what is on disk to the state that it means: the last checkpoint, and the journal after it.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::actors::{Checkpoints, Clock};
use crate::config::Settings;
use crate::domain::ids::ProductId;
use crate::domain::time::Timestamp;
use crate::journal::{self, DataDirectory, Durable, ReadError, Reader, Tail};
use crate::room;
use crate::store::{self, Head, Loaded, Opened, Store, StoreError};
use crate::telemetry::Progress;
use crate::view::{ArchiveError, Changes, CheckpointMark, View};

use super::bridge::{StoreArchive, StoreCheckpoints, restored};

/// What a start found; `T` says how the journal ends.
pub(super) struct Recovered<T> {
    pub(super) view: Arc<View>,
    pub(super) store: Arc<Store>,
    pub(super) tail: T,
}

/// Why a start was refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The journal is damaged, or cannot be read.
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// The store can neither be read nor set aside, or a newer version wrote it.
    #[error(
        "cannot use the store in {}: {error}{}",
        path.display(),
        remedy(error)
    )]
    Store {
        /// The store's directory.
        path: PathBuf,
        /// What it could not do.
        error: StoreError,
    },
    /// A store that was just made anew does not agree with the journal.
    #[error("the store cannot be made anew: {0}; see to the disk, then start again")]
    StoreUnusable(String),
    /// The checkpoint contains entries that the journal does not: they were acknowledged and are lost.
    #[error(
        "the checkpoint in {} contains entry {checkpoint}, but the journal ends with entry {journal} in {}: either \
         acknowledged entries are missing there, or the store belongs to another data directory. Put the right files \
         back, or restore the journal from a backup; to go on with what the journal contains, which gives up for good \
         what only the store contains, start `packhorse serve` once with --accept-shorter-journal",
        store.display(),
        file.display()
    )]
    JournalBehind {
        /// The store's directory.
        store: PathBuf,
        /// The last segment.
        file: PathBuf,
        /// The last entry of the checkpoint.
        checkpoint: u64,
        /// The last entry of the journal.
        journal: u64,
    },
    /// The checkpoint contains other entries than the journal, and nothing says that the journal is the right one:
    /// those of the checkpoint were acknowledged and are not there.
    #[error(
        "the checkpoint in {} contains another entry {checkpoint} than the journal: one of the two belongs to another \
         data directory, and no WITNESS says which. Put the right journal back, or restore it from a backup; where the \
         journal is the right one, start `packhorse serve` once with --accept-shorter-journal, which gives up what only \
         the store contains",
        store.display()
    )]
    JournalForeign {
        /// The store's directory.
        store: PathBuf,
        /// The last entry of the checkpoint.
        checkpoint: u64,
    },
}

/// What helps where the store could not do something, unless that is said already.
fn remedy(error: &StoreError) -> &'static str {
    match error {
        StoreError::Newer { .. } => "",
        StoreError::Io { source, .. } if room::is_lacking(source) => "; make room on its disk, then start again",
        StoreError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
            "; start as the user who owns it; where that is so, see with `lsattr` whether it may be changed"
        }
        _ => "; see to the disk, then start again",
    }
}

/// Reads everything that is durable in `directory`.
pub(super) fn recover(
    directory: &DataDirectory,
    settings: &Settings,
    clock: &Arc<dyn Clock>,
) -> Result<Recovered<Tail>, RecoveryError> {
    // Before the store is touched: segments that are missing are missed whatever the store says.
    drop(Reader::open(&directory.journal(), None)?);
    let Opened { store, loaded, quarantined } = open_store(directory, settings)?;
    if let Some(quarantined) = quarantined {
        tracing::error!(
            why = %quarantined.why,
            kept = %quarantined.path.display(),
            "the store was unusable and was moved aside; it is made anew from the journal"
        );
    }
    let head = loaded.as_ref().map(|loaded| loaded.head.clone());
    let read = |checkpoint, fold: &mut Fold<'_>| replay(Reader::open(&directory.journal(), checkpoint)?, fold);
    match from_checkpoint(settings, clock, store, loaded, read).map_err(naming_files(directory))? {
        Attempt::Done(recovered) => Ok(recovered),
        Attempt::StoreUnusable(why) => {
            // Before the store is marked: a journal that is refused after all leaves it as it is.
            certain_of_journal(directory, head.as_ref())?;
            tracing::error!(%why, "the checkpoint is unusable; the store is made anew from the journal");
            store::mark_for_rebuild(&directory.store(), &why).map_err(unusable(directory))?;
            let Opened { store, .. } = open_store(directory, settings)?;
            match from_checkpoint(settings, clock, store, None, read)? {
                Attempt::Done(recovered) => Ok(recovered),
                Attempt::StoreUnusable(why) => Err(RecoveryError::StoreUnusable(why)),
            }
        }
    }
}

/// Opens the store. It is moved away or made anew only when the journal can make all of it again.
fn open_store(directory: &DataDirectory, settings: &Settings) -> Result<Opened, RecoveryError> {
    let options = store::Options { cache_bytes: settings.store.cache_bytes };
    let opened = store::open_if_certain(&directory.store(), options, |held| {
        certain_of_journal(directory, held.as_ref()).map_err(Refused::Recovery)
    });
    opened.map_err(|refused| match refused {
        Refused::Store(error) => unusable(directory)(error),
        Refused::Recovery(error) => error,
    })
}

enum Refused {
    Store(StoreError),
    Recovery(RecoveryError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Reads the whole journal, which contains what the store does that has the head `held`.
fn certain_of_journal(directory: &DataDirectory, held: Option<&Head>) -> Result<(), RecoveryError> {
    let read = |expected| Reader::open_whole(&directory.journal(), expected)?.into_tail();
    match read(held.map(checkpoint_of)) {
        Ok(_) => Ok(()),
        Err(ReadError::ForeignCheckpoint { checkpoint }) => {
            // Whether the rest of it is what the witness says is still to be seen.
            read(None)?;
            expect_vouched_for(directory, checkpoint)
        }
        Err(error) => Err(naming_files(directory)(error.into())),
    }
}

/// A journal that ends before the checkpoint is told with the files that say so: the error of a reader knows of none.
fn naming_files(directory: &DataDirectory) -> impl Fn(RecoveryError) -> RecoveryError {
    |error| match error {
        RecoveryError::Journal(ReadError::BehindCheckpoint { journal, checkpoint }) => {
            let (store, file) = (directory.store(), directory.last_segment());
            RecoveryError::JournalBehind { store, file, checkpoint, journal }
        }
        other => other,
    }
}

/// Refuses a journal that is another one than the checkpoint's, unless its witness says that it is the right one.
fn expect_vouched_for(directory: &DataDirectory, checkpoint: u64) -> Result<(), RecoveryError> {
    if Reader::open_whole(&directory.journal(), None)?.is_vouched_for(checkpoint) {
        return Ok(());
    }
    Err(RecoveryError::JournalForeign { store: directory.store(), checkpoint })
}

fn checkpoint_of(head: &Head) -> journal::Checkpoint {
    journal::Checkpoint { sequence: head.sequence, chain: head.chain }
}

fn unusable(directory: &DataDirectory) -> impl FnOnce(StoreError) -> RecoveryError {
    let path = directory.store();
    move |error| RecoveryError::Store { path, error }
}

pub(super) enum Attempt<T> {
    Done(Recovered<T>),
    /// What the store says cannot be right, though each of its records looks whole.
    StoreUnusable(String),
}

/// The state of `store`, which is `loaded`, and of the journal that `read` folds after it.
pub(super) fn from_checkpoint<T>(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    store: Store,
    loaded: Option<Loaded>,
    read: impl FnOnce(Option<journal::Checkpoint>, &mut Fold<'_>) -> Result<T, FoldError>,
) -> Result<Attempt<T>, RecoveryError> {
    let store = Arc::new(store);
    let archive = StoreArchive { store: store.clone() };
    let view = Arc::new(View::new(Arc::new(archive), settings.retention.idempotency_keys_max));
    let now = clock.now();
    view.recall_until(now);
    let has_checkpoint = loaded.is_some();
    let mut last = loaded.as_ref().map(|loaded| loaded.head.taken_at);
    let checkpoint = loaded.as_ref().map(|loaded| checkpoint_of(&loaded.head));
    if let Some(loaded) = loaded
        && let Err(error) = load(&view, &store, loaded)
    {
        return Ok(Attempt::StoreUnusable(error.to_string()));
    }
    let checkpoints = StoreCheckpoints::new(store.clone(), clock, settings.retention.idempotency_keys);
    let mut fold = Fold { view: &view, settings, now, checkpoints, last: None };
    let replayed = read(checkpoint, &mut fold);
    fold.forget();
    last = fold.last.or(last);
    if let Some(last) = last.filter(|last| *last > now) {
        tracing::warn!(
            clock = %now,
            last_entry = %last,
            "the clock is behind the last entry of the journal: either it is wrong now, or it was then; \
             see to it, for orders are dated and keys are forgotten by it"
        );
    }
    match replayed {
        Ok(_) if has_checkpoint && !stock_agrees(&view) => Ok(Attempt::StoreUnusable(
            "the orders of the checkpoint are older than its balances: what is reserved is not what open orders hold"
                .into(),
        )),
        Ok(tail) => Ok(Attempt::Done(Recovered { view, store, tail })),
        Err(FoldError::Journal(error @ ReadError::ForeignCheckpoint { .. })) => {
            Ok(Attempt::StoreUnusable(error.to_string()))
        }
        Err(FoldError::Journal(error)) => Err(error.into()),
        Err(FoldError::Store(error)) => Ok(Attempt::StoreUnusable(error.to_string())),
    }
}

/// Whether what is reserved is what open orders hold. A power cut can leave the store with records that are each whole,
/// of which some are older than its head.
fn stock_agrees(view: &View) -> bool {
    let held = held_by_orders(view);
    let products = view.products().page(ProductId(0), usize::MAX);
    products.iter().all(|product| {
        u64::from(product.balance.reserved) == held.get(&product.revision.product).copied().unwrap_or_default()
    })
}

/// What open orders hold of each product: those that have shipped hold nothing any more.
pub(super) fn held_by_orders(view: &View) -> BTreeMap<ProductId, u64> {
    let mut held = BTreeMap::new();
    for order in view.open_orders().iter().filter(|order| order.status.holds_stock()) {
        for line in &order.lines {
            *held.entry(line.product.product).or_default() += u64::from(line.quantity);
        }
    }
    held
}

/// Takes over a checkpoint and reads its open orders back into memory.
fn load(view: &View, store: &Store, loaded: Loaded) -> Result<(), StoreError> {
    let pages = loaded.pages.clone();
    view.note_checkpoint(CheckpointMark { sequence: loaded.head.sequence, at: loaded.head.taken_at });
    view.restore(restored(loaded));
    let mut batch = Vec::with_capacity(1024);
    store.open_orders(&pages, |order| {
        batch.push(order);
        if batch.len() == batch.capacity() {
            view.reload(&batch);
            batch.clear();
        }
    })?;
    view.reload(&batch);
    Ok(())
}

/// Why the journal could not be folded.
#[derive(Debug, thiserror::Error)]
pub(super) enum FoldError {
    /// It cannot be read.
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// An order that left memory cannot be read back from the store.
    #[error(transparent)]
    Store(#[from] ArchiveError),
}

/// Folds the journal's tail into the view. What piles up on the way is written to the store and leaves memory, as it
/// does while serving.
pub(super) struct Fold<'a> {
    pub(super) view: &'a View,
    settings: &'a Settings,
    now: Timestamp,
    checkpoints: StoreCheckpoints,
    /// When the last entry was made, by its clock.
    last: Option<Timestamp>,
}

/// After how many entries it is looked which keys are too old by now: so many more than are due are in memory at most.
const FORGETS_EVERY: u64 = 4_096;

impl Fold<'_> {
    /// Forgets keys that are too old by now, as it is done while serving.
    fn forget(&self) {
        self.view.keys().expire(self.now, self.settings.retention.idempotency_keys, usize::MAX);
    }

    /// Takes over one entry. Answers whether that led to a checkpoint.
    ///
    /// # Errors
    /// When an order that it changes cannot be read back from the store.
    pub(super) fn take(&mut self, durable: &Durable) -> Result<bool, ArchiveError> {
        self.view.apply(std::slice::from_ref(durable))?;
        self.last = Some(durable.entry.at);
        if durable.sequence.is_multiple_of(FORGETS_EVERY) {
            self.forget();
        }
        let full = self.view.changes_waiting() as u64 >= self.settings.checkpoint.changes;
        if full {
            write(self.view, self.view.take_changes(), &mut self.checkpoints);
            self.view.evict(self.now.minus(self.settings.retention.ended_orders_in_memory), usize::MAX);
        }
        Ok(full)
    }
}

fn replay(mut reader: Reader, fold: &mut Fold<'_>) -> Result<Tail, FoldError> {
    let bytes_total = reader.progress().bytes_total;
    let progress = Progress::start("reading the journal", bytes_total);
    while let Some(durable) = reader.next(fold.view)? {
        if fold.take(&durable)? {
            progress.set(reader.progress().bytes_read);
        }
    }
    progress.set(bytes_total);
    let tail = reader.into_tail()?;
    if let Tail::Torn { dropped_bytes, .. } = &tail {
        tracing::warn!(
            dropped_bytes,
            sequence = fold.view.applied(),
            "the last write was torn; it was never acknowledged and is dropped"
        );
    }
    Ok(tail)
}

fn write(view: &View, changes: Changes, checkpoints: &mut StoreCheckpoints) {
    match checkpoints.write(view, &changes) {
        Ok(()) => view.changes_written(),
        Err(error) => {
            tracing::error!(%error, "the checkpoint failed; what it would have held stays in memory");
            view.changes_failed(changes);
        }
    }
}
