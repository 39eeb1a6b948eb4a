//! Reads a journal from front to back, and finds out how it ends.
//!
//! Everything that is read is verified: checksums of header and payload, the guard bytes, that sequences leave no gap,
//! and that the running hash goes on from frame to frame and from segment to segment. What lies before the segment
//! with the first entry asked for is only looked at by its header: the running hash that the checkpoint brings
//! vouches for it.
//!
//! A journal that another process is writing can be read as well ([`Reader::open_live`]): it ends, then, where this
//! reader found it to end. What was acknowledged before the reading began is always before that, for it was written
//! before. The last group may be one that was written and is not synced yet.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::damage::{ReadError, What};
use super::extent::{self, Ahead, Extent};
use super::format::{Version, decode_entry, entry_at};
use super::frame::{self, Chain, FRAME_LEN_MIN, GENESIS, HEADER_LEN, Header, Inverted, Misfit};
use super::interface::{Checkpoint, Durable, Position, Revisions};
use super::segment::{self, PAGE_LEN, SegmentHeader};
use super::tear::{Suspect, Verdict, judge};
use super::window::Window;
use super::witness::{self, Witness};
use crate::domain::time::Timestamp;

/// How often a place of a live journal that looks damaged is read again before it counts as that: it may be a group
/// that is being written at this moment.
const LOOKS_MAX: u32 = 200;
/// How long to wait before each of these looks.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

/// Where a journal ends, and where its writer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The last entry; 0 when there is none.
    pub sequence: u64,
    /// The running hash behind it.
    pub chain: Chain,
    /// Where the next frame goes; nowhere while there is no segment.
    pub position: Option<Position>,
    /// Where the group of the last entry begins, in the file of `position`. The process that wrote it may not have
    /// come to see its sync succeed.
    pub(super) group_offset: u64,
}

/// How a journal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// With its last entry.
    Clean(End),
    /// With a group whose writing was interrupted. It was never acknowledged.
    Torn {
        /// The end of what is sound.
        end: End,
        /// How many bytes behind it are to be dropped.
        dropped_bytes: u64,
    },
}

impl Tail {
    /// The end of what is sound.
    #[must_use]
    pub fn end(&self) -> &End {
        match self {
            Self::Clean(end) | Self::Torn { end, .. } => end,
        }
    }
}

/// How far the reading has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done with.
    pub bytes_read: u64,
    /// Bytes there are, unused space included.
    pub bytes_total: u64,
}

/// An entry that was gone over without being decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its number.
    pub sequence: u64,
    /// The running hash up to and including it.
    pub chain: Chain,
    /// When it was decided.
    pub at: Timestamp,
}

/// Reads entries in order.
#[derive(Debug)]
pub struct Reader {
    /// The segments that are still to be read, the last one first.
    ahead: Vec<Ahead>,
    current: Option<Segment>,
    from: Checkpoint,
    /// An entry that must be there, and the journal's directory.
    known: Option<Known>,
    sequence: u64,
    chain: Chain,
    progress: Progress,
    tail: Option<Tail>,
    scratch: Vec<u8>,
    /// How often the place where it stands may be looked at again.
    looks_left: u32,
    /// [`LOOKS_MAX`] for a journal that somebody may be writing, otherwise 0.
    looks_max: u32,
}

#[derive(Debug)]
struct Segment {
    extent: Extent,
    header: SegmentHeader,
    window: Window,
    offset: u64,
    group_offset: u64,
}

/// An entry that must be there, and the journal's directory.
type Known = (Checkpoint, PathBuf);

/// What comes next in the journal.
enum Next {
    Frame(Header),
    Tail(Tail),
}

/// What stands at the current offset of a segment.
enum Found {
    Frame(Header),
    End,
    Torn(u64),
}

