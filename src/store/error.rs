//! What can go wrong in the store. Nothing that was promised depends on it: the journal rebuilds it.

use std::io;
use std::time::Duration;

use super::schema::Table;
use crate::domain::ids::ProductId;

/// Why the store could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk or the file system refused. What the store holds may be whole.
    #[error("the store could not {action}: {source}")]
    Io {
        /// What was tried, as an infinitive.
        action: &'static str,
        /// What the system answered.
        source: io::Error,
    },
    /// The disk takes long. Nothing failed, and what the store holds is whole.
    #[error(
        "the store did not {action} within {}: the disk is slow, or does not answer at all; see to it. Nothing is lost",
        humantime::format_duration(*waited)
    )]
    Slow {
        /// What is waited for, as an infinitive.
        action: &'static str,
        /// How long it was.
        waited: Duration,
    },
    /// Something is not what was written. The store has to be rebuilt from the journal.
    #[error("the store is damaged in {place}: {found}; it has to be rebuilt from the journal")]
    Damaged {
        /// Where.
        place: Place,
        /// What was found there.
        found: Box<str>,
    },
    /// A newer program wrote it.
    #[error(
        "it was written by a newer Packhorse: it has schema {found}, and this program knows schemas up to {known}. It is \
         not damaged; use the version of Packhorse that wrote it, or a newer one. To go on with this one, move the \
         store's directory away: it is made anew from the journal"
    )]
    Newer {
        /// The schema of the store.
        found: u32,
        /// The newest schema that this program knows.
        known: u32,
    },
    /// A checkpoint hands over ledger rows in disorder, or such as it does not contain.
    #[error(
        "a checkpoint at {through} got a movement of product {product} with sequence {sequence}: newer than the \
         checkpoint, out of order, or of a product that came before"
    )]
    MovementMisplaced {
        /// The product.
        product: ProductId,
        /// The row's sequence.
        sequence: u64,
        /// The sequence of this checkpoint; rows lie at or before it.
        through: u64,
    },
    /// A checkpoint is older than the one that the store already holds.
    #[error("a checkpoint at sequence {asked} would replace the newer one at {held}")]
    CheckpointOlder {
        /// The sequence of the refused one.
        asked: u64,
        /// The sequence of the one that is kept.
        held: u64,
    },
    /// An order stands in a pack that its id does not belong to.
    #[error("order {order} does not belong into pack {pack}")]
    OrderMisplaced {
        /// The order's id.
        order: u64,
        /// The number of the pack that it was handed over in.
        pack: u64,
    },
    /// A value is longer than all its chunks can hold.
    #[error("a value of {bytes} bytes for {table} is longer than the store takes ({max})")]
    TooLong {
        /// The table.
        table: Table,
        /// How long it is.
        bytes: usize,
        /// The limit.
        max: usize,
    },
}

/// Where damage was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The files as a whole.
    Files,
    /// A record of this table.
    Table(Table),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Files => f.write_str("its files"),
            Self::Table(table) => write!(f, "table {table}"),
        }
    }
}

impl StoreError {
    /// Damage in the files as a whole.
    pub(crate) fn files(found: impl Into<Box<str>>) -> Self {
        Self::Damaged { place: Place::Files, found: found.into() }
    }

    /// Damage in a record of `table`.
    pub(crate) fn damaged(table: Table, found: impl Into<Box<str>>) -> Self {
        Self::Damaged { place: Place::Table(table), found: found.into() }
    }

    /// Whether only a rebuild from the journal helps.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }
}
