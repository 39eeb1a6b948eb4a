//! A row of the audit log, for the store.

use bincode::{BorrowDecode, Encode};

use crate::domain::audit::{AuditEvent, AuditRow};
use crate::domain::ids::RowId;
use crate::domain::time::Timestamp;

use super::{AccessEventV1, CatalogueEventV1, FormatError, WhoV1};

/// The stored form of [`AuditRow`], without its place.
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub struct AuditRowV1<'a> {
    at: i64,
    who: WhoV1<'a>,
    what: AuditEventV1<'a>,
}

/// The stored form of [`AuditEvent`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub enum AuditEventV1<'a> {
    /// Users or keys.
    Access(AccessEventV1<'a>),
    /// Categories or products.
    Catalogue(CatalogueEventV1<'a>),
}

impl<'a> From<&'a AuditRow> for AuditRowV1<'a> {
    fn from(row: &'a AuditRow) -> Self {
        let what = match &row.what {
            AuditEvent::Access(event) => AuditEventV1::Access(event.as_ref().into()),
            AuditEvent::Catalogue(event) => AuditEventV1::Catalogue(event.as_ref().into()),
        };
        Self { at: row.at.0, who: (&row.who).into(), what }
    }
}

impl AuditRowV1<'_> {
    /// The domain's value at its place, checked.
    pub fn restore(self, id: RowId) -> Result<AuditRow, FormatError> {
        let what = match self.what {
            AuditEventV1::Access(event) => AuditEvent::Access(Box::new(event.restore()?)),
            AuditEventV1::Catalogue(event) => AuditEvent::Catalogue(Box::new(event.restore()?)),
        };
        Ok(AuditRow { id, at: Timestamp(self.at), who: self.who.restore(), what })
    }
}
