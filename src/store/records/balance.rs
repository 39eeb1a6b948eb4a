//! The balance of a product, exact at the head.

use super::fields::Fields;
use super::{HeadKind, ValueError};
use crate::domain::ids::ProductId;
use crate::domain::stock::{Balance, ON_HAND_MAX};

const VALUE_BYTES: usize = 4 + 4;

pub(crate) fn ser_key(id: ProductId) -> [u8; 9] {
    HeadKind::Balance.key_of(id.0)
}

pub(crate) fn deser_key(key: &[u8]) -> Result<ProductId, ValueError> {
    HeadKind::Balance.id_in(key).map(ProductId)
}

pub(crate) fn ser_value(balance: Balance) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(VALUE_BYTES);
    bytes.extend(balance.on_hand.to_be_bytes());
    bytes.extend(balance.reserved.to_be_bytes());
    bytes
}

pub(crate) fn deser_value(bytes: &[u8]) -> Result<Balance, ValueError> {
    let mut fields = Fields::new("balance", bytes);
    let balance = Balance { on_hand: fields.u32_be()?, reserved: fields.u32_be()? };
    if balance.on_hand > ON_HAND_MAX {
        return Err(fields.bad("number on hand", balance.on_hand));
    }
    if balance.reserved > balance.on_hand {
        return Err(fields.bad("number reserved", balance.reserved));
    }
    fields.end()?;
    Ok(balance)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trips(id: u64, on_hand in 0..=ON_HAND_MAX, part in 0_u32..=100) {
            let balance = Balance { on_hand, reserved: on_hand / 100 * part };
            prop_assert_eq!(deser_key(&ser_key(ProductId(id))).unwrap(), ProductId(id));
            prop_assert_eq!(ser_value(balance).len(), VALUE_BYTES);
            prop_assert_eq!(deser_value(&ser_value(balance)).unwrap(), balance);
        }
    }

    #[test]
    fn wrong_sizes_and_impossible_balances_are_refused() {
        let check = |on_hand: u32, reserved: u32| deser_value(&ser_value(Balance { on_hand, reserved }));
        assert!(check(1, 2).is_err());
        assert!(check(ON_HAND_MAX + 1, 0).is_err());
        assert!(deser_value(&[0; 7]).is_err());
        assert!(deser_value(&[0; 9]).is_err());
    }
}
