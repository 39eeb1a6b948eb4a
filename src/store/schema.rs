//! The whole schema of the store.
//!
//! Keys are big-endian, so that their order in memory is their order on disk. Every key below is followed by the number
//! of its chunk (`u16`), every value preceded by the chunk's guard; see [`record`](super::record).
//!
//! | table | kind | key | value | life-cycle |
//! |---|---|---|---|---|
//! | `Head` | 1 schema | kind | version `u32` | written when the store is made |
//! | `Head` | 2 head | kind | sequence, chain, last ids, taken at, counts, digest | last batch of each checkpoint |
//! | `Head` | 3 category | kind, id `u64` | name | with the head |
//! | `Head` | 4 product | kind, id `u64` | revision `u32`, ordered `u8` | with the head |
//! | `Head` | 5 balance | kind, id `u64` | on hand `u32`, reserved `u32` | with the head |
//! | `Head` | 6 ledger | kind, id `u64` | newest movement record, rows | with the head |
//! | `Head` | 8 user | kind, name | the user | with the head |
//! | `Head` | 9 API key | kind, id `u64` | the key, by its digest | with the head |
//! | `Head` | 7 unfinished | kind | sequence aimed at `u64` | from a checkpoint's first write to its last |
//! | `Revisions` | | product `u64`, number `u32` | the revision | kept |
//! | `Orders` | | pack `u64` | up to 8 orders | overwritten when one of them changed |
//! | `Pages` | | page `u64` | 1,024 status codes, earliest and latest placed `i64` | overwritten when one of them changed |
//! | `Movements` | | product `u64`, sequence `u64`, nth `u32` of the first row | predecessor, rows | kept |
//! | `Audit` | | sequence `u64`, nth `u32` | at, who, what | kept |
//! | `Keys` | 1 key | kind, hash of the text (16) | request, sequence, place, at, owner | until it expires |
//! | `Keys` | 2 expiry | kind, at `i64`, hash (16) | nothing | with its key |

/// The version of everything above. A store of another version is set aside and rebuilt from the journal.
pub(crate) const SCHEMA_VERSION: u32 = 5;

/// The most bytes of one stored value, guard included. Beyond a few KiB sled writes blobs, which do not survive a power
/// cut.
pub(crate) const VALUE_BYTES_MAX: usize = 4096;

/// A part of the store within which one batch is atomic. The ordinals are on disk and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// What is exact at the checkpoint's sequence: the head, categories, products, balances, users, API keys.
    Head = 1,
    /// Every revision of every product.
    Revisions = 2,
    /// Orders, in packs.
    Orders = 3,
    /// Status codes of orders, in pages.
    Pages = 4,
    /// The rows of the stock ledger.
    Movements = 5,
    /// Idempotency keys.
    Keys = 6,
    /// The audit log.
    Audit = 7,
}

impl Table {
    /// Every table, in the order of the ordinals.
    pub const ALL: [Self; 7] =
        [Self::Head, Self::Revisions, Self::Orders, Self::Pages, Self::Movements, Self::Keys, Self::Audit];

    /// Its name in messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Revisions => "revisions",
            Self::Orders => "orders",
            Self::Pages => "pages",
            Self::Movements => "movements",
            Self::Keys => "keys",
            Self::Audit => "audit",
        }
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_stay_what_they_are_on_disk() {
        assert_eq!(Table::ALL.map(|table| table as u8), [1, 2, 3, 4, 5, 6, 7]);
    }
}
