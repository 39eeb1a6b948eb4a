//! Neighbouring orders in one record, because sled costs by the record.
//!
//! The orders stand side by side, each behind its place in the pack and its length, so that one can be read or replaced
//! without decoding the others.

use std::collections::BTreeMap;

use super::super::pages::PACK_ORDERS;
use super::ValueError;
use super::fields::Fields;
use crate::domain::ids::OrderId;
use crate::domain::order::Order;
use crate::journal::Revisions;
use crate::journal::format;

/// Encoded orders by their place in the pack.
pub(crate) type Places<'a> = BTreeMap<u8, &'a [u8]>;

pub(crate) fn ser_key(pack: u64) -> [u8; 8] {
    pack.to_be_bytes()
}

pub(crate) fn deser_key(key: &[u8]) -> Result<u64, ValueError> {
    let mut fields = Fields::new("key of a pack", key);
    let pack = fields.u64_be()?;
    fields.end()?;
    Ok(pack)
}

/// The place of `order` in its pack.
pub(crate) fn place_of(order: OrderId) -> u8 {
    u8::try_from(order.0 % PACK_ORDERS).expect("a place in a pack is below 8")
}

pub(crate) fn ser_value(places: &Places<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(places.values().map(|order| order.len() + 5).sum());
    for (place, order) in places {
        bytes.push(*place);
        bytes.extend(u32::try_from(order.len()).expect("an order is far below 4 GiB").to_be_bytes());
        bytes.extend_from_slice(order);
    }
    bytes
}

pub(crate) fn deser_value(bytes: &[u8]) -> Result<Places<'_>, ValueError> {
    let mut fields = Fields::new("pack", bytes);
    let mut places = Places::new();
    while !fields.is_empty() {
        let place = fields.u8()?;
        let follows = places.last_key_value().is_none_or(|(last, _)| *last < place);
        if !follows || u64::from(place) >= PACK_ORDERS {
            return Err(fields.bad("place of an order", place));
        }
        let length = fields.length()?;
        places.insert(place, fields.slice(length)?);
    }
    Ok(places)
}

pub(crate) fn ser_order(order: &Order) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    format::encode_order(order, &mut bytes);
    bytes
}

/// Reads the order that stands at `place` of `pack`.
pub(crate) fn deser_order(pack: u64, place: u8, bytes: &[u8], revisions: &dyn Revisions) -> Result<Order, ValueError> {
    let order = format::decode_order(bytes, revisions).map_err(|error| ValueError::Form { kind: "order", error })?;
    if order.id.0 / PACK_ORDERS != pack || place_of(order.id) != place {
        return Err(ValueError::Field { kind: "order in this pack", field: "id", value: order.id.0 });
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::sample;
    use super::*;

    proptest! {
        #[test]
        fn round_trips(places in prop::collection::btree_map(0_u8..8, prop::collection::vec(any::<u8>(), 0..99), 0..9)) {
            let places: Places<'_> = places.iter().map(|(place, order)| (*place, order.as_slice())).collect();
            let bytes = ser_value(&places);
            prop_assert_eq!(deser_value(&bytes).unwrap(), places);
        }

        #[test]
        fn an_order_round_trips_only_at_its_place(order in sample::order()) {
            let (bytes, pack, place) = (ser_order(&order), order.id.0 / PACK_ORDERS, place_of(order.id));
            let revisions = sample::revisions_of(&order);
            prop_assert_eq!(deser_order(pack, place, &bytes, &revisions).unwrap(), order);
            prop_assert!(deser_order(pack, (place + 1) % 8, &bytes, &revisions).is_err());
            prop_assert!(deser_order(pack + 1, place, &bytes, &revisions).is_err());
        }

        #[test]
        fn key_order_is_the_same_as_binary_order(a: u64, b: u64) {
            prop_assert_eq!(ser_key(a).cmp(&ser_key(b)), a.cmp(&b));
            prop_assert_eq!(deser_key(&ser_key(a)).unwrap(), a);
        }

        #[test]
        fn garbage_is_refused_or_read_but_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = deser_value(&bytes).map(|places| ser_value(&places));
            let _ = deser_order(0, 0, &bytes, &sample::Known::default());
        }
    }

    #[test]
    fn a_place_twice_out_of_order_or_out_of_range_is_refused() {
        let order = |place: u8| vec![place, 0, 0, 0, 0];
        assert!(deser_value(&[order(1), order(1)].concat()).is_err());
        assert!(deser_value(&[order(2), order(1)].concat()).is_err());
        assert!(deser_value(&order(8)).is_err());
        assert!(deser_value(&[0, 0xFF, 0xFF, 0xFF, 0xFF, 1]).is_err());
    }
}
