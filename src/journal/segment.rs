//! Segment files: `<first sequence, 20 digits>.seg`, each one page of header and then frames.
//!
//! ```text
//!  0  8B   magic
//!  8  u32  format version of the segment
//! 12  u32  zero
//! 16  u64  size of the file in bytes, a multiple of 4096
//! 24  u64  first sequence
//! 32  16B  chain before the first sequence
//! 48  u32  CRC32C of bytes 0..48
//! 52       zeros up to 4096
//! ```
//! Invariant: a file with such a name is complete. It is made under another name, filled with zeros over its whole
//! size, synced, and only then renamed (see `prepare`), so that one that is shorter than its header says was cut.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::frame::{Chain, array};

/// The bytes before the first frame.
pub(super) const PAGE: usize = 4096;
/// [`PAGE`], as an offset.
pub(super) const PAGE_LEN: u64 = 4096;

const MAGIC: [u8; 8] = *b"PKHORSEJ";
pub(super) const SEGMENT_VERSION: u32 = 1;
/// No segment is larger: 1 GiB by the setting, and one that is made for a single entry has room for the largest one.
pub(super) const SIZE_MAX: u64 = 2 << 30;
const EXTENSION: &str = "seg";
const NAME_DIGITS: usize = 20;

/// What the first page of a segment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) size: u64,
    pub(super) first: u64,
    pub(super) chain: Chain,
}

/// Why a page is no segment header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderError {
    Corrupt,
    UnknownVersion(u32),
}

impl SegmentHeader {
    pub(super) fn render(&self) -> [u8; PAGE] {
        let mut page = [0; PAGE];
        page[..8].copy_from_slice(&MAGIC);
        page[8..12].copy_from_slice(&SEGMENT_VERSION.to_le_bytes());
        page[16..24].copy_from_slice(&self.size.to_le_bytes());
        page[24..32].copy_from_slice(&self.first.to_le_bytes());
        page[32..48].copy_from_slice(&self.chain);
        let crc = crc32c::crc32c(&page[..48]);
        page[48..52].copy_from_slice(&crc.to_le_bytes());
        page
    }

    pub(super) fn parse(page: &[u8; PAGE]) -> Result<Self, HeaderError> {
        let crc = u32::from_le_bytes(array(page, 48));
        if page[..8] != MAGIC || crc != crc32c::crc32c(&page[..48]) {
            return Err(HeaderError::Corrupt);
        }
        let version = u32::from_le_bytes(array(page, 8));
        if version != SEGMENT_VERSION {
            return Err(HeaderError::UnknownVersion(version));
        }
        let header = Self {
            size: u64::from_le_bytes(array(page, 16)),
            first: u64::from_le_bytes(array(page, 24)),
            chain: array(page, 32),
        };
        let is_sound =
            (PAGE_LEN..=SIZE_MAX).contains(&header.size) && header.size.is_multiple_of(PAGE_LEN) && header.first > 0;
        if is_sound && *page == header.render() { Ok(header) } else { Err(HeaderError::Corrupt) }
    }
}

/// The name of the segment that begins with `first`.
pub(super) fn file_name(first: u64) -> String {
    format!("{first:0NAME_DIGITS$}.{EXTENSION}")
}

/// The segments in `directory`, in order: what each file's name says is its first sequence. `Err` in the inner result
/// names a file that has the extension and not the name of a segment.
pub(super) fn list(directory: &Path) -> io::Result<Result<Vec<u64>, PathBuf>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new(EXTENSION)) {
            match first_in_name(&path) {
                Some(first) => segments.push(first),
                None => return Ok(Err(path)),
            }
        }
    }
    segments.sort_unstable();
    Ok(Ok(segments))
}

fn first_in_name(path: &Path) -> Option<u64> {
    let first = path.file_stem()?.to_str()?.parse().ok()?;
    (path.file_name()? == OsStr::new(&file_name(first))).then_some(first)
}

/// Which directory it is, whatever its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// That of the directory that is found at `path`.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|found| Self { device: found.dev(), inode: found.ino() })
    }

    /// An error unless it is still found at `path`: files that are made by that path would be another directory's.
    pub(super) fn expect_at(self, path: &Path) -> io::Result<()> {
        match Self::at(path) {
            Ok(found) if found == self => Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(_) | Err(_) => Err(io::Error::other(
                "it was moved, removed or replaced while this process was using it; what was acknowledged is where it \
                 was moved to",
            )),
        }
    }
}

/// Makes durable which files are in `directory`.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: SegmentHeader = SegmentHeader { size: 8192, first: 17, chain: [9; 16] };

    #[test]
    fn reads_what_it_wrote() {
        assert_eq!(SegmentHeader::parse(&HEADER.render()), Ok(HEADER));
    }

    #[test]
    fn no_changed_byte_of_the_page_goes_unnoticed() {
        for at in 0..PAGE {
            let mut page = HEADER.render();
            page[at] ^= 1;
            assert_eq!(SegmentHeader::parse(&page), Err(HeaderError::Corrupt), "byte {at}");
        }
    }

    #[test]
    fn a_size_that_no_segment_has_is_no_header() {
        for size in [0, 4_095, 4_097, SIZE_MAX + 4_096, 1 << 40] {
            let page = SegmentHeader { size, ..HEADER }.render();
            assert_eq!(SegmentHeader::parse(&page), Err(HeaderError::Corrupt), "{size}");
        }
    }

    #[test]
    fn lists_segments_in_order_and_ignores_other_files() {
        let directory = tempfile::tempdir().unwrap();
        for name in [file_name(20), file_name(3), file_name(100), "prepared-1.tmp".into(), "notes".into()] {
            File::create(directory.path().join(name)).unwrap();
        }
        assert_eq!(list(directory.path()).unwrap(), Ok(vec![3, 20, 100]));
        let misnamed = directory.path().join("3.seg");
        File::create(&misnamed).unwrap();
        assert_eq!(list(directory.path()).unwrap(), Err(misnamed));
    }
}
