//! What the rest of the program sees of a journal: the trait, and the values that pass through it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::domain::catalogue::Revision;
use crate::domain::entry::Entry;
use crate::domain::ids::ProductId;

use super::damage::ReadError;
use super::frame::{Chain, GENESIS};

/// The place of a record in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The first sequence of the segment that holds it, which names the segment's file.
    pub segment_first: u64,
    /// Where its frame starts in that file, in bytes.
    pub offset: u64,
}

/// An entry that is on disk to stay.
#[derive(Clone, Debug)]
pub struct Durable {
    /// Its number; the first entry of a journal has 1, and no number is left out.
    pub sequence: u64,
    /// The running hash over all entries up to and including this one, for a checkpoint taken here.
    pub chain: Chain,
    /// Where it can be read again.
    pub position: Position,
    /// The entry.
    pub entry: Arc<Entry>,
}

/// A state that already contains the entries up to a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last entry that it contains.
    pub sequence: u64,
    /// The running hash behind that entry.
    pub chain: Chain,
}

impl Checkpoint {
    /// The state that contains nothing.
    pub const EMPTY: Self = Self { sequence: 0, chain: GENESIS };
}

/// The one stream of durable entries, in the order of their sequences, one group commit at a time. It ends after
/// [`Journal::close`], or when the journal is poisoned; [`Journal::poisoned`] tells which.
pub type Durables = mpsc::Receiver<Vec<Durable>>;

/// A log that makes entries durable in the order in which they are submitted.
pub trait Journal: Send + Sync {
    /// Hands over `entry` for the next group commit. Never waits.
    ///
    /// `Ok` promises nothing but the entry's place behind all entries submitted before it: it is durable when it
    /// comes out of the [`Durables`], and when the journal is poisoned before, it may or may not be there after a
    /// restart.
    fn submit(&self, entry: Arc<Entry>) -> Result<(), Refused>;

    /// The sequence up to which everything is durable; 0 when nothing is.
    fn watermark(&self) -> u64;

    /// Why nothing is made durable any more. Once there is a reason, it stays.
    fn poisoned(&self) -> Option<Poison>;

    /// Whether entries are refused because the disk has no room for the next segment.
    fn lacks_space(&self) -> bool {
        false
    }

    /// How many submitted entries wait for a commit to take them up.
    fn queue_len(&self) -> usize;

    /// What was committed so far, and how fast.
    fn stats(&self) -> Stats;

    /// How much room it takes on the disk, in bytes. Waits for the disk: not for a thread that runs actors.
    fn disk_bytes(&self) -> u64 {
        0
    }

    /// Reads a durable record again. Waits for the disk: not for a thread that runs actors.
    fn read_at(&self, position: Position, revisions: &dyn Revisions) -> Result<Durable, ReadError>;

    /// Takes no more entries, makes durable what was submitted, delivers it, and ends the [`Durables`].
    ///
    /// A journal with a thread waits for it, and with it for the follower to take what is delivered: call it from a
    /// thread that the follower does not need. Closing twice does no harm.
    fn close(&self);
}

/// The product revisions that order lines refer to: the state that earlier entries built.
pub trait Revisions {
    /// Revision `number` of `product`, however old.
    fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>>;
}

/// Why an entry was not taken. It is not in the journal and never will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too many entries wait already, or they wait for a segment that is still being made.
    #[error("the journal is busy; try again in a moment")]
    Full,
    /// The disk has no room for the next segment. It is tried again until there is.
    #[error("the disk is full; try again when there is room")]
    NoSpace,
    /// A write failed before; see [`Journal::poisoned`].
    #[error("the journal is poisoned and takes nothing more")]
    Poisoned,
    /// It was closed.
    #[error("the journal is closed")]
    Closed,
}

/// Why a journal makes nothing durable any more. Only a restart, which reads what is really there, leads out of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Poison {
    /// A write or a sync failed. It is not tried again: the system may have dropped what it could not write.
    #[error("{operation} failed: {reason}")]
    Failed {
        /// What was tried.
        operation: &'static str,
        /// The file, and what the system said.
        reason: Arc<str>,
    },
    /// A commit took, or is taking, longer than allowed.
    #[error("a commit took {} ms so far; at most {} ms are allowed", took.as_millis(), max.as_millis())]
    Stalled {
        /// How long it had taken when that was noticed.
        took: Duration,
        /// [`Options::stall_max`].
        max: Duration,
    },
    /// The commit thread panicked.
    #[error("the journal's thread panicked: {0}")]
    Panicked(Arc<str>),
    /// The receiver of the durable entries is gone, so that nothing can be acknowledged.
    #[error("nobody takes the durable entries any more")]
    FollowerGone,
}

/// What is done before anything of an entry is written that needs a new segment.
pub(super) const MAKING_A_SEGMENT: &str = "making a segment";

impl Poison {
    /// Whether it failed before anything was written of the entry that was next.
    #[must_use]
    pub fn is_before_writing(&self) -> bool {
        matches!(self, Self::Failed { operation, .. } if *operation == MAKING_A_SEGMENT)
    }

    pub(super) fn failed(operation: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Failed { operation, reason: format!("{}: {error}", path.display()).into() }
    }
}

/// The bounds of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many submitted entries may wait. Default: 4,096.
    pub queue_max: usize,
    /// How many entries one commit takes up. Default: 1,024, at most 32,768.
    pub group_entries_max: usize,
    /// After how many encoded bytes a commit takes up no more entries. Default: 4 MiB.
    pub group_bytes_max: usize,
    /// How many committed groups may wait for the follower before commits wait too. Default: 16.
    pub durables_max: usize,
    /// The size of a segment file in bytes, made in full when it is created. Default: 64 MiB.
    pub segment_bytes: u64,
    /// A commit that takes longer poisons the journal. Default: 10 s.
    pub stall_max: Duration,
    /// Whether a witness is kept beside the journal's directory, in the data directory. Default: no.
    pub keeps_witness: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue_max: 4_096,
            group_entries_max: 1_024,
            group_bytes_max: 4 << 20,
            durables_max: 16,
            segment_bytes: 64 << 20,
            stall_max: Duration::from_secs(10),
            keeps_witness: false,
        }
    }
}

/// What a journal committed since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Entries made durable.
    pub entries: u64,
    /// Group commits.
    pub groups: u64,
    /// Bytes written, frames included.
    pub bytes: u64,
    /// How long the last commit took, write and sync, in microseconds.
    pub commit_micros_last: u64,
    /// How long a commit takes on average, in microseconds.
    pub commit_micros_mean: u64,
}
