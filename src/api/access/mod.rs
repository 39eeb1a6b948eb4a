//! `/api/access/`: users, keys, sessions, the audit log, and who calls.

mod audit;
mod input;
mod keys;
mod me;
mod sessions;
mod users;

pub(super) use audit::{AuditBody, list as audit};
pub(super) use keys::{KeyBody, NewKeyBody, create as create_key, list as keys, revoke as revoke_key};
pub(super) use me::{MeBody, me};
pub(super) use sessions::{SessionBody, list as sessions, revoke as revoke_session};
pub(super) use users::{UserBody, create as create_user, list as users, patch as patch_user, retrieve as user};
