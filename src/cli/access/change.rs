//! What is changed, whichever place it is in.

use crate::domain::access::{AccessName, Role, Scope};
use crate::domain::time::Timestamp;

/// What to do with a user.
pub(super) enum UserChange {
    Add { role: Role, password: String },
    Password(String),
    Role(Role),
    Disabled(bool),
}

/// A key to be made.
pub(super) struct NewKey {
    pub(super) name: AccessName,
    pub(super) role: Role,
    pub(super) scope: Scope,
    pub(super) expires_at: Option<Timestamp>,
}
