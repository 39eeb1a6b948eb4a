//! What changes of a product without a new revision, exact at the head.

use super::super::checkpoint::ProductHead;
use super::fields::Fields;
use super::{HeadKind, ValueError};
use crate::domain::ids::ProductId;

const VALUE_BYTES: usize = 4 + 1;

pub(crate) fn ser_key(id: ProductId) -> [u8; 9] {
    HeadKind::Product.key_of(id.0)
}

pub(crate) fn deser_key(key: &[u8]) -> Result<ProductId, ValueError> {
    HeadKind::Product.id_in(key).map(ProductId)
}

pub(crate) fn ser_value(head: ProductHead) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(VALUE_BYTES);
    bytes.extend(head.number.to_be_bytes());
    bytes.push(u8::from(head.ordered));
    bytes
}

pub(crate) fn deser_value(bytes: &[u8]) -> Result<ProductHead, ValueError> {
    let mut fields = Fields::new("product", bytes);
    let number = match fields.u32_be()? {
        0 => return Err(fields.bad("revision", 0_u8)),
        number => number,
    };
    let ordered = match fields.u8()? {
        0 => false,
        1 => true,
        other => return Err(fields.bad("mark of being ordered", other)),
    };
    fields.end()?;
    Ok(ProductHead { number, ordered })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trips(id: u64, number in 1_u32.., ordered: bool) {
            let head = ProductHead { number, ordered };
            prop_assert_eq!(deser_key(&ser_key(ProductId(id))).unwrap(), ProductId(id));
            prop_assert_eq!(ser_value(head).len(), VALUE_BYTES);
            prop_assert_eq!(deser_value(&ser_value(head)).unwrap(), head);
        }

        #[test]
        fn key_order_is_the_same_as_binary_order(a: u64, b: u64) {
            prop_assert_eq!(ser_key(ProductId(a)).cmp(&ser_key(ProductId(b))), a.cmp(&b));
        }
    }

    #[test]
    fn wrong_sizes_and_numbers_are_refused() {
        for bytes in [&[][..], &[0, 0, 0, 1], &[0, 0, 0, 1, 2], &[0, 0, 0, 0, 1], &[0, 0, 0, 1, 1, 0]] {
            assert!(deser_value(bytes).is_err(), "{bytes:?}");
        }
    }
}
