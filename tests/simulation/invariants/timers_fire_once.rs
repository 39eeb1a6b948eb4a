//! Each timer fires once, when it is due, and none is lost: not by an edit, a kill, a pause, or a clock that steps.

use packhorse::domain::order::Stage;
use packhorse::domain::origin::Origin;
use packhorse::journal::Journal;

use super::{Probe, ensure};

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    if let Some(fault) = probe.timers.faults.first() {
        return Err(fault.clone());
    }
    for (id, order_model) in probe.orders() {
        for stage in Stage::ALL.map(Stage::status) {
            let fired = order_model
                .path
                .iter()
                .filter(|(from, _, _, who)| *from == Some(stage) && *who == Origin::Timer)
                .count();
            ensure(fired <= 1, || format!("the timer of order {id} in {stage} fired {fired} times"))?;
        }
    }
    if probe.engine.journal().poisoned().is_some() {
        // The process is about to stop; the next start finds them overdue.
        return Ok(());
    }
    match probe.timers.lost(probe.passed).next() {
        Some((id, late)) => Err(format!("the timer of order {id} is {late:?} late and did not fire")),
        None => Ok(()),
    }
}
