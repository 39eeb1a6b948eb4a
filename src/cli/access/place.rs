//! Where users and keys are: in a data directory that no server uses, or behind a running server.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::change::{NewKey, UserChange};
use super::directory::Directory;
use super::row::{KeyRow, UserRow};
use super::server::Server;
use crate::domain::access::AccessName;
use crate::telemetry;

const SERVER: &str = "Running server, such as http://127.0.0.1:8080. PACKHORSE_KEY holds the key of an admin; a server \
                      without users and keys needs none";

/// The flags that say where.
#[derive(Debug, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("place").required(true).args(["data_dir", "url"])))]
pub(super) struct Place {
    /// Data directory; a change needs it to be free, a list can be read beside a running server
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Settings file (TOML) that the server of the data directory uses
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    config: Option<PathBuf>,
    #[arg(long, value_name = "URL", help = SERVER)]
    url: Option<String>,
    /// Certificates (PEM) by which an https server is known that no public authority knows
    #[arg(long, value_name = "FILE", requires = "url")]
    ca: Option<PathBuf>,
}

/// Where, found.
pub(super) enum Backend {
    Directory(Directory),
    Server(Server),
}

impl Place {
    /// Finds it. Only what `begins` something makes a data directory that is not there.
    pub(super) fn find(self, begins: bool) -> anyhow::Result<Backend> {
        telemetry::start()?;
        match self.url {
            Some(url) => Server::new(&url, self.ca.as_deref()).map(Backend::Server),
            None => Directory::new(self.data_dir, self.config, begins).map(Backend::Directory),
        }
    }
}

impl Backend {
    pub(super) fn users(&self) -> anyhow::Result<Vec<UserRow>> {
        match self {
            Self::Directory(directory) => directory.users(),
            Self::Server(server) => server.users(),
        }
    }

    pub(super) fn change_user(&self, name: AccessName, change: UserChange) -> anyhow::Result<UserRow> {
        match self {
            Self::Directory(directory) => directory.change_user(name, change),
            Self::Server(server) => server.change_user(&name, change),
        }
    }

    pub(super) fn keys(&self) -> anyhow::Result<Vec<KeyRow>> {
        match self {
            Self::Directory(directory) => directory.keys(),
            Self::Server(server) => server.keys(),
        }
    }

    /// Makes a key; its secret is in the row.
    pub(super) fn add_key(&self, key: NewKey) -> anyhow::Result<KeyRow> {
        match self {
            Self::Directory(directory) => directory.add_key(key),
            Self::Server(server) => server.add_key(&key),
        }
    }

    pub(super) fn revoke_key(&self, id: u64) -> anyhow::Result<KeyRow> {
        match self {
            Self::Directory(directory) => directory.revoke_key(id),
            Self::Server(server) => server.revoke_key(id),
        }
    }
}
