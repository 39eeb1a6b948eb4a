//! Who may call, and as what: users with passwords, API keys, roles.
//!
//! Invariants: a name belongs to one user for good, and to one key in force; the first user or key is an admin that
//! lasts; of users that were made, an enabled admin is never the last one to go; each change of what a user may do
//! counts up their epoch, which is what ends sessions. Deliberately absent: hashing, chance and clocks. A password
//! comes as its hash, a key as its digest.

mod decide;
mod name;
mod secret;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use hashbrown::HashMap;

use super::time::Timestamp;

pub use decide::{AccessRejection, KEYS_MAX, USERS_MAX};
pub use name::{AccessName, AccessNameError};
pub use secret::{KeyDigest, PasswordHash};

/// What a user or key may do; each role may also do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Orders and stock.
    Operator,
    /// Everything.
    Admin,
}

impl Role {
    /// All roles, from the least.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role that `word` stands for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the role of a key holds for. Outside of it not even reading is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everything.
    All,
    /// Orders.
    Orders,
    /// Categories, products and stock.
    Catalogue,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 3] = [Self::All, Self::Orders, Self::Catalogue];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Orders => "orders",
            Self::Catalogue => "catalogue",
        }
    }

    /// The scope that `word` stands for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Somebody who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name, unique for good: a user is disabled and never deleted.
    pub name: AccessName,
    /// What they may do.
    pub role: Role,
    /// The hash of their password.
    pub password: PasswordHash,
    /// Whether they may not sign in.
    pub disabled: bool,
    /// When they were added.
    pub created_at: Timestamp,
    /// When anything of them changed last.
    pub changed_at: Timestamp,
    /// Counts up from 1 with each change of password, role or `disabled`: sessions of an older epoch end.
    pub epoch: u32,
}

/// The number of an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u64);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A secret that a program calls with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its number, which counts up from 1.
    pub id: KeyId,
    /// Its name, which stands beside what it does; unique among the keys in force.
    pub name: AccessName,
    /// What it may do.
    pub role: Role,
    /// For what.
    pub scope: Scope,
    /// What its secret is recognised by.
    pub digest: KeyDigest,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it no longer holds.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last, as exactly as [`KEY_USE_NOTED_EVERY`].
    pub used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it lets anybody in at `now`.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A further use of a key is noted after this.
pub const KEY_USE_NOTED_EVERY: std::time::Duration = std::time::Duration::from_hours(1);

/// A command on users and keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessCommand {
    /// Add a user.
    AddUser {
        /// Their name.
        name: AccessName,
        /// What they may do.
        role: Role,
        /// The hash of their password.
        password: PasswordHash,
    },
    /// Give a user another password.
    SetPassword {
        /// Whom.
        name: AccessName,
        /// Its hash.
        password: PasswordHash,
    },
    /// Give a user another role.
    SetRole {
        /// Whom.
        name: AccessName,
        /// What they may do.
        role: Role,
    },
    /// Keep a user out.
    DisableUser(AccessName),
    /// Let a user in again.
    EnableUser(AccessName),
    /// Add an API key.
    AddKey {
        /// Its name.
        name: AccessName,
        /// What it may do.
        role: Role,
        /// For what.
        scope: Scope,
        /// What its secret is recognised by.
        digest: KeyDigest,
        /// From when on it no longer holds.
        expires_at: Option<Timestamp>,
    },
    /// End an API key for good.
    RevokeKey(KeyId),
    /// Note that an API key was used.
    KeyUsed(KeyId),
}

/// A change of users or keys: a fact, decided before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessEvent {
    /// A user was added.
    UserAdded {
        /// Their name.
        name: AccessName,
        /// What they may do.
        role: Role,
        /// The hash of their password.
        password: PasswordHash,
    },
    /// A user got another password.
    PasswordSet {
        /// Who.
        name: AccessName,
        /// Its hash.
        password: PasswordHash,
    },
    /// A user got another role.
    RoleSet {
        /// Who.
        name: AccessName,
        /// What they may do now.
        role: Role,
    },
    /// A user is kept out.
    UserDisabled(AccessName),
    /// A user is let in again.
    UserEnabled(AccessName),
    /// A key was added.
    KeyAdded {
        /// Its number.
        id: KeyId,
        /// Its name.
        name: AccessName,
        /// What it may do.
        role: Role,
        /// For what.
        scope: Scope,
        /// What its secret is recognised by.
        digest: KeyDigest,
        /// From when on it no longer holds.
        expires_at: Option<Timestamp>,
    },
    /// A key was ended for good.
    KeyRevoked(KeyId),
    /// A key was used.
    KeyUsed(KeyId),
}

