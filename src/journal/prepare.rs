//! Makes segment files, the next one ahead of need on a thread of its own.
//!
//! The space is filled with real zeros: a sync after writing into it is a third faster than after writing into space
//! that was only reserved, and a sector that was never written can be told by being zero. Until it is renamed, a file
//! is no part of the journal; what a crash leaves of it is removed at the next start.
//!
//! None is begun unless there is room for it and some more: a disk that is filled to the brim hurts the store, and
//! whoever else uses it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam::channel::{self, Receiver, RecvTimeoutError};
use rustix::io::Errno;

use super::frame::{self, GENESIS};
use super::segment::{self, Identity, PAGE_LEN, SegmentHeader};
use crate::{regular, room};

pub(super) const EXTENSION: &str = "tmp";
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
    /// How long it took to make.
    took: Duration,
}

impl Blank {
    /// Makes one of `size` bytes, or gives up when `cancelled`.
    fn make(path: PathBuf, size: u64, cancelled: &AtomicBool) -> io::Result<Self> {
        let begun = Instant::now();
        let file = regular::replace(&path)?;
        let filled = fill(&file, size, cancelled);
        if filled.is_err() {
            // What cannot be removed now is removed at the next start.
            let _ = fs::remove_file(&path);
        }
        filled.map(|()| Self { file, path, size, took: begun.elapsed() })
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn took(&self) -> Duration {
        self.took
    }

    /// Makes it the segment that begins with `header.first`, in `directory`, which is open as `opened`: when no more
    /// files can be opened, this still can be done.
    pub(super) fn publish(self, directory: &Path, opened: &File, header: &SegmentHeader) -> io::Result<File> {
        assert_eq!(header.size, self.size, "a segment's header tells its size");
        let target = directory.join(segment::file_name(header.first));
        let stamped = self.file.write_all_at(&header.render(), 0).and_then(|()| self.file.sync_all());
        let named = stamped.and_then(|()| expect_absent(&target)).and_then(|()| fs::rename(&self.path, target));
        if named.is_err() {
            // What cannot be removed now is removed at the next start.
            let _ = fs::remove_file(&self.path);
        }
        named?;
        // From here on it is a segment, and a sync that fails is final, whatever the reason.
        opened.sync_all().map_err(|error| io::Error::other(format!("syncing it: {error}")))?;
        Ok(self.file)
    }
}

/// An error where something is at `path`: a segment that is there is never replaced.
fn expect_absent(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(io::Error::other(format!("{} is there already", path.display()))),
    }
}

/// Whether `error` says that something is lacking which comes back by itself, of the disk or of the machine: room,
/// memory, files that may be open, threads. Nothing that was promised stands in a file that is being made, so it is
/// made again.
pub(super) fn is_passing(error: &io::Error) -> bool {
    let lacks = matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::AGAIN | Errno::NOBUFS)
    );
    lacks || room::is_lacking(error) || error.kind() == io::ErrorKind::OutOfMemory
}

/// Refuses a segment of `size` bytes at `path` where the disk has no room for it and some more. It is asked before a
/// thread is begun, so that a disk which is full already is known at once.
fn look_for_room(path: &Path, size: u64) -> io::Result<()> {
    room::look(path, size + size / SPARE_FRACTION, "a segment")
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
    /// Which directory that is.
    identity: io::Result<Identity>,
    /// The usual size of a segment.
    size: u64,
    count: u64,
    next: Option<Next>,
    /// For one entry that the usual size has no room for.
    large: Option<(u64, Next)>,
}

