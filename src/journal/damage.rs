//! What can be wrong with a journal that is read, down to the byte.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::format::FormatError;
use super::segment::HeaderError;
use crate::domain::count::counted;

/// Why a journal could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system could not read a file.
    #[error("cannot read {}: {error}; {}", path.display(), remedy(error))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// What was written is no longer there as it was written.
    #[error(transparent)]
    Damage(#[from] Box<Damage>),
    /// A newer program wrote it.
    #[error(
        "{} was written by a newer Packhorse: it has format version {version}, and this program knows versions up to \
         {known}. It is not damaged; use the version of Packhorse that wrote it, or a newer one",
        file.display()
    )]
    UnknownVersion {
        /// The newest version that this program knows.
        known: u32,
        /// The file.
        file: PathBuf,
        /// The version it says it has.
        version: u32,
    },
    /// Segments are gone that were there.
    #[error(
        "the journal has lost {}{} that {} knows of: entries up to {entry} were acknowledged. Put the files back, \
         or restore the journal from a backup{}",
        file.display(),
        Others(*count),
        witness.display(),
        if *is_end { GO_ON } else { "" }
    )]
    SegmentsMissing {
        /// The first one.
        file: PathBuf,
        /// How many are missing.
        count: usize,
        /// The last entry that is known to have been there.
        entry: u64,
        /// The file that says so.
        witness: PathBuf,
        /// Whether nothing behind them is left, so that what is before them can be gone on with.
        is_end: bool,
    },
    /// A segment is another journal's.
    #[error(
        "{} is not the segment that {} knows of: it belongs to another journal. Put the right file back, or restore \
         the journal from a backup",
        file.display(),
        witness.display()
    )]
    OtherSegment {
        /// The segment.
        file: PathBuf,
        /// The file that says so.
        witness: PathBuf,
    },
    /// All segments are there, and the last one holds less than it did.
    #[error(
        "the journal ends with entry {journal} in {}, but entries up to {entry} were acknowledged, as {} says. Put the \
         right file back, or restore the journal from a backup{GO_ON}",
        file.display(),
        witness.display()
    )]
    EndMissing {
        /// The last segment.
        file: PathBuf,
        /// The last entry there is.
        journal: u64,
        /// The last entry that is known to have been there.
        entry: u64,
        /// The file that says so.
        witness: PathBuf,
    },
    /// The checkpoint knows more than the journal: entries that were once durable are gone.
    #[error(
        "the journal ends with entry {journal}, but the checkpoint was taken after entry {checkpoint}: \
         {} missing from the end of the journal",
        counted(checkpoint - journal, "entry is", "entries are")
    )]
    BehindCheckpoint {
        /// The last sequence in the journal.
        journal: u64,
        /// The sequence of the checkpoint.
        checkpoint: u64,
    },
    /// The checkpoint was taken of another journal.
    #[error("the checkpoint after entry {checkpoint} belongs to another journal: the running hashes differ there")]
    ForeignCheckpoint {
        /// The sequence of the checkpoint.
        checkpoint: u64,
    },
}

const GO_ON: &str = "; to go on without them, which gives them up for good, start `packhorse serve` once with \
    --accept-shorter-journal";

struct Others(usize);

impl std::fmt::Display for Others {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 - 1 {
            0 => Ok(()),
            count => write!(f, " and {}", counted(count, "more segment", "more segments")),
        }
    }
}

/// A place where the journal is not as it was written.
#[derive(Debug, thiserror::Error)]
#[error(
    "the journal is damaged: {} at byte {offset}, where entry {sequence_expected} is expected: {what}. {}",
    file.display(), what.remedy()
)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// Where in the file, in bytes.
    pub offset: u64,
    /// The first entry that cannot be read. For a record that was read by its position: the first one of its segment.
    pub sequence_expected: u64,
    /// What is wrong there.
    pub what: What,
}

