//! Stock is conserved: every piece that came in is on hand, was corrected, or left with an order that was shipped; and
//! what is reserved is what orders wait for.

use std::collections::BTreeMap;

use packhorse::domain::ids::ProductId;
use packhorse::domain::order::Status;

use super::{Probe, ensure};

pub(super) fn check(sight: &Probe<'_>) -> Result<(), String> {
    let mut left: BTreeMap<u64, i64> = BTreeMap::new();
    let mut waiting: BTreeMap<u64, i64> = BTreeMap::new();
    for tale in sight.model.orders.values() {
        let units = match tale.status {
            Status::Pending | Status::Processing => &mut waiting,
            Status::Shipped | Status::Delivered => &mut left,
            Status::Cancelled => continue,
        };
        for line in &tale.placed.lines {
            *units.entry(line.product.product.0).or_default() += i64::from(line.quantity);
        }
    }
    for (id, shelf) in &sight.model.stock {
        let Some(product) = sight.engine.view().products().get(ProductId(*id)) else {
            return Err(format!("product {id} is gone"));
        };
        let of = |units: &BTreeMap<u64, i64>| units.get(id).copied().unwrap_or_default();
        let expected = (shelf.received + shelf.adjusted - of(&left), of(&waiting));
        let found = (i64::from(product.balance.on_hand), i64::from(product.balance.reserved));
        ensure(found == expected, || format!("product {id}: on hand and reserved are {found:?}, not {expected:?}"))?;
    }
    Ok(())
}
