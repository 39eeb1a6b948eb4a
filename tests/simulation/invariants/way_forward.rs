//! Every open order has a way forward: an armed timer, a stage that an operator ends, or a flag that somebody sees.

use packhorse::domain::ids::OrderId;
use packhorse::journal::Journal;

use super::{Depth, Probe, ensure};

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    if probe.engine.journal().poisoned().is_some() {
        return Ok(());
    }
    for (id, order_model) in probe.model.open() {
        let manual = probe.timers.span(order_model.status).is_none();
        let flagged = probe.engine.view().delay(OrderId(*id)).is_some();
        let armed = probe.timers.is_armed(*id, probe.passed);
        ensure(manual || flagged || armed, || {
            format!("order {id} is {}, without a timer and without a flag", order_model.status)
        })?;
        ensure(manual || probe.depth != Depth::End, || {
            format!("order {id} is still {} long after its stages are over", order_model.status)
        })?;
    }
    Ok(())
}
