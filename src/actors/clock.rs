//! Where the time of day comes from.

use crate::domain::time::Timestamp;

/// A wall clock. It may step in either direction at any time.
pub trait Clock: Send + Sync {
    /// What time it is.
    fn now(&self) -> Timestamp;
}
