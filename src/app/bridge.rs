//! Plugs the store in: as the archive that the view reads what left memory from, and as the place of checkpoints.

use std::sync::Arc;
use std::time::Duration;

use crate::actors::{Ageing, CheckpointError, Checkpoints, Clock};
use crate::domain::access::Access;
use crate::domain::audit::AuditRow;
use crate::domain::catalogue::Revision;
use crate::domain::ids::{ProductId, RowId};
use crate::domain::order::Order;
use crate::domain::stock::Movement;
use crate::domain::time::Timestamp;
use crate::store::{self, Checkpoint, Counts, Head, ProductHead, Store, StoreError, StoredKey};
use crate::view::{
    Archive, ArchiveError, Changes, KeyEntry, KeyHash, KeyOwner, Restored, RestoredProduct, StatusPage, View,
};

/// The store, as the view sees it.
pub(super) struct StoreArchive {
    pub(super) store: Arc<Store>,
}

impl StoreArchive {
    fn failed(&self, error: &StoreError) -> ArchiveError {
        tracing::error!(%error, "the store could not be read");
        if error.is_damage() {
            match self.store.mark_for_rebuild(&error.to_string()) {
                Ok(()) => tracing::error!("the next start makes a new store from the journal"),
                Err(error) => tracing::error!(%error, "the store could not be marked for being made anew"),
            }
        }
        ArchiveError(error.to_string())
    }
}

impl Archive for StoreArchive {
    fn pack(&self, pack: u64) -> Result<Vec<Arc<Order>>, ArchiveError> {
        let orders = self.store.pack(pack).map_err(|error| self.failed(&error))?;
        Ok(orders.into_iter().map(Arc::new).collect())
    }

    fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>> {
        self.store.revision(product, number)
    }

    fn movements(
        &self,
        product: ProductId,
        before: Option<RowId>,
        limit: usize,
    ) -> Result<Vec<(RowId, Movement)>, ArchiveError> {
        self.store.movements(product, before, limit).map_err(|error| self.failed(&error))
    }

    fn audit(&self, before: Option<RowId>, limit: usize) -> Result<Vec<Arc<AuditRow>>, ArchiveError> {
        self.store.audit(before, limit).map_err(|error| self.failed(&error))
    }
}

/// The store, as the place of checkpoints.
pub(super) struct StoreCheckpoints {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    ageing: Ageing,
    /// By how much the wall clock was ahead of the present when what is stored was dated.
    dated_ahead: Duration,
    /// How long an idempotency key is remembered.
    keys_kept: Duration,
}

impl StoreCheckpoints {
    pub(super) fn new(store: Arc<Store>, clock: &Arc<dyn Clock>, keys_kept: Duration) -> Self {
        let ageing = Ageing::begin(clock.clone());
        Self { store, clock: clock.clone(), ageing, dated_ahead: Duration::ZERO, keys_kept }
    }
}

impl Checkpoints for StoreCheckpoints {
    fn write(&mut self, view: &View, changes: &Changes) -> Result<(), CheckpointError> {
        let now = self.clock.now();
        let ahead = now.since(self.ageing.now());
        let stored = |key: &KeyEntry| stored_key(key, self.ageing.began(), ahead);
        let mut keys: Vec<_> = changes.keys.iter().map(stored).collect();
        let is_put_right = ahead > self.dated_ahead + PUT_RIGHT;
        if is_put_right {
            // Those stored before have the dates of a clock that was behind.
            keys.extend(view.keys().aging_from(self.ageing.began()).iter().map(stored));
        }
        let (category_last, product_last) = changes.catalogue_lasts;
        let head = |id: &ProductId, head: &Option<crate::view::ProductHead>| {
            (*id, head.map(|head| ProductHead { number: head.revision, ordered: head.ordered }))
        };
        let checkpoint = Checkpoint {
            head: Head {
                sequence: changes.sequence,
                chain: changes.chain,
                order_last: changes.order_last,
                category_last,
                product_last,
                taken_at: now,
                counts: Counts::default(),
            },
            balances: changes.products.iter().map(|(id, head)| (*id, head.map(|head| head.balance))).collect(),
            categories: changes.categories.clone(),
            products: changes.products.iter().map(|(id, product)| head(id, product)).collect(),
            users: changes.users.clone(),
            api_keys: changes.api_keys.clone(),
            audit: changes.audit.clone(),
            revisions: changes.revisions.clone(),
            packs: Some(Box::new(changes.packs.iter().map(|pack| (*pack, view.pack(*pack))))),
            movements: changes.movements.iter().map(|(product, rows)| (product, rows.collect())).collect(),
            keys,
            // A wall clock that ran ahead makes nobody forget; the next start goes by what the keys are dated.
            keys_expire_before: Some(now.min(self.ageing.now()).minus(self.keys_kept)),
        };
        self.store.write_checkpoint(checkpoint)?;
        if is_put_right {
            self.dated_ahead = ahead;
        }
        Ok(())
    }
}

/// A wall clock was set forward when it went so much further than the time that passed.
const PUT_RIGHT: Duration = Duration::from_mins(1);

/// The key as it is stored: never under an earlier date than the journal's, for the next start forgets it by that. One
/// that was used in this life, which `began` then, is dated by its age as well: the wall clock is `ahead` of the
/// present by as much as it was set forward meanwhile.
fn stored_key(key: &KeyEntry, began: Timestamp, ahead: Duration) -> StoredKey {
    let KeyEntry { key, request, sequence, position, at, since, owner } = *key;
    let at = if since >= began { at.max(since.plus(ahead)) } else { at };
    StoredKey { hash: store::KeyHash(key.0), request, sequence, position, at, owner: owner.0 }
}

/// What a checkpoint left, in the view's terms.
pub(super) fn restored(loaded: store::Loaded) -> Restored {
    let balances: std::collections::BTreeMap<_, _> = loaded.balances.into_iter().collect();
    let product = |(head, revision): (ProductHead, Arc<Revision>)| RestoredProduct {
        balance: balances.get(&revision.product).copied().unwrap_or_default(),
        ordered: head.ordered,
        revision,
    };
    Restored {
        sequence: loaded.head.sequence,
        chain: loaded.head.chain,
        order_last: loaded.head.order_last,
        catalogue_lasts: (loaded.head.category_last, loaded.head.product_last),
        categories: loaded.categories,
        access: Access::restore(loaded.users, loaded.api_keys),
        products: loaded.products.into_iter().map(product).collect(),
        pages: loaded.pages.iter().map(|(page, stored)| page_of_store(*page, stored)).collect(),
        keys: loaded.keys.iter().map(key_of_store).collect(),
    }
}

fn page_of_store(page: u64, stored: &store::StatusPage) -> StatusPage {
    let codes = (0..crate::view::PAGE_SIZE).map(|slot| stored.get(slot).byte()).collect();
    StatusPage { page, codes, placed: stored.placed() }
}

fn key_of_store(key: &StoredKey) -> KeyEntry {
    let StoredKey { hash, request, sequence, position, at, owner } = *key;
    KeyEntry { key: KeyHash(hash.0), request, sequence, position, at, since: at, owner: KeyOwner(owner) }
}
