//! What can be rebuilt from the journal: the checkpoint that makes a start fast, orders that left memory, the ledger.
//!
//! Nothing here is promised to anybody. The store is written behind the acknowledgement and may lag; when it is
//! missing, damaged or in doubt it is set aside, loudly, and built again from the journal. So every read is checked
//! (each value by its checksum, the exact parts of a checkpoint by a digest over all of them, the ledger by links) and
//! every doubt is a [`StoreError::Damaged`], never a guess. Whoever meets one calls [`Store::mark_for_rebuild`].
//!
//! | file | what |
//! |---|---|
//! | `schema` | every kind of record on one screen |
//! | `kv`, `sled`, `memory` | the engine behind it, and its twin |
//! | `record` | checksums and long values |
//! | `kind/` | keys and values as bytes, one file for each kind |
//! | `checkpoint`, `write`, `load` | what a checkpoint is, how it is written and read |
//! | `orders`, `ledger`, `keys`, `audit`, `revisions` | reading and writing each part |
//! | `quarantine` | opening, and what happens to a store that cannot be |
//!
//! A checkpoint is written so that a kill between any two writes leaves the old one or the new one: first what may be
//! newer than the head (revisions, packs, pages, ledger, keys), then, in one batch, all that is exact at its sequence.
//!
//! Deliberately absent: the rules, and any order between a store and the journal; that is for the recovery to say.

mod audit;
mod checkpoint;
mod digest;
mod error;
mod in_use;
mod keys;
mod kv;
mod ledger;
mod load;
mod memory;
mod orders;
mod pages;
mod quarantine;
mod record;
mod records;
mod revisions;
mod schema;
mod sled;
mod write;

#[cfg(test)]
#[path = "tests/sample.rs"]
mod sample;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

pub use checkpoint::{
    Checkpoint, Counts, Head, KeyHash, Loaded, Pack, ProductHead, StatusCode, StatusPage, StoredKey, Written,
};
pub use error::{Place, StoreError};
pub use kv::{Batch, Bounds, Direction, KeyValue, Kv, Range, Visit};
pub use memory::{Failure, MemoryKv};
pub use pages::{PACK_ORDERS, PAGE_ORDERS, pack_of, page_of, slot_of};
pub use quarantine::{
    Opened, Quarantined, expect_directory, expect_no_dangling_link, give_up, look_at, mark_for_rebuild,
    open_if_certain, open_or_quarantine,
};
pub use schema::Table;
pub use sled::{Options, SledKv, expect_regular_files};

use digest::Digest;
use record::Records;
use revisions::RevisionCache;

/// The store. Reads run beside one writer; all of them may wait for the disk.
pub struct Store {
    records: Records,
    revisions: RevisionCache,
    writer: Mutex<Writer>,
    directory: Option<PathBuf>,
}

/// What a writer knows of the checkpoint that is there.
#[derive(Default)]
struct Writer {
    /// Its head; none before the first one.
    held: Option<Head>,
    /// Over everything that is exact at its sequence.
    digest: Digest,
    /// An attempt to replace it failed on the way.
    unfinished: bool,
    /// The sequence of the last checkpoint that was written to the end: what it holds is not handed over again.
    written: u64,
}

impl Store {
    /// A store that forgets everything when it is dropped.
    ///
    /// # Panics
    /// Never: memory refuses nothing.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::over(Arc::new(MemoryKv::default())).expect("memory refuses nothing")
    }

    /// Marks the store as damaged, so that the next [`open_or_quarantine`] sets it aside. In memory that means nothing.
    pub fn mark_for_rebuild(&self, why: &str) -> Result<(), StoreError> {
        match &self.directory {
            Some(directory) => mark_for_rebuild(directory, why),
            None => Ok(()),
        }
    }
}
