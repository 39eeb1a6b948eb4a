//! Users and keys are what the journal says: after every start, from whichever checkpoint, and with every row of the
//! audit log, once.

use packhorse::domain::audit::rows_of;

use super::{Depth, Probe, ensure};

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    let view = probe.engine.view();
    ensure(*view.access() == probe.model.access, || {
        format!("users and keys are {:?}, and their entries say {:?}", view.access(), probe.model.access)
    })?;
    if probe.depth == Depth::Step {
        return Ok(());
    }
    let found = view.audit(None, 1_000_000).map_err(|error| error.to_string())?;
    let rows: Vec<_> = probe.model.log.iter().flat_map(|durable| rows_of(durable.sequence, &durable.entry)).collect();
    ensure(found.iter().eq(rows.iter().rev()), || {
        format!("the audit log has {} rows that are not the journal's {}", found.len(), rows.len())
    })
}
