//! A file or a directory that gets its name only when it is whole and on disk.
//!
//! Only its owner may read it: backups and exports hold what the data directory does.
//! Until then it is called `NAME.unfinished`. What is dropped before it is published is removed; what a killed process
//! leaves keeps that name, and nobody takes it for anything whole.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::journal::DataDirectory;

/// Why something cannot be made under a name.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Something has the name already.
    #[error("{} exists already and was not touched; name a file or a directory that does not exist yet", path.display())]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// An earlier process did not finish, or another one is at it.
    #[error(
        "{} is being written by another process, or is left from one that was interrupted; remove it if none is running",
        path.display()
    )]
    Unfinished {
        /// The unfinished file or directory.
        path: PathBuf,
    },
    /// It stands for the standard output elsewhere.
    #[error(
        "\"-\" names no file here: an export goes to the standard output without --to, and a backup cannot; a file of \
         that name is written ./-"
    )]
    Dash,
    /// It would lie in a data directory, where a start could take it for something of its own, or remove it.
    #[error("{} lies in the data directory {}; name a place outside of it", path.display(), directory.display())]
    Inside {
        /// The target.
        path: PathBuf,
        /// The data directory.
        directory: PathBuf,
    },
    /// It is the name of nothing that could be made.
    #[error("{} is no name of a file or a directory that could be made", path.display())]
    Nameless {
        /// The target.
        path: PathBuf,
    },
    /// The system refused something.
    #[error("cannot write {}: {error}; nothing of it is kept", path.display())]
    Io {
        /// What was written.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl TargetError {
    /// The system refused something about `path`.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { path: path.to_owned(), error }
    }
}

/// What is being made.
#[derive(Debug)]
pub(super) struct Unfinished {
    target: PathBuf,
    path: PathBuf,
}

impl Unfinished {
    /// Begins a file that is going to be `target`, which does not exist.
    pub(super) fn file(target: &Path) -> Result<(Self, File), TargetError> {
        Self::begin(target, |path| OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path))
    }

    /// Begins a directory that is going to be `target`, which does not exist.
    pub(super) fn directory(target: &Path) -> Result<Self, TargetError> {
        Self::begin(target, |path| DirBuilder::new().mode(0o700).create(path)).map(|(unfinished, ())| unfinished)
    }

    fn begin<T>(target: &Path, make: impl FnOnce(&Path) -> io::Result<T>) -> Result<(Self, T), TargetError> {
        if target.as_os_str() == "-" {
            return Err(TargetError::Dash);
        }
        let name = target.file_name().ok_or_else(|| TargetError::Nameless { path: target.to_owned() })?;
        refuse_existing(target)?;
        if let Some(directory) = DataDirectory::around(target) {
            return Err(TargetError::Inside { path: target.to_owned(), directory });
        }
        let mut unfinished = OsString::from(name);
        unfinished.push(".unfinished");
        let path = target.with_file_name(unfinished);
        match make(&path) {
            Ok(made) => Ok((Self { target: target.to_owned(), path }, made)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(TargetError::Unfinished { path }),
            Err(error) => Err(TargetError::Io { path, error }),
        }
    }

    /// Where it is until it is published.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name. Everything in it is synced.
    pub(super) fn publish(self) -> Result<(), TargetError> {
        refuse_existing(&self.target)?;
        fs::rename(&self.path, &self.target).map_err(TargetError::io(&self.target))?;
        sync_parent(&self.target).map_err(TargetError::io(&self.target))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let removed = match fs::symlink_metadata(&self.path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(&self.path),
            Ok(_) => fs::remove_file(&self.path),
            // It was published.
            Err(_) => Ok(()),
        };
        if let Err(error) = removed {
            tracing::warn!(path = %self.path.display(), %error, "what is unfinished could not be removed");
        }
    }
}

fn refuse_existing(target: &Path) -> Result<(), TargetError> {
    match fs::symlink_metadata(target) {
        Ok(_) => Err(TargetError::Exists { path: target.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(TargetError::Io { path: target.to_owned(), error }),
    }
}

/// Makes durable that `path` has its name.
fn sync_parent(path: &Path) -> io::Result<()> {
    path.canonicalize()?.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &Path) -> Vec<String> {
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn has_its_name_only_when_it_is_published() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("a.tar");
        let (unfinished, file) = Unfinished::file(&target).unwrap();
        file.sync_all().unwrap();
        assert_eq!(names(directory.path()), ["a.tar.unfinished"]);
        let second = Unfinished::file(&target).unwrap_err().to_string();
        assert!(second.contains("remove it if none is running"), "{second}");
        unfinished.publish().unwrap();
        assert_eq!(names(directory.path()), ["a.tar"]);
        assert!(matches!(Unfinished::directory(&target), Err(TargetError::Exists { .. })));
    }

    #[test]
    fn goes_when_it_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let unfinished = Unfinished::directory(&directory.path().join("b")).unwrap();
        fs::write(unfinished.path().join("file"), "x").unwrap();
        drop(unfinished);
        assert_eq!(names(directory.path()), [""; 0]);
    }

    #[test]
    fn a_target_that_appears_meanwhile_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("c");
        let (unfinished, _file) = Unfinished::file(&target).unwrap();
        fs::write(&target, "theirs").unwrap();
        assert!(matches!(unfinished.publish(), Err(TargetError::Exists { .. })));
        assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
        assert_eq!(names(directory.path()), ["c"]);
    }

    #[test]
    fn says_what_cannot_be_made() {
        let directory = tempfile::tempdir().unwrap();
        let missing = Unfinished::file(&directory.path().join("no/such")).unwrap_err().to_string();
        assert!(missing.contains("No such file or directory"), "{missing}");
        assert!(matches!(Unfinished::directory("/".as_ref()), Err(TargetError::Nameless { .. })));
    }
}
