//! The engine over a journal and a store in memory: recovered and put together as on a data directory.

use std::ops::Deref;
use std::sync::Arc;

use crate::actors::{self, Clock, Fulfillment, Parts};
use crate::config::Settings;
use crate::journal::{MemoryDisk, MemoryJournal, MemoryOptions};
use crate::store::{Kv, Loaded, Store, StoreError, Table};

use super::bridge::StoreCheckpoints;
use super::engine::behaviour;
use super::recovery::{Attempt, Fold, FoldError, Recovered, RecoveryError, from_checkpoint};

/// An engine that forgets everything but what its owner keeps of its disk and its store: for tests that embed it, and
/// for simulation. Every actor runs on the calling thread.
///
/// It dereferences to [`Fulfillment`], the handle for everything.
pub struct MemoryEngine {
    fulfillment: Fulfillment,
    journal: Arc<MemoryJournal>,
}

impl MemoryEngine {
    /// Reads `disk` and `kv` back as a start of the process does, and starts the actors with the time from `clock`. A
    /// store that cannot be used is made anew. Call it inside an actix `System`, which must run as long as the engine
    /// does; dropping both at any moment is what a kill does.
    ///
    /// # Errors
    /// When the journal is damaged, or the store refuses.
    pub async fn open(
        settings: &Settings,
        options: MemoryOptions,
        disk: MemoryDisk,
        kv: Arc<dyn Kv>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RecoveryError> {
        let Recovered { view, store, .. } = recover(settings, &disk, &kv, &clock)?;
        let (journal, durables) = MemoryJournal::open(options, disk)?;
        let journal = Arc::new(journal);
        let checkpoints = Box::new(StoreCheckpoints::new(store, &clock, settings.retention.idempotency_keys));
        let parts = Parts { view, journal: journal.clone(), durables, checkpoints, clock };
        let behaviour = actors::Settings { threads: 0, ..behaviour(settings) };
        Ok(Self { fulfillment: actors::start(parts, &behaviour).await, journal })
    }

    /// Its journal, with what can be made to go wrong there.
    #[must_use]
    pub fn journal(&self) -> &MemoryJournal {
        &self.journal
    }
}

impl Deref for MemoryEngine {
    type Target = Fulfillment;

    fn deref(&self) -> &Fulfillment {
        &self.fulfillment
    }
}

fn recover(
    settings: &Settings,
    disk: &MemoryDisk,
    kv: &Arc<dyn Kv>,
    clock: &Arc<dyn Clock>,
) -> Result<Recovered<()>, RecoveryError> {
    let read = |checkpoint, fold: &mut Fold<'_>| -> Result<(), FoldError> {
        let mut reader = disk.read(checkpoint);
        while let Some(durable) = reader.next(fold.view)? {
            fold.take(&durable)?;
        }
        Ok(())
    };
    let why = match open_store(kv) {
        Ok((store, loaded)) => match from_checkpoint(settings, clock, store, loaded, read)? {
            Attempt::Done(recovered) => return Ok(recovered),
            Attempt::StoreUnusable(why) => why,
        },
        Err(error) if error.is_damage() => error.to_string(),
        Err(error) => return Err(refused(error)),
    };
    tracing::error!(%why, "the store is unusable and is made anew from the journal");
    for table in Table::ALL {
        kv.clear(table).map_err(refused)?;
    }
    let (store, loaded) = open_store(kv).map_err(refused)?;
    match from_checkpoint(settings, clock, store, loaded, read)? {
        Attempt::Done(recovered) => Ok(recovered),
        Attempt::StoreUnusable(why) => Err(RecoveryError::StoreUnusable(why)),
    }
}

fn open_store(kv: &Arc<dyn Kv>) -> Result<(Store, Option<Loaded>), StoreError> {
    let store = Store::over(kv.clone())?;
    let loaded = store.load()?;
    Ok((store, loaded))
}

fn refused(error: StoreError) -> RecoveryError {
    RecoveryError::Store { path: "memory".into(), error }
}
