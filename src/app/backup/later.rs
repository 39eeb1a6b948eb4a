//! The changes of users and keys behind the moment that is restored: what a restore would take back without a word.

use crate::domain::access::AccessEvent;
use crate::domain::audit::{AuditRow, rows_of};
use crate::domain::entry::{Entry, Event};
use crate::journal::{ReadError, Reader};

use crate::app::offline::State;

/// Changes of users and keys, in journal order.
#[derive(Debug, Default)]
pub(super) struct Later {
    /// Each of them alone, as it was decided.
    pub(super) entries: Vec<Entry>,
    /// What they were about.
    pub(super) rows: Vec<AuditRow>,
}

impl Later {
    /// Those that `reader`, which is at the front, finds behind entry `last`. That a key was used is none.
    pub(super) fn find(reader: Reader, last: u64) -> Result<Self, ReadError> {
        let mut later = Self::default();
        State::read_watching(reader, |durable| {
            if durable.sequence <= last {
                return;
            }
            let mut entry = Entry { key: None, ..Entry::clone(&durable.entry) };
            entry
                .events
                .retain(|event| matches!(event, Event::Access(change) if !matches!(**change, AccessEvent::KeyUsed(_))));
            if !entry.events.is_empty() {
                later.rows.extend(rows_of(durable.sequence, &entry).map(|row| AuditRow::clone(&row)));
                later.entries.push(entry);
            }
        })?;
        Ok(later)
    }
}
