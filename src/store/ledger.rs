//! The ledger of each product: rows are appended, and read from the newest one backwards.
//!
//! Rows of one product share records: an append first fills the newest record up to a chunk, then begins another. Rows
//! behind the head's sequence are those of a checkpoint that was never finished. They are cut off before anything is
//! appended again, so that no row is ever there twice.

use hashbrown::HashSet;

use super::Store;
use super::error::StoreError;
use super::kv::{Direction, Range};
use super::record::{Changes, SINGLE_BYTES_MAX};
use super::records::movement::{self, Record};
use super::records::{ValueError, ledger};
use super::schema::Table;
use crate::domain::ids::{ProductId, RowId};
use crate::domain::stock::Movement;

const TABLE: Table = Table::Movements;

/// A ledger that was appended to: what the head has to know of it.
pub(super) type Appended = (ProductId, ledger::Ledger);

impl Store {
    /// Up to `limit` rows of the ledger of `product`, newest first: those before `before`, or from the newest one on.
    pub fn movements(
        &self,
        product: ProductId,
        before: Option<RowId>,
        limit: usize,
    ) -> Result<Vec<(RowId, Movement)>, StoreError> {
        let mut rows = Vec::new();
        let mut at = self.newest_record(product, before)?;
        while let Some((first, record)) = at
            && rows.len() < limit
        {
            let before_it = record.before;
            let wanted = record.rows.into_iter().rev().filter(|row| before.is_none_or(|before| row.id < before));
            rows.extend(wanted.take(limit - rows.len()).map(|row| (row.id, row.movement)));
            at = match before_it {
                Some(next) if rows.len() < limit => Some((next, self.record(product, next, first)?)),
                Some(_) | None => None,
            };
        }
        Ok(rows)
    }

    /// How many rows the ledger of `product` has at the head's sequence.
    pub fn movement_count(&self, product: ProductId) -> Result<u64, StoreError> {
        Ok(self.ledger(product)?.map_or(0, |ledger| ledger.rows))
    }

    /// Appends `rows`, which [`check_movements`] found good. Those up to `known` are there already: the attempt before
    /// failed after its head had been written.
    pub(super) fn append_movements(
        &self,
        rows: &[(ProductId, Vec<&Movement>)],
        known: u64,
    ) -> Result<Vec<Appended>, StoreError> {
        let mut changes = Changes::default();
        let mut appended = Vec::with_capacity(rows.len());
        for (product, rows) in rows {
            let fresh = rows.partition_point(|row| row.sequence <= known);
            if let Some(ledger) = self.append(*product, &rows[fresh..], &mut changes)? {
                appended.push((*product, ledger));
            }
        }
        self.records.apply(TABLE, changes)?;
        Ok(appended)
    }

    fn append(
        &self,
        product: ProductId,
        rows: &[&Movement],
        changes: &mut Changes,
    ) -> Result<Option<ledger::Ledger>, StoreError> {
        let before = self.ledger(product)?;
        let mut open = match before {
            Some(ledger) => {
                let key = movement::ser_key(product, ledger.newest);
                let bytes = self.records.get(TABLE, &key)?.ok_or_else(|| lost(product, ledger.newest))?;
                Some((ledger.newest, bytes))
            }
            None => None,
        };
        let (mut count, mut last) = (before.map_or(0, |ledger| ledger.rows), None);
        for row in rows {
            let id = match last {
                None => RowId { sequence: row.sequence, nth: 0 },
                Some(last) => movement::follow(last, row.sequence)
                    .ok_or_else(|| StoreError::damaged(TABLE, format!("too many rows in entry {}", row.sequence)))?,
            };
            let bytes = movement::ser_row(row);
            open = Some(match open {
                Some((first, mut record)) if record.len() + bytes.len() <= SINGLE_BYTES_MAX => {
                    record.extend(bytes);
                    (first, record)
                }
                full => {
                    let mut record = movement::ser_start(full.as_ref().map(|(first, _)| *first));
                    record.extend(bytes);
                    if let Some((first, full)) = full {
                        changes.put(movement::ser_key(product, first), full);
                    }
                    if changes.is_full() {
                        self.records.apply(TABLE, std::mem::take(changes))?;
                    }
                    (id, record)
                }
            });
            last = Some(id);
            count += 1;
        }
        let (Some((newest, record)), Some(_)) = (open, last) else { return Ok(None) };
        changes.put(movement::ser_key(product, newest), record);
        Ok(Some(ledger::Ledger { newest, rows: count }))
    }

