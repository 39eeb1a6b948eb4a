//! What has ended stays ended: nothing follows on delivered or cancelled, in the journal and for readers.

use super::{Probe, ensure};

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    for (id, order_model) in probe.orders() {
        let Some(end) = order_model.path.iter().position(|(_, to, ..)| to.is_terminal()) else { continue };
        ensure(end + 1 == order_model.path.len(), || {
            format!("order {id} went on after it was {}", order_model.path[end].1)
        })?;
        let found = probe.read(id)?.status;
        ensure(found == order_model.path[end].1, || format!("order {id} has ended and is read as {found}"))?;
    }
    Ok(())
}
