//! A row of the audit log.

use super::ValueError;
use super::fields::Fields;
use crate::domain::audit::AuditRow;
use crate::domain::ids::RowId;
use crate::journal::format::{self, AuditRowV1};

const KEY_BYTES: usize = 8 + 4;

pub(crate) fn ser_key(id: RowId) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    key[..8].copy_from_slice(&id.sequence.to_be_bytes());
    key[8..].copy_from_slice(&id.nth.to_be_bytes());
    key
}

pub(crate) fn deser_key(key: &[u8]) -> Result<RowId, ValueError> {
    let mut fields = Fields::new("key of an audit row", key);
    let id = RowId { sequence: fields.u64_be()?, nth: fields.u32_be()? };
    fields.end()?;
    Ok(id)
}

pub(crate) fn ser_value(row: &AuditRow) -> Vec<u8> {
    let mut bytes = Vec::new();
    format::encode(&AuditRowV1::from(row), &mut bytes);
    bytes
}

pub(crate) fn deser_value(id: RowId, bytes: &[u8]) -> Result<AuditRow, ValueError> {
    format::decode::<AuditRowV1<'_>>(bytes)
        .and_then(|form| form.restore(id))
        .map_err(|error| ValueError::Form { kind: "audit row", error })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::sample;
    use super::*;

    proptest! {
        #[test]
        fn key_order_is_the_same_as_binary_order(a: (u64, u32), b: (u64, u32)) {
            let id = |(sequence, nth)| RowId { sequence, nth };
            prop_assert_eq!(deser_key(&ser_key(id(a))).unwrap(), id(a));
            prop_assert_eq!(ser_key(id(a)).cmp(&ser_key(id(b))), a.cmp(&b));
        }

        #[test]
        fn garbage_is_refused_or_read_but_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let id = RowId { sequence: 1, nth: 0 };
            let _ = deser_value(id, &bytes).map(|row| ser_value(&row));
            let _ = deser_key(&bytes);
        }
    }

    #[test]
    fn round_trips() {
        for row in sample::audit() {
            assert_eq!(deser_value(row.id, &ser_value(&row)).unwrap(), *row);
        }
    }
}