impl Reader {
    /// Opens the journal in `directory` (the `journal` directory itself) for reading what follows `from`.
    pub fn open(directory: &Path, from: Option<Checkpoint>) -> Result<Self, ReadError> {
        let from = from.unwrap_or(Checkpoint::EMPTY);
        let (mut ahead, known) = Self::witnessed(directory)?;
        // Also from before the entry that must be there, to see that it is that one.
        let witnessed = known.as_ref().map_or(u64::MAX, |(known, _)| known.sequence.max(1));
        let begin = from.sequence.saturating_add(1).min(witnessed);
        let start = ahead.iter().rposition(|ahead| ahead.header.first <= begin).unwrap_or(0);
        ahead.drain(..start);
        let reader = Self { known, ..Self::new(ahead, from, 0) };
        reader.compare_checkpoint()?;
        Ok(reader)
    }

    /// Opens the journal in `directory` for reading all of it, which contains `expected`.
    pub fn open_whole(directory: &Path, expected: Option<Checkpoint>) -> Result<Self, ReadError> {
        let (ahead, known) = Self::witnessed(directory)?;
        Ok(Self { known, ..Self::new(ahead, expected.unwrap_or(Checkpoint::EMPTY), 0) })
    }

    /// Whether what is known beside the journal vouches for it up to the entry `sequence`. What was read has agreed
    /// with it.
    #[must_use]
    pub fn is_vouched_for(&self, sequence: u64) -> bool {
        self.known.as_ref().is_some_and(|(known, _)| known.sequence >= sequence)
    }

    /// Opens the journal in `directory`, which another process may be writing, for reading from the front.
    pub fn open_live(directory: &Path) -> Result<Self, ReadError> {
        let (ahead, known) = Self::witnessed(directory)?;
        Ok(Self { known, ..Self::new(ahead, Checkpoint::EMPTY, LOOKS_MAX) })
    }

    /// The segments of `directory`, none of them missing as far as is known beside it, and the entry that must be
    /// there.
    fn witnessed(directory: &Path) -> Result<(Vec<Ahead>, Option<Known>), ReadError> {
        // First the witness, which says no more than what is there already.
        let witness = Witness::beside(directory)?;
        let segments = Ahead::list(directory)?;
        if let Some(witness) = &witness {
            let headers: Vec<_> = segments.iter().map(|ahead| ahead.header).collect();
            witness.compare(directory, &headers)?;
        }
        let segments = extent::begin_with_the_first(segments)?;
        Ok((segments, witness.map(|witness| (witness.entry, directory.to_owned()))))
    }

    /// Opens the journal whose segments lie in `extents` for reading from the front.
    pub fn open_extents(extents: Vec<Extent>) -> Result<Self, ReadError> {
        Ok(Self::new(Ahead::in_extents(extents)?, Checkpoint::EMPTY, 0))
    }

    fn new(mut ahead: Vec<Ahead>, from: Checkpoint, looks_max: u32) -> Self {
        ahead.reverse();
        let first = ahead.last().map(|ahead| ahead.header);
        let (sequence, chain) = first.map_or((0, GENESIS), |header| (header.first - 1, header.chain));
        let bytes_total = ahead.iter().map(|ahead| ahead.header.size).sum();
        Self {
            ahead,
            current: None,
            from,
            known: None,
            sequence,
            chain,
            progress: Progress { bytes_read: 0, bytes_total },
            tail: None,
            scratch: Vec::new(),
            looks_left: looks_max,
            looks_max,
        }
    }

    /// The next entry, or nothing behind the last one. The order lines in it refer to `revisions`, which must know
    /// everything that the entries before it did. After an error, nothing more can be read.
    pub fn next(&mut self, revisions: &dyn Revisions) -> Result<Option<Durable>, ReadError> {
        while let Next::Frame(header) = self.find()? {
            if header.sequence <= self.from.sequence {
                self.step(&header)?;
                continue;
            }
            let durable = self.decode(&header, revisions)?;
            self.step_to(&header, durable.chain)?;
            return Ok(Some(durable));
        }
        Ok(None)
    }

