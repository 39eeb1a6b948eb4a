//! The commit thread: take what waits, encode, write once, sync once, deliver.
//!
//! When there is no room for the next segment, nothing more is taken, and the rest of this one is for what was taken
//! already: its last quarter is begun only once the next segment is there, or cannot be made. Making a segment is tried
//! again until there is room, or files can be opened again: nothing that was promised stands in it. Waiting for one is
//! no commit, however long it takes; nothing more is taken meanwhile.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError};
use tokio::sync::mpsc;

use crate::domain::entry::Entry;
use crate::room;

use super::group::{Group, Pushed};
use super::interface::Checkpoint;
use super::interface::{Durable, MAKING_A_SEGMENT, Poison, Position};
use super::prepare::{Blank, Preparer, Progress, is_passing};
use super::segment::{self, PAGE_LEN, SegmentHeader};
use super::state::{Committed, State};
use super::witness::{self, Keeper};

/// How often it is looked whether there is room again.
const ROOM_LOOKS_EVERY: Duration = Duration::from_millis(250);
/// Why the next segment is not there, where that is no fault.
const STILL_MADE: &str = "the next one is still being made";
/// How long a segment may be waited for before entries are refused: the queue takes up that much.
const PATIENCE: Duration = Duration::from_millis(100);

/// The part of a segment that is kept for what was taken already: one over this.
const LAST_FRACTION: u64 = 4;

/// The thread's belongings.
#[derive(Debug)]
pub(super) struct Committer {
    pub(super) queue: Receiver<Arc<Entry>>,
    pub(super) durables: mpsc::Sender<Vec<Durable>>,
    pub(super) state: Arc<State>,
    pub(super) group: Group,
    pub(super) segment: Segment,
    pub(super) preparer: Preparer,
    pub(super) directory: PathBuf,
    /// The directory, open.
    pub(super) opened: File,
    pub(super) pace: Pace,
    pub(super) keeper: Option<Keeper>,
}

/// When the next segment is begun: at half of this one, or at once where making one takes as long.
#[derive(Debug)]
pub(super) struct Pace {
    /// When this segment began.
    begun: Instant,
    is_slow: bool,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), is_slow: false }
    }

    /// Notes that a segment is full, and that it took so long to make the next one.
    fn rolled(&mut self, made_in: Duration) {
        self.is_slow = made_in * 2 > self.begun.elapsed();
        self.begun = Instant::now();
    }

    fn is_due(&self, room: u64, size: u64) -> bool {
        self.is_slow || room < size / 2
    }
}

/// The segment that is written to.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) file: File,
    pub(super) size: u64,
    /// Where the next frame goes.
    pub(super) position: Position,
}

/// Why a segment was not begun.
enum Unpublished {
    Failed(io::Error),
    Poisoned(Poison),
}

impl Segment {
    fn room(&self) -> u64 {
        self.size - self.position.offset
    }
}

impl Committer {
    /// Works until the queue is closed and empty, or until something fails.
    pub(super) fn run(&mut self) -> Result<(), Poison> {
        let mut carried = None;
        loop {
            let entry = if let Some(entry) = carried.take() {
                entry
            } else {
                let Some(entry) = self.wait()? else {
                    self.note_all();
                    return Ok(());
                };
                entry
            };
            carried = self.gather(entry)?;
            self.commit()?;
            // Before anybody is answered, who may ask for the next thing at once.
            let is_due = self.pace.is_due(self.segment.room(), self.segment.size);
            let prepared = if is_due { self.prepare() } else { Ok(()) };
            self.deliver()?;
            prepared?;
            let durable = self.durable();
            if let Some(keeper) = &mut self.keeper {
                keeper.committed(durable);
            }
        }
    }

