//! A data directory that a journal is being restored into.
//!
//! Until it is finished the directory has a file `RESTORING` in the place of `FORMAT`, so that nothing starts on half
//! a journal, whenever the power fails; finishing renames the one to the other.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::directory::{self, Lock};
use super::directory_error::{DirectoryError, FORMAT_VERSION};
use super::extent::Ahead;
use super::segment::sync_directory;
use super::witness::{WITNESS, Witness};
use crate::regular;

/// A data directory that is not one yet. Dropped before it is finished, it takes what it made away again.
#[derive(Debug)]
pub struct Restoring {
    path: PathBuf,
    is_finished: bool,
    _lock: Lock,
}

impl Restoring {
    /// Begins in `path`, which does not exist or is empty, but for what an interrupted restore left there.
    pub fn begin(path: &Path) -> Result<Self, DirectoryError> {
        let failed = |operation| directory::failed(path, operation);
        directory::make(path).map_err(failed("making it"))?;
        // Before the lock and under it, as when a directory is opened.
        Self::refuse_content(path)?;
        let lock = directory::lock(path)?;
        Self::refuse_content(path)?;
        remove_journal(path).map_err(failed("removing what an interrupted restore left"))?;
        let restoring = Self { path: path.to_owned(), is_finished: false, _lock: lock };
        restoring.mark().map_err(failed("marking it as not yet restored"))?;
        directory::make(&restoring.journal()).map_err(failed("making the journal's directory"))?;
        Ok(restoring)
    }

    /// Refuses a directory that cannot be restored into. Changes nothing.
    pub fn refuse_content(path: &Path) -> Result<(), DirectoryError> {
        match directory::in_the_way_of_a_restore(path) {
            Ok(None) => Ok(()),
            Ok(Some(name)) => Err(DirectoryError::NotEmpty { path: path.to_owned(), name }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(directory::failed(path, "listing it")(error)),
        }
    }

    fn mark(&self) -> io::Result<()> {
        let mut file = regular::replace(&self.path.join(directory::RESTORING))?;
        writeln!(file, "{FORMAT_VERSION}")?;
        file.sync_all()?;
        sync_directory(&self.path)
    }

    /// Where the journal goes.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.path.join(directory::JOURNAL)
    }

    fn witness(&self) -> io::Result<()> {
        let segments = Ahead::list(&self.journal()).map_err(io::Error::other)?;
        Witness::of(segments.iter().map(|ahead| ahead.header)).write(&self.journal())
    }

    /// Makes a data directory of it: the journal is there as a whole, and synced.
    pub fn finish(mut self) -> Result<(), DirectoryError> {
        self.witness().map_err(directory::failed(&self.path, "writing the journal's witness"))?;
        let finished = fs::rename(self.path.join(directory::RESTORING), self.path.join(directory::FORMAT));
        finished
            .and_then(|()| sync_directory(&self.path))
            .map_err(directory::failed(&self.path, "writing its format"))?;
        self.is_finished = true;
        Ok(())
    }
}

impl Drop for Restoring {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        let removed = remove_journal(&self.path).and_then(|()| fs::remove_file(self.path.join(directory::RESTORING)));
        if let Err(error) = removed {
            // It stays marked as not restored, and the next restore removes it.
            tracing::warn!(path = %self.path.display(), %error, "what was restored so far could not be removed");
        }
    }
}

fn remove_journal(path: &Path) -> io::Result<()> {
    match fs::remove_file(path.join(WITNESS)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    match fs::remove_dir_all(path.join(directory::JOURNAL)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
