//! Why a backup could not be made, read or restored.

use std::io;
use std::path::{Path, PathBuf};

use crate::app::TargetError;
use crate::domain::time::Timestamp;
use crate::journal::{DirectoryError, ReadError, WriteError};

/// Why a backup could not be made, read or restored. Nothing is left that looks like a whole one.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The journal is damaged, or cannot be read.
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// The backup cannot be written.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// There is no room for the restored journal. Nothing of it was written.
    #[error("{0}. Nothing was restored; make room, or name a data directory on another disk")]
    NoRoom(#[source] WriteError),
    /// The restored journal cannot be written.
    #[error("{0}; nothing was restored")]
    Restore(#[from] WriteError),
    /// A file of the backup cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// There is no manifest.
    #[error(
        "{} is no whole backup: {why}. Name a directory or an archive that `packhorse backup` has completed",
        path.display()
    )]
    NoBackup {
        /// What was named.
        path: PathBuf,
        /// What it lacks.
        why: String,
    },
    /// A newer program wrote it.
    #[error(
        "the backup {} has format {found}, and this program knows formats up to {}; use the version of Packhorse that \
         wrote it, or a newer one",
        path.display(), super::manifest::FORMAT_VERSION
    )]
    Newer {
        /// The backup.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// It is not as it was written.
    #[error("the backup {} is damaged: {file}: {why}; use another backup", path.display())]
    Damaged {
        /// The backup.
        path: PathBuf,
        /// The file in it.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// Nothing is old enough.
    #[error(
        "the backup {} has no entry at or before that moment: its first one, entry 1, was decided at {first_at}",
        path.display()
    )]
    NothingBefore {
        /// The backup.
        path: PathBuf,
        /// When its first entry was decided.
        first_at: Timestamp,
    },
    /// There is no such entry.
    #[error(
        "the backup {} ends with entry {last}: there is no entry {wanted}. Leave out --until to restore all of it; a time \
         is written as 2026-11-22T04:00:00Z",
        path.display()
    )]
    BehindTheEnd {
        /// The backup.
        path: PathBuf,
        /// The entry that was asked for.
        wanted: u64,
        /// Its last entry.
        last: u64,
    },
    /// The changes of users and keys that came later could not be appended.
    #[error("the later changes of users and keys cannot be kept: {0}; nothing was restored")]
    Later(String),
    /// What was restored is not what the backup holds.
    #[error("what was restored reads back as ending with entry {found} instead of {wanted}; nothing of it was kept")]
    NotAsWritten {
        /// The last entry that was read back.
        found: u64,
        /// The last entry that was written.
        wanted: u64,
    },
}

impl BackupError {
    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Read { path: path.to_owned(), error }
    }

    pub(super) fn damaged(path: &Path, file: &str, why: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), file: file.to_owned(), why: why.into() }
    }
}
