//! A data directory that no server uses, read and changed without the engine.
//!
//! What a command is about is one entry, and nothing else happens: no timer fires, no checkpoint is written, no
//! idempotency key expires, and the store is not even opened. The journal is folded from the front, as much of it as a
//! decision needs; the next start takes the entry over as it takes over every entry behind its checkpoint. What only
//! reads takes no lock and writes nothing at all, so that it works beside a server too.

mod state;

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::error::TryRecvError;

use crate::actors::{Clock, Failure};
use crate::config::Settings;
use crate::decide::{self, ChangeAccess, Context, Decided, Decision, Import};
use crate::domain::access::{Access, AccessCommand, AccessOutcome};
use crate::domain::catalogue::Catalogue;
use crate::domain::entry::Entry;
use crate::domain::inventory::Opening;
use crate::domain::origin::Origin;
use crate::domain::time::Timestamp;
use crate::journal::{
    self, DataDirectory, DirectoryError, Durables, FileJournal, Journal, ReadError, Reader, Refused, Tail,
};

pub(super) use state::State;

use super::SystemClock;
use super::clock::expect_right;
use super::engine::{OpenError, journal_options};
use super::error::Error;
use super::recovery::RecoveryError;

/// How often it is looked whether an entry is durable.
const LOOKS_EVERY: Duration = Duration::from_millis(1);

/// The users and keys of the data directory `path`, which a server may be using. Writes nothing.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn read_access(path: &Path) -> Result<Access, Error> {
    Ok(read_beside(path)?.access)
}

/// Carries out `command` on the data directory of `settings`, which is made when it is missing and something `begins`.
///
/// # Errors
/// When the directory cannot be used, or the command breaks a rule. Nothing is changed, then.
pub fn change_access(settings: &Settings, begins: bool, command: &AccessCommand) -> Result<AccessOutcome, Error> {
    change(settings, begins, |state: &State, now| {
        let decided = judged(state, settings, now, ChangeAccess(command.clone()));
        decided.map_err(|rejection| Error::Access(Failure::Rejected(rejection)))
    })
}

/// Takes the catalogue that `openings` makes of what is there into the data directory of `settings`, which is made when
/// it is missing: all of it, or nothing. A `dry_run` only finds out whether it could be done.
///
/// # Errors
/// When `openings` says so, the directory cannot be used, or a row breaks a rule. Nothing is changed, then.
pub fn import<E: From<Error>>(
    settings: &Settings,
    dry_run: bool,
    openings: impl Fn(&Catalogue) -> Result<Vec<Opening>, E>,
) -> Result<(), E> {
    let decide = |state: &State, now| {
        let openings = openings(&state.inventory.catalogue)?;
        let decided = judged(state, settings, now, Import(openings));
        decided.map_err(|rejection| Error::Import(Failure::Rejected(rejection)).into())
    };
    if dry_run {
        let state = match read_beside(&settings.general.data_dir) {
            Err(Error::Open(OpenError::Directory(DirectoryError::Missing { .. }))) => State::default(),
            read => read?,
        };
        return decide(&state, SystemClock.now()).map(drop);
    }
    change(settings, true, decide)
}

fn judged<D: Decision>(
    state: &State,
    settings: &Settings,
    now: Timestamp,
    decision: D,
) -> Result<Decided<D::Outcome>, D::Rejection> {
    let context = Context { now, zone: settings.general.time_zone, who: &Origin::Cli };
    decision.decide(decide::State { inventory: &state.inventory, access: &state.access }, context)
}

fn read_beside(path: &Path) -> Result<State, Error> {
    let journal = DataDirectory::journal_beside(path).map_err(OpenError::from)?;
    let (state, _) = Reader::open_live(&journal).and_then(State::read).map_err(unreadable)?;
    Ok(state)
}

/// Decides on what the data directory of `settings` holds, and appends the one entry that follows, if any.
fn change<O, E: From<Error>>(
    settings: &Settings,
    begins: bool,
    decide: impl Fn(&State, Timestamp) -> Result<Decided<O>, E>,
) -> Result<O, E> {
    let path = &settings.general.data_dir;
    expect_right(&SystemClock).map_err(|error| Error::from(OpenError::from(error)))?;
    // Looked at once: what is answered is what is kept.
    let now = SystemClock.now();
    let directory = match DataDirectory::open_existing(path) {
        Err(DirectoryError::Missing { .. }) if begins => {
            // What is refused makes no directory.
            decide(&State::default(), now)?;
            DataDirectory::open(path, settings.journal.segment_bytes)
        }
        opened => opened,
    };
    let directory = directory.map_err(|error| Error::from(OpenError::from(error)))?;
    let (state, tail) = Reader::open(&directory.journal(), None).and_then(State::read).map_err(unreadable)?;
    let Decided { events, outcome } = decide(&state, now)?;
    if !events.is_empty() {
        let entry = Entry { at: now, who: Origin::Cli, key: None, events };
        append(&directory.journal(), &journal_options(settings), &tail, vec![entry])?;
    }
    Ok(outcome)
}

fn unreadable(error: ReadError) -> Error {
    Error::Open(OpenError::Recovery(RecoveryError::Journal(error)))
}

/// Appends `entries` to the journal in `directory`, which ends with `tail`, and waits until they are durable.
pub(super) fn append(
    directory: &Path,
    options: &journal::Options,
    tail: &Tail,
    entries: Vec<Entry>,
) -> Result<(), Error> {
    let (journal, mut durables) = FileJournal::open(directory, options, tail).map_err(OpenError::from)?;
    let appended = entries.into_iter().try_for_each(|entry| append_one(&journal, &mut durables, Arc::new(entry)));
    journal.close();
    appended
}

fn append_one(journal: &FileJournal, durables: &mut Durables, entry: Arc<Entry>) -> Result<(), Error> {
    journal.submit(entry).map_err(Error::NotTaken)?;
    loop {
        match durables.try_recv() {
            Ok(_) => return Ok(()),
            Err(TryRecvError::Empty) if journal.lacks_space() => break,
            Err(TryRecvError::Empty) => thread::sleep(LOOKS_EVERY),
            Err(TryRecvError::Disconnected) => return Err(failed(journal)),
        }
    }
    // A server waits until there is room, and a command does not: nobody else uses the directory meanwhile. What still
    // has room in its segment is written all the same.
    journal.close();
    durables.blocking_recv().map(drop).ok_or_else(|| failed(journal))
}

/// Why an entry that was taken is not durable.
fn failed(journal: &FileJournal) -> Error {
    match journal.poisoned() {
        Some(poison) if poison.is_before_writing() && journal.lacks_space() => Error::NotTaken(Refused::NoSpace),
        Some(poison) => Error::Unsure(poison.to_string()),
        None => Error::Unsure("it was closed".to_owned()),
    }
}
