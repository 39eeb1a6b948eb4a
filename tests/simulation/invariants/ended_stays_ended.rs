//! What has ended stays ended: nothing follows on delivered or cancelled, in the journal and for readers.

use super::{Probe, ensure};

pub(super) fn check(sight: &Probe<'_>) -> Result<(), String> {
    for (id, tale) in sight.orders() {
        let Some(end) = tale.path.iter().position(|(_, to, ..)| to.is_terminal()) else { continue };
        ensure(end + 1 == tale.path.len(), || format!("order {id} went on after it was {}", tale.path[end].1))?;
        let found = sight.read(id)?.status;
        ensure(found == tale.path[end].1, || format!("order {id} has ended and is read as {found}"))?;
    }
    Ok(())
}
