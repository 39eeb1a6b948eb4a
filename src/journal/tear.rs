//! Torn or damaged: what stands where the frames end.
//!
//! The space ahead of the writer is zero, a disk writes sectors of 512 bytes as a whole or not at all, and a group is
//! synced before the next one is written. So when power fails, any of the sectors of the last group may be missing,
//! and a missing sector is zero, whereas nothing that was written is (see `frame`). The rule, at the first place that
//! is no sound frame:
//!
//! 1. Everything from here on is zero: the journal ends here.
//! 2. A later segment exists, or a later frame in this one whose group began after this place: what stands here was
//!    synced. Damage.
//! 3. A sector that the frame needs is zero (its first one: from the frame's start on): torn.
//! 4. Everything is zero from a place in the frame on: a write that was cut short, at a place that need not be a
//!    sector's end, as when a process is killed in the middle of it: torn.
//! 5. Anything else is damage. A sector that was written is there as it was written.
//!
//! A torn group was never acknowledged. Every changed bit of an acknowledged frame ends in rule 2 or 5.

use std::io;

use super::frame::{ALIGNMENT, FRAME_LEN_MIN, HEADER_LEN, Header};
use super::window::{Window, is_zero};

/// What a disk writes as a whole or not at all, in bytes.
pub(super) const SECTOR: u64 = 512;

/// The first place of a segment that is no sound frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suspect {
    /// Where it is.
    pub(super) offset: u64,
    /// The sequence that a sound frame would have.
    pub(super) sequence: u64,
    /// The header, when that at least is sound, and the frame lies within the segment.
    pub(super) header: Option<Header>,
    /// Whether later segments exist.
    pub(super) is_last: bool,
}

/// What became of the place.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Nothing was ever written there.
    End,
    /// A write was interrupted; so many bytes of it are there.
    Torn(u64),
    /// What was written changed.
    Damaged,
}

/// Judges `suspect` by the rule above. `len` is the segment's.
pub(super) fn judge(window: &mut Window, len: u64, suspect: Suspect) -> io::Result<Verdict> {
    let Some(content_end) = window.end_of_content(suspect.offset)? else {
        return Ok(Verdict::End);
    };
    if !suspect.is_last || was_followed(window, content_end, len, suspect)? {
        return Ok(Verdict::Damaged);
    }
    if lacks_sector(window, len, suspect)? || was_cut(content_end, suspect) {
        return Ok(Verdict::Torn(content_end - suspect.offset));
    }
    Ok(Verdict::Damaged)
}

/// Whether a later group was written: its writer had seen the sync of this one.
fn was_followed(window: &mut Window, content_end: u64, len: u64, suspect: Suspect) -> io::Result<bool> {
    let Suspect { offset, sequence, header, .. } = suspect;
    // A payload may hold anything, also something that looks like a frame: it is not searched when its length is known.
    let mut at = offset + header.map_or(ALIGNMENT as u64, |header| header.frame_len());
    // No more entries fit than this, so that what looks like a later frame by chance is all but ruled out.
    let sequence_max = sequence.saturating_add((content_end - offset) / FRAME_LEN_MIN as u64 + 1);
    while at < content_end && at + HEADER_LEN as u64 <= len {
        let bytes = window.get(at, HEADER_LEN)?;
        let is_later = |header: &Header| {
            (sequence + 1..=sequence_max).contains(&header.sequence) && header.group_first() > sequence
        };
        if bytes.first_chunk().and_then(Header::parse).is_some_and(|header| is_later(&header)) {
            return Ok(true);
        }
        at += ALIGNMENT as u64;
    }
    Ok(false)
}

/// Whether a sector that the frame needs was never written. Of a frame without a sound header, that is the header's.
fn lacks_sector(window: &mut Window, len: u64, suspect: Suspect) -> io::Result<bool> {
    let frame_len = suspect.header.map_or(HEADER_LEN as u64, |header| header.frame_len());
    let needed_end = (suspect.offset + frame_len).min(len);
    let mut at = suspect.offset;
    while at < needed_end {
        let sector_end = (at / SECTOR + 1) * SECTOR;
        let part = usize::try_from(sector_end - at).expect("a sector is small");
        if is_zero(window.get(at, part)?) {
            return Ok(true);
        }
        at = sector_end;
    }
    Ok(false)
}

/// Whether the content ends within the frame. A frame's last eight bytes are 0xFF, and at least sixteen follow its
/// header; one byte less is not taken for a cut, because one changed byte could be that.
fn was_cut(content_end: u64, suspect: Suspect) -> bool {
    match suspect.header {
        Some(header) => content_end + 2 <= suspect.offset + header.frame_len(),
        None => content_end <= suspect.offset + HEADER_LEN as u64,
    }
}
