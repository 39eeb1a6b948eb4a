//! Directories of links that give a check's files their names while sled opens them.
//!
//! They are the only thing of a check that has a name, so they are removed whatever happens: when sled has opened the
//! files, when the process is interrupted ([`OnInterrupt`]), and, after a kill that leaves no time, by the next check.
//! That one knows only the name of such a directory, which anybody can give: it removes in it what a check makes,
//! nothing else.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::signal::unix::SignalKind;

use crate::app::signals::end_at;

/// What the directories begin with.
const PREFIX: &str = ".packhorse-check-";
/// Where this process finds its open files by number. The links lead there.
pub(super) const OPEN_FILES: &str = "/proc/self/fd";
/// The prefix of the files that sled writes beside the links when it opens them.
const SNAPSHOT: &str = "snap.";
/// The hexadecimal digits behind that prefix.
const SNAPSHOT_DIGITS: usize = 16;
/// What the name of such a file ends with until it is whole.
const SNAPSHOT_UNFINISHED: &str = ".generating";
/// How often an interrupted process looks whether the directory is gone, which sled is still at.
const LOOKS_MAX: u32 = 200;
/// The directory counts as removed when it was absent this many times in a row.
const LOOKS_QUIET: u32 = 10;
const LOOK_PAUSE: Duration = Duration::from_millis(5);

/// What has to go when the process is interrupted.
#[derive(Clone, Default)]
pub(super) struct OnInterrupt(Arc<Mutex<Option<PathBuf>>>);

impl OnInterrupt {
    /// Ends the process at SIGINT or SIGTERM from now on, after what has to go is gone. SIGHUP is left alone, for
    /// `nohup` ignores it.
    pub(super) fn watched() -> io::Result<Self> {
        let this = Self::default();
        let path = this.0.clone();
        let clean_up = move || {
            // Held until the process is gone: nobody makes or reports anything meanwhile.
            let path = path.lock();
            if let Some(path) = &*path {
                remove(path);
            }
            mem::forget(path);
        };
        end_at(&[SignalKind::interrupt(), SignalKind::terminate()], clean_up)?;
        Ok(this)
    }
}

/// Removes `path`, again where sled, which is opening what is in it, makes it again.
fn remove(path: &Path) {
    let mut looks_quiet = 0;
    for _ in 0..LOOKS_MAX {
        let removed = fs::remove_dir_all(path);
        let was_gone = removed.is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        looks_quiet = if was_gone { looks_quiet + 1 } else { 0 };
        if looks_quiet == LOOKS_QUIET {
            return;
        }
        thread::sleep(LOOK_PAUSE);
    }
}

/// A directory for links. It is gone when this is dropped.
pub(super) struct Links {
    /// There until the drop.
    directory: Option<TempDir>,
    on_interrupt: OnInterrupt,
    /// The lock by which another check knows that this one is running.
    _lock: File,
}

