//! The engine, opened on a data directory.

use std::ops::Deref;
use std::sync::Arc;
use std::thread;

use tokio::sync::oneshot;

use crate::actors::{self, Clock, Fulfillment, Load, Parts};
use crate::config::Settings;
use crate::journal::{self, DataDirectory, DirectoryError, FileJournal, Tail};
use crate::store;
use crate::view::View;

use super::SystemClock;
use super::bridge::StoreCheckpoints;
use super::clock::{WrongClock, expect_right};
use super::recovery::{Recovered, RecoveryError, recover};
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
    /// The clock is wrong beyond the calendar.
    #[error(transparent)]
    Clock(#[from] WrongClock),
    /// The system has no thread left to read it back with.
    #[error("no thread can be had to read the data directory back: {0}; see to the limits of this process")]
    Thread(std::io::Error),
    /// The thread that read it back panicked.
    #[error("reading the data directory back panicked, as was said above")]
    Panicked,
}

impl OpenError {
    /// Whether the end of the journal is missing, so that what is left can be gone on with.
    fn is_shorter(&self) -> bool {
        match self {
            Self::Directory(error) => matches!(error, DirectoryError::JournalMissing { .. }),
            Self::Recovery(RecoveryError::Journal(error)) => error.is_shorter(),
            Self::Recovery(RecoveryError::JournalBehind { .. } | RecoveryError::JournalForeign { .. }) => true,
            Self::Recovery(_) | Self::Journal(_) | Self::Clock(_) | Self::Thread(_) | Self::Panicked => false,
        }
    }
}

/// Gives up what the journal has lost at its end. The store may contain it, and is set aside.
fn accept_shorter(settings: &Settings) -> Result<(), OpenError> {
    let directory = DataDirectory::accept_shorter(&settings.general.data_dir, settings.journal.segment_bytes)?;
    let path = directory.store();
    let given_up = store::give_up(&path).map_err(|error| RecoveryError::Store { path, error })?;
    tracing::error!(store.moved_to = ?given_up, "the store is made anew from what is left of the journal");
    Ok(())
}

/// A data directory that was read back; nothing runs on it yet, and no timer has fired.
pub(super) struct Found {
    recovered: Recovered<Tail>,
    directory: Arc<DataDirectory>,
    clock: Arc<dyn Clock>,
}

impl Found {
    /// Takes the data directory of `settings`, makes it where there is none, and reads everything back.
    pub(super) async fn read(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        match Self::read_as_it_is(settings, clock.clone()).await {
            Err(error) if settings.accept_shorter_journal && error.is_shorter() => {
                tracing::error!(
                    %error,
                    "GOING ON WITHOUT ENTRIES THAT WERE ACKNOWLEDGED, as --accept-shorter-journal says: they are given up"
                );
                let given_up = settings.clone();
                aside(move || accept_shorter(&given_up)).await??;
                Self::read_as_it_is(settings, clock).await
            }
            read => {
                if settings.accept_shorter_journal {
                    tracing::warn!("--accept-shorter-journal changes nothing: what it is for is not the case");
                }
                read
            }
        }
    }

    async fn read_as_it_is(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        expect_right(&*clock)?;
        let settings = settings.clone();
        let reading = aside(move || {
            let directory = DataDirectory::open(&settings.general.data_dir, settings.journal.segment_bytes)?;
            warn_of_readers(&directory);
            let recovered = recover(&directory, &settings, &clock)?;
            Ok(Self { recovered, directory: Arc::new(directory), clock })
        });
        reading.await?
    }

    /// What it holds.
    pub(super) fn view(&self) -> &View {
        &self.recovered.view
    }

    /// Starts the actors on it. What ran out while nothing ran happens now.
    pub(super) async fn start(self, settings: &Settings) -> Result<Engine, OpenError> {
        let Self { recovered: Recovered { view, store, tail }, directory, clock } = self;
        let (path, options) = (directory.journal(), journal_options(settings));
        let (journal, durables) = aside(move || FileJournal::open(&path, &options, &tail)).await??;
        let checkpoints = StoreCheckpoints::new(store, &clock, settings.retention.idempotency_keys);
        let parts = Parts {
            view,
            journal: Arc::new(journal),
            durables,
            checkpoints: Box::new(checkpoints),
            clock: clock.clone(),
        };
        let fulfillment = actors::start(parts, &behaviour(settings)).await;
        let pace =
            Pace { bytes_per_second: settings.journal.verify_bytes_per_second, pause: settings.journal.verify_pause };
        let verifier = Verifier::start(directory.journal(), pace, fulfillment.clone(), clock);
        Ok(Engine { fulfillment, directory, _verifier: verifier })
    }
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
        Found::read(settings, clock).await?.start(settings).await
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

/// Does `work`, which takes long and waits for the disk, on a thread of its own. Where nobody waits for it any more, as
/// when a signal ends the start, the process does not either: a disk that does not answer holds up no end.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, OpenError> {
    let (sender, done) = oneshot::channel();
    let thread = thread::Builder::new().name("start".into());
    thread.spawn(move || sender.send(work()).ok()).map_err(OpenError::Thread)?;
    done.await.map_err(|_| OpenError::Panicked)
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

/// The bounds of the journal.
pub(super) fn journal_options(settings: &Settings) -> journal::Options {
    journal::Options {
        queue_max: settings.journal.queue,
        group_entries_max: settings.journal.group_entries,
        group_bytes_max: settings.journal.group_bytes,
        segment_bytes: settings.journal.segment_bytes,
        stall_max: settings.journal.stall_max,
        keeps_witness: true,
        ..journal::Options::default()
    }
}

/// How the actors behave.
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