    /// Goes over the next entry without decoding it; nothing behind the last one.
    pub fn skip(&mut self) -> Result<Option<Mark>, ReadError> {
        let Next::Frame(header) = self.find()? else { return Ok(None) };
        let segment = self.current.as_mut().expect("a frame that was found stands in a segment");
        let (path, offset) = (&segment.extent.path, segment.extent.offset + segment.offset);
        let damage = |error| ReadError::damage(path, offset, header.sequence, What::Meaning(error));
        let frame = segment.window.get(segment.offset, header.frame_bytes()).map_err(ReadError::io(path))?;
        let payload = plain(&header, header.stored_payload(frame), &mut self.scratch);
        let at = entry_at(payload).map_err(damage)?;
        self.step(&header)?;
        Ok(Some(Mark { sequence: self.sequence, chain: self.chain, at }))
    }

    /// The segment of the entry that was just read: its header, where it lies, and where in it the entry ends.
    pub(super) fn behind(&self) -> (&SegmentHeader, &Extent, u64) {
        let segment = self.current.as_ref().expect("an entry that was just read stands in a segment");
        (&segment.header, &segment.extent, segment.offset)
    }

    /// The last entry read or skipped; 0 before the first one.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The running hash behind it.
    #[must_use]
    pub fn chain(&self) -> Chain {
        self.chain
    }

