//! The head of the checkpoint.

use super::super::checkpoint::{Counts, Head};
use super::super::digest::Digest;
use super::fields::Fields;
use super::{HeadKind, ValueError};
use crate::domain::time::Timestamp;

const VALUE_BYTES: usize = 8 + 16 + 3 * 8 + 8 + 2 * 8 + 16;

pub(crate) fn ser_key() -> [u8; 1] {
    HeadKind::Head.key()
}

/// `digest` is that of all records which are exact at the head's sequence.
pub(crate) fn ser_value(head: &Head, digest: Digest) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(VALUE_BYTES);
    bytes.extend(head.sequence.to_be_bytes());
    bytes.extend(head.chain);
    bytes.extend(head.order_last.to_be_bytes());
    bytes.extend(head.category_last.to_be_bytes());
    bytes.extend(head.product_last.to_be_bytes());
    bytes.extend(head.taken_at.0.to_be_bytes());
    bytes.extend(head.counts.categories.to_be_bytes());
    bytes.extend(head.counts.products.to_be_bytes());
    bytes.extend(digest.to_bytes());
    bytes
}

pub(crate) fn deser_value(bytes: &[u8]) -> Result<(Head, Digest), ValueError> {
    let mut fields = Fields::new("head", bytes);
    let head = Head {
        sequence: fields.u64_be()?,
        chain: fields.array()?,
        order_last: fields.u64_be()?,
        category_last: fields.u64_be()?,
        product_last: fields.u64_be()?,
        taken_at: Timestamp(fields.i64_be()?),
        counts: Counts { categories: fields.u64_be()?, products: fields.u64_be()? },
    };
    let digest = Digest::from_bytes(fields.array()?);
    fields.end()?;
    Ok((head, digest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trips(numbers in any::<[u64; 6]>(), at in any::<i64>(), chain in any::<[u8; 16]>()) {
            let [sequence, order_last, category_last, product_last, categories, products] = numbers;
            let counts = Counts { categories, products };
            let taken_at = Timestamp(at);
            let head = Head { sequence, chain, order_last, category_last, product_last, taken_at, counts };
            let bytes = ser_value(&head, Digest::from_bytes(chain));
            prop_assert_eq!(bytes.len(), VALUE_BYTES);
            prop_assert_eq!(deser_value(&bytes).unwrap(), (head, Digest::from_bytes(chain)));
        }
    }

    #[test]
    fn another_size_is_refused() {
        assert!(deser_value(&[0; VALUE_BYTES - 1]).is_err());
        assert!(deser_value(&[0; VALUE_BYTES + 1]).is_err());
    }
}