#[derive(Debug)]
enum Next {
    Running { thread: JoinHandle<()>, made: Receiver<io::Result<Blank>>, cancelled: Arc<AtomicBool> },
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
        Self { identity: Identity::at(&directory), directory, size, count: 0, next: None, large: None }
    }

    /// Begins to make the next segment, or sees how far it is after `patience` at most. After an error, which is told
    /// once, it begins again.
    pub(super) fn advance(&mut self, patience: Duration) -> io::Result<Progress> {
        let next = match self.next.take() {
            Some(next) => next,
            None => self.begin(self.size)?,
        };
        Ok(match next.within(patience)? {
            ready @ Next::Ready(_) => {
                self.next = Some(ready);
                Progress::Ready
            }
            running @ Next::Running { .. } => {
                self.next = Some(running);
                Progress::UnderWay
            }
        })
    }

    /// A file that has room for `len` bytes of frames: the one that was prepared when it is large enough. Nothing when
    /// it is not ready within `patience`; after an error, which is told once, it is begun again.
    pub(super) fn take(&mut self, len: u64, patience: Duration) -> io::Result<Option<Blank>> {
        let size = self.size.max((PAGE_LEN + len).next_multiple_of(PAGE_LEN));
        let is_large = size > self.size;
        let begun = if is_large {
            self.large.take().filter(|(of_large, _)| *of_large == size).map(|(_, next)| next)
        } else {
            self.next.take()
        };
        let next = match begun {
            Some(next) => next,
            None => self.begin(size)?,
        };
        match next.within(patience)? {
            Next::Ready(blank) => return Ok(Some(blank)),
            running @ Next::Running { .. } if is_large => self.large = Some((size, running)),
            running @ Next::Running { .. } => self.next = Some(running),
        }
        Ok(None)
    }

    /// As [`Preparer::take`], however long that takes.
    pub(super) fn make(&mut self, len: u64) -> io::Result<Blank> {
        loop {
            if let Some(blank) = self.take(len, Duration::MAX)? {
                return Ok(blank);
            }
        }
    }

    fn begin(&mut self, size: u64) -> io::Result<Next> {
        if let Ok(identity) = &self.identity {
            identity.expect_at(&self.directory)?;
        }
        let path = self.path_next();
        look_for_room(&path, size)?;
        let cancelled = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&cancelled);
        let (tell, made) = channel::bounded(1);
        let make = move || {
            // Nobody is told when the journal was closed meanwhile.
            let _ = tell.send(Blank::make(path, size, &flag));
        };
        let thread = thread::Builder::new().name("journal-prepare".into()).spawn(make)?;
        Ok(Next::Running { thread, made, cancelled })
    }

    fn path_next(&mut self) -> PathBuf {
        self.count += 1;
        self.directory.join(format!("prepared-{}.{EXTENSION}", self.count))
    }
}

impl Next {
    /// What has become of it after `patience` at most.
    fn within(self, patience: Duration) -> io::Result<Self> {
        let Self::Running { thread, made, cancelled } = self else { return Ok(self) };
        let found = match Instant::now().checked_add(patience) {
            Some(until) => made.recv_deadline(until),
            None => made.recv().map_err(RecvTimeoutError::from),
        };
        match found {
            Ok(made) => made.map(Self::Ready),
            Err(RecvTimeoutError::Timeout) => Ok(Self::Running { thread, made, cancelled }),
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the thread that prepares it panicked")),
        }
    }
}

impl Drop for Preparer {
    fn drop(&mut self) {
        for next in self.next.take().into_iter().chain(self.large.take().map(|(_, next)| next)) {
            let blank = match next {
                Next::Running { thread, made, cancelled } => {
                    cancelled.store(true, Ordering::Relaxed);
                    // Its panic, if it had one, left nothing behind.
                    let _ = thread.join();
                    made.try_recv().ok().and_then(Result::ok)
                }
                Next::Ready(blank) => Some(blank),
            };
            if let Some(blank) = blank {
                // What cannot be removed now is removed at the next start.
                let _ = fs::remove_file(blank.path);
            }
        }
    }
}

/// Makes the first segment of a journal in `directory`, empty, with room for `size` bytes.
pub(super) fn begin_journal(directory: &Path, size: u64) -> io::Result<SegmentHeader> {
    let size = size.next_multiple_of(PAGE_LEN).max(2 * PAGE_LEN);
    let path = directory.join(format!("prepared-0.{EXTENSION}"));
    look_for_room(&path, size)?;
    let blank = Blank::make(path, size, &AtomicBool::new(false))?;
    let header = SegmentHeader { size, first: 1, chain: GENESIS };
    blank.publish(directory, &File::open(directory)?, &header)?;
    Ok(header)
}

/// Whether `directory` holds nothing but what [`begin_journal`] leaves, done or interrupted.
pub(super) fn is_beginning(directory: &Path) -> bool {
    let first = directory.join(segment::file_name(1));
    let is_of_beginning = |path: &Path| path.extension() == Some(OsStr::new(EXTENSION)) || *path == first;
    let is_segment = |path: &Path| {
        let (mut page, mut frame) = ([0; segment::PAGE], [0; frame::HEADER_LEN]);
        let read = File::open(path).and_then(|file| {
            file.read_exact_at(&mut page, 0)?;
            file.read_exact_at(&mut frame, segment::PAGE_LEN)
        });
        let is_first = read.is_ok() && SegmentHeader::parse(&page).is_ok_and(|header| header.first == 1);
        // Where an entry is, this is no beginning any more.
        is_first && frame == [0; frame::HEADER_LEN]
    };
    fs::read_dir(directory)
        .is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(|entry| is_of_beginning(&entry.path()))))
        && (!first.exists() || is_segment(&first))
}

