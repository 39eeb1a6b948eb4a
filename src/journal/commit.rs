//! The commit thread: take what waits, encode, write once, sync once, deliver.
//!
//! When there is no room for the next segment, nothing more is taken, and the other half of this one is for what was
//! taken already. Making a segment is tried again until there is room: nothing that was promised stands in it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError};
use tokio::sync::mpsc;

use crate::domain::entry::Entry;

use super::group::{Group, Pushed};
use super::interface::{Durable, Poison, Position};
use super::prepare::{Blank, Preparer, Progress, is_no_space};
use super::segment::{self, PAGE_LEN, SegmentHeader};
use super::state::{Committed, State};

/// How often it is looked whether there is room again.
const ROOM_LOOKS_EVERY: Duration = Duration::from_millis(250);

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
}

/// The segment that is written to.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) file: File,
    pub(super) size: u64,
    /// Where the next frame goes.
    pub(super) position: Position,
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
            let entry = match carried.take() {
                Some(entry) => entry,
                None => match self.wait()? {
                    Some(entry) => entry,
                    None => return Ok(()),
                },
            };
            carried = self.gather(entry)?;
            self.commit()?;
            self.deliver()?;
            if self.segment.room() < self.segment.size / 2 {
                self.prepare()?;
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
        Ok(self.queue.recv().ok())
    }

    /// Sees to it that the next segment is there before it is needed.
    fn prepare(&mut self) -> Result<(), Poison> {
        match self.preparer.advance() {
            Ok(Progress::UnderWay) => {}
            Ok(Progress::Ready) => self.state.set_lacks_space(false),
            Err(error) if is_no_space(&error) => self.state.set_lacks_space(true),
            Err(error) => return Err(Poison::failed("preparing a segment", &self.directory, &error)),
        }
        Ok(())
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
        loop {
            let begun = self.state.commit_begins();
            let made = self.preparer.take(frame_len).and_then(|blank| self.publish(blank));
            let took = self.state.commit_ends(begun)?;
            match made {
                Ok(segment) => {
                    let (first, size) = (segment.position.segment_first, segment.size);
                    tracing::debug!(first, size, ?took, "a journal segment begins");
                    self.state.set_lacks_space(false);
                    self.segment = segment;
                    return Ok(());
                }
                Err(error) if is_no_space(&error) && !self.state.is_closing() => {
                    self.state.set_lacks_space(true);
                    thread::sleep(ROOM_LOOKS_EVERY);
                }
                Err(error) => return Err(Poison::failed("making a segment", &self.directory, &error)),
            }
        }
    }

    fn publish(&self, blank: Blank) -> io::Result<Segment> {
        let first = self.group.sequence() + 1;
        let header = SegmentHeader { size: blank.size(), first, chain: self.group.chain() };
        let file = blank.publish(&self.directory, &header)?;
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
}
