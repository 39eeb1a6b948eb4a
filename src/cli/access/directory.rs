//! Users and keys of a data directory that no server uses.

use std::path::PathBuf;

use anyhow::bail;

use super::change::{NewKey, UserChange};
use super::row::{KeyRow, UserRow};
use crate::app;
use crate::cli::settings;
use crate::config::Settings;
use crate::domain::access::{Access, AccessCommand, AccessName, AccessOutcome, KeyId};
use crate::secret::{hash_password, new_key};

/// A data directory, with the settings that a server would use on it.
pub(super) struct Directory {
    settings: Box<Settings>,
    begins: bool,
}

impl Directory {
    /// The one at `path`, which has to be there unless something `begins` in it.
    pub(super) fn new(path: Option<String>, config: Option<PathBuf>, begins: bool) -> anyhow::Result<Self> {
        let settings = settings::load(path.map(settings::data_dir), config)?;
        let path = &settings.general.data_dir;
        if !begins && matches!(path.try_exists(), Ok(false)) {
            bail!("there is no data directory at {}; --data-dir names the one that the server uses", path.display());
        }
        Ok(Self { settings: settings.into(), begins })
    }

    fn access(&self) -> anyhow::Result<Access> {
        Ok(app::read_access(&self.settings.general.data_dir)?)
    }

    fn change(&self, command: &AccessCommand) -> anyhow::Result<AccessOutcome> {
        app::change_access(&self.settings, self.begins, command).map_err(explained)
    }

    pub(super) fn users(&self) -> anyhow::Result<Vec<UserRow>> {
        Ok(self.access()?.users().map(|user| (&**user).into()).collect())
    }

    pub(super) fn change_user(&self, name: AccessName, change: UserChange) -> anyhow::Result<UserRow> {
        let command = match change {
            UserChange::Add { role, password } => {
                AccessCommand::AddUser { name, role, password: hash_password(&password)? }
            }
            UserChange::Password(password) => AccessCommand::SetPassword { name, password: hash_password(&password)? },
            UserChange::Role(role) => AccessCommand::SetRole { name, role },
            UserChange::Disabled(true) => AccessCommand::DisableUser(name),
            UserChange::Disabled(false) => AccessCommand::EnableUser(name),
        };
        match self.change(&command)? {
            AccessOutcome::User(user) => Ok((&*user).into()),
            AccessOutcome::Key(_) => unreachable!("a command on a user ends with a user"),
        }
    }

    pub(super) fn keys(&self) -> anyhow::Result<Vec<KeyRow>> {
        Ok(self.access()?.keys().map(|key| (&**key).into()).collect())
    }

    pub(super) fn add_key(&self, key: NewKey) -> anyhow::Result<KeyRow> {
        let NewKey { name, role, scope, expires_at } = key;
        let (secret, digest) = new_key();
        let made = self.change_key(&AccessCommand::AddKey { name, role, scope, digest, expires_at })?;
        Ok(made.with_secret(secret.reveal()))
    }

    pub(super) fn revoke_key(&self, id: u64) -> anyhow::Result<KeyRow> {
        self.change_key(&AccessCommand::RevokeKey(KeyId(id)))
    }

    fn change_key(&self, command: &AccessCommand) -> anyhow::Result<KeyRow> {
        match self.change(command)? {
            AccessOutcome::Key(key) => Ok((&*key).into()),
            AccessOutcome::User(_) => unreachable!("a command on a key ends with a key"),
        }
    }
}

/// The error, and what to do where a server has the directory.
fn explained(error: app::Error) -> anyhow::Error {
    let in_use = error.is_in_use();
    let error = anyhow::Error::from(error);
    let remedy = "stop the server, or ask it: --url http://ADDRESS instead of --data-dir, with the key of an admin in the variable \
                  PACKHORSE_KEY";
    if in_use { error.context(remedy) } else { error }
}
