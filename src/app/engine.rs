//! The engine, opened on a data directory.

use std::ops::Deref;
use std::sync::Arc;

use crate::actors::{self, Clock, Fulfillment, Load, Parts};
use crate::config::Settings;
use crate::journal::{self, DataDirectory, DirectoryError, FileJournal};

use super::SystemClock;
use super::bridge::StoreCheckpoints;
use super::recovery::{RecoveryError, recover};
use super::verify::{Pace, Verifier};

/// A running engine over a data directory, which it holds locked until it is dropped.
///
/// It dereferences to [`Fulfillment`], the handle for everything.
pub struct Engine {
    fulfillment: Fulfillment,
    directory: Arc<DataDirectory>,
    _verifier: Verifier,
}

/// Why an engine could not be opened. The data directory is as it was.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory is in use, of a newer version, or none of ours.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// What is in it cannot be read back.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] journal::OpenError),
    /// The thread that read it back panicked.
    #[error("reading the data directory back panicked: {0}")]
    Panicked(#[from] tokio::task::JoinError),
}

impl Engine {
    /// Opens the data directory of `settings`, makes it where there is none, reads everything back, and starts the
    /// actors. Call it inside an actix `System`, which must run as long as the engine does.
    ///
    /// # Errors
    /// When the directory is in use or damaged. Nothing is changed then.
    pub async fn open(settings: &Settings) -> Result<Self, OpenError> {
        Self::open_at(settings, Arc::new(SystemClock)).await
    }

    /// As [`Engine::open`], with the time from `clock`.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub async fn open_at(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let directory = Arc::new(DataDirectory::open(&settings.general.data_dir)?);
        warn_of_readers(&directory);
        let parts = {
            let (directory, settings) = (directory.clone(), settings.clone());
            let clock = clock.clone();
            tokio::task::spawn_blocking(move || parts(&directory, &settings, clock)).await??
        };
        let fulfillment = actors::start(parts, &behaviour(settings)).await;
        let pace =
            Pace { bytes_per_second: settings.journal.verify_bytes_per_second, pause: settings.journal.verify_pause };
        let verifier = Verifier::start(directory.journal(), pace, fulfillment.clone(), clock);
        Ok(Self { fulfillment, directory, _verifier: verifier })
    }

    /// The handle.
    #[must_use]
    pub fn fulfillment(&self) -> &Fulfillment {
        &self.fulfillment
    }

    /// Where the data lies.
    #[must_use]
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }
}

impl Deref for Engine {
    type Target = Fulfillment;

    fn deref(&self) -> &Fulfillment {
        &self.fulfillment
    }
}

/// Customers' addresses and hashes of passwords are in it.
fn warn_of_readers(directory: &DataDirectory) {
    let path = directory.path().display();
    match directory.is_open_to_others() {
        Ok(false) => {}
        Ok(true) => {
            tracing::warn!("other users of this machine can read the data directory {path}: run `chmod -R go= {path}`");
        }
        Err(error) => tracing::warn!(%error, "it could not be seen who can read the data directory {path}"),
    }
}

/// Reads the directory back. Takes long, and the disk.
fn parts(directory: &DataDirectory, settings: &Settings, clock: Arc<dyn Clock>) -> Result<Parts, OpenError> {
    let recovered = recover(directory, settings, &clock)?;
    let options = journal::Options {
        queue_max: settings.journal.queue,
        group_entries_max: settings.journal.group_entries,
        group_bytes_max: settings.journal.group_bytes,
        segment_bytes: settings.journal.segment_bytes,
        stall_max: settings.journal.stall_max,
        ..journal::Options::default()
    };
    let (journal, durables) = FileJournal::open(&directory.journal(), &options, &recovered.tail)?;
    let checkpoints = StoreCheckpoints::new(recovered.store, &clock, settings.retention.idempotency_keys);
    Ok(Parts { view: recovered.view, journal: Arc::new(journal), durables, checkpoints: Box::new(checkpoints), clock })
}

pub(super) fn behaviour(settings: &Settings) -> actors::Settings {
    actors::Settings {
        policy: settings.stages.policy(),
        zone: settings.general.time_zone,
        threads: settings.engine.arbiters,
        mailbox: settings.limits.mailbox,
        placing: Load { placements: settings.limits.placements, orders: settings.limits.orders },
        watchdog_interval: settings.watchdog.interval,
        checkpoint_interval: settings.checkpoint.interval,
        checkpoint_changes: usize::try_from(settings.checkpoint.changes).unwrap_or(usize::MAX),
        ended_orders_in_memory: settings.retention.ended_orders_in_memory,
        keys_kept: settings.retention.idempotency_keys,
    }
}
