//! The rows of the stock ledger that no checkpoint holds yet; the rest is in the archive.

use std::sync::Arc;

use foldhash::HashMap;
use parking_lot::RwLock;

use super::{Archive, ArchiveError};
use crate::domain::ids::{ProductId, RowId};
use crate::domain::stock::Movement;

/// How many rows share an allocation.
const CHUNK: usize = 512;

/// A row and which of its entry's rows for the product it is.
#[derive(Clone, Debug)]
struct Row {
    nth: u32,
    movement: Movement,
}

impl Row {
    fn id(&self) -> RowId {
        RowId { sequence: self.movement.sequence, nth: self.nth }
    }
}

/// The rows of one product, oldest first, in chunks: a list that doubles would copy everything now and then.
#[derive(Clone, Debug, Default)]
struct Ledger {
    chunks: Vec<Vec<Row>>,
    count: usize,
}

impl Ledger {
    fn push(&mut self, movement: Movement) {
        let nth = match self.chunks.last().and_then(|chunk| chunk.last()) {
            Some(last) if last.movement.sequence == movement.sequence => last.nth + 1,
            Some(_) | None => 0,
        };
        let row = Row { nth, movement };
        if let Some(chunk) = self.chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
            chunk.push(row);
        } else {
            // Most products have a few rows; one that filled a chunk will fill the next.
            let mut chunk = Vec::with_capacity(if self.chunks.is_empty() { 1 } else { CHUNK });
            chunk.push(row);
            self.chunks.push(chunk);
        }
        self.count += 1;
    }

    fn rows(&self) -> impl Iterator<Item = &Movement> {
        self.chunks.iter().flatten().map(|row| &row.movement)
    }

    /// At most `limit` rows before `before`, newest first.
    fn newest(&self, before: Option<RowId>, limit: usize) -> Vec<(RowId, Movement)> {
        let is_before = |row: &Row| before.is_none_or(|before| row.id() < before);
        let chunks = self.chunks.partition_point(|chunk| chunk.first().is_some_and(is_before));
        let rows = self.chunks[..chunks].iter().rev().flat_map(|chunk| chunk.iter().rev());
        rows.filter(|row| is_before(row)).take(limit).map(|row| (row.id(), row.movement.clone())).collect()
    }
}

/// New rows of the stock ledger, by product.
#[derive(Debug, Default)]
pub struct Rows(HashMap<ProductId, Ledger>);

impl Rows {
    /// Each product with its rows, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (ProductId, impl Iterator<Item = &Movement>)> {
        self.0.iter().map(|(product, ledger)| (*product, ledger.rows()))
    }

    fn newest(&self, product: ProductId, before: Option<RowId>, limit: usize) -> Vec<Placed> {
        self.0.get(&product).map(|ledger| ledger.newest(before, limit)).unwrap_or_default()
    }
}

/// A row of the ledger and its place.
type Placed = (RowId, Movement);

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
            inner.recent.0.entry(product).or_default().push(movement);
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
        assert!(inner.sealed.0.is_empty(), "one checkpoint ends before the next begins");
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
        for (product, ledger) in &sealed.0 {
            inner.count += ledger.count;
            let mut whole = ledger.clone();
            let newer = inner.recent.0.entry(*product).or_default();
            newer.rows().for_each(|movement| whole.push(movement.clone()));
            *newer = whole;
        }
    }

    pub(super) fn page(
        &self,
        product: ProductId,
        before: Option<RowId>,
        limit: usize,
        archive: &dyn Archive,
    ) -> Result<Vec<Placed>, ArchiveError> {
        let (mut page, sealed) = {
            let inner = self.0.read();
            let recent = inner.recent.newest(product, before, limit);
            (recent, inner.sealed.clone())
        };
        page.extend(sealed.newest(product, before, limit - page.len()));
        if page.len() < limit {
            // A checkpoint may have written sealed rows already: what memory shows is not asked for again.
            let oldest = page.last().map(|(id, _)| *id).or(before);
            page.extend(archive.movements(product, oldest, limit - page.len())?);
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::origin::Origin;
    use crate::domain::stock::{Balance, Change};
    use crate::domain::time::Timestamp;
    use crate::view::NoArchive;

    fn movement(sequence: u64) -> Movement {
        Movement {
            sequence,
            at: Timestamp::default(),
            change: Change::Received(1),
            after: Balance::default(),
            order: None,
            who: Origin::Client,
            reason: None,
        }
    }

    #[test]
    fn pages_lead_through_all_rows_whatever_holds_them() {
        // 3,000 rows, two of an entry: some sealed and put back, some sealed, some recent.
        let (movements, product) = (Movements::default(), ProductId(1));
        let add = |range: std::ops::Range<u64>| movements.append(range.map(|row| (product, movement(row / 2))));
        add(0..1_100);
        movements.seal();
        add(1_100..1_200);
        movements.unseal();
        assert_eq!(movements.count(), 1_200);
        movements.seal();
        add(1_200..3_000);
        assert_eq!(movements.count(), 1_800);
        for limit in [1, 7, 511, 512, 513, 5_000] {
            let (mut seen, mut before) = (Vec::new(), None);
            loop {
                let page = movements.page(product, before, limit, &NoArchive).unwrap();
                let Some((last, _)) = page.last() else { break };
                assert!(page.len() <= limit);
                before = Some(*last);
                seen.extend(page.into_iter().map(|(cursor, row)| {
                    assert_eq!(cursor.sequence, row.sequence);
                    cursor.sequence * 2 + u64::from(cursor.nth)
                }));
            }
            assert!(seen.into_iter().eq((0..3_000).rev()), "pages of {limit}");
        }
    }
}
