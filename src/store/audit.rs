//! The audit log. Its rows are the journal's, each at its place: written twice they are the same, so that what an
//! unfinished checkpoint left does no harm.

use std::sync::Arc;

use super::Store;
use super::error::StoreError;
use super::kv::{Direction, Range};
use super::record::Changes;
use super::records::{ValueError, audit};
use super::schema::Table;
use crate::domain::audit::AuditRow;
use crate::domain::ids::RowId;

impl Store {
    /// At most `limit` rows before `before`, newest first.
    pub fn audit(&self, before: Option<RowId>, limit: usize) -> Result<Vec<Arc<AuditRow>>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let range = before.map_or_else(Range::all, |before| Range::before(audit::ser_key(before).to_vec()));
        let found = self.records.scan(Table::Audit, &range, Direction::Backward, limit)?;
        let row = |(key, value): &(Vec<u8>, Vec<u8>)| {
            let id = audit::deser_key(key).map_err(damaged)?;
            audit::deser_value(id, value).map(Arc::new).map_err(damaged)
        };
        found.iter().map(row).collect()
    }

    pub(super) fn put_audit(&self, rows: &[Arc<AuditRow>]) -> Result<(), StoreError> {
        let mut changes = Changes::default();
        for row in rows {
            changes.put(audit::ser_key(row.id), audit::ser_value(row));
            if changes.is_full() {
                self.records.apply(Table::Audit, std::mem::take(&mut changes))?;
            }
        }
        self.records.apply(Table::Audit, changes)
    }
}

fn damaged(error: ValueError) -> StoreError {
    error.within(Table::Audit)
}