/// What is wrong at a place.
#[derive(Debug, thiserror::Error)]
pub enum What {
    /// A file among the segments is not named as one.
    #[error("the file's name is not that of a segment")]
    Misnamed,
    /// A segment is missing, or one is there twice.
    #[error("the segment begins with entry {found}")]
    SegmentOrder {
        /// Its first sequence.
        found: u64,
    },
    /// The segment does not follow from what came before.
    #[error("the segment's running hash is not that of the entries before it")]
    SegmentChain,
    /// The segment's first page is not as it was written.
    #[error("the segment's header is corrupt")]
    SegmentHeader,
    /// The file is shorter or longer than it was made.
    #[error("the file has {found} bytes and not the {expected} it was made with")]
    SegmentLength {
        /// How long it is.
        found: u64,
        /// How long it was made.
        expected: u64,
    },
    /// The file is shorter than the page that says how long it was made.
    #[error("{}", Headless(*found))]
    SegmentHeadless {
        /// How long it is, in bytes.
        found: u64,
    },
    /// There is something where a frame's header should be.
    #[error("the header of the entry is corrupt")]
    Header,
    /// The payload does not match its checksum.
    #[error("the payload of the entry is corrupt")]
    Payload,
    /// The bytes behind the payload are not as they were written.
    #[error("the bytes behind the entry are corrupt")]
    Guard,
    /// The frame ends behind the segment.
    #[error("the entry claims {payload_len} bytes, more than the segment has left")]
    Length {
        /// The length in its header.
        payload_len: u32,
    },
    /// Another entry stands here.
    #[error("entry {found} stands here")]
    Sequence {
        /// Its sequence.
        found: u64,
    },
    /// The entry does not follow from those before it.
    #[error("the entry's running hash is not that of the entries before it")]
    Chain,
    /// The payload is as it was written and still means nothing.
    #[error("the entry cannot be understood: {0}")]
    Meaning(FormatError),
}

struct Headless(u64);

impl std::fmt::Display for Headless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            0 => f.write_str("the file is empty"),
            found => write!(f, "the file has {found} bytes, of which not even a segment's header is made"),
        }
    }
}

impl What {
    /// What helps, as a sentence without its full stop.
    fn remedy(&self) -> &'static str {
        match self {
            Self::Misnamed => "Segments only belong there: move it out of the directory",
            Self::SegmentOrder { .. }
            | Self::SegmentChain
            | Self::SegmentHeader
            | Self::SegmentLength { .. }
            | Self::SegmentHeadless { .. }
            | Self::Header
            | Self::Payload
            | Self::Guard
            | Self::Length { .. }
            | Self::Sequence { .. }
            | Self::Chain
            | Self::Meaning(_) => "Put the right file back, or restore the journal from a backup; see to the disk",
        }
    }
}

/// What helps where the system refused a file or a directory for `error`.
pub(super) fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied if Errno::from_io_error(error) == Some(Errno::PERM) => {
            "see with `lsattr` whether it may be changed (`chattr -ai` lets it be), or run the command as the user who owns it"
        }
        io::ErrorKind::PermissionDenied => {
            "run the command as the user who owns it, or give it to the user who runs the command (chown)"
        }
        io::ErrorKind::ReadOnlyFilesystem => "mount its file system so that it can be written",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "it, or what it lies in, is not a directory: name a directory"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room, then do it again",
        _ => "see to the disk, then do it again",
    }
}

impl ReadError {
    /// Whether the journal's end is missing, and what is before it can be gone on with.
    #[must_use]
    pub fn is_shorter(&self) -> bool {
        match self {
            Self::SegmentsMissing { is_end, .. } => *is_end,
            Self::EndMissing { .. } | Self::BehindCheckpoint { .. } => true,
            Self::Io { .. }
            | Self::Damage(_)
            | Self::UnknownVersion { .. }
            | Self::OtherSegment { .. }
            | Self::ForeignCheckpoint { .. } => false,
        }
    }

    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { path: path.to_owned(), error }
    }

    pub(super) fn damage(file: &Path, offset: u64, sequence_expected: u64, what: What) -> Self {
        Self::Damage(Box::new(Damage { file: file.to_owned(), offset, sequence_expected, what }))
    }

    pub(super) fn segment_header(file: &Path, first: u64, error: HeaderError) -> Self {
        match error {
            HeaderError::Corrupt => Self::damage(file, 0, first, What::SegmentHeader),
            HeaderError::UnknownVersion(version) => {
                Self::UnknownVersion { file: file.to_owned(), version, known: super::segment::SEGMENT_VERSION }
            }
        }
    }
}
