//! How far the ledger of a product goes, exact at the head.

use super::fields::Fields;
use super::{HeadKind, ValueError};
use crate::domain::ids::{ProductId, RowId};

const VALUE_BYTES: usize = 8 + 4 + 8;

/// The end of the ledger of one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ledger {
    /// The first row of the newest record, which is that record's key.
    pub(crate) newest: RowId,
    /// How many rows there are in all; at least 1.
    pub(crate) rows: u64,
}

pub(crate) fn ser_key(id: ProductId) -> [u8; 9] {
    HeadKind::Ledger.key_of(id.0)
}

pub(crate) fn deser_key(key: &[u8]) -> Result<ProductId, ValueError> {
    HeadKind::Ledger.id_in(key).map(ProductId)
}

pub(crate) fn ser_value(ledger: Ledger) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(VALUE_BYTES);
    bytes.extend(ledger.newest.sequence.to_be_bytes());
    bytes.extend(ledger.newest.nth.to_be_bytes());
    bytes.extend(ledger.rows.to_be_bytes());
    bytes
}

pub(crate) fn deser_value(bytes: &[u8]) -> Result<Ledger, ValueError> {
    let mut fields = Fields::new("ledger", bytes);
    let newest = RowId { sequence: fields.u64_be()?, nth: fields.u32_be()? };
    let rows = match fields.u64_be()? {
        0 => return Err(fields.bad("number of rows", 0_u8)),
        rows => rows,
    };
    fields.end()?;
    Ok(Ledger { newest, rows })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trips(id: u64, sequence: u64, nth: u32, rows in 1_u64..) {
            let ledger = Ledger { newest: RowId { sequence, nth }, rows };
            prop_assert_eq!(deser_key(&ser_key(ProductId(id))).unwrap(), ProductId(id));
            prop_assert_eq!(ser_value(ledger).len(), VALUE_BYTES);
            prop_assert_eq!(deser_value(&ser_value(ledger)).unwrap(), ledger);
        }
    }

    #[test]
    fn wrong_sizes_and_an_empty_ledger_are_refused() {
        assert!(deser_value(&[1; VALUE_BYTES - 1]).is_err());
        assert!(deser_value(&[1; VALUE_BYTES + 1]).is_err());
        assert!(deser_value(&[0; VALUE_BYTES]).is_err());
    }
}
