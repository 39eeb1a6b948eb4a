//! One process for each data directory.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process;

use rustix::fs::OFlags;

use crate::room;

/// The longest text that is read out of a lock file, in bytes: a process id.
const PID_LEN_MAX: u64 = 20;

/// The lock on a data directory; held until it is dropped, or its process ends in whatever way.
#[derive(Debug)]
pub(super) struct Lock {
    /// None where there is no lock file, and none can be made.
    file: Option<File>,
    /// The directory that is locked too.
    directory: Option<File>,
}

/// Closing the file would not do: a child process that is just being started holds a copy of it until it runs its
/// program.
impl Drop for Lock {
    fn drop(&mut self) {
        // Where it fails, closing the file releases the lock a moment later.
        for file in self.directory.iter().chain(&self.file) {
            file.unlock().ok();
        }
    }
}

/// Why a lock was not taken.
#[derive(Debug)]
pub(super) enum LockError {
    /// Somebody holds it: the process with this id, when it could be found out.
    Held(Option<u32>),
    Io(io::Error),
}

impl Lock {
    /// Takes the lock that is the file at `path`, and writes the id of this process into it for those who come too
    /// late. The file stays when the lock is released: removing it could remove the lock of the next one.
    pub(super) fn take(path: &Path) -> Result<Self, LockError> {
        expect_file_or_nothing(path).map_err(LockError::Io)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        // What a link leads to is somebody else's.
        let file = options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path);
        let mut file = locked(file.map_err(LockError::Io)?)?;
        match file.set_len(0).and_then(|()| writeln!(file, "{}", process::id())) {
            // The id is only a courtesy: a full disk keeps nobody from starting.
            Err(error) if !room::is_lacking(&error) => return Err(LockError::Io(error)),
            Ok(()) | Err(_) => {}
        }
        Ok(Self { file: Some(file), directory: None })
    }

    /// Locks `directory` too, where it exists and that was not done yet: a lock file can be removed, and a directory be
    /// reached by two names, while somebody writes in it.
    pub(super) fn cover(&mut self, directory: &Path) -> Result<(), LockError> {
        if self.directory.is_some() {
            return Ok(());
        }
        let opened = match File::open(directory) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(LockError::Io(error)),
        };
        match opened.try_lock() {
            Ok(()) => self.directory = Some(opened),
            Err(TryLockError::WouldBlock) => return Err(LockError::Held(None)),
            // Some file systems lock files only. There the lock file is all there is.
            Err(TryLockError::Error(_)) => {}
        }
        Ok(())
    }

    /// As [`Lock::take`], for somebody who only reads. Where nothing can or may be written, nothing is: the lock is
    /// taken on the file that is there, and without one there is nobody who could have taken it.
    pub(super) fn take_to_read(path: &Path, may_write: bool) -> Result<Self, LockError> {
        match may_write.then(|| Self::take(path)) {
            None => {}
            Some(Err(LockError::Io(error))) if is_read_only(&error) => {}
            Some(taken) => return taken,
        }
        expect_file_or_nothing(path).map_err(LockError::Io)?;
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self { file: None, directory: None }),
            Err(error) => return Err(LockError::Io(error)),
        };
        Ok(Self { file: Some(locked(file)?), directory: None })
    }
}

/// Refuses what is no lock file: opening a pipe could take for ever.
fn expect_file_or_nothing(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => Err(io::Error::other(format!(
            "{} is no regular file; remove it, and a start makes it again",
            path.display()
        ))),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// The lock file `file`, locked.
fn locked(file: File) -> Result<File, LockError> {
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LockError::Held(pid_in(&file))),
        Err(TryLockError::Error(error)) => Err(LockError::Io(error)),
    }
}

/// Whether `error` says that nothing can be written there, by this user or by anybody.
pub(crate) fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}

fn pid_in(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(PID_LEN_MAX).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_holds_it_and_the_next_one_is_told_who() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("LOCK");
        std::fs::write(&path, "4294967295 and more that was there before\n").unwrap();
        let lock = Lock::take(&path).unwrap();
        match Lock::take(&path) {
            Err(LockError::Held(pid)) => assert_eq!(pid, Some(process::id())),
            other => panic!("{other:?}"),
        }
        drop(lock);
        Lock::take(&path).unwrap();
    }

    #[test]
    fn it_is_released_even_while_a_copy_of_its_file_is_open() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("LOCK");
        let lock = Lock::take(&path).unwrap();
        let copy = lock.file.as_ref().unwrap().try_clone().unwrap();
        drop(lock);
        Lock::take(&path).unwrap();
        drop(copy);
    }
}
