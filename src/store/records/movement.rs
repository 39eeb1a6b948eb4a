//! Rows of the ledger of one product, as many to a record as fit a single chunk.
//!
//! The key of a record is its first row. Each record names the one before it, so that a lost record is noticed.

use super::ValueError;
use super::fields::Fields;
use crate::domain::ids::{ProductId, RowId};
use crate::domain::stock::Movement;
use crate::journal::format::{self, FormatError, MovementV1};

const KEY_BYTES: usize = 8 + 8 + 4;
const KIND: &str = "record of movements";

pub(crate) fn ser_key(product: ProductId, first: RowId) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    key[..8].copy_from_slice(&product.0.to_be_bytes());
    key[8..16].copy_from_slice(&first.sequence.to_be_bytes());
    key[16..].copy_from_slice(&first.nth.to_be_bytes());
    key
}

/// What the keys of all records of `product` begin with.
pub(crate) fn ser_prefix(product: ProductId) -> [u8; 8] {
    product.0.to_be_bytes()
}

pub(crate) fn deser_key(key: &[u8]) -> Result<(ProductId, RowId), ValueError> {
    let mut fields = Fields::new("key of movements", key);
    let product = ProductId(fields.u64_be()?);
    let first = RowId { sequence: fields.u64_be()?, nth: fields.u32_be()? };
    fields.end()?;
    Ok((product, first))
}

/// The beginning of a record that follows the one at `before`; the rows of [`ser_row`] follow it.
pub(crate) fn ser_start(before: Option<RowId>) -> Vec<u8> {
    // No row has the sequence 0, so it can stand for "none".
    let before = before.unwrap_or(RowId { sequence: 0, nth: 0 });
    let mut bytes = before.sequence.to_be_bytes().to_vec();
    bytes.extend(before.nth.to_be_bytes());
    bytes
}

/// The encoded form of a row.
pub(crate) fn ser_row(row: &Movement) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    format::encode(&MovementV1::from(row), &mut bytes);
    let length = u32::try_from(bytes.len() - 4).expect("a movement is far below 4 GiB");
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

/// The record stored at `first`: the one before it, and its rows, oldest first, each with where it ends in `bytes`.
pub(crate) fn deser_value(first: RowId, bytes: &[u8]) -> Result<Record, ValueError> {
    let mut fields = Fields::new(KIND, bytes);
    let before = RowId { sequence: fields.u64_be()?, nth: fields.u32_be()? };
    if before >= first {
        return Err(fields.bad("predecessor", before.sequence));
    }
    let mut rows: Vec<Row> = Vec::new();
    while !fields.is_empty() {
        let length = fields.length()?;
        let form = |error: FormatError| ValueError::Form { kind: "movement", error };
        let movement =
            format::decode::<MovementV1<'_>>(fields.slice(length)?).and_then(MovementV1::restore).map_err(form)?;
        let id = match rows.last() {
            None => first,
            Some(last) => follow(last.id, movement.sequence).ok_or_else(|| fields.bad("row", movement.sequence))?,
        };
        if movement.sequence != id.sequence {
            return Err(fields.bad("first row", movement.sequence));
        }
        rows.push(Row { id, movement, end: bytes.len() - fields.rest().len() });
    }
    if rows.is_empty() {
        return Err(fields.bad("number of rows", 0_u8));
    }
    Ok(Record { before: (before.sequence > 0).then_some(before), rows })
}

/// The place of a row with `sequence` that follows `last`; `None` when it cannot follow.
pub(crate) fn follow(last: RowId, sequence: u64) -> Option<RowId> {
    match sequence.cmp(&last.sequence) {
        std::cmp::Ordering::Less => None,
        std::cmp::Ordering::Equal => Some(RowId { sequence, nth: last.nth.checked_add(1)? }),
        std::cmp::Ordering::Greater => Some(RowId { sequence, nth: 0 }),
    }
}

/// A record that was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) before: Option<RowId>,
    pub(crate) rows: Vec<Row>,
}

/// A row of a record that was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: RowId,
    pub(crate) movement: Movement,
    /// Where it ends in the record, in bytes.
    pub(crate) end: usize,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::sample;
    use super::*;

    proptest! {
        #[test]
        fn round_trips(mut movements in prop::collection::vec(sample::movement(), 1..30), before: bool) {
            movements.sort_by_key(|movement| movement.sequence);
            let first = RowId { sequence: movements[0].sequence, nth: 3 };
            let before = before.then_some(RowId { sequence: first.sequence, nth: 2 });
            let mut bytes = ser_start(before);
            for movement in &movements {
                bytes.extend(ser_row(movement));
            }
            let record = deser_value(first, &bytes).unwrap();
            prop_assert_eq!(record.before, before);
            prop_assert_eq!(record.rows.last().unwrap().end, bytes.len());
            prop_assert!(record.rows.is_sorted_by(|a, b| a.id < b.id));
            prop_assert_eq!(record.rows.into_iter().map(|row| row.movement).collect::<Vec<_>>(), movements);
        }

        #[test]
        fn key_order_is_the_same_as_binary_order(a: (u64, u64, u32), b: (u64, u64, u32)) {
            let key = |(product, sequence, nth)| ser_key(ProductId(product), RowId { sequence, nth });
            prop_assert_eq!(key(a).cmp(&key(b)), a.cmp(&b));
            prop_assert_eq!(deser_key(&key(a)).unwrap(), (ProductId(a.0), RowId { sequence: a.1, nth: a.2 }));
        }

        #[test]
        fn garbage_is_refused_or_read_but_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = deser_value(RowId { sequence: 1, nth: 0 }, &bytes);
        }
    }

    #[test]
    fn a_record_without_rows_with_wrong_rows_or_before_itself_is_refused() {
        let row = |sequence| ser_row(&sample::movement_at(sequence));
        let first = RowId { sequence: 5, nth: 0 };
        let check = |before: Option<RowId>, rows: &[u64]| {
            let mut bytes = ser_start(before);
            for sequence in rows {
                bytes.extend(row(*sequence));
            }
            deser_value(first, &bytes)
        };
        assert!(check(None, &[5, 5, 6]).is_ok());
        assert!(check(None, &[]).is_err());
        assert!(check(None, &[6]).is_err());
        assert!(check(None, &[5, 7, 6]).is_err());
        assert!(check(Some(first), &[5]).is_err());
        assert!(check(Some(RowId { sequence: 9, nth: 0 }), &[5]).is_err());
        assert!(deser_value(first, &ser_start(None)[1..]).is_err());
    }
}
