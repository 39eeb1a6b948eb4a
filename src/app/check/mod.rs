//! `check`: reads the whole journal again, and compares what it means with what the checkpoint and the ledger say.
//!
//! Nothing is changed: the store, which cannot be opened without being written to, is looked at in a copy. Copy and
//! orders that have ended lie in files without a name, so that nothing is left however a check ends.
//!
//! Time and memory: it reads each entry once, and holds open orders and the catalogue, as serving does; an ended order
//! costs about ten bytes.

mod agreement;
mod links;
mod scratch;
mod shelf;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::backup::{Backup, BackupError};
use crate::domain::order::PerStatus;
use crate::journal::{DataDirectory, DirectoryError, ReadError, Reader, Tail};
use crate::store::{Loaded, Store};
use crate::telemetry::Progress;
use crate::view::ArchiveError;

use links::OnInterrupt;
use scratch::{ELSEWHERE, Scratch, StoreCopy};
use shelf::Shelf;

/// What a check found.
#[derive(Debug)]
pub struct Report {
    /// The last entry.
    pub sequence: u64,
    /// The running hash over all entries.
    pub chain: [u8; 16],
    /// How many bytes of an unfinished, never acknowledged write follow it.
    pub torn_bytes: u64,
    /// How many categories and products there are.
    pub catalogue: (u64, u64),
    /// How many orders there are in each status.
    pub orders: PerStatus<u64>,
    /// The last entry that the checkpoint contains; none without a checkpoint.
    pub checkpoint: Option<u64>,
    /// What does not agree, the first ones.
    pub findings: Vec<Finding>,
}

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding(pub String);

/// After how many changes ended orders are put aside.
const CHANGES_MAX: usize = 50_000;

/// How many findings a report holds at most.
const FINDINGS_MAX: usize = 20;

/// Why a check could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The data directory is in use, of a newer version, or none of ours.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The journal is damaged, or cannot be read.
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// The backup is damaged, or cannot be read.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// What does not fit into memory could not be put aside.
    #[error(
        "cannot use {} for temporary files: {error}; name another directory in TMPDIR",
        path.display()
    )]
    Scratch {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The system has no thread or file left: sled would wait for ever for a thread of its own.
    #[error(
        "cannot wait for signals: {0}; see to the limits of this process (threads, memory, open files, RUST_MIN_STACK)"
    )]
    Signals(io::Error),
    /// A file of the store cannot be read.
    #[error("cannot read {}: {error}; run the command as a user who may read it", path.display())]
    Unreadable {
        /// The file, or its directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks the data directory `path`, which no other process may be serving. Temporary files go to `TMPDIR` where that
/// is set, otherwise into the data directory, and where nothing can be written into that, to `/var/tmp`.
///
/// # Errors
/// When the journal is damaged: the error names the first bad place.
pub fn check(path: &Path) -> Result<Report, CheckError> {
    check_in_steps(path, CHANGES_MAX, &OnInterrupt::default())
}

/// As [`check`], for a process that does nothing else: from now on SIGINT and SIGTERM end it, and nothing of it is
/// left.
///
/// # Errors
/// As [`check`].
pub fn check_until_interrupted(path: &Path) -> Result<Report, CheckError> {
    check_in_steps(path, CHANGES_MAX, &OnInterrupt::watched().map_err(CheckError::Signals)?)
}

/// As [`check`], putting ended orders aside after `step` changes.
fn check_in_steps(path: &Path, step: usize, on_interrupt: &OnInterrupt) -> Result<Report, CheckError> {
    let directory = DataDirectory::open_to_read(path)?;
    let scratch = Scratch::beside(path);
    let mut findings = Findings::default();
    let copy = StoreCopy::of(&directory.store(), &scratch, on_interrupt)?;
    let original = directory.store();
    let opened = copy.open(&mut findings).map(|(store, loaded)| Checkpoint { original, store, loaded });
    compare(Reader::open(&directory.journal(), None)?, opened.as_ref(), &scratch, step, findings)
}

/// Checks the backup `path`: each of its files, and then its journal as that of a data directory. Temporary files go to
/// `TMPDIR` where that is set, otherwise to `/var/tmp`.
///
/// # Errors
/// When it is damaged: the error names the first bad file.
pub fn check_backup(path: &Path) -> Result<Report, CheckError> {
    let backup = Backup::open(path)?;
    backup.verify()?;
    compare(backup.reader()?, None, &Scratch::beside(Path::new(ELSEWHERE)), CHANGES_MAX, Findings::default())
}

/// A checkpoint that was read, out of a copy of the store.
struct Checkpoint {
    /// The directory of the store that was copied.
    original: PathBuf,
    store: Store,
    loaded: Loaded,
}

/// Reads everything, and compares what it means with what was `opened`, if anything.
fn compare(
    mut reader: Reader,
    opened: Option<&Checkpoint>,
    scratch: &Scratch,
    step: usize,
    mut findings: Findings,
) -> Result<Report, CheckError> {
    let progress = Progress::start("checking the journal", reader.progress().bytes_total);
    let shelf = Arc::new(Shelf::new(scratch.file()?));
    let view = shelf::view(&shelf);
    let head = opened.map_or(0, |checkpoint| checkpoint.loaded.head.sequence);
    let mut newer = None;
    while let Some(durable) = reader.next(&view)? {
        let put_aside = |error: ArchiveError| scratch.failed()(io::Error::other(error));
        view.apply(std::slice::from_ref(&durable)).map_err(put_aside)?;
        if view.changes_waiting() >= step {
            shelf.take_ended(&view).map_err(scratch.failed())?;
            progress.set(reader.progress().bytes_read);
        }
        if let Some(checkpoint) = opened
            && durable.sequence == head
        {
            newer = Some(agreement::at_head(&view, checkpoint, &mut findings));
        }
    }
    let tail = reader.into_tail()?;
    if let Some(Checkpoint { original, store, .. }) = opened {
        match newer {
            Some(newer) => agreement::of_newer(&view, store, newer, &mut findings),
            None if head > 0 => findings.add(format!(
                "the checkpoint in {} contains entry {head}, but the journal ends at entry {}: either acknowledged entries \
                 are missing there, or the store belongs to another data directory",
                original.display(),
                view.applied()
            )),
            None => {}
        }
    }
    agreement::of_reservations(&view, &mut findings);
    let torn_bytes = match tail {
        Tail::Clean(_) => 0,
        Tail::Torn { dropped_bytes, .. } => dropped_bytes,
    };
    let catalogue = view.products().inventory().catalogue.counts();
    Ok(Report {
        sequence: view.applied(),
        chain: view.chain(),
        torn_bytes,
        catalogue,
        orders: view.counts(),
        checkpoint: opened.map(|_| head),
        findings: findings.0,
    })
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, text: String) {
        if self.0.len() < FINDINGS_MAX {
            self.0.push(Finding(text));
        }
    }
}

#[cfg(test)]
mod tests;
