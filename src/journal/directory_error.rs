//! Why a data directory cannot be used.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use super::damage::remedy;
use super::segment;

/// The version of the data directory that this program writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

pub(super) const FORMAT: &str = "FORMAT";
pub(super) const JOURNAL: &str = "journal";
/// What [`FORMAT`] holds, for people.
const LINE: &str = "a line with the number 1 into it";

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It does not exist, or nothing is in it.
    #[error("there is no Packhorse data directory {}", path.display())]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// Its journal was taken away, or all segments of it.
    #[error(
        "the data directory {} has lost its journal, and with it everything that was ever acknowledged: {} is gone. \
         Put the files back (is a volume not mounted?), or restore the journal from a backup; to begin with nothing \
         in this directory, start `packhorse serve` once with --accept-shorter-journal",
        path.display(),
        path.join(JOURNAL).join(segment::file_name(1)).display()
    )]
    JournalMissing {
        /// The directory.
        path: PathBuf,
    },
    /// It holds something else.
    #[error(
        "{} is not a Packhorse data directory: it is not empty and has no {FORMAT} file; nothing in it was changed. \
         Name an empty or a new directory",
        path.display()
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
    },
    /// Its journal is there, and what says its format is not.
    #[error(
        "the data directory {} has lost its file {}; nothing in it was changed. Put the file back; if this version of \
         Packhorse wrote the directory, write {LINE}",
        path.display(),
        path.join(FORMAT).display()
    )]
    FormatMissing {
        /// The directory.
        path: PathBuf,
    },
    /// Something is in it already.
    #[error(
        "the data directory {} is not empty: there is {}; nothing in it was changed. Restore into a new or an empty \
         directory",
        path.display(),
        path.join(name).display()
    )]
    NotEmpty {
        /// The directory.
        path: PathBuf,
        /// What is in the way.
        name: OsString,
    },
    /// A restore into it was interrupted, or is under way.
    #[error(
        "a restore into {} is under way or was interrupted; nothing in it was changed. Restore into it once more, or \
         remove it",
        path.display()
    )]
    RestoreUnfinished {
        /// The directory.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error(
        "the data directory {} has format {found}, and this program knows formats up to {FORMAT_VERSION}; nothing in \
         it was changed. Use the version of Packhorse that wrote it, or a newer one; what the format is says {}",
        path.display(),
        path.join(FORMAT).display()
    )]
    Newer {
        /// The directory.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Its format file says nothing.
    #[error(
        "{} should hold the number of a format, but holds {content:?}; nothing was changed. Put the file back from a \
         backup of the directory; if this version of Packhorse wrote the directory, write {LINE}",
        file.display()
    )]
    Unreadable {
        /// The format file.
        file: PathBuf,
        /// What it holds, shortened.
        content: String,
    },
    /// It is somebody else's, and this is root, who could make files in it that its owner cannot read.
    #[error(
        "the data directory {at} belongs to user {owner}, and root would make files in it that this user cannot read; \
         nothing in it was changed. Run the command as that user: sudo -u '#{owner}' packhorse ...; where that user may not \
         read all of it, give it all to them first: chown -R {owner} {at}",
        at = path.display()
    )]
    OthersDirectory {
        /// The directory.
        path: PathBuf,
        /// The user who owns it, by number.
        owner: u32,
    },
    /// Another process uses it.
    #[error("the data directory {} is in use by {}", path.display(), Process(*pid))]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The process, when it is known.
        pid: Option<u32>,
    },
    /// The system refused something.
    #[error(
        "cannot use the data directory {}: {operation}: {error}; {}",
        path.display(),
        remedy(error)
    )]
    Io {
        /// The directory.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
        /// What the system said.
        error: io::Error,
    },
}

struct Process(Option<u32>);

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(pid) => write!(f, "process {pid}"),
            None => f.write_str("another process"),
        }
    }
}
