//! The disk of a journal in memory: frames, one behind the other, and how far they were synced.

use std::path::Path;

use super::damage::{ReadError, What};
use super::frame::{Chain, GENESIS, HEADER_LEN, Header, Misfit};
use super::interface::Checkpoint;
use super::interface::{Durable, Position, Revisions};
use super::reader::decode_frame;

/// What a journal in memory wrote. It outlives the journal: opening another one with it is a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryDisk {
    bytes: Vec<u8>,
    synced: usize,
}

/// Reads a [`MemoryDisk`] from front to back.
#[derive(Debug)]
pub struct MemoryReader<'a> {
    disk: &'a MemoryDisk,
    from: Checkpoint,
    offset: usize,
    sequence: u64,
    chain: Chain,
    scratch: Vec<u8>,
}

impl MemoryDisk {
    /// Everything that was written.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes were written that no sync made durable.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        self.bytes.len() - self.synced
    }

    /// What a power cut leaves: everything synced, and the first `kept` bytes of what was being written.
    #[must_use]
    pub fn after_power_cut(&self, kept: usize) -> Self {
        let len = self.synced + kept.min(self.unsynced());
        Self { bytes: self.bytes[..len].to_vec(), synced: self.synced }
    }

    /// A reader of what follows `from`.
    #[must_use]
    pub fn read(&self, from: Option<Checkpoint>) -> MemoryReader<'_> {
        let from = from.unwrap_or(Checkpoint::EMPTY);
        MemoryReader { disk: self, from, offset: 0, sequence: 0, chain: GENESIS, scratch: Vec::new() }
    }

    /// The record at `position`, verified and decoded.
    pub(super) fn read_at(&self, position: Position, revisions: &dyn Revisions) -> Result<Durable, ReadError> {
        let offset = usize::try_from(position.offset).unwrap_or(usize::MAX);
        let damage = |what| ReadError::damage(path(), position.offset, position.segment_first, what);
        let (header, frame) = self.frame(offset).map_err(damage)?;
        decode_frame(path(), position, &header, frame, &mut Vec::new(), revisions)
    }

    /// Where the next frame goes.
    pub(super) fn end(&self) -> Position {
        Position { segment_first: 1, offset: self.bytes.len() as u64 }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn sync(&mut self) {
        self.synced = self.bytes.len();
    }

    /// Drops what an interrupted write left behind the last whole frame, keeps the rest for good, and says how it ends.
    pub(super) fn settle(&mut self) -> Result<(u64, Chain), ReadError> {
        let mut reader = self.read(None);
        while let Some(header) = reader.find()? {
            reader.step(&header);
        }
        let (offset, end) = (reader.offset, (reader.sequence, reader.chain));
        self.bytes.truncate(offset);
        self.sync();
        Ok(end)
    }

    /// The whole frame at `offset`, or what is wrong with it.
    fn frame(&self, offset: usize) -> Result<(Header, &[u8]), What> {
        let rest = self.bytes.get(offset..).unwrap_or_default();
        let header = rest.first_chunk::<HEADER_LEN>().and_then(Header::parse).ok_or(What::Header)?;
        let payload_len = header.payload_len;
        let frame = rest.get(..header.frame_bytes()).ok_or(What::Length { payload_len })?;
        match header.fits(frame) {
            Ok(()) => Ok((header, frame)),
            Err(Misfit::Payload) => Err(What::Payload),
            Err(Misfit::Guard) => Err(What::Guard),
        }
    }
}

