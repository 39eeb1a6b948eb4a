//! The witness: a small file beside the journal's directory that says which segments there are, and which entry the
//! journal has at least. It tells that segments are missing, whatever became of the store.
//!
//! ```text
//! Packhorse journal witness 1
//! entry 123 <chain behind it>
//! segment 1 <chain before it>
//! segment 57 <chain before it>
//! crc32c <of the lines above>
//! ```
//! It is replaced as a whole when a segment begins, when the journal is closed, and about every half minute in between:
//! never with each commit. So it may say less than there is, and never more. Invariant: a segment is on disk before it
//! is named here. A directory that has none, as older versions left it, gets one at its next start.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::damage::ReadError;
use super::frame::{Chain, GENESIS};
use super::interface::Checkpoint;
use super::segment::{self, Identity, SegmentHeader, sync_directory};
use crate::{regular, room};

/// Its name, in the data directory.
pub(super) const WITNESS: &str = "WITNESS";
/// What it is written as before it gets its name.
pub(super) const WITNESS_UNFINISHED: &str = "WITNESS.tmp";
/// More than one of a million segments has: whatever is larger is something else.
const BYTES_MAX: u64 = 64 << 20;
const TITLE: &str = "Packhorse journal witness 1";
/// How far it may be behind while entries are written.
pub(super) const BEHIND_MAX: Duration = Duration::from_secs(30);

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Witness {
    /// The last entry that is known to be on disk, and the running hash behind it.
    pub(super) entry: Checkpoint,
    /// The first entry of each segment, and the running hash before it.
    pub(super) segments: Vec<(u64, Chain)>,
}

impl Witness {
    /// Of a journal with these segments, which is sound up to the last one.
    pub(super) fn of(headers: impl IntoIterator<Item = SegmentHeader>) -> Self {
        let segments: Vec<_> = headers.into_iter().map(|header| (header.first, header.chain)).collect();
        let entry = segments.last().map_or(Checkpoint::EMPTY, |(first, chain)| before(*first, *chain));
        Self { entry, segments }
    }

    /// Reads the one beside the journal's directory `journal`. One that cannot be understood is reported and counts as
    /// none: it only ever adds to what the journal says of itself.
    pub(super) fn beside(journal: &Path) -> Result<Option<Self>, ReadError> {
        let path = path_beside(journal);
        let bytes = match regular::read(&path, BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ReadError::io(&path)(error)),
        };
        let witness = str::from_utf8(&bytes).ok().and_then(Self::parse);
        if witness.is_none() {
            tracing::error!(
                file = %path.display(),
                "the journal's witness is damaged: this once, segments that are missing at the journal's end are not \
                 noticed by it. It is made anew at the next start of a server; see to the disk"
            );
        }
        Ok(witness)
    }

    /// Whether the segments of `journal` with these headers are those that are known, or begin with them.
    pub(super) fn compare(&self, journal: &Path, headers: &[SegmentHeader]) -> Result<(), ReadError> {
        let file = |first| journal.join(segment::file_name(first));
        let found = |first| headers.iter().find(|header| header.first == first);
        if let Some((first, _)) =
            self.segments.iter().find(|(first, chain)| found(*first).is_some_and(|header| header.chain != *chain))
        {
            return Err(ReadError::OtherSegment { file: file(*first), witness: path_beside(journal) });
        }
        let mut missing = self.segments.iter().filter(|(first, _)| found(*first).is_none());
        let Some((first, _)) = missing.next() else { return Ok(()) };
        // What is left can be gone on with only when nothing behind the gap is left.
        let is_end = headers.last().is_none_or(|last| last.first < *first);
        Err(ReadError::SegmentsMissing {
            file: file(*first),
            count: 1 + missing.count(),
            entry: self.entry.sequence,
            witness: path_beside(journal),
            is_end,
        })
    }

    fn render(&self) -> String {
        let mut text = format!("{TITLE}\nentry {} {}\n", self.entry.sequence, hex(self.entry.chain));
        for (first, chain) in &self.segments {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "segment {first} {}", hex(*chain));
        }
        let crc = crc32c::crc32c(text.as_bytes());
        let _ = writeln!(text, "crc32c {crc:08x}");
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let (body, crc) = text.trim_end_matches('\n').rsplit_once("crc32c ")?;
        if u32::from_str_radix(crc, 16).ok()? != crc32c::crc32c(body.as_bytes()) {
            return None;
        }
        let mut lines = body.lines();
        if lines.next()? != TITLE {
            return None;
        }
        let (sequence, chain) = numbered(lines.next()?.strip_prefix("entry ")?)?;
        let segments = lines.map(|line| numbered(line.strip_prefix("segment ")?)).collect::<Option<_>>()?;
        Some(Self { entry: Checkpoint { sequence, chain }, segments })
    }

    /// Writes it beside `journal` so that it is there as a whole or as it was before, whenever the power fails.
    pub(super) fn write(&self, journal: &Path) -> io::Result<()> {
        let path = path_beside(journal);
        let unfinished = path.with_file_name(WITNESS_UNFINISHED);
        let mut file = regular::replace(&unfinished)?;
        file.write_all(self.render().as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        path.parent().map_or(Ok(()), sync_directory)
    }
}

