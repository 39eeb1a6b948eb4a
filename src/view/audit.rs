//! The newest rows of the audit log, and which users and keys the next checkpoint has to write.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::RwLock;

use super::{Archive, ArchiveError};
use crate::domain::access::{AccessName, AccessOutcome, KeyId};
use crate::domain::audit::AuditRow;
use crate::domain::ids::RowId;

#[derive(Debug, Default)]
struct Inner {
    /// Oldest first; the first `sealed` of them are being written.
    rows: Vec<Arc<AuditRow>>,
    sealed: usize,
    touched: Touched,
}

/// Users and keys that changed.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) users: BTreeSet<AccessName>,
    pub(super) api_keys: BTreeSet<KeyId>,
}

#[derive(Debug, Default)]
pub(super) struct Audit(RwLock<Inner>);

impl Audit {
    /// Takes `rows` over, and leaves none.
    pub(super) fn append(&self, rows: &mut Vec<Arc<AuditRow>>) {
        if !rows.is_empty() {
            self.0.write().rows.append(rows);
        }
    }

    /// Remembers that the next checkpoint has to write what changed.
    pub(super) fn note(&self, changed: &AccessOutcome) {
        let mut inner = self.0.write();
        match changed {
            AccessOutcome::User(user) => inner.touched.users.insert(user.name.clone()),
            AccessOutcome::Key(key) => inner.touched.api_keys.insert(key.id),
        };
    }

    /// How much the next checkpoint has to write.
    pub(super) fn waiting(&self) -> usize {
        let inner = self.0.read();
        inner.rows.len() - inner.sealed + inner.touched.users.len() + inner.touched.api_keys.len()
    }

    pub(super) fn seal(&self) -> (Vec<Arc<AuditRow>>, Touched) {
        let mut inner = self.0.write();
        inner.sealed = inner.rows.len();
        (inner.rows.clone(), std::mem::take(&mut inner.touched))
    }

    pub(super) fn forget_sealed(&self) {
        let mut inner = self.0.write();
        let sealed = std::mem::take(&mut inner.sealed);
        inner.rows.drain(..sealed);
    }

    pub(super) fn unseal(&self, touched: Touched) {
        let mut inner = self.0.write();
        inner.sealed = 0;
        inner.touched.users.extend(touched.users);
        inner.touched.api_keys.extend(touched.api_keys);
    }

    /// At most `limit` rows before `before`, newest first: from memory, and then from the archive.
    pub(super) fn page(
        &self,
        before: Option<RowId>,
        limit: usize,
        archive: &dyn Archive,
    ) -> Result<Vec<Arc<AuditRow>>, ArchiveError> {
        let (mut page, oldest) = {
            let inner = self.0.read();
            let end = before.map_or(inner.rows.len(), |before| inner.rows.partition_point(|row| row.id < before));
            let page: Vec<_> = inner.rows[..end].iter().rev().take(limit).cloned().collect();
            (page, inner.rows.first().map(|row| row.id))
        };
        if page.len() < limit {
            // What memory holds may stand in the archive already.
            let before = before.into_iter().chain(oldest).min();
            page.extend(archive.audit(before, limit - page.len())?);
        }
        Ok(page)
    }
}
