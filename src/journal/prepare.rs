//! Makes segment files, the next one ahead of need on a thread of its own.
//!
//! The space is filled with real zeros: a sync after writing into it is a third faster than after writing into space
//! that was only reserved, and a sector that was never written can be told by being zero. Until it is renamed, a file
//! is no part of the journal; what a crash leaves of it is removed at the next start.

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
        self.file.write_all_at(&header.render(), 0)?;
        self.file.sync_all()?;
        fs::rename(&self.path, directory.join(segment::file_name(header.first)))?;
        segment::sync_directory(directory)?;
        Ok(self.file)
    }
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
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    thread: JoinHandle<io::Result<Blank>>,
    cancelled: Arc<AtomicBool>,
}

impl Preparer {
    pub(super) fn new(directory: PathBuf, size: u64) -> Self {
        let size = size.next_multiple_of(PAGE_LEN).max(2 * PAGE_LEN);
        Self { directory, size, count: 0, running: None }
    }

    /// Begins to make the next segment, unless that is under way.
    pub(super) fn start(&mut self) {
        if self.running.is_some() {
            return;
        }
        let (path, size) = (self.path_next(), self.size);
        let cancelled = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&cancelled);
        let spawned = thread::Builder::new()
            .name("journal-prepare".into())
            .spawn(move || Blank::make(path, size, &flag).inspect_err(report));
        match spawned {
            Ok(thread) => self.running = Some(Running { thread, cancelled }),
            // It is made when it is needed, then.
            Err(error) => report(&error),
        }
    }

    /// A file that has room for `len` bytes of frames: the one that was prepared when it is there and large enough.
    ///
    /// One that could not be prepared is tried once more: nothing that was promised stands in it.
    pub(super) fn take(&mut self, len: u64) -> io::Result<Blank> {
        let size = self.size.max((PAGE_LEN + len).next_multiple_of(PAGE_LEN));
        if size == self.size
            && let Some(running) = self.running.take()
            && let Ok(Ok(blank)) = running.thread.join()
        {
            return Ok(blank);
        }
        Blank::make(self.path_next(), size, &AtomicBool::new(false))
    }

    fn path_next(&mut self) -> PathBuf {
        self.count += 1;
        self.directory.join(format!("prepared-{}.{EXTENSION}", self.count))
    }
}

impl Drop for Preparer {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.cancelled.store(true, Ordering::Relaxed);
            if let Ok(Ok(blank)) = running.thread.join() {
                // What cannot be removed now is removed at the next start.
                let _ = fs::remove_file(blank.path);
            }
        }
    }
}

fn report(error: &io::Error) {
    if error.kind() != io::ErrorKind::Interrupted {
        tracing::warn!(%error, "the next journal segment could not be prepared; it is tried again when it is needed");
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
        preparer.start();
        preparer.start();
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
        preparer.start();
        assert_eq!(preparer.take(100_000).unwrap().size(), 106_496);
        assert_eq!(preparer.take(100).unwrap().path, directory.path().join("prepared-1.tmp"));
    }

    #[test]
    fn leaves_nothing_behind_and_removes_what_others_left() {
        let directory = tempfile::tempdir().unwrap();
        let mut preparer = Preparer::new(directory.path().into(), 8_192);
        preparer.start();
        drop(preparer);
        assert_eq!(names(directory.path()), [""; 0]);
        File::create(directory.path().join("prepared-9.tmp")).unwrap();
        File::create(directory.path().join("notes.txt")).unwrap();
        remove_strays(directory.path()).unwrap();
        assert_eq!(names(directory.path()), ["notes.txt"]);
    }

    #[test]
    fn what_could_not_be_prepared_is_an_error_when_it_is_needed() {
        let directory = tempfile::tempdir().unwrap();
        let mut preparer = Preparer::new(directory.path().join("missing"), 8_192);
        preparer.start();
        assert_eq!(preparer.take(1).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
