//! Why the program could not do what it was told to.

use std::io;
use std::net::SocketAddr;

use crate::actors::Failure;
use crate::decide::ImportRejection;
use crate::domain::access::AccessRejection;
use crate::journal::{DirectoryError, Refused};

use super::backup::BackupError;
use super::check::CheckError;
use super::engine::OpenError;
use super::export::ExportError;
use super::tls::TlsError;

/// Why serving, importing or checking failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// So few files may be open that a server could not work.
    #[error(
        "this process may open only {limit} files, and a server with as many threads needs {needed}: raise the limit \
         (ulimit -n, LimitNOFILE=), or lower http.workers and engine.arbiters"
    )]
    FewFiles {
        /// How many it may open.
        limit: u64,
        /// How many it needs at least.
        needed: u64,
    },
    /// Everybody who reaches the address could do everything.
    #[error(
        "{address} can be reached from elsewhere, and access is not set up: everybody could do everything. Add a user \
         with `packhorse user add`, or a key with `packhorse key add`, or set access = \"required\", or listen on \
         127.0.0.1; --insecure-open serves everybody all the same"
    )]
    Unprotected {
        /// The address.
        address: SocketAddr,
    },
    /// Certificate and key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The data directory cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The data directory cannot be checked, or its journal is damaged.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The backup was not made or not restored.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The export failed.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The journal was poisoned while serving. What was acknowledged was on the disk by then.
    #[error(
        "the journal failed and the process stops so that nothing more is acknowledged: {0}. Everything that was \
         acknowledged had been synced to the disk before; see to the disk, look with `packhorse check` whether it is \
         still there, then start again"
    )]
    Poisoned(String),
    /// An import was refused.
    #[error("the import was refused, and nothing of it is kept: {0}")]
    Import(#[from] Failure<ImportRejection>),
    /// A change of users or keys was refused.
    #[error(transparent)]
    Access(#[from] Failure<AccessRejection>),
    /// A change of a data directory that no server uses was not taken.
    #[error("nothing was changed: {0}")]
    NotTaken(Refused),
    /// It cannot be said whether such a change was written.
    #[error(
        "the journal failed while it wrote the change: {0}. See to the disk, then look whether the change is there"
    )]
    Unsure(String),
    /// Signals cannot be received.
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
    /// What there is to say at the start cannot be written.
    #[error("cannot write to the standard output: {0}")]
    Output(io::Error),
    /// The same, when the user of a demo was made just now.
    #[error(
        "cannot write to the standard output: {0}. The user of the demo was made, and nobody has seen the password: \
         `packhorse user passwd demo` sets another one"
    )]
    DemoUnseen(io::Error),
}

impl Error {
    /// Whether another process uses the data directory.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        let directory = match self {
            Self::Open(OpenError::Directory(error))
            | Self::Check(CheckError::Directory(error))
            | Self::Backup(BackupError::Directory(error)) => error,
            Self::Open(_)
            | Self::Check(_)
            | Self::Backup(_)
            | Self::Export(_)
            | Self::Bind { .. }
            | Self::Unprotected { .. }
            | Self::FewFiles { .. }
            | Self::Tls(_)
            | Self::Poisoned(_)
            | Self::Import(_)
            | Self::Access(_)
            | Self::NotTaken(_)
            | Self::Unsure(_)
            | Self::Signals(_)
            | Self::Output(_)
            | Self::DemoUnseen(_) => return false,
        };
        matches!(directory, DirectoryError::InUse { .. })
    }
}
