//! Nothing is oversold: what open orders were promised and did not get yet is on hand.

use std::collections::BTreeMap;

use packhorse::domain::ids::ProductId;
use packhorse::domain::order::Status;

use super::{Probe, ensure};

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    let mut promised: BTreeMap<ProductId, u64> = BTreeMap::new();
    for order in probe.engine.view().open_orders() {
        if order.status != Status::Shipped {
            for line in &order.lines {
                *promised.entry(line.product.product).or_default() += u64::from(line.quantity);
            }
        }
    }
    for (product, promised) in promised {
        let on_hand = probe.engine.view().products().get(product).map(|found| found.balance.on_hand);
        ensure(on_hand.is_some_and(|on_hand| promised <= u64::from(on_hand)), || {
            format!("{promised} units of product {product} are promised, and {on_hand:?} are on hand")
        })?;
    }
    Ok(())
}