    /// How far the reading has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let offset = self.current.as_ref().map_or(0, |segment| segment.offset);
        Progress { bytes_read: self.progress.bytes_read + offset, ..self.progress }
    }

    /// How the journal ends. Entries that were not read yet are verified and skipped.
    pub fn into_tail(mut self) -> Result<Tail, ReadError> {
        loop {
            match self.find()? {
                Next::Frame(header) => self.step(&header)?,
                Next::Tail(tail) => return Ok(tail),
            }
        }
    }

    /// The sound frame that comes next, or the tail where there is none.
    fn find(&mut self) -> Result<Next, ReadError> {
        loop {
            if let Some(tail) = self.tail {
                return Ok(Next::Tail(tail));
            }
            let Some(segment) = &mut self.current else {
                self.enter()?;
                continue;
            };
            let is_last = self.ahead.is_empty();
            match segment.find(self.sequence + 1, self.chain, is_last) {
                Ok(Found::Frame(header)) => return Ok(Next::Frame(header)),
                Ok(Found::End) => self.leave(None)?,
                Ok(Found::Torn(dropped_bytes)) => self.leave(Some(dropped_bytes))?,
                Err(ReadError::Damage(_)) if is_last && self.looks_left > 0 => {
                    self.looks_left -= 1;
                    segment.window.refresh();
                    thread::sleep(LOOK_PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Goes on to the next segment, or to the end of a journal that has none.
    fn enter(&mut self) -> Result<(), ReadError> {
        let Some(ahead) = self.ahead.pop() else {
            let end = End { sequence: self.sequence, chain: self.chain, position: None, group_offset: 0 };
            return self.end(Tail::Clean(end));
        };
        let (header, extent) = (ahead.header, &ahead.extent);
        let damage = |what| Err(ReadError::damage(&extent.path, extent.offset, self.sequence + 1, what));
        if header.first != self.sequence + 1 {
            return damage(What::SegmentOrder { found: header.first });
        }
        if header.chain != self.chain {
            return damage(What::SegmentChain);
        }
        let window = ahead.open()?;
        let extent = ahead.extent;
        self.current = Some(Segment { extent, header, window, offset: PAGE_LEN, group_offset: PAGE_LEN });
        Ok(())
    }

    /// Leaves a segment behind its last frame.
    fn leave(&mut self, dropped_bytes: Option<u64>) -> Result<(), ReadError> {
        let segment = self.current.take().expect("the segment that was just read is left");
        self.progress.bytes_read += segment.header.size;
        if !self.ahead.is_empty() {
            return Ok(());
        }
        let position = Position { segment_first: segment.header.first, offset: segment.offset };
        let end = End {
            sequence: self.sequence,
            chain: self.chain,
            position: Some(position),
            group_offset: segment.group_offset,
        };
        self.end(match dropped_bytes {
            Some(dropped_bytes) => Tail::Torn { end, dropped_bytes },
            None => Tail::Clean(end),
        })
    }

    fn end(&mut self, tail: Tail) -> Result<(), ReadError> {
        // First what names a file.
        if let Some((known, directory)) = self.known.as_ref().filter(|(known, _)| self.sequence < known.sequence) {
            let first = tail.end().position.map_or(1, |position| position.segment_first);
            return Err(ReadError::EndMissing {
                file: directory.join(segment::file_name(first)),
                journal: self.sequence,
                entry: known.sequence,
                witness: witness::path_beside(directory),
            });
        }
        if self.sequence < self.from.sequence {
            return Err(ReadError::BehindCheckpoint { journal: self.sequence, checkpoint: self.from.sequence });
        }
        self.tail = Some(tail);
        Ok(())
    }

    /// Goes on behind the frame that was found.
    fn step(&mut self, header: &Header) -> Result<(), ReadError> {
        let segment = self.current.as_mut().expect("a frame that was found stands in a segment");
        let chain = header.chain_next(header.stored_payload(segment.frame(header)?));
        self.step_to(header, chain)
    }

    fn step_to(&mut self, header: &Header, chain: Chain) -> Result<(), ReadError> {
        let segment = self.current.as_mut().expect("a frame that was found stands in a segment");
        self.chain = chain;
        self.sequence = header.sequence;
        self.looks_left = self.looks_max;
        if header.place == 0 {
            segment.group_offset = segment.offset;
        }
        segment.offset += header.frame_len();
        self.compare_checkpoint()
    }

    fn compare_checkpoint(&self) -> Result<(), ReadError> {
        if self.sequence == self.from.sequence && self.chain != self.from.chain {
            return Err(ReadError::ForeignCheckpoint { checkpoint: self.sequence });
        }
        if let (Some((known, directory)), Some(segment)) = (&self.known, &self.current)
            && self.sequence == known.sequence
            && self.chain != known.chain
        {
            return Err(ReadError::OtherSegment {
                file: segment.extent.path.clone(),
                witness: witness::path_beside(directory),
            });
        }
        Ok(())
    }

    fn decode(&mut self, header: &Header, revisions: &dyn Revisions) -> Result<Durable, ReadError> {
        let segment = self.current.as_mut().expect("a frame that was found stands in a segment");
        let position = Position { segment_first: segment.header.first, offset: segment.offset };
        let path = segment.extent.path.clone();
        let frame = segment.frame(header)?;
        decode_frame(&path, position, header, frame, &mut self.scratch, revisions)
    }
}

impl Segment {
    /// The frame at the offset, verified, or what stands there instead.
    fn find(&mut self, sequence: u64, chain: Chain, is_last: bool) -> Result<Found, ReadError> {
        let (header, what) = match self.look(sequence, chain)? {
            Ok(header) => return Ok(Found::Frame(header)),
            Err(suspect) => suspect,
        };
        let suspect = Suspect { offset: self.offset, sequence, header, is_last };
        let verdict = judge(&mut self.window, self.header.size, suspect).map_err(ReadError::io(&self.extent.path))?;
        match verdict {
            Verdict::End => Ok(Found::End),
            Verdict::Torn(dropped_bytes) => Ok(Found::Torn(dropped_bytes)),
            Verdict::Damaged => Err(self.damage(sequence, what)),
        }
    }

    /// The frame at the offset; or its header, if that is sound, and what is wrong.
    fn look(&mut self, sequence: u64, chain: Chain) -> Result<Result<Header, (Option<Header>, What)>, ReadError> {
        let left = self.header.size - self.offset;
        if left < FRAME_LEN_MIN as u64 {
            return Ok(Err((None, What::Header)));
        }
        let bytes = self.window.get(self.offset, HEADER_LEN).map_err(ReadError::io(&self.extent.path))?;
        let Some(header) = bytes.first_chunk().and_then(Header::parse) else {
            return Ok(Err((None, What::Header)));
        };
        // A sound header in the wrong place was never torn: it was written so, or put there.
        if header.sequence != sequence {
            return Err(self.damage(sequence, What::Sequence { found: header.sequence }));
        }
        if header.chain != chain {
            return Err(self.damage(sequence, What::Chain));
        }
        if header.frame_len() > left {
            return Err(self.damage(sequence, What::Length { payload_len: header.payload_len }));
        }
        let misfit = header.fits(self.frame(&header)?);
        Ok(match misfit {
            Ok(()) => Ok(header),
            Err(Misfit::Payload) => Err((Some(header), What::Payload)),
            Err(Misfit::Guard) => Err((Some(header), What::Guard)),
        })
    }

    fn frame(&mut self, header: &Header) -> Result<&[u8], ReadError> {
        self.window.get(self.offset, header.frame_bytes()).map_err(ReadError::io(&self.extent.path))
    }

    fn damage(&self, sequence: u64, what: What) -> ReadError {
        ReadError::damage(&self.extent.path, self.extent.offset + self.offset, sequence, what)
    }
}

/// Reads one record again. `position` is where a [`Durable`] said it was.
pub fn read_at(directory: &Path, position: Position, revisions: &dyn Revisions) -> Result<Durable, ReadError> {
    let path = directory.join(segment::file_name(position.segment_first));
    let file = File::open(&path).map_err(ReadError::io(&path))?;
    let size = file.metadata().map_err(ReadError::io(&path))?.len();
    let mut window = Window::new(file, size);
    // Which entry it was is not known when its header cannot be read.
    let damage = |what| ReadError::damage(&path, position.offset, position.segment_first, what);
    let bytes = window.get(position.offset, HEADER_LEN).map_err(ReadError::io(&path))?;
    let header = bytes.first_chunk().and_then(Header::parse).ok_or_else(|| damage(What::Header))?;
    let frame = window.get(position.offset, header.frame_bytes()).map_err(ReadError::io(&path))?;
    header.fits(frame).map_err(|misfit| match misfit {
        Misfit::Payload => damage(What::Payload),
        Misfit::Guard => damage(What::Guard),
    })?;
    decode_frame(&path, position, &header, frame, &mut Vec::new(), revisions)
}

/// Decodes a verified frame. `scratch` is used when its payload is not stored as it is.
pub(super) fn decode_frame(
    path: &Path,
    position: Position,
    header: &Header,
    frame: &[u8],
    scratch: &mut Vec<u8>,
    revisions: &dyn Revisions,
) -> Result<Durable, ReadError> {
    let stored = header.stored_payload(frame);
    let entry = match Version::known(header.version) {
        // What version 2 adds stands at the ends of the lists of version 1.
        Some(Version::One | Version::Two) => decode_entry(plain(header, stored, scratch), revisions),
        None => {
            let (version, known) = (u32::from(header.version), Version::NEWEST as u32);
            return Err(ReadError::UnknownVersion { file: path.to_owned(), version, known });
        }
    }
    .map_err(|error| ReadError::damage(path, position.offset, header.sequence, What::Meaning(error)))?;
    let chain = header.chain_next(stored);
    Ok(Durable { sequence: header.sequence, chain, position, entry: Arc::new(entry) })
}

/// What was encoded, given how it is `stored`. `scratch` is used when the two differ.
fn plain<'a>(header: &Header, stored: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
    match header.inverted {
        Inverted::No => stored,
        Inverted::Yes => {
            scratch.clear();
            scratch.extend_from_slice(stored);
            frame::plain_payload(header, scratch);
            scratch
        }
    }
}