    /// The next entry; nothing when there will be none. Meanwhile looks for room, where that is lacking.
    fn wait(&mut self) -> Result<Option<Arc<Entry>>, Poison> {
        while self.state.lacks_space() {
            match self.queue.recv_timeout(ROOM_LOOKS_EVERY) {
                Ok(entry) => return Ok(Some(entry)),
                Err(RecvTimeoutError::Timeout) => self.prepare()?,
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
        if self.keeper.as_ref().is_some_and(|keeper| keeper.is_behind(self.group.sequence())) {
            match self.queue.recv_timeout(witness::BEHIND_MAX) {
                Ok(entry) => return Ok(Some(entry)),
                Err(RecvTimeoutError::Timeout) => self.note_all(),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
        Ok(self.queue.recv().ok())
    }

    /// What is on disk between two groups.
    fn durable(&self) -> Checkpoint {
        Checkpoint { sequence: self.group.sequence(), chain: self.group.chain() }
    }

    /// Lets the witness say all there is. Nothing is in the group.
    fn note_all(&mut self) {
        let durable = self.durable();
        if let Some(keeper) = self.keeper.as_mut().filter(|keeper| keeper.is_behind(durable.sequence)) {
            keeper.note(durable);
        }
    }

    /// Sees to it that the next segment is there before it is needed. In the last quarter of this one it is waited for:
    /// the disk may become full while it is made, and what was taken already needs a place then.
    fn prepare(&mut self) -> Result<(), Poison> {
        let is_last = self.segment.room() < self.segment.size / LAST_FRACTION;
        let patience = if is_last { PATIENCE } else { Duration::ZERO };
        loop {
            match self.preparer.advance(patience) {
                Ok(Progress::UnderWay) if is_last && !self.state.is_closing() => {
                    self.state.set_waits(Some(STILL_MADE));
                    continue;
                }
                Ok(Progress::UnderWay) => {}
                Ok(Progress::Ready) => self.state.set_lacks_space(false),
                Err(error) if room::is_lacking(&error) => self.state.set_lacks_space(true),
                // It is tried again with the next group; this segment has room until then.
                Err(error) if is_passing(&error) => {
                    tracing::warn!(%error, "the next journal segment cannot be prepared now");
                }
                Err(error) => return Err(Poison::failed("preparing a segment", &self.directory, &error)),
            }
            self.state.set_waits(None);
            return Ok(());
        }
    }

    /// Fills the group with `first` and what waits behind it. An entry that does not fit into the segment any more is
    /// handed back for the next group.
    fn gather(&mut self, first: Arc<Entry>) -> Result<Option<Arc<Entry>>, Poison> {
        let mut next = Some(first);
        while let Some(entry) = next {
            match self.group.push(&entry, self.segment.position, self.segment.room())? {
                Pushed::Yes if self.group.is_full() => return Ok(None),
                Pushed::Yes => next = self.queue.try_recv().ok(),
                Pushed::NoRoom(frame_len) if self.group.is_empty() => {
                    self.roll(frame_len)?;
                    next = Some(entry);
                }
                Pushed::NoRoom(_) => return Ok(Some(entry)),
            }
        }
        Ok(None)
    }

    /// Goes on to a new segment with room for a frame of `frame_len` bytes. All groups in the old one are synced.
    fn roll(&mut self, frame_len: u64) -> Result<(), Poison> {
        let begun = Instant::now();
        loop {
            match self.preparer.take(frame_len, PATIENCE) {
                Ok(Some(blank)) => match self.publish(blank) {
                    Ok(segment) => {
                        let (first, size) = (segment.position.segment_first, segment.size);
                        tracing::debug!(first, size, took = ?begun.elapsed(), "a journal segment begins");
                        self.state.set_lacks_space(false);
                        self.state.set_waits(None);
                        self.segment = segment;
                        return Ok(());
                    }
                    Err(Unpublished::Failed(error)) => self.put_off(&error)?,
                    Err(Unpublished::Poisoned(poison)) => return Err(poison),
                },
                Ok(None) => self.state.set_waits(Some(STILL_MADE)),
                Err(error) => self.put_off(&error)?,
            }
        }
    }

    /// Waits a little before a segment is tried again that could not be made because of `error`.
    fn put_off(&self, error: &io::Error) -> Result<(), Poison> {
        if !is_passing(error) || self.state.is_closing() {
            return Err(Poison::failed(MAKING_A_SEGMENT, &self.directory, error));
        }
        if room::is_lacking(error) {
            self.state.set_lacks_space(true);
        } else {
            self.state.set_waits(Some(&error.to_string()));
        }
        thread::sleep(ROOM_LOOKS_EVERY);
        Ok(())
    }

    fn publish(&mut self, blank: Blank) -> Result<Segment, Unpublished> {
        let first = self.group.sequence() + 1;
        let header = SegmentHeader { size: blank.size(), first, chain: self.group.chain() };
        let made_in = blank.took();
        let begun = self.state.commit_begins();
        let published = blank.publish(&self.directory, &self.opened, &header);
        self.state.commit_ends(begun).map_err(Unpublished::Poisoned)?;
        let file = published.map_err(Unpublished::Failed)?;
        self.pace.rolled(made_in);
        if let Some(keeper) = &mut self.keeper {
            keeper.segment_begins(first, header.chain);
        }
        Ok(Segment { file, size: header.size, position: Position { segment_first: first, offset: PAGE_LEN } })
    }

    /// Makes the group durable. Neither the write nor the sync is ever tried again.
    fn commit(&mut self) -> Result<(), Poison> {
        let bytes = self.group.bytes();
        let begun = self.state.commit_begins();
        let file = || self.directory.join(segment::file_name(self.segment.position.segment_first));
        let written = self.segment.file.write_all_at(bytes, self.segment.position.offset);
        written.map_err(|error| Poison::failed("writing to the journal", &file(), &error))?;
        let synced = self.segment.file.sync_data();
        synced.map_err(|error| Poison::failed("syncing the journal", &file(), &error))?;
        let took = self.state.commit_ends(begun)?;
        self.segment.position.offset += bytes.len() as u64;
        let (sequence, entries) = (self.group.sequence(), self.group.len());
        self.state.committed(Committed { sequence, entries, bytes: bytes.len(), took });
        Ok(())
    }

    /// Hands the group to the follower, and waits for it when it is behind.
    fn deliver(&mut self) -> Result<(), Poison> {
        self.durables.blocking_send(self.group.take()).map_err(|_| Poison::FollowerGone)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::time::Duration;

    use crossbeam::channel;

    use super::*;
    use crate::journal::GENESIS;
    use crate::journal::tests::samples;

    /// What a committer does with one entry when its segment is `file`, and what it hands over.
    fn committed_to(file: File) -> (Result<(), Poison>, u64, Option<Vec<Durable>>) {
        let directory = tempfile::tempdir().unwrap();
        let (queue, waiting) = channel::bounded(1);
        let (durables, mut follower) = mpsc::channel(1);
        let mut committer = Committer {
            queue: waiting,
            durables,
            state: Arc::new(State::new(0, Duration::from_secs(10))),
            group: Group::new(0, GENESIS, 10, 1_000),
            segment: Segment { file, size: 1 << 20, position: Position { segment_first: 1, offset: PAGE_LEN } },
            preparer: Preparer::new(directory.path().into(), 8_192),
            directory: directory.path().into(),
            opened: File::open(directory.path()).unwrap(),
            pace: Pace::new(),
            keeper: None,
        };
        queue.send(samples::long('x', 10)).unwrap();
        drop(queue);
        let result = committer.run();
        (result, committer.state.watermark(), follower.try_recv().ok())
    }

    fn fails_at(operation: &str, file: File) {
        let (result, watermark, delivered) = committed_to(file);
        assert!(matches!(&result, Err(Poison::Failed { operation: found, .. }) if *found == operation), "{result:?}");
        assert_eq!((watermark, delivered.is_none()), (0, true), "nothing is acknowledged");
    }

    #[test]
    fn a_failed_write_is_not_acknowledged() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fails_at("writing to the journal", File::open(file.path()).unwrap());
    }

    #[test]
    fn a_failed_sync_is_not_acknowledged() {
        // It takes every write, and cannot be synced.
        fails_at("syncing the journal", OpenOptions::new().write(true).open("/dev/null").unwrap());
    }

    #[test]
    fn a_commit_is_acknowledged() {
        let (result, watermark, delivered) = committed_to(tempfile::tempfile().unwrap());
        assert_eq!((result, watermark, delivered.map(|group| group.len())), (Ok(()), 1, Some(1)));
    }

    #[test]
    fn the_next_segment_is_begun_at_once_where_making_one_takes_as_long_as_filling_it() {
        let mut pace = Pace::new();
        assert!(!pace.is_due(51, 100) && pace.is_due(49, 100));
        pace.rolled(Duration::from_mins(1));
        assert!(pace.is_due(100, 100));
        pace.rolled(Duration::ZERO);
        assert!(!pace.is_due(51, 100));
    }
}
