//! Who calls.

use std::fmt;
use std::sync::Arc;

use super::sessions::{SessionId, Token};
use crate::domain::access::{ApiKey, Role, Scope, User};
use crate::domain::origin::Origin;

/// Who calls, as the middleware found out.
#[derive(Clone, Debug)]
pub struct Caller {
    /// What stands beside everything that they do.
    pub who: Origin,
    /// What they may do; `None` is nobody.
    pub role: Option<Role>,
    /// What the role holds for.
    pub scope: Scope,
    /// The session of the cookie, where there is one.
    pub session: Option<Session>,
}

/// The session of a browser: of a user, or of somebody who has not signed in.
#[derive(Clone)]
pub struct Session {
    id: Option<SessionId>,
    csrf: Arc<str>,
}

impl Caller {
    /// Whether they may do what needs `role`.
    #[must_use]
    pub fn may(&self, role: Role) -> bool {
        self.role.is_some_and(|own| own >= role)
    }

    pub(super) fn nobody() -> Self {
        Self { who: Origin::Client, role: None, scope: Scope::All, session: None }
    }

    /// Everybody, while access is open.
    pub(super) fn anybody() -> Self {
        Self { role: Some(Role::Admin), ..Self::nobody() }
    }

    pub(super) fn with_key(key: &ApiKey) -> Self {
        Self { who: Origin::Key(key.name.shared()), role: Some(key.role), scope: key.scope, session: None }
    }

    pub(super) fn signed_in(user: &User, session: Session) -> Self {
        Self { who: Origin::User(user.name.shared()), role: Some(user.role), scope: Scope::All, session: Some(session) }
    }
}

impl Session {
    pub(super) fn new(token: &Token, id: Option<SessionId>, secret: &[u8; 32]) -> Self {
        Self { id, csrf: token.csrf(secret).to_hex().as_str().into() }
    }

    /// What every form of this session carries in its field `csrf`, or a script in the header `X-Csrf-Token`.
    #[must_use]
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// Whether a user signed in.
    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        self.id.is_some()
    }

    /// Which one it is in the list of sessions; none without a user.
    #[must_use]
    pub fn id(&self) -> Option<SessionId> {
        self.id
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("id", &self.id).finish_non_exhaustive()
    }
}
