//! A change of users or keys, and both in full.

use bincode::{BorrowDecode, Encode};

use crate::domain::access::{AccessEvent, AccessName, ApiKey, KeyDigest, KeyId, PasswordHash, Role, Scope, User};
use crate::domain::time::Timestamp;

use super::{FormatError, value};

/// The stored form of [`AccessEvent`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub enum AccessEventV1<'a> {
    /// A user was added: name, role, hash.
    UserAdded(&'a str, u8, &'a str),
    /// A user got another password: name, hash.
    PasswordSet(&'a str, &'a str),
    /// A user got another role.
    RoleSet(&'a str, u8),
    /// A user was disabled.
    UserDisabled(&'a str),
    /// A user was enabled.
    UserEnabled(&'a str),
    /// A key was added: number, name, role, scope, digest, end.
    KeyAdded(u64, &'a str, u8, u8, [u8; 32], Option<i64>),
    /// A key was revoked.
    KeyRevoked(u64),
    /// A key was used.
    KeyUsed(u64),
}

/// The stored form of [`User`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub struct UserV1<'a> {
    name: &'a str,
    role: u8,
    password: &'a str,
    disabled: bool,
    created_at: i64,
    changed_at: i64,
    epoch: u32,
}

/// The stored form of [`ApiKey`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub struct ApiKeyV1<'a> {
    id: u64,
    name: &'a str,
    role: u8,
    scope: u8,
    digest: [u8; 32],
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    used_at: Option<i64>,
}

impl<'a> From<&'a AccessEvent> for AccessEventV1<'a> {
    fn from(event: &'a AccessEvent) -> Self {
        match event {
            AccessEvent::UserAdded { name, role, password } => {
                Self::UserAdded(name.as_str(), role_code(*role), password.as_phc())
            }
            AccessEvent::PasswordSet { name, password } => Self::PasswordSet(name.as_str(), password.as_phc()),
            AccessEvent::RoleSet { name, role } => Self::RoleSet(name.as_str(), role_code(*role)),
            AccessEvent::UserDisabled(name) => Self::UserDisabled(name.as_str()),
            AccessEvent::UserEnabled(name) => Self::UserEnabled(name.as_str()),
            AccessEvent::KeyAdded { id, name, role, scope, digest, expires_at } => Self::KeyAdded(
                id.0,
                name.as_str(),
                role_code(*role),
                scope_code(*scope),
                digest.0,
                expires_at.map(|end| end.0),
            ),
            AccessEvent::KeyRevoked(id) => Self::KeyRevoked(id.0),
            AccessEvent::KeyUsed(id) => Self::KeyUsed(id.0),
        }
    }
}

impl AccessEventV1<'_> {
    /// The domain's value, checked.
    pub fn restore(self) -> Result<AccessEvent, FormatError> {
        Ok(match self {
            Self::UserAdded(user, code, hash) => {
                AccessEvent::UserAdded { name: name(user)?, role: role(code)?, password: password(hash)? }
            }
            Self::PasswordSet(user, hash) => AccessEvent::PasswordSet { name: name(user)?, password: password(hash)? },
            Self::RoleSet(user, code) => AccessEvent::RoleSet { name: name(user)?, role: role(code)? },
            Self::UserDisabled(user) => AccessEvent::UserDisabled(name(user)?),
            Self::UserEnabled(user) => AccessEvent::UserEnabled(name(user)?),
            Self::KeyAdded(id, key, role_code, scope_code, digest, expires_at) => AccessEvent::KeyAdded {
                id: key_id(id)?,
                name: name(key)?,
                role: role(role_code)?,
                scope: scope(scope_code)?,
                digest: KeyDigest(digest),
                expires_at: expires_at.map(Timestamp),
            },
            Self::KeyRevoked(id) => AccessEvent::KeyRevoked(key_id(id)?),
            Self::KeyUsed(id) => AccessEvent::KeyUsed(key_id(id)?),
        })
    }
}

impl<'a> From<&'a User> for UserV1<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            name: user.name.as_str(),
            role: role_code(user.role),
            password: user.password.as_phc(),
            disabled: user.disabled,
            created_at: user.created_at.0,
            changed_at: user.changed_at.0,
            epoch: user.epoch,
        }
    }
}

impl UserV1<'_> {
    /// The domain's value, checked.
    pub fn restore(self) -> Result<User, FormatError> {
        Ok(User {
            name: name(self.name)?,
            role: role(self.role)?,
            password: password(self.password)?,
            disabled: self.disabled,
            created_at: Timestamp(self.created_at),
            changed_at: Timestamp(self.changed_at),
            epoch: value::counted("a user's epoch", self.epoch)?,
        })
    }
}

impl<'a> From<&'a ApiKey> for ApiKeyV1<'a> {
    fn from(key: &'a ApiKey) -> Self {
        Self {
            id: key.id.0,
            name: key.name.as_str(),
            role: role_code(key.role),
            scope: scope_code(key.scope),
            digest: key.digest.0,
            created_at: key.created_at.0,
            expires_at: key.expires_at.map(|at| at.0),
            revoked_at: key.revoked_at.map(|at| at.0),
            used_at: key.used_at.map(|at| at.0),
        }
    }
}

impl ApiKeyV1<'_> {
    /// The domain's value, checked.
    pub fn restore(self) -> Result<ApiKey, FormatError> {
        Ok(ApiKey {
            id: key_id(self.id)?,
            name: name(self.name)?,
            role: role(self.role)?,
            scope: scope(self.scope)?,
            digest: KeyDigest(self.digest),
            created_at: Timestamp(self.created_at),
            expires_at: self.expires_at.map(Timestamp),
            revoked_at: self.revoked_at.map(Timestamp),
            used_at: self.used_at.map(Timestamp),
        })
    }
}

fn role_code(role: Role) -> u8 {
    match role {
        Role::Viewer => 1,
        Role::Operator => 2,
        Role::Admin => 3,
    }
}

fn role(code: u8) -> Result<Role, FormatError> {
    let found = Role::ALL.into_iter().find(|role| role_code(*role) == code);
    found.ok_or_else(|| FormatError::number("a role", code))
}

fn scope_code(scope: Scope) -> u8 {
    match scope {
        Scope::All => 1,
        Scope::Orders => 2,
        Scope::Catalogue => 3,
    }
}

fn scope(code: u8) -> Result<Scope, FormatError> {
    let found = Scope::ALL.into_iter().find(|scope| scope_code(*scope) == code);
    found.ok_or_else(|| FormatError::number("a scope", code))
}

fn key_id(id: u64) -> Result<KeyId, FormatError> {
    value::counted("a key id", id).map(KeyId)
}

fn name(text: &str) -> Result<AccessName, FormatError> {
    let found = AccessName::parse(text).ok().filter(|name| name.as_str() == text);
    found.ok_or(FormatError::Malformed { field: "the name of a user or key" })
}

fn password(phc: &str) -> Result<PasswordHash, FormatError> {
    PasswordHash::parse(phc).ok_or(FormatError::Malformed { field: "the hash of a password" })
}
