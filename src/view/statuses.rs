//! Which statuses are meant.

use crate::domain::order::Status;

/// Some of the statuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Statuses(u8);

impl Statuses {
    /// These and `status`.
    #[must_use]
    pub fn with(self, status: Status) -> Self {
        Self(self.0 | 1 << status as u8)
    }

    /// Whether `status` is one of them.
    #[must_use]
    pub fn has(self, status: Status) -> bool {
        self.has_code(status as u8)
    }

    /// Whether the status with this code is one of them.
    pub(super) fn has_code(self, code: u8) -> bool {
        self.0 >> (code & 7) & 1 == 1
    }
}

impl From<Status> for Statuses {
    fn from(status: Status) -> Self {
        Self::default().with(status)
    }
}
