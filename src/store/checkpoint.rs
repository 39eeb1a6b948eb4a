//! What a checkpoint is made of, and the order in which it is written.
//!
//! A checkpoint is *fuzzy*: the head, categories, products and balances are exact at the head's sequence; orders,
//! revisions and pages may be newer. Replaying the journal after that sequence brings everything to the same point,
//! because an order ignores events that it already contains.

use std::sync::Arc;

use crate::domain::access::{ApiKey, User};
use crate::domain::audit::AuditRow;
use crate::domain::catalogue::{Category, Revision};
use crate::domain::ids::{CategoryId, ProductId};
use crate::domain::order::Order;
use crate::domain::stock::{Balance, Movement};
use crate::domain::time::Timestamp;

pub use super::records::key::{KeyHash, StoredKey};
pub use super::records::page::{StatusCode, StatusPage};

/// What is exact at the checkpoint's sequence and read first at a start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The last journal entry that the checkpoint contains; 0 before the first one.
    pub sequence: u64,
    /// The journal's running hash after that entry.
    pub chain: [u8; 16],
    /// The last order id given out. Every order up to it has to stand in a pack, of this checkpoint or of one before.
    pub order_last: u64,
    /// The last category id given out.
    pub category_last: u64,
    /// The last product id given out.
    pub product_last: u64,
    /// When the checkpoint was taken.
    pub taken_at: Timestamp,
    /// How many there are. The store counts by itself: what a checkpoint says here is not looked at.
    pub counts: Counts,
}

/// How many of each there are at the head's sequence, deleted ones left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Categories.
    pub categories: u64,
    /// Products, archived ones included.
    pub products: u64,
}

/// What changes of a product without a new revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProductHead {
    /// The number of the current revision.
    pub number: u32,
    /// Whether an order ever named the product, so that it cannot be deleted.
    pub ordered: bool,
}

/// Orders of one pack.
pub type Pack = (u64, Vec<Arc<Order>>);

/// What changed since the last checkpoint that was written.
///
/// When writing one fails, the next one has to contain its changes as well: what was written of the failed one may or
/// may not be there.
#[derive(Default)]
pub struct Checkpoint<'a> {
    /// The head, exact at its sequence.
    pub head: Head,
    /// Balances that changed, exact at the head's sequence; `None` where the product was deleted.
    pub balances: Vec<(ProductId, Option<Balance>)>,
    /// Categories that changed, exact at the head's sequence; `None` where it was deleted.
    pub categories: Vec<(CategoryId, Option<Category>)>,
    /// Products that changed, exact at the head's sequence; `None` where it was deleted.
    pub products: Vec<(ProductId, Option<ProductHead>)>,
    /// Users that changed, exact at the head's sequence.
    pub users: Vec<Arc<User>>,
    /// API keys that changed, exact at the head's sequence.
    pub api_keys: Vec<Arc<ApiKey>>,
    /// Rows of the audit log made since.
    pub audit: Vec<Arc<AuditRow>>,
    /// Revisions made since. Those that the lines of `packs` name are written in any case.
    pub revisions: Vec<Arc<Revision>>,
    /// Orders that changed since, by [pack](super::pack_of); may be newer than the head. Orders of the pack that are
    /// not handed over stay as they are in the store. The status pages follow by themselves.
    pub packs: Option<Box<dyn Iterator<Item = Pack> + Send + 'a>>,
    /// Rows of the ledger, each product once, its rows oldest first: all those up to this head. Rows up to the last
    /// head are known and left out, so that a failed attempt can be repeated.
    pub movements: Vec<(ProductId, Vec<&'a Movement>)>,
    /// Idempotency records made since.
    pub keys: Vec<StoredKey>,
    /// Idempotency records made before this are forgotten.
    pub keys_expire_before: Option<Timestamp>,
}

/// What a start finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The head.
    pub head: Head,
    /// Every category, by id.
    pub categories: Vec<Category>,
    /// Every product with its current revision, by id.
    pub products: Vec<(ProductHead, Arc<Revision>)>,
    /// Every stored balance, by product; a product without one has nothing on hand.
    pub balances: Vec<(ProductId, Balance)>,
    /// Every user, by name.
    pub users: Vec<User>,
    /// Every API key, by id.
    pub api_keys: Vec<ApiKey>,
    /// Every status page, by number. May be newer than the head.
    pub pages: Vec<(u64, StatusPage)>,
    /// Every idempotency record, oldest first.
    pub keys: Vec<StoredKey>,
}

/// What was written, for the log and the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Packs of orders.
    pub packs: u64,
    /// Rows of the ledger.
    pub movements: u64,
    /// Idempotency records that were forgotten.
    pub keys_expired: u64,
}
