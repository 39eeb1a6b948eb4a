//! The journal: the truth. An append-only log of entries, made durable in groups.
//!
//! | file | what |
//! |---|---|
//! | `interface` | what callers see: [`Journal`], [`Durable`], [`Options`], [`Refused`], [`Poison`] |
//! | `writer`, `commit`, `group`, `state` | [`FileJournal`]: its handle, its thread, what one sync makes durable, what others see |
//! | `memory`, `disk` | [`MemoryJournal`], its twin for tests and simulation, and what it leaves |
//! | `reader`, `tear`, `window`, `damage` | [`Reader`]: reading back, and telling an interrupted write from damage |
//! | `segment`, `prepare`, `frame` | the files, how they are made, and how entries stand in them |
//! | `format` | what the bytes of an entry mean |
//! | `cut`, `extent` | [`Cut`]: everything up to some entry, for backups; where the bytes of a segment lie |
//! | `directory`, `lock`, `restoring` | the data directory around it, for one process at a time |
//! | `witness` | what is known of the journal's length beside it, so that segments that are gone are missed |
//!
//! Invariants:
//! - Sequences begin with 1 and leave no gap. They follow the order of [`Journal::submit`].
//! - What comes out of the [`Durables`], and what the watermark covers, is on disk. It is synced once for each group; a
//!   write or a sync that fails or takes too long is not tried again, but poisons the journal for good.
//! - An entry is there as a whole or not at all.
//! - What was synced and is no longer as it was written is found, named by file, offset and sequence, and never
//!   dropped. What was being written when the power failed is dropped, with a warning, and never stops a start.
//! - Everything is bounded: the queue, a group, what waits for the follower.
//!
//! Deliberately absent: rules, and what entries mean together; compaction, for segments are kept for ever; a second
//! writer; retries.

mod commit;
mod cut;
mod damage;
mod directory;
mod directory_error;
mod disk;
mod extent;
pub mod format;
mod frame;
mod group;
mod interface;
mod lock;
mod memory;
mod prepare;
mod reader;
mod restoring;
mod segment;
mod state;
mod tear;
mod window;
mod witness;
mod writer;

#[cfg(test)]
mod tests;

pub use cut::{Cut, CutSegment, Until, WriteError};
pub use damage::{Damage, ReadError, What};
pub use directory::DataDirectory;
pub use directory_error::{DirectoryError, FORMAT_VERSION};
pub use disk::{MemoryDisk, MemoryReader};
pub use extent::Extent;
pub use frame::{Chain, GENESIS};
pub use interface::{Checkpoint, Durable, Durables, Journal, Options, Poison, Position, Refused, Revisions, Stats};
pub(crate) use lock::is_read_only;
pub use memory::{MemoryJournal, MemoryOptions};
pub use reader::{End, Mark, Progress, Reader, Tail, read_at};
pub use restoring::Restoring;
pub use writer::{FileJournal, OpenError};
