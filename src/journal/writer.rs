//! The journal on disk: the handle that everybody submits to, and how it is opened.

use std::any::Any;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam::channel::{self, RecvTimeoutError, Sender, TrySendError};
use parking_lot::{Mutex, RwLock};
use tokio::sync::mpsc;

use crate::domain::entry::Entry;
use crate::regular;

use super::commit::{Committer, Pace, Segment};
use super::damage::{ReadError, remedy};
use super::extent::Ahead;
use super::group::Group;
use super::interface::Checkpoint;
use super::interface::{Durable, Durables, Journal, Options, Poison, Position, Refused, Revisions, Stats};
use super::prepare::{self, Preparer, remove_strays};
use super::reader::{End, Tail, read_at};
use super::segment::{self, PAGE_LEN, SegmentHeader};
use super::state::State;
use super::witness::{self, Keeper};

/// How much of a file is written over at once when it is opened, in bytes.
const PIECE: usize = 1 << 20;
/// How often closing looks whether the thread it waits for is stuck.
const CLOSE_LOOKS_EVERY: Duration = Duration::from_millis(100);

/// Why a journal could not be opened for writing.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot open the journal in {} for writing: {operation}: {error}; {}",
    directory.display(), remedy(error)
)]
pub struct OpenError {
    /// The journal's directory.
    pub directory: PathBuf,
    /// What failed, with the file that it is about.
    pub operation: String,
    /// What the system said.
    pub error: io::Error,
}

/// A journal on disk, written by one thread.
///
/// Dropped without [`Journal::close`], it still makes durable what was submitted, but nobody waits for it.
#[derive(Debug)]
pub struct FileJournal {
    directory: PathBuf,
    /// Nothing, once it is closed.
    queue: RwLock<Option<Sender<Arc<Entry>>>>,
    state: Arc<State>,
    thread: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    thread: JoinHandle<()>,
    /// Disconnected when the thread has ended.
    ended: channel::Receiver<()>,
}

impl FileJournal {
    /// Opens the journal in `directory` (the `journal` directory itself, which exists) for writing behind `tail`, which
    /// a [`Reader`](super::Reader) of the same directory has just found, and which nobody else writes to: see
    /// [`DataDirectory`](super::DataDirectory).
    ///
    /// Removes a torn group and makes sure that everything before it is on disk, before anything else happens.
    pub fn open(directory: &Path, options: &Options, tail: &Tail) -> Result<(Self, Durables), OpenError> {
        let failed = |operation: &str| {
            let operation = operation.to_owned();
            move |error| OpenError { directory: directory.to_owned(), operation, error }
        };
        remove_strays(directory).map_err(failed("removing files that were not completed"))?;
        let opened = File::open(directory).map_err(failed("opening it"))?;
        let mut preparer = Preparer::new(directory.to_owned(), options.segment_bytes);
        let segment = match tail.end().position {
            Some(position) => {
                let path = directory.join(segment::file_name(position.segment_first));
                let operation = format!("making sure of the last entries in {}", path.display());
                resume(&path, tail, position).map_err(failed(&operation))?
            }
            None => begin(directory, &opened, &mut preparer, tail.end()).map_err(failed("making the first segment"))?,
        };
        sync_directories(directory).map_err(failed("syncing the directory"))?;

        let End { sequence, chain, .. } = *tail.end();
        let keeper = if options.keeps_witness {
            let keeper = keep_witness(directory, Checkpoint { sequence, chain });
            let operation = format!("writing its witness {}", witness::path_beside(directory).display());
            Some(keeper.map_err(failed(&operation))?)
        } else {
            None
        };
        let (queue, waiting) = channel::bounded(options.queue_max.max(1));
        let (durables, follower) = mpsc::channel(options.durables_max.max(1));
        let state = Arc::new(State::new(sequence, options.stall_max));
        let committer = Committer {
            queue: waiting,
            durables,
            state: Arc::clone(&state),
            group: Group::new(sequence, chain, options.group_entries_max, options.group_bytes_max),
            segment,
            preparer,
            directory: directory.to_owned(),
            opened,
            pace: Pace::new(),
            keeper,
        };
        let running = spawn(committer).map_err(failed("starting its thread"))?;
        let journal = Self {
            directory: directory.to_owned(),
            queue: RwLock::new(Some(queue)),
            state,
            thread: Mutex::new(Some(running)),
        };
        Ok((journal, follower))
    }
}

impl Journal for FileJournal {
    fn submit(&self, entry: Arc<Entry>) -> Result<(), Refused> {
        if self.state.poisoned().is_some() {
            return Err(Refused::Poisoned);
        }
        if self.state.lacks_space() {
            return Err(Refused::NoSpace);
        }
        if self.state.waits() {
            return Err(Refused::Full);
        }
        let queue = self.queue.read();
        let Some(queue) = queue.as_ref() else {
            return Err(Refused::Closed);
        };
        queue.try_send(entry).map_err(|error| match error {
            TrySendError::Full(_) => Refused::Full,
            TrySendError::Disconnected(_) => Refused::Poisoned,
        })
    }

    fn watermark(&self) -> u64 {
        self.state.watermark()
    }

    fn poisoned(&self) -> Option<Poison> {
        self.state.poisoned()
    }

    fn lacks_space(&self) -> bool {
        self.state.lacks_space()
    }

    fn queue_len(&self) -> usize {
        self.queue.read().as_ref().map_or(0, Sender::len)
    }

    fn stats(&self) -> Stats {
        self.state.stats()
    }

    fn disk_bytes(&self) -> u64 {
        let Ok(files) = std::fs::read_dir(&self.directory) else { return 0 };
        files.filter_map(|file| file.ok()?.metadata().ok()).map(|file| file.len()).sum()
    }

