//! What a checkpoint has to write: everything that changed since the one before.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::audit::Touched;
use super::movements::Rows;
use super::{ArchiveError, KeyEntry, View};
use crate::domain::access::{ApiKey, User};
use crate::domain::audit::AuditRow;
use crate::domain::catalogue::{Category, Revision};
use crate::domain::ids::{CategoryId, ProductId};
use crate::domain::order::Order;
use crate::domain::stock::Balance;
use crate::journal::Chain;

/// A product in a checkpoint: which revision it is at, whether an order ever named it, and its balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProductHead {
    /// The number of its current revision.
    pub revision: u32,
    /// Whether an order ever named it.
    pub ordered: bool,
    /// How much of it there is.
    pub balance: Balance,
}

/// The changes since the last checkpoint, exact at `sequence` but for the orders, which may be newer when they are
/// written: replay does not mind, because an order ignores events that it already contains.
#[derive(Debug)]
pub struct Changes {
    /// The last entry that is contained.
    pub sequence: u64,
    /// The journal's running hash after it.
    pub chain: Chain,
    /// The last order id given out.
    pub order_last: u64,
    /// The last category and product ids given out.
    pub catalogue_lasts: (u64, u64),
    /// Categories that changed; `None` where one was deleted.
    pub categories: Vec<(CategoryId, Option<Category>)>,
    /// Products that changed; `None` where one was deleted.
    pub products: Vec<(ProductId, Option<ProductHead>)>,
    /// Revisions that were made.
    pub revisions: Vec<Arc<Revision>>,
    /// Packs that hold changed orders.
    pub packs: BTreeSet<u64>,
    /// New rows of the stock ledger.
    pub movements: Arc<Rows>,
    /// Users that were added or changed.
    pub users: Vec<Arc<User>>,
    /// API keys that were added or changed.
    pub api_keys: Vec<Arc<ApiKey>>,
    /// New rows of the audit log.
    pub audit: Vec<Arc<AuditRow>>,
    /// New idempotency keys.
    pub keys: Vec<KeyEntry>,
}

impl View {
    /// How much the next checkpoint has to write: packs of orders, rows of the stock ledger and of the audit
    /// log, users and keys.
    #[must_use]
    pub fn changes_waiting(&self) -> usize {
        self.orders.dirty_count() + self.movements.count() + self.audit.waiting()
    }

    /// Takes all changes. Only the follower may call this, between two entries, and only after the changes taken
    /// before were settled by [`View::changes_written`] or [`View::changes_failed`].
    #[must_use]
    pub fn take_changes(&self) -> Changes {
        let mut inner = self.products.0.write();
        let dirty = std::mem::take(&mut inner.dirty);
        let catalogue = &inner.inventory.catalogue;
        let categories = dirty.categories.into_iter().map(|id| (id, catalogue.category(id).cloned())).collect();
        let head = |id| {
            catalogue.product(id).map(|revision| ProductHead {
                revision: revision.number,
                ordered: catalogue.is_ordered(id),
                balance: inner.inventory.stock.balance(id),
            })
        };
        let products = dirty.products.into_iter().map(|id| (id, head(id))).collect();
        let (audit, touched) = self.audit.seal();
        let access = self.access();
        Changes {
            sequence: self.applied(),
            chain: self.chain(),
            order_last: inner.inventory.order_last,
            catalogue_lasts: catalogue.lasts(),
            categories,
            products,
            revisions: dirty.revisions,
            packs: self.orders.take_dirty(),
            movements: self.movements.seal(),
            users: touched.users.iter().filter_map(|name| access.user(name).cloned()).collect(),
            api_keys: touched.api_keys.iter().filter_map(|id| access.key(*id).cloned()).collect(),
            audit,
            keys: self.keys.take_dirty(),
        }
    }

    /// The checkpoint holds the changes taken last.
    pub fn changes_written(&self) {
        self.movements.forget_sealed();
        self.audit.forget_sealed();
        self.orders.forget_sealed();
    }

    /// The checkpoint failed: the changes wait for the next one.
    pub fn changes_failed(&self, changes: Changes) {
        self.movements.unseal();
        self.audit.unseal(Touched {
            users: changes.users.iter().map(|user| user.name.clone()).collect(),
            api_keys: changes.api_keys.iter().map(|key| key.id).collect(),
        });
        self.orders.mark_dirty(changes.packs);
        self.orders.forget_sealed();
        self.keys.mark_dirty(changes.keys);
        let mut inner = self.products.0.write();
        inner.dirty.categories.extend(changes.categories.into_iter().map(|(id, _)| id));
        inner.dirty.products.extend(changes.products.into_iter().map(|(id, _)| id));
        inner.dirty.revisions.extend(changes.revisions);
    }

    /// The orders of `pack` that are in memory, as they are now. The others are unchanged in the archive.
    #[must_use]
    pub fn pack(&self, pack: u64) -> Vec<Arc<Order>> {
        self.orders.pack(pack)
    }

    /// The orders of `pack`, those that left memory too.
    ///
    /// # Errors
    /// When the archive fails.
    pub fn whole_pack(&self, pack: u64) -> Result<Vec<Arc<Order>>, ArchiveError> {
        let mut orders = self.pack(pack);
        if (orders.len() as u64) < self.orders.known_in(pack) {
            let is_missing = |order: &Arc<Order>| orders.binary_search_by_key(&order.id, |order| order.id).is_err();
            let archived: Vec<_> = self.archive.pack(pack)?.into_iter().filter(is_missing).collect();
            orders.extend(archived);
            orders.sort_by_key(|order| order.id);
        }
        Ok(orders)
    }
}
