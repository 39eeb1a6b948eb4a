//! Stock is conserved: every piece that came in is on hand, was corrected, or left with an order that was shipped; and
//! what is reserved is what orders wait for.

use std::collections::BTreeMap;

use packhorse::domain::ids::ProductId;
use packhorse::domain::order::Status;

use super::{Probe, ensure};

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    let mut left: BTreeMap<u64, i64> = BTreeMap::new();
    let mut waiting: BTreeMap<u64, i64> = BTreeMap::new();
    for order_model in probe.model.orders.values() {
        let units = match order_model.status {
            Status::Pending | Status::Processing => &mut waiting,
            Status::Shipped | Status::Delivered => &mut left,
            Status::Cancelled => continue,
        };
        for line in &order_model.placed.lines {
            *units.entry(line.product.product.0).or_default() += i64::from(line.quantity);
        }
    }
    for (id, stock_model) in &probe.model.stock {
        let Some(product) = probe.engine.view().products().get(ProductId(*id)) else {
            return Err(format!("product {id} is gone"));
        };
        let of = |units: &BTreeMap<u64, i64>| units.get(id).copied().unwrap_or_default();
        let expected = (stock_model.received + stock_model.adjusted - of(&left), of(&waiting));
        let found = (i64::from(product.balance.on_hand), i64::from(product.balance.reserved));
        ensure(found == expected, || format!("product {id}: on hand and reserved are {found:?}, not {expected:?}"))?;
    }
    Ok(())
}