    /// Cuts off all rows after `sequence`.
    pub(super) fn cut_movements(&self, sequence: u64) -> Result<(), StoreError> {
        let mut rest = Range::all();
        while let Some((product, _, _)) = self.last_record(&rest)? {
            self.cut_movements_of(product, sequence)?;
            rest = Range::before(movement::ser_prefix(product).to_vec());
        }
        Ok(())
    }

    fn cut_movements_of(&self, product: ProductId, sequence: u64) -> Result<(), StoreError> {
        let range = Range::prefix(&movement::ser_prefix(product));
        // From the newest record backwards, so that an interruption leaves a ledger without holes.
        loop {
            let Some((_, first, mut bytes)) = self.last_record(&range)? else { return Ok(()) };
            let record = movement::deser_value(first, &bytes).map_err(damaged)?;
            let keep = record.rows.iter().take_while(|row| row.id.sequence <= sequence).last();
            let mut changes = Changes::default();
            match keep {
                None => changes.delete(movement::ser_key(product, first)),
                Some(row) if row.end == bytes.len() => return Ok(()),
                Some(row) => {
                    bytes.truncate(row.end);
                    changes.put(movement::ser_key(product, first), bytes);
                }
            }
            self.records.apply(TABLE, changes)?;
        }
    }

    /// The newest record of `product` that may hold rows before `before`.
    fn newest_record(&self, product: ProductId, before: Option<RowId>) -> Result<Option<(RowId, Record)>, StoreError> {
        let prefix = movement::ser_prefix(product);
        let range = match before {
            None => Range::prefix(&prefix),
            Some(before) => Range::between(prefix.to_vec(), movement::ser_key(product, before).to_vec()),
        };
        let ledger = self.ledger(product)?;
        let found = self.last_record(&range)?;
        // The scan finds what is there; the ledger's end says what has to be there.
        if let Some(ledger) = ledger
            && before.is_none_or(|before| before > ledger.newest)
            && found.as_ref().is_none_or(|(_, first, _)| *first < ledger.newest)
        {
            return Err(lost(product, ledger.newest));
        }
        let Some((_, first, bytes)) = found else { return Ok(None) };
        Ok(Some((first, movement::deser_value(first, &bytes).map_err(damaged)?)))
    }

    /// The record of `product` at `first`, which the one at `next` names as the one before it.
    fn record(&self, product: ProductId, first: RowId, next: RowId) -> Result<Record, StoreError> {
        debug_assert!(first < next, "a record names an older one as the one before it");
        let bytes = self.records.get(TABLE, &movement::ser_key(product, first))?.ok_or_else(|| lost(product, first))?;
        movement::deser_value(first, &bytes).map_err(damaged)
    }

    fn last_record(&self, range: &Range) -> Result<Option<(ProductId, RowId, Vec<u8>)>, StoreError> {
        let Some((key, bytes)) = self.records.scan(TABLE, range, Direction::Backward, 1)?.pop() else {
            return Ok(None);
        };
        let (product, first) = movement::deser_key(&key).map_err(damaged)?;
        Ok(Some((product, first, bytes)))
    }

    fn ledger(&self, product: ProductId) -> Result<Option<ledger::Ledger>, StoreError> {
        let bytes = self.records.get(Table::Head, &ledger::ser_key(product))?;
        bytes.map(|bytes| ledger::deser_value(&bytes).map_err(|error| error.within(Table::Head))).transpose()
    }
}

/// Checks that `rows` name each product once, its rows oldest first and none after `through`.
pub(super) fn check_movements(rows: &[(ProductId, Vec<&Movement>)], through: u64) -> Result<(), StoreError> {
    let mut seen = HashSet::with_capacity(rows.len());
    for (product, rows) in rows {
        let mut least = 0;
        for row in rows {
            if row.sequence < least || row.sequence > through || seen.contains(product) {
                let (product, sequence) = (*product, row.sequence);
                return Err(StoreError::MovementMisplaced { product, sequence, through });
            }
            least = row.sequence;
        }
        seen.insert(*product);
    }
    Ok(())
}

fn lost(product: ProductId, first: RowId) -> StoreError {
    let RowId { sequence, nth } = first;
    StoreError::damaged(
        TABLE,
        format!("the rows of product {product} from row {nth} of entry {sequence} on are missing"),
    )
}

fn damaged(error: ValueError) -> StoreError {
    error.within(TABLE)
}
