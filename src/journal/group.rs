//! A group: entries that become durable with one write and one sync.

use std::sync::Arc;

use crate::domain::entry::Entry;

use super::format::{VALUE_BYTES_MAX, Version, encode_entry};
use super::frame::{self, Chain, GROUP_ENTRIES_MAX};
use super::interface::{Durable, Poison, Position};

/// The frames of the entries taken up so far, and what is to be delivered when they are durable.
#[derive(Debug)]
pub(super) struct Group {
    bytes: Vec<u8>,
    entries: Vec<Durable>,
    /// The last sequence given out, here or in an earlier group.
    sequence: u64,
    chain: Chain,
    entries_max: usize,
    bytes_max: usize,
}

/// Whether an entry was taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It is in the group.
    Yes,
    /// Its frame of so many bytes goes beyond the segment.
    NoRoom(u64),
}

impl Group {
    pub(super) fn new(sequence: u64, chain: Chain, entries_max: usize, bytes_max: usize) -> Self {
        let entries_max = entries_max.clamp(1, GROUP_ENTRIES_MAX);
        Self { bytes: Vec::new(), entries: Vec::new(), sequence, chain, entries_max, bytes_max }
    }

    /// Encodes `entry` behind the others. The group is going to be written at `start`, where the segment has `room`
    /// bytes left.
    pub(super) fn push(&mut self, entry: &Arc<Entry>, start: Position, room: u64) -> Result<Pushed, Poison> {
        let begin = frame::begin(&mut self.bytes);
        encode_entry(entry, &mut self.bytes);
        let payload_len = self.bytes.len() - begin - frame::HEADER_LEN;
        if payload_len > VALUE_BYTES_MAX {
            return Err(too_large(payload_len));
        }
        let frame_len = frame::frame_len(payload_len as u64);
        if begin as u64 + frame_len > room {
            self.bytes.truncate(begin);
            return Ok(Pushed::NoRoom(frame_len));
        }
        let sequence = self.sequence + 1;
        let (place, version) = (self.entries.len(), Version::needed_by(entry));
        self.chain = frame::seal(&mut self.bytes, begin, sequence, place, self.chain, version).map_err(too_large)?;
        self.sequence = sequence;
        let position = Position { offset: start.offset + begin as u64, ..start };
        self.entries.push(Durable { sequence, chain: self.chain, position, entry: Arc::clone(entry) });
        Ok(Pushed::Yes)
    }

    /// Whether no more entries should be taken up.
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= self.entries_max || self.bytes.len() >= self.bytes_max
    }

    /// How many entries it has.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The frames.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The last sequence in it.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The running hash behind it.
    pub(super) fn chain(&self) -> Chain {
        self.chain
    }

    /// Gives out the entries, which are durable now, and makes room for the next group.
    pub(super) fn take(&mut self) -> Vec<Durable> {
        self.bytes.clear();
        // The buffer is kept, but not at the size of the largest bulk ever seen.
        self.bytes.shrink_to(8 * self.bytes_max);
        let likely = Vec::with_capacity(self.entries.len());
        std::mem::replace(&mut self.entries, likely)
    }
}

fn too_large(payload_len: usize) -> Poison {
    let reason = format!("it has {payload_len} bytes, and an entry may have {VALUE_BYTES_MAX}");
    Poison::Failed { operation: "framing an entry", reason: reason.into() }
}
