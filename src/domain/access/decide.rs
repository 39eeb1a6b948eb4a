//! The rules of users and keys.

use super::{
    Access, AccessCommand, AccessEvent, AccessName, AccessOutcome, KEY_USE_NOTED_EVERY, KeyDigest, KeyId, Role, Scope,
    User,
};
use crate::domain::time::Timestamp;
use std::sync::Arc;

/// Users, at most: disabled ones count.
pub const USERS_MAX: usize = 1_000;
/// Keys, at most: revoked ones count.
pub const KEYS_MAX: usize = 10_000;

/// The rule of access that a command broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessRejection {
    /// There was a user of this name before.
    #[error("a user named {0} already exists; choose another name, or change that user")]
    NameTaken(AccessName),
    /// A key in force has this name.
    #[error("a key named {0} is in force; choose another name, or revoke that key first")]
    KeyNameTaken(AccessName),
    /// No such user.
    #[error("there is no user {0}; list the users to see their names")]
    UserMissing(AccessName),
    /// No such key.
    #[error("there is no key {0}; list the keys to see their ids")]
    KeyMissing(KeyId),
    /// Nobody could change users and keys any more.
    #[error("the user {0} is the last admin who is not disabled; make another user an admin first")]
    LastAdmin(AccessName),
    /// Whoever closes the API must be able to manage it, or nobody could.
    #[error(
        "nobody could manage users and keys after this: make an admin first, a user or a key of scope all that does not \
         expire"
    )]
    AdminFirst,
    /// The key would never hold.
    #[error("the key would expire at {0}, which is not in the future; choose a later time")]
    ExpiryPassed(Timestamp),
    /// Another key has the same secret, which chance does not lead to.
    #[error("a key with this secret already exists; make a new secret")]
    DigestTaken,
    /// As many users as may be.
    #[error("there are {max} users, as many as may be; give a disabled one another password and role instead")]
    TooManyUsers {
        /// The limit.
        max: usize,
    },
    /// As many keys as may be.
    #[error("there are {max} keys, as many as may be, revoked ones included; use one that is in force")]
    TooManyKeys {
        /// The limit.
        max: usize,
    },
}

impl Access {
    /// What `command` leads to at `now`, or the rule it breaks; `None` when nothing has to happen.
    ///
    /// # Errors
    /// The rule.
    pub fn decide(&self, command: AccessCommand, now: Timestamp) -> Result<Option<AccessEvent>, AccessRejection> {
        use AccessCommand as C;
        use AccessEvent as E;
        Ok(match command {
            C::AddUser { name, role, password } => {
                if self.users.contains_key(&name) {
                    return Err(AccessRejection::NameTaken(name));
                }
                if self.users.len() >= USERS_MAX {
                    return Err(AccessRejection::TooManyUsers { max: USERS_MAX });
                }
                self.leaves_somebody_to_manage(role == Role::Admin)?;
                Some(E::UserAdded { name, role, password })
            }
            C::SetPassword { name, password } => {
                self.existing_user(&name)?;
                Some(E::PasswordSet { name, password })
            }
            C::SetRole { name, role } => {
                let user = self.existing_user(&name)?;
                if user.role == role {
                    return Ok(None);
                }
                self.is_not_the_last_admin(user)?;
                Some(E::RoleSet { name, role })
            }
            C::DisableUser(name) => {
                let user = self.existing_user(&name)?;
                if user.disabled {
                    return Ok(None);
                }
                self.is_not_the_last_admin(user)?;
                Some(E::UserDisabled(name))
            }
            C::EnableUser(name) => {
                let user = self.existing_user(&name)?;
                user.disabled.then_some(E::UserEnabled(name))
            }
            C::AddKey { name, role, scope, digest, expires_at } => {
                Some(self.add_key(name, role, scope, digest, expires_at, now)?)
            }
            C::RevokeKey(id) => {
                let key = self.key(id).ok_or(AccessRejection::KeyMissing(id))?;
                key.revoked_at.is_none().then_some(E::KeyRevoked(id))
            }
            C::KeyUsed(id) => {
                let key = self.key(id).ok_or(AccessRejection::KeyMissing(id))?;
                let is_due = key.used_at.is_none_or(|used| now.since(used) >= KEY_USE_NOTED_EVERY);
                (is_due && key.is_in_force(now)).then_some(E::KeyUsed(id))
            }
        })
    }

    /// What `command` is about as it stands; none where it is yet to be made.
    #[must_use]
    pub fn subject_of(&self, command: &AccessCommand) -> Option<AccessOutcome> {
        use AccessCommand as C;
        match command {
            C::AddUser { name, .. }
            | C::SetPassword { name, .. }
            | C::SetRole { name, .. }
            | C::DisableUser(name)
            | C::EnableUser(name) => self.user(name).cloned().map(AccessOutcome::User),
            C::RevokeKey(id) | C::KeyUsed(id) => self.key(*id).cloned().map(AccessOutcome::Key),
            C::AddKey { .. } => None,
        }
    }

    fn add_key(
        &self,
        name: AccessName,
        role: Role,
        scope: Scope,
        digest: KeyDigest,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<AccessEvent, AccessRejection> {
        if let Some(end) = expires_at.filter(|end| *end <= now) {
            return Err(AccessRejection::ExpiryPassed(end));
        }
        if self.keys().any(|key| key.name == name && key.is_in_force(now)) {
            return Err(AccessRejection::KeyNameTaken(name));
        }
        if self.key_by_digest(&digest).is_some() {
            return Err(AccessRejection::DigestTaken);
        }
        if self.keys.len() >= KEYS_MAX {
            return Err(AccessRejection::TooManyKeys { max: KEYS_MAX });
        }
        self.leaves_somebody_to_manage(role == Role::Admin && scope == Scope::All && expires_at.is_none())?;
        let last = self.keys.last_key_value().map_or(0, |(id, _)| id.0);
        Ok(AccessEvent::KeyAdded { id: KeyId(last + 1), name, role, scope, digest, expires_at })
    }

    /// The first user or key closes the API for everybody else.
    fn leaves_somebody_to_manage(&self, manages: bool) -> Result<(), AccessRejection> {
        if self.is_open() && !manages { Err(AccessRejection::AdminFirst) } else { Ok(()) }
    }

    fn existing_user(&self, name: &AccessName) -> Result<&Arc<User>, AccessRejection> {
        self.user(name).ok_or_else(|| AccessRejection::UserMissing(name.clone()))
    }

    fn is_not_the_last_admin(&self, user: &User) -> Result<(), AccessRejection> {
        let is_admin = |user: &User| user.role == Role::Admin && !user.disabled;
        let others = self.users().filter(|other| other.name != user.name && is_admin(other)).count();
        if is_admin(user) && others == 0 { Err(AccessRejection::LastAdmin(user.name.clone())) } else { Ok(()) }
    }
}
