//! The rows of the stock ledger that no checkpoint holds yet; the rest is in the archive.

use std::sync::Arc;

use foldhash::HashMap;
use parking_lot::RwLock;

use super::{Archive, ArchiveError};
use crate::domain::ids::ProductId;
use crate::domain::stock::Movement;

/// A place between the rows of one product: before row `nth` of entry `sequence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MovementCursor {
    /// The entry.
    pub sequence: u64,
    /// Its row for the product, counted from 0.
    pub nth: u32,
}

/// A row and its place.
pub(super) type Row = (MovementCursor, Movement);
/// Rows by product, oldest first.
pub(super) type Rows = HashMap<ProductId, Vec<Row>>;

#[derive(Debug, Default)]
struct Inner {
    recent: Rows,
    count: usize,
    /// What a checkpoint is writing right now: readable here until it is readable there.
    sealed: Arc<Rows>,
}

#[derive(Debug, Default)]
pub(super) struct Movements(RwLock<Inner>);

impl Movements {
    pub(super) fn append(&self, rows: impl IntoIterator<Item = (ProductId, Movement)>) {
        let mut inner = self.0.write();
        for (product, movement) in rows {
            let list = inner.recent.entry(product).or_default();
            let nth = match list.last() {
                Some((last, _)) if last.sequence == movement.sequence => last.nth + 1,
                Some(_) | None => 0,
            };
            list.push((MovementCursor { sequence: movement.sequence, nth }, movement));
            inner.count += 1;
        }
    }

    /// How many rows wait for the next checkpoint.
    pub(super) fn count(&self) -> usize {
        self.0.read().count
    }

    /// Hands the waiting rows to a checkpoint.
    pub(super) fn seal(&self) -> Arc<Rows> {
        let mut inner = self.0.write();
        assert!(inner.sealed.is_empty(), "one checkpoint ends before the next begins");
        inner.count = 0;
        inner.sealed = Arc::new(std::mem::take(&mut inner.recent));
        inner.sealed.clone()
    }

    /// The checkpoint holds the sealed rows.
    pub(super) fn forget_sealed(&self) {
        self.0.write().sealed = Arc::default();
    }

    /// The checkpoint failed: the sealed rows wait again.
    pub(super) fn unseal(&self) {
        let mut inner = self.0.write();
        let sealed = std::mem::take(&mut inner.sealed);
        for (product, rows) in sealed.iter() {
            inner.count += rows.len();
            inner.recent.entry(*product).or_default().splice(0..0, rows.iter().cloned());
        }
    }

    pub(super) fn page(
        &self,
        product: ProductId,
        before: Option<MovementCursor>,
        limit: usize,
        archive: &dyn Archive,
    ) -> Result<Vec<Row>, ArchiveError> {
        let (mut page, sealed) = {
            let inner = self.0.read();
            let recent = newest(inner.recent.get(&product), before, limit);
            (recent, inner.sealed.clone())
        };
        page.extend(newest(sealed.get(&product), before, limit - page.len()));
        if page.len() < limit {
            // A checkpoint may have written sealed rows already: what memory shows is not asked for again.
            let oldest = page.last().map(|(cursor, _)| *cursor).or(before);
            page.extend(archive.movements(product, oldest, limit - page.len())?);
        }
        Ok(page)
    }
}

fn newest(rows: Option<&Vec<Row>>, before: Option<MovementCursor>, limit: usize) -> Vec<Row> {
    let rows = rows.map_or(&[][..], Vec::as_slice);
    let end = before.map_or(rows.len(), |before| rows.partition_point(|(cursor, _)| *cursor < before));
    rows[..end].iter().rev().take(limit).cloned().collect()
}
