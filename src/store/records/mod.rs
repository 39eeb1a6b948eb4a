//! One file for each kind of record: its key, its value, and how both become bytes.

pub(crate) mod api_key;
pub(crate) mod audit;
pub(crate) mod balance;
pub(crate) mod category;
pub(crate) mod fields;
pub(crate) mod head;
pub(crate) mod key;
pub(crate) mod ledger;
pub(crate) mod movement;
pub(crate) mod pack;
pub(crate) mod page;
pub(crate) mod product;
pub(crate) mod revision;
pub(crate) mod schema;
pub(crate) mod unfinished;
pub(crate) mod user;

use super::error::StoreError;
use super::schema::Table;
use crate::journal::format::FormatError;

/// The first byte of a key in the table `Head`. The ordinals are on disk and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum HeadKind {
    Schema = 1,
    Head = 2,
    Category = 3,
    Product = 4,
    Balance = 5,
    Ledger = 6,
    Unfinished = 7,
    User = 8,
    ApiKey = 9,
}

impl HeadKind {
    /// The key of the only record of this kind.
    pub(crate) fn key(self) -> [u8; 1] {
        [self as u8]
    }

    /// The key of the record of this kind that belongs to `id`.
    pub(crate) fn key_of(self, id: u64) -> [u8; 9] {
        let mut key = [self as u8; 9];
        key[1..].copy_from_slice(&id.to_be_bytes());
        key
    }

    /// The id in a key of this kind.
    pub(crate) fn id_in(self, key: &[u8]) -> Result<u64, ValueError> {
        let mut fields = fields::Fields::new("key of the head", key);
        match fields.u8()? {
            kind if kind == self as u8 => {}
            kind => return Err(fields.bad("kind", kind)),
        }
        let id = fields.u64_be()?;
        fields.end()?;
        Ok(id)
    }
}

/// Why bytes are not a value of their kind.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ValueError {
    /// They end too early.
    #[error("a {kind} ends early")]
    Short {
        /// The kind.
        kind: &'static str,
    },
    /// They go on behind the value.
    #[error("a {kind} has {left} bytes too many")]
    Long {
        /// The kind.
        kind: &'static str,
        /// How many.
        left: usize,
    },
    /// A number means nothing.
    #[error("the {field} of a {kind} cannot be {value}")]
    Field {
        /// The kind.
        kind: &'static str,
        /// The field.
        field: &'static str,
        /// What was found.
        value: u64,
    },
    /// A stored form is broken.
    #[error("a {kind}: {error}")]
    Form {
        /// The kind.
        kind: &'static str,
        /// What is wrong with it.
        error: FormatError,
    },
}

impl ValueError {
    /// This as damage of `table`.
    pub(crate) fn within(self, table: Table) -> StoreError {
        StoreError::damaged(table, self.to_string())
    }
}
