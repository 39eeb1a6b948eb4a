//! Makes segment files, the next one ahead of need on a thread of its own.
//!
//! The space is filled with real zeros: a sync after writing into it is a third faster than after writing into space
//! that was only reserved, and a sector that was never written can be told by being zero. Until it is renamed, a file
//! is no part of the journal; what a crash leaves of it is removed at the next start.
//!
//! None is begun unless there is room for it and some more: a disk that is filled to the brim hurts the store, and
//! whoever else uses it.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::segment::{self, PAGE_LEN, SegmentHeader};

const EXTENSION: &str = "tmp";
/// How much is filled before it is synced, in bytes: a sync of everything at once would hold up commits.
const PIECE: usize = 4 << 20;
/// Which part of a segment's size has to stay free beside it.
const SPARE_FRACTION: u64 = 4;

/// A file full of zeros, on disk, without a name in the journal.
#[derive(Debug)]
pub(super) struct Blank {
    file: File,
    path: PathBuf,
    size: u64,
}

impl Blank {
    /// Makes one of `size` bytes, or gives up when `cancelled`.
    fn make(path: PathBuf, size: u64, cancelled: &AtomicBool) -> io::Result<Self> {
        look_for_room(&path, size)?;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
        let filled = fill(&file, size, cancelled);
        if filled.is_err() {
            // What cannot be removed now is removed at the next start.
            let _ = fs::remove_file(&path);
        }
        filled.map(|()| Self { file, path, size })
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Makes it the segment that begins with `header.first`.
    pub(super) fn publish(self, directory: &Path, header: &SegmentHeader) -> io::Result<File> {
        assert_eq!(header.size, self.size, "a segment's header tells its size");
        let stamped = self.file.write_all_at(&header.render(), 0).and_then(|()| self.file.sync_all());
        let named = stamped.and_then(|()| fs::rename(&self.path, directory.join(segment::file_name(header.first))));
        if named.is_err() {
            // What cannot be removed now is removed at the next start.
            let _ = fs::remove_file(&self.path);
        }
        named?;
        // From here on it is a segment, and a sync that fails is final, whatever the reason.
        segment::sync_directory(directory).map_err(|error| io::Error::other(format!("syncing it: {error}")))?;
        Ok(self.file)
    }
}

/// Whether `error` says that there is no room, which passes.
pub(super) fn is_no_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn look_for_room(path: &Path, size: u64) -> io::Result<()> {
    let disk = rustix::fs::statvfs(path.parent().unwrap_or(path))?;
    let (free, needed) = (disk.f_bavail.saturating_mul(disk.f_frsize), size + size / SPARE_FRACTION);
    if free < needed {
        let text = format!("No space left on device: {free} bytes are free, and a segment takes {needed}");
        return Err(io::Error::new(io::ErrorKind::StorageFull, text));
    }
    Ok(())
}

fn fill(file: &File, size: u64, cancelled: &AtomicBool) -> io::Result<()> {
    let zeros = vec![0; usize::try_from(size).unwrap_or(PIECE).min(PIECE)];
    let mut at = 0;
    while at < size {
        if cancelled.load(Ordering::Relaxed) {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "the journal was closed"));
        }
        let len = usize::try_from(size - at).unwrap_or(PIECE).min(PIECE);
        file.write_all_at(&zeros[..len], at)?;
        file.sync_data()?;
        at += len as u64;
    }
    file.sync_all()
}

/// Has the next segment ready when it is needed.
#[derive(Debug)]
pub(super) struct Preparer {
    directory: PathBuf,
    /// The usual size of a segment.
    size: u64,
    count: u64,
    next: Option<Next>,
}

#[derive(Debug)]
enum Next {
    Running { thread: JoinHandle<io::Result<Blank>>, cancelled: Arc<AtomicBool> },
    Ready(Blank),
}

/// How far the next segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    UnderWay,
    Ready,
}

impl Preparer {
    pub(super) fn new(directory: PathBuf, size: u64) -> Self {
        let size = size.next_multiple_of(PAGE_LEN).max(2 * PAGE_LEN);
        Self { directory, size, count: 0, next: None }
    }

    /// Begins to make the next segment, or sees how far it is. After an error, which is told once, it begins again.
    pub(super) fn advance(&mut self) -> io::Result<Progress> {
        match self.next.take() {
            Some(Next::Running { thread, .. }) if thread.is_finished() => {
                self.next = Some(Next::Ready(made(thread)?));
            }
            Some(next) => self.next = Some(next),
            None => match self.begin() {
                Ok(next) => self.next = Some(next),
                Err(error) => {
                    tracing::warn!(%error, "no thread to prepare the next journal segment; it is made when it is needed");
                }
            },
        }
        Ok(if matches!(self.next, Some(Next::Ready(_))) { Progress::Ready } else { Progress::UnderWay })
    }

