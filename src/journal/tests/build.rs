//! Journals built byte by byte, without a writer's thread.

use std::fs::OpenOptions;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::domain::entry::Entry;
use crate::journal::frame::{Chain, GENESIS};
use crate::journal::group::{Group, Pushed};
use crate::journal::segment::{self, PAGE_LEN, SegmentHeader};
use crate::journal::{Position, ReadError, Reader, Tail};

/// A segment, and what stands where.
#[derive(Clone, Debug)]
pub(super) struct Built {
    pub(super) header: SegmentHeader,
    pub(super) bytes: Vec<u8>,
    /// Each frame's place; the sequences count up from the segment's first.
    pub(super) frames: Vec<Range<usize>>,
    /// Each group's place.
    pub(super) groups: Vec<Range<usize>>,
    pub(super) chain_end: Chain,
}

impl Built {
    /// The first segment of a journal, of `size` bytes, with `groups`.
    pub(super) fn new(size: u64, groups: &[Vec<Arc<Entry>>]) -> Self {
        Self::behind(size, 0, GENESIS, groups)
    }

    /// The segment behind entry `sequence`.
    pub(super) fn behind(size: u64, sequence: u64, chain: Chain, groups: &[Vec<Arc<Entry>>]) -> Self {
        let header = SegmentHeader { size, first: sequence + 1, chain };
        let mut built =
            Self { header, bytes: header.render().to_vec(), frames: vec![], groups: vec![], chain_end: chain };
        let mut group = Group::new(sequence, chain, usize::MAX, usize::MAX / 8);
        for entries in groups {
            let start = built.bytes.len();
            let position = Position { segment_first: header.first, offset: start as u64 };
            for entry in entries {
                let begin = start + group.bytes().len();
                assert_eq!(group.push(entry, position, size - start as u64), Ok(Pushed::Yes));
                built.frames.push(begin..start + group.bytes().len());
            }
            built.bytes.extend_from_slice(group.bytes());
            built.groups.push(start..built.bytes.len());
            group.take();
        }
        built.chain_end = group.chain();
        built.bytes.resize(usize::try_from(size).unwrap(), 0);
        built
    }

    pub(super) fn sequence_last(&self) -> u64 {
        self.header.first - 1 + self.frames.len() as u64
    }

    /// Where the content ends.
    pub(super) fn content_end(&self) -> usize {
        self.groups.last().map_or(usize::try_from(PAGE_LEN).unwrap(), |group| group.end)
    }

    /// The sequence and the start of the frame that contains the byte `at`.
    pub(super) fn frame_around(&self, at: usize) -> Option<(u64, usize)> {
        let index = self.frames.iter().position(|frame| frame.contains(&at))?;
        Some((self.header.first + index as u64, self.frames[index].start))
    }
}

/// A directory with segments in it.
#[derive(Debug)]
pub(super) struct Place(TempDir);

impl Place {
    pub(super) fn new(segments: &[&Built]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for built in segments {
            place.put(built, &built.bytes);
        }
        place
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn file(&self, built: &Built) -> PathBuf {
        self.path().join(segment::file_name(built.header.first))
    }

    /// Writes `bytes` where `built` is.
    pub(super) fn put(&self, built: &Built, bytes: &[u8]) {
        // Not `fs::write`: making a file anew for each of many thousand cases is what would take the time.
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(self.file(built)).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        file.write_all_at(bytes, 0).unwrap();
    }

    pub(super) fn tail(&self) -> Result<Tail, ReadError> {
        Reader::open(self.path(), None)?.into_tail()
    }

    /// The damage that reading finds, as file, offset and sequence.
    pub(super) fn damage(&self) -> (PathBuf, u64, u64) {
        match self.tail() {
            Err(ReadError::Damage(damage)) => (damage.file, damage.offset, damage.sequence_expected),
            other => panic!("no damage was found: {other:?}"),
        }
    }
}