impl MemoryReader<'_> {
    /// The next entry, or nothing behind the last one. See [`Reader::next`](super::Reader::next).
    pub fn next(&mut self, revisions: &dyn Revisions) -> Result<Option<Durable>, ReadError> {
        while let Some(header) = self.find()? {
            if header.sequence <= self.from.sequence {
                self.step(&header);
                if header.sequence == self.from.sequence && self.chain != self.from.chain {
                    return Err(ReadError::ForeignCheckpoint { checkpoint: self.sequence });
                }
                continue;
            }
            let position = Position { segment_first: 1, offset: self.offset as u64 };
            let frame = &self.disk.bytes[self.offset..self.offset + header.frame_bytes()];
            let durable = decode_frame(path(), position, &header, frame, &mut self.scratch, revisions)?;
            self.step(&header);
            return Ok(Some(durable));
        }
        if self.sequence < self.from.sequence {
            return Err(ReadError::BehindCheckpoint { journal: self.sequence, checkpoint: self.from.sequence });
        }
        Ok(None)
    }

    /// The sound frame that comes next; none where the journal ends, or a write was interrupted.
    fn find(&self) -> Result<Option<Header>, ReadError> {
        if self.offset >= self.disk.bytes.len() {
            return Ok(None);
        }
        let damage = |what| ReadError::damage(path(), self.offset as u64, self.sequence + 1, what);
        match self.disk.frame(self.offset) {
            Ok((header, _)) if header.sequence != self.sequence + 1 => {
                Err(damage(What::Sequence { found: header.sequence }))
            }
            Ok((header, _)) if header.chain != self.chain => Err(damage(What::Chain)),
            Ok((header, _)) => Ok(Some(header)),
            Err(_) if self.offset >= self.disk.synced => Ok(None),
            Err(what) => Err(damage(what)),
        }
    }

    fn step(&mut self, header: &Header) {
        let frame = &self.disk.bytes[self.offset..self.offset + header.frame_bytes()];
        self.chain = header.chain_next(header.stored_payload(frame));
        self.sequence = header.sequence;
        self.offset += frame.len();
    }
}

/// What errors call it.
fn path() -> &'static Path {
    Path::new("memory")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::group::Group;
    use crate::journal::tests::samples;

    /// A disk with one synced entry, and two that are being written.
    fn disk() -> MemoryDisk {
        let mut disk = MemoryDisk::default();
        let mut group = Group::new(0, GENESIS, 10, usize::MAX / 8);
        for words in [&['a'][..], &['b', 'c']] {
            disk.sync();
            for word in words {
                group.push(&samples::long(*word, 10), disk.end(), u64::MAX).unwrap();
            }
            disk.write(group.bytes());
            group.take();
        }
        disk
    }

    fn entries(disk: &MemoryDisk) -> Result<usize, ReadError> {
        let (mut reader, shelf) = (disk.read(None), samples::shelf());
        let mut count = 0;
        while reader.next(&shelf)?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    #[test]
    fn a_power_cut_leaves_what_was_synced_and_whole_entries_of_the_rest() {
        let disk = disk();
        let (unsynced, one) = (disk.unsynced(), disk.unsynced() / 2);
        for (kept, expected) in [(0, 1), (1, 1), (one - 1, 1), (one, 2), (unsynced - 1, 2), (unsynced, 3)] {
            let mut left = disk.after_power_cut(kept);
            assert_eq!(entries(&left).unwrap(), expected, "{kept} of {unsynced} bytes");
            assert_eq!(left.settle().unwrap().0, expected as u64);
            assert_eq!((entries(&left).unwrap(), left.unsynced()), (expected, 0));
        }
    }

    #[test]
    fn what_was_synced_and_changed_is_damage() {
        let mut disk = disk();
        disk.sync();
        let last = disk.bytes.len() - 1;
        disk.bytes[last] ^= 1;
        assert!(matches!(entries(&disk), Err(ReadError::Damage(_))));
        assert!(disk.settle().is_err());
    }

    #[test]
    fn a_checkpoint_has_to_fit() {
        let (disk, shelf) = (disk(), samples::shelf());
        let read = |sequence, chain| disk.read(Some(Checkpoint { sequence, chain })).next(&shelf);
        assert!(matches!(read(1, GENESIS), Err(ReadError::ForeignCheckpoint { checkpoint: 1 })));
        assert!(matches!(read(9, GENESIS), Err(ReadError::BehindCheckpoint { journal: 3, checkpoint: 9 })));
    }
}