    fn begin(&mut self) -> io::Result<Next> {
        let (path, size) = (self.path_next(), self.size);
        let cancelled = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&cancelled);
        let thread =
            thread::Builder::new().name("journal-prepare".into()).spawn(move || Blank::make(path, size, &flag))?;
        Ok(Next::Running { thread, cancelled })
    }

    /// A file that has room for `len` bytes of frames: the one that was prepared when it is large enough.
    pub(super) fn take(&mut self, len: u64) -> io::Result<Blank> {
        let size = self.size.max((PAGE_LEN + len).next_multiple_of(PAGE_LEN));
        if size == self.size {
            match self.next.take() {
                Some(Next::Ready(blank)) => return Ok(blank),
                Some(Next::Running { thread, .. }) => return made(thread),
                None => {}
            }
        }
        Blank::make(self.path_next(), size, &AtomicBool::new(false))
    }

    fn path_next(&mut self) -> PathBuf {
        self.count += 1;
        self.directory.join(format!("prepared-{}.{EXTENSION}", self.count))
    }
}

fn made(thread: JoinHandle<io::Result<Blank>>) -> io::Result<Blank> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that prepares it panicked")))
}

impl Drop for Preparer {
    fn drop(&mut self) {
        let blank = match self.next.take() {
            Some(Next::Running { thread, cancelled }) => {
                cancelled.store(true, Ordering::Relaxed);
                made(thread).ok()
            }
            Some(Next::Ready(blank)) => Some(blank),
            None => None,
        };
        if let Some(blank) = blank {
            // What cannot be removed now is removed at the next start.
            let _ = fs::remove_file(blank.path);
        }
    }
}

/// Removes what an earlier process prepared and did not use.
pub(super) fn remove_strays(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new(EXTENSION)) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_prepared_file_becomes_a_segment_full_of_zeros() {
        let directory = tempfile::tempdir().unwrap();
        let mut preparer = Preparer::new(directory.path().into(), 10_000);
        preparer.advance().unwrap();
        preparer.advance().unwrap();
        let blank = preparer.take(100).unwrap();
        let header = SegmentHeader { size: blank.size(), first: 5, chain: [1; 16] };
        assert_eq!(header.size, 12_288);
        blank.publish(directory.path(), &header).unwrap();
        assert_eq!(names(directory.path()), ["00000000000000000005.seg"]);
        let bytes = fs::read(directory.path().join("00000000000000000005.seg")).unwrap();
        assert_eq!(bytes[..4096], header.render());
        assert_eq!(bytes[4096..], [0; 8192]);
    }

    #[test]
    fn a_large_entry_gets_a_large_file_and_the_prepared_one_stays_for_later() {
        let directory = tempfile::tempdir().unwrap();
        let mut preparer = Preparer::new(directory.path().into(), 8_192);
        preparer.advance().unwrap();
        assert_eq!(preparer.take(100_000).unwrap().size(), 106_496);
        assert_eq!(preparer.take(100).unwrap().path, directory.path().join("prepared-1.tmp"));
    }

    #[test]
    fn leaves_nothing_behind_and_removes_what_others_left() {
        let directory = tempfile::tempdir().unwrap();
        let mut preparer = Preparer::new(directory.path().into(), 8_192);
        preparer.advance().unwrap();
        drop(preparer);
        assert_eq!(names(directory.path()), [""; 0]);
        File::create(directory.path().join("prepared-9.tmp")).unwrap();
        File::create(directory.path().join("notes.txt")).unwrap();
        remove_strays(directory.path()).unwrap();
        assert_eq!(names(directory.path()), ["notes.txt"]);
    }

    #[test]
    fn what_could_not_be_prepared_is_an_error_once_and_then_begun_again() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("missing");
        let mut preparer = Preparer::new(directory.clone(), 8_192);
        assert_eq!(preparer.advance().unwrap(), Progress::UnderWay);
        assert_eq!(preparer.take(1).unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::create_dir(&directory).unwrap();
        while preparer.advance().unwrap() == Progress::UnderWay {
            thread::yield_now();
        }
        assert_eq!(preparer.take(1).unwrap().size(), 8_192);
    }

    #[test]
    fn a_segment_for_which_there_is_no_room_is_not_begun() {
        let directory = tempfile::tempdir().unwrap();
        let mut preparer = Preparer::new(directory.path().into(), 1 << 60);
        let error = preparer.take(1).unwrap_err();
        assert!(is_no_space(&error) && error.to_string().contains("bytes are free"), "{error}");
        assert_eq!(names(directory.path()), [""; 0]);
    }
}