/// Removes what an earlier process prepared and did not use.
pub(super) fn remove_strays(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new(EXTENSION)) {
            let named = |error| io::Error::other(format!("{}: {error}; move it away", path.display()));
            fs::remove_file(&path).map_err(named)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(preparer: &mut Preparer, len: u64) -> io::Result<Blank> {
        preparer.make(len)
    }

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
        preparer.advance(Duration::ZERO).unwrap();
        preparer.advance(Duration::ZERO).unwrap();
        let blank = take(&mut preparer, 100).unwrap();
        let header = SegmentHeader { size: blank.size(), first: 5, chain: [1; 16] };
        assert_eq!(header.size, 12_288);
        blank.publish(directory.path(), &File::open(directory.path()).unwrap(), &header).unwrap();
        assert_eq!(names(directory.path()), ["00000000000000000005.seg"]);
        let bytes = fs::read(directory.path().join("00000000000000000005.seg")).unwrap();
        assert_eq!(bytes[..4096], header.render());
        assert_eq!(bytes[4096..], [0; 8192]);
    }

    #[test]
    fn a_segment_that_is_there_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let there = directory.path().join(segment::file_name(1));
        fs::write(&there, "what was acknowledged").unwrap();
        let error = begin_journal(directory.path(), 8_192).unwrap_err().to_string();
        assert!(error.contains("00000000000000000001.seg is there already"), "{error}");
        assert_eq!(fs::read_to_string(&there).unwrap(), "what was acknowledged");
        assert_eq!(names(directory.path()), ["00000000000000000001.seg"]);
    }

    #[test]
    fn a_large_entry_gets_a_large_file_and_the_prepared_one_stays_for_later() {
        let directory = tempfile::tempdir().unwrap();
        let mut preparer = Preparer::new(directory.path().into(), 8_192);
        preparer.advance(Duration::ZERO).unwrap();
        assert_eq!(take(&mut preparer, 100_000).unwrap().size(), 106_496);
        assert_eq!(take(&mut preparer, 100).unwrap().path, directory.path().join("prepared-1.tmp"));
    }

    #[test]
    fn leaves_nothing_behind_and_removes_what_others_left() {
        let directory = tempfile::tempdir().unwrap();
        let mut preparer = Preparer::new(directory.path().into(), 8_192);
        preparer.advance(Duration::ZERO).unwrap();
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
        assert_eq!(take(&mut preparer, 1).unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::create_dir(&directory).unwrap();
        while preparer.advance(Duration::ZERO).unwrap() == Progress::UnderWay {
            thread::yield_now();
        }
        assert_eq!(take(&mut preparer, 1).unwrap().size(), 8_192);
    }

    #[test]
    fn a_segment_for_which_there_is_no_room_is_not_begun() {
        let directory = tempfile::tempdir().unwrap();
        let mut preparer = Preparer::new(directory.path().into(), 1 << 60);
        let error = take(&mut preparer, 1).unwrap_err();
        assert!(room::is_lacking(&error) && error.to_string().contains("bytes are free"), "{error}");
        assert_eq!(names(directory.path()), [""; 0]);
    }

    #[test]
    fn what_comes_back_by_itself_is_told_from_what_does_not() {
        let error = |number: Errno| io::Error::from_raw_os_error(number.raw_os_error());
        let passing = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::AGAIN, Errno::NOSPC, Errno::DQUOT];
        assert!(passing.into_iter().all(|number| is_passing(&error(number))));
        let final_ones = [Errno::IO, Errno::ROFS, Errno::NOENT, Errno::ACCESS];
        assert!(!final_ones.into_iter().any(|number| is_passing(&error(number))));
        assert!(!is_passing(&io::Error::other("syncing it: Too many open files")));
    }

    #[test]
    fn one_that_is_not_ready_is_not_waited_for_beyond_patience_and_not_lost() {
        let directory = tempfile::tempdir().unwrap();
        let (tell, made) = channel::bounded(1);
        let mut preparer = Preparer::new(directory.path().into(), 8_192);
        let cancelled = Arc::new(AtomicBool::new(false));
        preparer.next = Some(Next::Running { thread: thread::spawn(|| {}), made, cancelled });
        assert!(preparer.take(1, Duration::from_millis(1)).unwrap().is_none());
        assert_eq!(preparer.advance(Duration::ZERO).unwrap(), Progress::UnderWay);
        tell.send(Blank::make(directory.path().join("slow.tmp"), 8_192, &AtomicBool::new(false))).unwrap();
        assert_eq!(preparer.take(1, Duration::ZERO).unwrap().unwrap().path, directory.path().join("slow.tmp"));
    }
}
