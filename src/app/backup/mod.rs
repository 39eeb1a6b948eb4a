//! Backups: everything up to one entry of the journal, in a directory or an archive, with a manifest.
//!
//! ```text
//! journal/<first sequence>.seg    the segments, each up to its last entry; the zeros behind it are left out
//! MANIFEST.json                   what there is: the last entry, the running hash, each file's size and BLAKE3
//! ```
//! An archive is a tar file of just that, in that order. It is not compressed: its zeros are left out already, and what
//! is left can be compressed by any tool. The store is not in it: a start makes it anew from the journal.
//!
//! A backup needs neither lock nor word with the process that serves: the journal only grows, and what stands before
//! the end that was found does not change. Everything acknowledged before the backup began is in it. Its last group may
//! be one that was written and not synced yet, which does no harm: it was whole.
//!
//! Invariants: a backup has its name only when all of it is synced and was read back; a restore shows nothing before
//! all of the backup is verified, and nothing starts on a directory that is half restored.

mod content;
mod error;
mod later;
mod make;
mod manifest;
mod restore;

use std::path::Path;

pub use error::BackupError;

pub(super) use content::Backup;

use super::SystemClock;
use crate::actors::Clock;
use crate::domain::audit::AuditRow;
use crate::domain::time::Timestamp;
use crate::journal::{Chain, Until};

/// What was backed up or restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backed {
    /// The last entry; 0 when there is none.
    pub sequence: u64,
    /// The running hash behind it.
    pub chain: Chain,
    /// When it was decided.
    pub last_entry_at: Option<Timestamp>,
    /// How many bytes the segments have up to the last entry of each.
    pub bytes: u64,
}

/// How a backup lies on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Archive,
    Directory,
}

impl Shape {
    /// The shape that the name of a backup asks for.
    fn of(path: &Path) -> Self {
        // Not the extension: a name that is nothing but one has none.
        let is_archive = path.file_name().is_some_and(|name| name.as_encoded_bytes().ends_with(b".tar"));
        if is_archive { Self::Archive } else { Self::Directory }
    }
}

/// Backs up the data directory `from`, which a process may be serving, to `to`: an archive when its name ends in
/// `.tar`, otherwise a directory.
///
/// # Errors
/// When the journal is damaged, or the backup cannot be written. Nothing is left, then.
pub fn backup(from: &Path, to: &Path) -> Result<Backed, BackupError> {
    make::make(from, to, SystemClock.now())
}

/// What a restore came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What is in the data directory now.
    pub backed: Backed,
    /// The last entry of the backup that was restored.
    pub until: u64,
    /// The changes of users and keys that came after it.
    pub later: Vec<AuditRow>,
    /// Whether they were appended, so that they hold.
    pub is_kept: bool,
}

/// Restores the backup `from` into the data directory `to`, which does not exist or is empty, up to the last entry that
/// `until` takes in, and nothing that came later.
///
/// # Errors
/// When the backup is damaged, or the directory cannot be written. Nothing is left, then.
pub fn restore(from: &Path, to: &Path, until: Until) -> Result<Backed, BackupError> {
    Ok(restore::restore(from, to, until, false)?.backed)
}

/// As [`restore`]; the changes of users and keys that came later hold all the same: what was revoked stays revoked.
///
/// # Errors
/// As [`restore`].
pub fn restore_keeping_access(from: &Path, to: &Path, until: Until) -> Result<Restored, BackupError> {
    restore::restore(from, to, until, true)
}

/// As [`restore`], and says which changes of users and keys that undoes.
///
/// # Errors
/// As [`restore`].
pub fn restore_undoing_access(from: &Path, to: &Path, until: Until) -> Result<Restored, BackupError> {
    restore::restore(from, to, until, false)
}