/// Writes the witness while entries are written.
#[derive(Debug)]
pub(super) struct Keeper {
    journal: PathBuf,
    /// Which directory that is.
    identity: Identity,
    witness: Witness,
    written_at: Instant,
}

impl Keeper {
    /// Writes one of what is there: `headers`, up to `entry`, all of it on disk.
    pub(super) fn begin(journal: &Path, headers: Vec<SegmentHeader>, entry: Checkpoint) -> io::Result<Self> {
        let (identity, witness) = (Identity::at(journal)?, Witness { entry, ..Witness::of(headers) });
        match witness.write(journal) {
            // No reason not to serve: what it said before is still true, and it is written again.
            Err(error) if room::is_lacking(&error) => {
                tracing::warn!(%error, "the disk is full: the journal's witness could not be written; it is tried again");
            }
            written => written?,
        }
        Ok(Self { journal: journal.to_owned(), identity, witness, written_at: Instant::now() })
    }

    /// Notes that a segment begins.
    pub(super) fn segment_begins(&mut self, first: u64, chain: Chain) {
        self.witness.segments.push((first, chain));
        self.note(before(first, chain));
    }

    /// Notes that `entry` is on disk, where that was not done for a while.
    pub(super) fn committed(&mut self, entry: Checkpoint) {
        if self.written_at.elapsed() >= BEHIND_MAX {
            self.note(entry);
        }
    }

    /// Notes that `entry` is on disk.
    pub(super) fn note(&mut self, entry: Checkpoint) {
        self.witness.entry = entry;
        self.written_at = Instant::now();
        // What it said before is still true, and it is written again.
        let written = self.identity.expect_at(&self.journal).and_then(|()| self.witness.write(&self.journal));
        if let Err(error) = written {
            tracing::warn!(%error, "the journal's witness could not be written; it is tried again");
        }
    }

    /// Whether it says less than that `sequence` is on disk.
    pub(super) fn is_behind(&self, sequence: u64) -> bool {
        self.witness.entry.sequence < sequence
    }
}

/// Where the witness is of the journal in the directory `journal`.
pub(super) fn path_beside(journal: &Path) -> PathBuf {
    journal.with_file_name(WITNESS)
}

fn before(first: u64, chain: Chain) -> Checkpoint {
    Checkpoint { sequence: first - 1, chain }
}

fn hex(chain: Chain) -> String {
    chain.iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A number and a running hash.
fn numbered(text: &str) -> Option<(u64, Chain)> {
    let (number, hex) = text.split_once(' ')?;
    let mut chain = GENESIS;
    if hex.len() != 2 * chain.len() || !hex.is_ascii() {
        return None;
    }
    for (at, byte) in chain.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
    }
    Some((number.parse().ok()?, chain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(first: u64, byte: u8) -> SegmentHeader {
        SegmentHeader { size: 8_192, first, chain: [byte; 16] }
    }

    fn witness() -> Witness {
        Witness { entry: Checkpoint { sequence: 60, chain: [7; 16] }, ..Witness::of([header(1, 1), header(57, 2)]) }
    }

    #[test]
    fn reads_what_it_wrote_and_notices_every_changed_byte() {
        let text = witness().render();
        assert_eq!(Witness::parse(&text), Some(witness()));
        for at in 0..text.len() - 1 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            assert_eq!(str::from_utf8(&bytes).ok().and_then(Witness::parse), None, "byte {at}");
            assert_eq!(Witness::parse(&text[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn names_what_is_missing_and_says_whether_that_is_the_end() {
        let directory = Path::new("data/journal");
        let check = |headers: &[SegmentHeader]| witness().compare(directory, headers);
        assert!(check(&[header(1, 1), header(57, 2)]).is_ok());
        assert!(check(&[header(1, 1), header(57, 2), header(99, 3)]).is_ok(), "it may say less than there is");
        let missing = |headers: &[SegmentHeader]| match check(headers) {
            Err(ReadError::SegmentsMissing { file, count, is_end, .. }) => {
                (file.file_name().unwrap().to_str().unwrap().to_owned(), count, is_end)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(missing(&[]), ("00000000000000000001.seg".into(), 2, true));
        assert_eq!(missing(&[header(1, 1)]), ("00000000000000000057.seg".into(), 1, true));
        assert_eq!(missing(&[header(57, 2)]), ("00000000000000000001.seg".into(), 1, false));
        assert_eq!(missing(&[header(1, 1), header(99, 3)]), ("00000000000000000057.seg".into(), 1, false));
        let other = check(&[header(1, 1), header(57, 9)]);
        assert!(matches!(other, Err(ReadError::OtherSegment { .. })), "{other:?}");
    }
}
