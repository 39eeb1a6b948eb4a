//! Every open order has a way forward: an armed timer, a stage that an operator ends, or a flag that somebody sees.

use packhorse::domain::ids::OrderId;
use packhorse::journal::Journal;

use super::{Depth, Probe, ensure};

pub(super) fn check(sight: &Probe<'_>) -> Result<(), String> {
    if sight.engine.journal().poisoned().is_some() {
        return Ok(());
    }
    for (id, tale) in sight.model.open() {
        let manual = sight.timers.span(tale.status).is_none();
        let flagged = sight.engine.view().delay(OrderId(*id)).is_some();
        let armed = sight.timers.is_armed(*id, sight.passed);
        ensure(manual || flagged || armed, || {
            format!("order {id} is {}, without a timer and without a flag", tale.status)
        })?;
        ensure(manual || sight.depth != Depth::End, || {
            format!("order {id} is still {} long after its stages are over", tale.status)
        })?;
    }
    Ok(())
}
