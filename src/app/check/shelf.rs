//! Orders that have ended, put aside in a file, so that a check needs memory for open ones only.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::audit::AuditRow;
use crate::domain::catalogue::Revision;
use crate::domain::ids::{ProductId, RowId};
use crate::domain::order::Order;
use crate::domain::stock::Movement;
use crate::domain::time::Timestamp;
use crate::journal::{Revisions, format};
use crate::view::{Archive, ArchiveError, PACK_SIZE, View};

/// After every moment that an entry can have.
const LATER: Timestamp = Timestamp(i64::MAX);

/// The archive of a check: packs of ended orders in a file.
pub(super) struct Shelf {
    file: File,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Where each pack lies in the file, by its number.
    packs: Vec<Place>,
    /// Where the file ends.
    end: u64,
    revisions: HashMap<(ProductId, u32), Arc<Revision>>,
}

#[derive(Clone, Copy, Default)]
struct Place {
    offset: u64,
    len: u32,
}

impl Revisions for Inner {
    fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>> {
        self.revisions.get(&(product, number)).cloned()
    }
}

/// A view whose ended orders go to `shelf`.
pub(super) fn view(shelf: &Arc<Shelf>) -> View {
    View::new(shelf.clone(), usize::MAX)
}

impl Shelf {
    pub(super) fn new(file: File) -> Self {
        Self { file, inner: Mutex::default() }
    }

    /// Takes the orders of `view` that have ended out of memory, and forgets what nothing is compared with: the rows of
    /// the ledger and of the audit log, and idempotency keys.
    pub(super) fn take_ended(&self, view: &View) -> io::Result<()> {
        let changes = view.take_changes();
        let mut bytes = Vec::new();
        {
            let inner = &mut *self.inner.lock();
            inner.revisions.extend(
                changes.revisions.iter().map(|revision| ((revision.product, revision.number), revision.clone())),
            );
            for pack in &changes.packs {
                let mut orders = view.pack(*pack);
                orders.retain(|order| order.status.is_terminal());
                if !orders.is_empty() {
                    self.put(inner, *pack, orders, &mut bytes)?;
                }
            }
            self.file.write_all_at(&bytes, inner.end)?;
            inner.end += bytes.len() as u64;
        }
        view.changes_written();
        view.evict(LATER, usize::MAX);
        view.keys().expire(LATER, Duration::ZERO, usize::MAX);
        Ok(())
    }

    /// Appends `pack` to `bytes`: `orders`, and what was put aside of it before.
    fn put(&self, inner: &mut Inner, pack: u64, mut orders: Vec<Arc<Order>>, bytes: &mut Vec<u8>) -> io::Result<()> {
        let before = self.read(inner, pack).map_err(|error| io::Error::other(error.0))?;
        let is_missing = |order: &Arc<Order>| orders.iter().all(|known| known.id != order.id);
        let before: Vec<_> = before.into_iter().filter(is_missing).collect();
        orders.extend(before);
        let begin = bytes.len();
        for order in &orders {
            let at = bytes.len();
            bytes.extend([0; 4]);
            format::encode_order(order, bytes);
            let len = u32::try_from(bytes.len() - at - 4).expect("an order is far below 4 GiB");
            bytes[at..at + 4].copy_from_slice(&len.to_be_bytes());
        }
        let index = usize::try_from(pack).expect("packs fit the address space");
        if inner.packs.len() <= index {
            inner.packs.resize(index + 1, Place::default());
        }
        let len = u32::try_from(bytes.len() - begin).expect("a pack is far below 4 GiB");
        inner.packs[index] = Place { offset: inner.end + begin as u64, len };
        Ok(())
    }

    fn read(&self, inner: &Inner, pack: u64) -> Result<Vec<Arc<Order>>, ArchiveError> {
        let place = usize::try_from(pack).ok().and_then(|pack| inner.packs.get(pack)).copied().unwrap_or_default();
        let mut bytes = vec![0; place.len as usize];
        self.file.read_exact_at(&mut bytes, place.offset).map_err(|error| ArchiveError(error.to_string()))?;
        let mut orders = Vec::with_capacity(usize::try_from(PACK_SIZE).expect("a pack is small"));
        let mut rest = bytes.as_slice();
        while let Some((len, behind)) = rest.split_first_chunk() {
            let (order, behind) = behind.split_at(u32::from_be_bytes(*len) as usize);
            let order = format::decode_order(order, inner).map_err(|error| ArchiveError(error.to_string()))?;
            orders.push(Arc::new(order));
            rest = behind;
        }
        orders.sort_by_key(|order| order.id);
        Ok(orders)
    }
}

impl Archive for Shelf {
    fn pack(&self, pack: u64) -> Result<Vec<Arc<Order>>, ArchiveError> {
        self.read(&self.inner.lock(), pack)
    }

    fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>> {
        self.inner.lock().revision(product, number)
    }

    fn movements(&self, _: ProductId, _: Option<RowId>, _: usize) -> Result<Vec<(RowId, Movement)>, ArchiveError> {
        Ok(Vec::new())
    }

    fn audit(&self, _: Option<RowId>, _: usize) -> Result<Vec<Arc<AuditRow>>, ArchiveError> {
        Ok(Vec::new())
    }
}
