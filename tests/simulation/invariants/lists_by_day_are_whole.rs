//! A list by day holds every order that was placed on that day, by whatever clock.

use std::collections::BTreeMap;

use packhorse::domain::calendar::{beginning, day};
use packhorse::view::OrderFilter;

use super::{Depth, Probe, ensure};

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    if probe.depth == Depth::Step {
        return Ok(());
    }
    let mut days: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for (id, order_model) in probe.model.orders.iter().rev().filter(|(_, order_model)| !order_model.archived) {
        days.entry(day(order_model.placed.placed_at, probe.zone)).or_default().push(*id);
    }
    // One day at a time; at the end, all of them.
    let turn = usize::try_from(probe.passed.as_millis()).unwrap_or_default() % days.len().max(1);
    let looked_at = days.iter().enumerate().filter(|(nth, _)| probe.depth == Depth::End || *nth == turn);
    for (_, (day, expected)) in looked_at {
        let filter = OrderFilter {
            placed_from: Some(beginning(*day, probe.zone)),
            placed_before: day.succ_opt().map(|next| beginning(next, probe.zone)),
            ..OrderFilter::default()
        };
        let found =
            probe.engine.view().search(&filter, None, usize::MAX, usize::MAX).map_err(|error| error.to_string())?;
        let found: Vec<_> = found.items.iter().map(|order| order.id.0).collect();
        ensure(found == *expected, || format!("on {day} orders {expected:?} were placed, and {found:?} are listed"))?;
    }
    Ok(())
}
