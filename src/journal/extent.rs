//! Where the bytes of a segment lie: in a file of the journal's directory, or in a part of an archive.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::damage::{ReadError, What};
use super::segment::{self, PAGE, PAGE_LEN, SegmentHeader};
use super::window::Window;

/// A part of a file that holds a segment from its first byte on. In a backup it ends with the segment's last frame;
/// what the segment had behind it is zeros, and left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The file.
    pub path: PathBuf,
    /// Where in the file the segment begins.
    pub offset: u64,
    /// How many bytes of the segment are there.
    pub len: u64,
}

/// A segment that is going to be read.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    pub(super) header: SegmentHeader,
    pub(super) extent: Extent,
}

impl Ahead {
    /// The segments of `directory`, in order, each checked against its file's name and length.
    pub(super) fn list(directory: &Path) -> Result<Vec<Self>, ReadError> {
        let firsts = segment::list(directory)
            .map_err(ReadError::io(directory))?
            .map_err(|path| ReadError::damage(&path, 0, 1, What::Misnamed))?;
        let mut segments = Vec::with_capacity(firsts.len());
        for first in firsts {
            let path = directory.join(segment::file_name(first));
            let len = fs::metadata(&path).map_err(ReadError::io(&path))?.len();
            let ahead = Self::look(Extent { path, offset: 0, len }, first)?;
            if ahead.header.first != first {
                return Err(ahead.damage(first, What::SegmentOrder { found: ahead.header.first }));
            }
            if ahead.header.size != len {
                return Err(ahead.damage(first, What::SegmentLength { found: len, expected: ahead.header.size }));
            }
            segments.push(ahead);
        }
        Ok(segments)
    }

    /// The segments that lie in `extents`, in order.
    pub(super) fn in_extents(extents: Vec<Extent>) -> Result<Vec<Self>, ReadError> {
        let mut segments = Vec::with_capacity(extents.len());
        for extent in extents {
            let len = extent.len;
            let ahead = Self::look(extent, 1)?;
            if ahead.header.size < len {
                let what = What::SegmentLength { found: len, expected: ahead.header.size };
                return Err(ahead.damage(ahead.header.first, what));
            }
            segments.push(ahead);
        }
        segments.sort_by_key(|ahead| ahead.header.first);
        begin_with_the_first(segments)
    }

    /// Opens it for reading.
    pub(super) fn open(&self) -> Result<Window, ReadError> {
        let file = File::open(&self.extent.path).map_err(ReadError::io(&self.extent.path))?;
        Ok(Window::within(file, self.extent.offset, self.extent.len, self.header.size))
    }

    fn look(extent: Extent, first: u64) -> Result<Self, ReadError> {
        let damage = |what| Err(ReadError::damage(&extent.path, extent.offset, first, what));
        if extent.len < PAGE_LEN {
            return damage(What::SegmentHeadless { found: extent.len });
        }
        let file = File::open(&extent.path).map_err(ReadError::io(&extent.path))?;
        let mut window = Window::within(file, extent.offset, PAGE_LEN, PAGE_LEN);
        let page = window.get(0, PAGE).map_err(ReadError::io(&extent.path))?;
        let page = page.first_chunk().expect("a page was read");
        let header =
            SegmentHeader::parse(page).map_err(|error| ReadError::segment_header(&extent.path, first, error))?;
        Ok(Self { header, extent })
    }

    fn damage(&self, sequence: u64, what: What) -> ReadError {
        ReadError::damage(&self.extent.path, self.extent.offset, sequence, what)
    }
}

/// Refuses segments that do not begin with the first entry.
pub(super) fn begin_with_the_first(segments: Vec<Ahead>) -> Result<Vec<Ahead>, ReadError> {
    match segments.first() {
        Some(ahead) if (ahead.header.first, ahead.header.chain) != (1, super::GENESIS) => {
            Err(ahead.damage(1, What::SegmentOrder { found: ahead.header.first }))
        }
        Some(_) | None => Ok(segments),
    }
}