impl Links {
    /// Makes one in `parent`, and removes those that were left there.
    pub(super) fn new(parent: &Path, on_interrupt: &OnInterrupt) -> io::Result<Self> {
        remove_left_overs(parent)?;
        loop {
            let directory = {
                let mut path = on_interrupt.0.lock();
                let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
                *path = Some(directory.path().to_owned());
                directory
            };
            if let Some(lock) = lock(directory.path())? {
                return Ok(Self { directory: Some(directory), on_interrupt: on_interrupt.clone(), _lock: lock });
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.as_ref().expect("the directory is there until the drop").path()
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        // Where the process is being interrupted, this waits for its end.
        let mut path = self.on_interrupt.0.lock();
        if let Some(Err(error)) = self.directory.take().map(TempDir::close) {
            tracing::warn!(%error, "a directory of links could not be removed");
        }
        *path = None;
    }
}

/// The lock on a new directory; `None` when another check took it for a left-over and removes it. Where directories
/// cannot be locked, none is ever removed as a left-over.
fn lock(directory: &Path) -> io::Result<Option<File>> {
    let file = match File::open(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let is_free = !matches!(file.try_lock(), Err(TryLockError::WouldBlock));
    Ok((is_free && directory.exists()).then_some(file))
}

/// Removes the links of checks that were killed. Those of a check that is running are locked, and what belongs to
/// somebody else cannot be opened.
fn remove_left_overs(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) || !entry.file_type()?.is_dir() {
            continue;
        }
        let Ok(directory) = File::open(entry.path()) else { continue };
        if directory.try_lock().is_err() {
            continue;
        }
        match remove_what_a_check_makes(&entry.path()) {
            Ok(None) => {}
            Ok(Some(other)) => tracing::warn!(
                path = %other.display(),
                "a directory has the name of those that a check makes, and holds what no check makes: that is left. Move it \
                 away if it is needed, and remove the directory"
            ),
            Err(error) => {
                tracing::warn!(%error, path = %entry.path().display(), "what an earlier check left could not be removed");
            }
        }
    }
    Ok(())
}

/// Removes what a check makes in `directory`, and the directory when nothing is left in it. Answers with something else
/// that lies there.
fn remove_what_a_check_makes(directory: &Path) -> io::Result<Option<PathBuf>> {
    let mut other = None;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let is_made = if kind.is_symlink() {
            fs::read_link(&path)?.starts_with(OPEN_FILES)
        } else {
            kind.is_file() && is_snapshot(&entry.file_name())
        };
        if kind.is_dir() {
            other = remove_what_a_check_makes(&path)?.or(other);
        } else if is_made {
            fs::remove_file(&path)?;
        } else {
            other = Some(path);
        }
    }
    if other.is_none() {
        fs::remove_dir(directory)?;
    }
    Ok(other)
}

/// Whether sled gives such a name to the file that spares it reading everything.
fn is_snapshot(name: &OsStr) -> bool {
    let number = name.to_str().and_then(|name| name.strip_prefix(SNAPSHOT));
    let number = number.map(|rest| rest.strip_suffix(SNAPSHOT_UNFINISHED).unwrap_or(rest));
    number
        .is_some_and(|digits| digits.len() == SNAPSHOT_DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_leaves_the_links_of_another_check_and_removes_those_of_a_killed_one() {
        let parent = tempfile::tempdir().unwrap();
        let running = Links::new(parent.path(), &OnInterrupt::default()).unwrap();
        let left = parent.path().join(format!("{PREFIX}left"));
        fs::create_dir(&left).unwrap();
        std::os::unix::fs::symlink("/proc/self/fd/999", left.join("db")).unwrap();
        fs::create_dir(left.join("blobs")).unwrap();
        for snapshot in ["snap.000000000000A1F0", "snap.0000000000000000.generating"] {
            fs::write(left.join(snapshot), "sled's").unwrap();
        }
        let other = Links::new(parent.path(), &OnInterrupt::default()).unwrap();
        assert!(running.path().exists() && other.path().exists());
        assert!(!left.exists());
        drop((running, other));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_only_has_the_name_of_links_hinders_no_check() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join(format!("{PREFIX}file")), "mine").unwrap();
        std::os::unix::fs::symlink("/", parent.path().join(format!("{PREFIX}link"))).unwrap();
        drop(Links::new(parent.path(), &OnInterrupt::default()).unwrap());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_no_check_makes_is_left_in_the_directory_of_a_killed_one() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join(format!("{PREFIX}left"));
        fs::create_dir_all(left.join("blobs")).unwrap();
        std::os::unix::fs::symlink("/proc/self/fd/999", left.join("db")).unwrap();
        std::os::unix::fs::symlink("/var/tmp", left.join("elsewhere")).unwrap();
        let files = ["conf", "snap.mine", "snap.00000000000000A1.old", "blobs/7"];
        for file in files {
            fs::write(left.join(file), "mine").unwrap();
        }
        drop(Links::new(parent.path(), &OnInterrupt::default()).unwrap());
        assert!(!left.join("db").is_symlink() && left.join("elsewhere").is_symlink());
        for file in files {
            assert_eq!(fs::read_to_string(left.join(file)).unwrap(), "mine", "{file}");
        }
    }
}
