//! The stored forms, version 1: what the bytes mean.
//!
//! | kind | file |
//! |---|---|
//! | an entry and its events | `entry`, with `catalogue`, `stock`, `placed`, `change` |
//! | users and keys, and their changes | `access` |
//! | a row of the audit log | `audit` |
//! | an idempotency record | `key` |
//! | an order in full | `order`, with `contact`, `line`, `step`, `incident` |
//! | a product | `product` (what is said of it), `revision` (one immutable state of it) |
//! | a category, a ledger row, an origin | `category`, `movement`, `who` |
//!
//! The encoding is bincode's with variable-length integers, which is positional: a field that is added, removed or
//! moved, or a variant that is not added at the end, changes the meaning of every file. So these types are nobody
//! else's, they never change once released, and a new version gets new types beside them. `data/journal/v1.bin` and
//! `v1-access.bin` (what was added to it, and is version 2 since) hold every kind as it was frozen.
//!
//! Each form is made `From<&domain value>`, borrowing its texts, and gives the value back through `restore`, which
//! checks it. Invariants: reading uses every byte, never panics, and allocates no more than what it read accounts for.
//! Deliberately absent: the rules. What was decided is a fact, however it would be decided today.

mod access;
mod audit;
mod catalogue;
mod category;
mod change;
mod codec;
mod contact;
mod entry;
mod error;
mod incident;
mod key;
mod line;
mod list;
mod movement;
mod order;
mod placed;
mod product;
mod revision;
mod step;
mod stock;
mod value;
mod version;
mod who;

#[cfg(test)]
mod tests;

pub use access::{AccessEventV1, ApiKeyV1, UserV1};
pub use audit::{AuditEventV1, AuditRowV1};
pub use catalogue::CatalogueEventV1;
pub use category::CategoryV1;
pub use change::{OrderChangeV1, OrderEventV1};
pub use codec::{VALUE_BYTES_MAX, decode, encode};
pub use contact::ContactV1;
pub use entry::{EntryV1, EventV1, decode_entry, encode_entry, entry_at};
pub use error::FormatError;
pub use incident::{FieldChangeV1, IncidentV1, WhatV1};
pub use key::{AnswerV1, KeyRecordV1};
pub use line::LineV1;
pub use list::List;
pub use movement::MovementV1;
pub use order::{OrderV1, OrderV2, decode_order, encode_order};
pub use placed::PlacedV1;
pub use product::ProductDetailsV1;
pub use revision::RevisionV1;
pub use step::StepV1;
pub use stock::{BalanceV1, ChangeV1, StockEventV1};
pub use version::Version;
pub use who::WhoV1;