/// What a command on users and keys led to: whom or what it was about, as it stands after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessOutcome {
    /// A user.
    User(Arc<User>),
    /// A key.
    Key(Arc<ApiKey>),
}

/// All users and keys as they stand. A clone shares them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    users: BTreeMap<AccessName, Arc<User>>,
    keys: BTreeMap<KeyId, Arc<ApiKey>>,
    digests: HashMap<KeyDigest, KeyId>,
}

impl Access {
    /// Users and keys as a checkpoint says they are: only for reading one.
    #[must_use]
    pub fn restore(users: impl IntoIterator<Item = User>, keys: impl IntoIterator<Item = ApiKey>) -> Self {
        let mut access = Self::default();
        access.users.extend(users.into_iter().map(|user| (user.name.clone(), Arc::new(user))));
        for key in keys {
            access.insert_key(key);
        }
        access
    }

    /// Whether neither a user nor a key was ever made.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.users.is_empty() && self.keys.is_empty()
    }

    /// The user `name`.
    #[must_use]
    pub fn user(&self, name: &AccessName) -> Option<&Arc<User>> {
        self.users.get(name)
    }

    /// The key `id`.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<&Arc<ApiKey>> {
        self.keys.get(&id)
    }

    /// The key that is recognised by `digest`, in force or not. Comparing digests tells nobody a secret, however long
    /// it takes: who does not know the secret cannot choose its digest.
    #[must_use]
    pub fn key_by_digest(&self, digest: &KeyDigest) -> Option<&Arc<ApiKey>> {
        self.digests.get(digest).and_then(|id| self.keys.get(id))
    }

    /// All users, by name.
    pub fn users(&self) -> impl Iterator<Item = &Arc<User>> {
        self.users.values()
    }

    /// All keys, by id.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<ApiKey>> {
        self.keys.values()
    }

    /// Takes over `event`, which was decided at `now`, and answers with what it changed.
    ///
    /// # Panics
    /// When it is about a user or key that does not exist: it was decided against another state.
    pub fn apply(&mut self, event: &AccessEvent, now: Timestamp) -> AccessOutcome {
        use AccessEvent as E;
        match event {
            E::UserAdded { name, role, password } => {
                let user = Arc::new(User {
                    name: name.clone(),
                    role: *role,
                    password: password.clone(),
                    disabled: false,
                    created_at: now,
                    changed_at: now,
                    epoch: 1,
                });
                self.users.insert(name.clone(), user.clone());
                AccessOutcome::User(user)
            }
            E::PasswordSet { name, password } => self.change_user(name, now, |user| user.password.clone_from(password)),
            E::RoleSet { name, role } => self.change_user(name, now, |user| user.role = *role),
            E::UserDisabled(name) => self.change_user(name, now, |user| user.disabled = true),
            E::UserEnabled(name) => self.change_user(name, now, |user| user.disabled = false),
            E::KeyAdded { id, name, role, scope, digest, expires_at } => self.insert_key(ApiKey {
                id: *id,
                name: name.clone(),
                role: *role,
                scope: *scope,
                digest: *digest,
                created_at: now,
                expires_at: *expires_at,
                revoked_at: None,
                used_at: None,
            }),
            E::KeyRevoked(id) => self.change_key(*id, |key| key.revoked_at = Some(now)),
            E::KeyUsed(id) => self.change_key(*id, |key| key.used_at = Some(now)),
        }
    }

    fn insert_key(&mut self, key: ApiKey) -> AccessOutcome {
        let key = Arc::new(key);
        self.digests.insert(key.digest, key.id);
        self.keys.insert(key.id, key.clone());
        AccessOutcome::Key(key)
    }

    fn change_user(&mut self, name: &AccessName, now: Timestamp, change: impl FnOnce(&mut User)) -> AccessOutcome {
        let slot = self.users.get_mut(name).expect("a changed user exists");
        let user = Arc::make_mut(slot);
        change(user);
        user.changed_at = now;
        user.epoch += 1;
        AccessOutcome::User(slot.clone())
    }

    fn change_key(&mut self, id: KeyId, change: impl FnOnce(&mut ApiKey)) -> AccessOutcome {
        let slot = self.keys.get_mut(&id).expect("a changed key exists");
        change(Arc::make_mut(slot));
        AccessOutcome::Key(slot.clone())
    }
}

#[cfg(test)]
mod tests;
