//! What happened to an order without moving it.

use bincode::{BorrowDecode, Encode};

use crate::domain::order::{Field, FieldChange, Incident, What};
use crate::domain::time::Timestamp;

use super::{FormatError, List, WhoV1};

/// The stored form of an [`Incident`], with the step of the history that it came after, counted from 0.
#[derive(Clone, Debug, Encode, BorrowDecode)]
pub struct IncidentV1<'a> {
    step: u64,
    at: i64,
    who: WhoV1<'a>,
    what: WhatV1<'a>,
}

/// The stored form of [`What`].
#[derive(Clone, Debug, Encode, BorrowDecode)]
pub enum WhatV1<'a> {
    /// Contact fields changed.
    ContactChanged(List<'a, FieldChange, FieldChangeV1<'a>>),
    /// It left the lists.
    Archived,
}

/// The stored form of [`FieldChange`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub struct FieldChangeV1<'a> {
    /// The place of the field in the contract.
    field: u8,
    before: &'a str,
    after: &'a str,
}

impl<'a> From<&'a (usize, &'a Incident)> for IncidentV1<'a> {
    fn from((step, incident): &'a (usize, &'a Incident)) -> Self {
        let what = match &incident.what {
            What::ContactChanged(changes) => WhatV1::ContactChanged(List::Values(changes)),
            What::Archived => WhatV1::Archived,
        };
        Self { step: *step as u64, at: incident.at.0, who: (&incident.who).into(), what }
    }
}

impl<'a> From<&'a FieldChange> for FieldChangeV1<'a> {
    fn from(change: &'a FieldChange) -> Self {
        Self { field: change.field as u8, before: &change.before, after: &change.after }
    }
}

impl IncidentV1<'_> {
    /// The domain's value, checked, and the step that it came after.
    pub fn restore(self) -> Result<(u64, Incident), FormatError> {
        let what = match self.what {
            WhatV1::ContactChanged(changes) => {
                let changes = changes.into_forms().into_iter().map(FieldChangeV1::restore);
                What::ContactChanged(changes.collect::<Result<_, _>>()?)
            }
            WhatV1::Archived => What::Archived,
        };
        Ok((self.step, Incident { at: Timestamp(self.at), who: self.who.restore(), what }))
    }
}

impl FieldChangeV1<'_> {
    fn restore(self) -> Result<FieldChange, FormatError> {
        let field = Field::ALL.get(usize::from(self.field)).copied();
        let field = field.ok_or_else(|| FormatError::number("a contact field", self.field))?;
        Ok(FieldChange { field, before: self.before.into(), after: self.after.into() })
    }
}
