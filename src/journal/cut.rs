//! A part of a journal: everything up to some entry, and in which files it stands.
//!
//! A backup is a cut at the end, a restore to an earlier moment one before it. What is behind a cut was zero before it
//! was written, so a segment that is cut and filled up with zeros is as its writer left it at that entry.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::damage::ReadError;
use super::extent::Extent;
use super::frame::{Chain, GENESIS};
use super::prepare;
use super::reader::{Mark, Progress, Reader};
use super::segment::{self, sync_directory};
use crate::domain::time::Timestamp;
use crate::room;

/// How much is copied at once, in bytes.
const PIECE: usize = 1 << 20;
/// The size of the one segment of a journal without entries.
const EMPTY_BYTES: u64 = 1 << 20;

/// Which entry is the last one of a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The last one there is.
    End,
    /// The one with this number, or the last one before it.
    Sequence(u64),
    /// The last one that was decided at this moment or before it.
    Instant(Timestamp),
}

/// Everything up to an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The last entry; 0 when there is none.
    pub sequence: u64,
    /// The running hash behind it.
    pub chain: Chain,
    /// When it was decided.
    pub at: Option<Timestamp>,
    /// The segments, up to the end of the last entry of each.
    pub segments: Vec<CutSegment>,
}

/// A segment of a cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutSegment {
    /// Its first sequence.
    first: u64,
    /// The size of its file; what is behind `extent` is zeros.
    pub size: u64,
    /// Where it stands.
    pub extent: Extent,
}

/// Why a cut could not be written out.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {error}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

impl Cut {
    /// Reads with `reader`, which is at the front, and cuts behind the last entry that `until` takes in. `progress` is
    /// told how far it has come.
    pub fn find(mut reader: Reader, until: Until, mut progress: impl FnMut(Progress)) -> Result<Self, ReadError> {
        let mut last = Mark { sequence: 0, chain: GENESIS, at: Timestamp(0) };
        // What was read, and how much of it the cut takes in: how many segments, how many bytes of the last of them.
        let mut segments: Vec<CutSegment> = Vec::new();
        let (mut count, mut len) = (0, 0);
        while let Some(mark) = reader.skip()? {
            progress(reader.progress());
            if matches!(until, Until::Sequence(sequence) if mark.sequence > sequence) {
                break;
            }
            let (header, extent, offset) = reader.behind();
            match segments.last_mut() {
                Some(segment) if segment.first == header.first => segment.extent.len = offset,
                Some(_) | None => {
                    let extent = Extent { len: offset, ..extent.clone() };
                    segments.push(CutSegment { first: header.first, size: header.size, extent });
                }
            }
            if !matches!(until, Until::Instant(instant) if mark.at > instant) {
                (last, count, len) = (mark, segments.len(), offset);
            }
        }
        segments.truncate(count);
        if let Some(segment) = segments.last_mut() {
            segment.extent.len = len;
        }
        let at = (last.sequence > 0).then_some(last.at);
        Ok(Self { sequence: last.sequence, chain: last.chain, at, segments })
    }

    /// How many bytes its segments have up to the last entry of each.
    #[must_use]
    pub fn content_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.extent.len).sum()
    }

    /// How many bytes its segments have when they are written out in full.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    /// Refuses a `directory`, which need not exist yet, on whose disk the journal that this cut leaves has no room,
    /// with `beside` more bytes. Changes nothing.
    pub fn look_for_room(&self, directory: &Path, beside: u64) -> Result<(), WriteError> {
        let looked = room::look(directory, self.bytes() + beside, "the journal");
        looked.map_err(|error| WriteError { path: directory.to_owned(), error })
    }

    /// Writes the journal that this cut leaves into `directory`, which is empty: it can be gone on with. `progress` is
    /// told the bytes done.
    pub fn write(&self, directory: &Path, mut progress: impl FnMut(u64)) -> Result<(), WriteError> {
        let failed = |error| WriteError { path: directory.to_owned(), error };
        if self.segments.is_empty() {
            return prepare::begin_journal(directory, EMPTY_BYTES).map(|_| ()).map_err(failed);
        }
        let mut done = 0;
        for segment in &self.segments {
            let path = directory.join(segment.name());
            segment.write(&path, |bytes| progress(done + bytes)).map_err(|error| WriteError { path, error })?;
            done += segment.size;
        }
        sync_directory(directory).map_err(failed)
    }
}

impl CutSegment {
    /// The name of its file.
    #[must_use]
    pub fn name(&self) -> String {
        segment::file_name(self.first)
    }

    fn write(&self, path: &Path, mut progress: impl FnMut(u64)) -> io::Result<()> {
        let mut source = File::open(&self.extent.path)?;
        source.seek(SeekFrom::Start(self.extent.offset))?;
        let mut source = source.take(self.extent.len).chain(io::repeat(0)).take(self.size);
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        let mut piece = vec![0; PIECE];
        let mut done = 0;
        while done < self.size {
            let len = source.read(&mut piece)?;
            file.write_all(&piece[..len])?;
            done += len as u64;
            progress(done);
        }
        file.sync_all()
    }
}