    fn read_at(&self, position: Position, revisions: &dyn Revisions) -> Result<Durable, ReadError> {
        read_at(&self.directory, position, revisions)
    }

    fn close(&self) {
        self.state.close();
        drop(self.queue.write().take());
        let Some(Running { thread, ended }) = self.thread.lock().take() else {
            return;
        };
        while ended.recv_timeout(CLOSE_LOOKS_EVERY) == Err(RecvTimeoutError::Timeout) {
            if self.state.poisoned().is_some() {
                // It may be stuck in a call that never returns, and has nothing left to say.
                return;
            }
        }
        // Its panic, if it had one, has become the poison.
        let _ = thread.join();
    }
}

fn spawn(mut committer: Committer) -> io::Result<Running> {
    let (alive, ended) = channel::bounded(0);
    let thread = thread::Builder::new().name("journal".into()).spawn(move || {
        // Declared first, dropped last: who waits for the end finds everything else done.
        let _alive = alive;
        let state = Arc::clone(&committer.state);
        match catch_unwind(AssertUnwindSafe(|| committer.run())) {
            Ok(Ok(())) => {}
            Ok(Err(poison)) => state.poison(poison),
            Err(payload) => state.poison(Poison::Panicked(panic_text(&*payload))),
        }
    })?;
    Ok(Running { thread, ended })
}

/// What a panic said.
fn panic_text(payload: &(dyn Any + Send)) -> Arc<str> {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").into()
}

/// Makes the first segment of a journal.
fn begin(directory: &Path, opened: &File, preparer: &mut Preparer, end: &End) -> io::Result<Segment> {
    let blank = preparer.make(0)?;
    let header = SegmentHeader { size: blank.size(), first: end.sequence + 1, chain: end.chain };
    let file = blank.publish(directory, opened, &header)?;
    let position = Position { segment_first: header.first, offset: PAGE_LEN };
    Ok(Segment { file, size: header.size, position })
}

/// Writes a witness of what is there, up to `entry`.
fn keep_witness(directory: &Path, entry: Checkpoint) -> io::Result<Keeper> {
    let segments = Ahead::list(directory).map_err(io::Error::other)?;
    Keeper::begin(directory, segments.iter().map(|ahead| ahead.header).collect(), entry)
}

/// Opens the last segment of a journal, so that all of it is on disk and the space behind it is zero.
///
/// What was read may have come from memory alone: when a sync failed, or the process died before it, the system may
/// hold bytes that it takes for written. So the last group is written once more. Groups before it were synced, or it
/// would not be there.
fn resume(path: &Path, tail: &Tail, position: Position) -> io::Result<Segment> {
    unshare(path)?;
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let size = file.metadata()?.len();
    if let Tail::Torn { end, dropped_bytes } = *tail {
        tracing::warn!(
            file = %path.display(), offset = position.offset, dropped_bytes, sequence = end.sequence,
            "the journal ended in a write that was interrupted and never acknowledged; it is dropped"
        );
        overwrite(&file, position.offset, position.offset + dropped_bytes, |piece, _| {
            piece.fill(0);
            Ok(())
        })?;
    }
    overwrite(&file, tail.end().group_offset, position.offset, |piece, at| file.read_exact_at(piece, at))?;
    file.sync_all()?;
    Ok(Segment { file, size, position })
}

/// Puts a copy in the place of the segment at `path` where it has another name as well: a backup that was made of hard
/// links (`cp -al`, `rsync --link-dest`) would change with it, and a server on that backup would write into this
/// journal.
fn unshare(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.nlink() < 2 {
        return Ok(());
    }
    tracing::warn!(
        file = %path.display(),
        "the last segment has another name, in a copy of this directory that was made of hard links; it is copied, so that \
         what is written here is written here only"
    );
    let copy = path.with_extension(prepare::EXTENSION);
    let mut file = regular::replace(&copy)?;
    let copied = File::open(path).and_then(|mut shared| io::copy(&mut shared, &mut file));
    if let Err(error) = copied.and_then(|_| file.sync_all()) {
        // What cannot be removed now is removed at the next start.
        let _ = fs::remove_file(&copy);
        return Err(error);
    }
    fs::rename(&copy, path)
}

/// Writes `from..to` anew with what `content` puts into each piece.
fn overwrite(
    file: &File,
    from: u64,
    to: u64,
    mut content: impl FnMut(&mut [u8], u64) -> io::Result<()>,
) -> io::Result<()> {
    let mut piece = vec![0; usize::try_from(to - from).unwrap_or(PIECE).min(PIECE)];
    let mut at = from;
    while at < to {
        let len = usize::try_from(to - at).unwrap_or(PIECE).min(PIECE);
        content(&mut piece[..len], at)?;
        file.write_all_at(&piece[..len], at)?;
        at += len as u64;
    }
    Ok(())
}

/// Makes durable that the journal's files are in its directory, and its directory in the one around it: the process
/// that made them may have died in between.
fn sync_directories(directory: &Path) -> io::Result<()> {
    segment::sync_directory(directory)?;
    directory.canonicalize()?.parent().map_or(Ok(()), segment::sync_directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::GENESIS;
    use crate::journal::tests::samples;

    #[test]
    fn nothing_is_taken_while_the_next_segment_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let end = End { sequence: 0, chain: GENESIS, position: None, group_offset: 0 };
        let options = Options { segment_bytes: 8_192, ..Options::default() };
        let (journal, _durables) = FileJournal::open(directory.path(), &options, &Tail::Clean(end)).unwrap();
        journal.state.set_waits(Some("a test"));
        assert_eq!(journal.submit(samples::long('x', 1)), Err(Refused::Full));
        journal.state.set_waits(None);
        assert_eq!(journal.submit(samples::long('x', 1)), Ok(()));
    }
}
