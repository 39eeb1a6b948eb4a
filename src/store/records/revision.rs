//! A product revision. It never changes, and all of them are kept, because lines of orders refer to them.

use super::ValueError;
use super::fields::Fields;
use crate::domain::catalogue::Revision;
use crate::domain::ids::ProductId;
use crate::journal::format::{self, RevisionV1};

const KEY_BYTES: usize = 8 + 4;

pub(crate) fn ser_key(product: ProductId, number: u32) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    key[..8].copy_from_slice(&product.0.to_be_bytes());
    key[8..].copy_from_slice(&number.to_be_bytes());
    key
}

/// What the keys of all revisions of `product` begin with.
pub(crate) fn ser_prefix(product: ProductId) -> [u8; 8] {
    product.0.to_be_bytes()
}

pub(crate) fn deser_key(key: &[u8]) -> Result<(ProductId, u32), ValueError> {
    let mut fields = Fields::new("key of a revision", key);
    let (product, number) = (ProductId(fields.u64_be()?), fields.u32_be()?);
    fields.end()?;
    Ok((product, number))
}

pub(crate) fn ser_value(revision: &Revision) -> Vec<u8> {
    let mut bytes = Vec::new();
    format::encode(&RevisionV1::from(revision), &mut bytes);
    bytes
}

pub(crate) fn deser_value(bytes: &[u8]) -> Result<Revision, ValueError> {
    format::decode::<RevisionV1<'_>>(bytes)
        .and_then(RevisionV1::restore)
        .map_err(|error| ValueError::Form { kind: "revision", error })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::sample;
    use super::*;

    proptest! {
        #[test]
        fn round_trips(revision in sample::revision()) {
            let key = (revision.product, revision.number);
            prop_assert_eq!(deser_key(&ser_key(key.0, key.1)).unwrap(), key);
            prop_assert_eq!(deser_value(&ser_value(&revision)).unwrap(), revision);
        }

        #[test]
        fn key_order_is_the_same_as_binary_order(a: (u64, u32), b: (u64, u32)) {
            prop_assert_eq!(ser_key(ProductId(a.0), a.1).cmp(&ser_key(ProductId(b.0), b.1)), a.cmp(&b));
        }

        #[test]
        fn garbage_is_refused_or_read_but_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = deser_value(&bytes).map(|revision| ser_value(&revision));
        }
    }

    #[test]
    fn a_key_of_another_size_is_refused() {
        assert!(deser_key(&[0; KEY_BYTES - 1]).is_err());
        assert!(deser_key(&[0; KEY_BYTES + 1]).is_err());
    }
}
