//! Frames: how one entry's bytes stand in a segment.
//!
//! ```text
//!  0  u32  CRC32C of bytes 4..40
//!  4  u32  payload length, at least 1
//!  8  u32  CRC32C of the payload as it is stored
//! 12  u16  format version of the payload
//! 14  u16  bits 0-14: place in the group, from 0; bit 15: the payload is stored inverted
//! 16  u64  sequence
//! 24  16B  chain: the running hash over everything before this frame
//! 40       payload
//!          guard: 8 to 15 bytes of 0xFF, up to the next multiple of 8
//! ```
//! All numbers are little endian. Frames start at multiples of 8.
//!
//! Invariant: no part of a frame that fills a sector of 512 bytes, and no part of it in the first or last sector that
//! it touches, is all zero. That makes a sector of zeros, in space that was zero before, the mark of a sector that was
//! never written, which is how a torn write is told from damage (see `tear`). It holds because the length is never 0,
//! because a payload with a long run of zeros is stored inverted (every byte complemented), and because of the guard.
//! The guard has 8 bytes so that no single changed byte can make it vanish.

use super::format::Version;

/// The running hash over all entries up to some sequence: equal hashes mean equal journals.
pub type Chain = [u8; 16];

/// The chain of a journal without entries.
pub const GENESIS: Chain = *b"packhorse-chain0";

/// The bytes before the payload.
pub(super) const HEADER_LEN: usize = 40;
/// The bytes of the smallest frame.
pub(super) const FRAME_LEN_MIN: usize = 56;
/// Frames start at multiples of this.
pub(super) const ALIGNMENT: usize = 8;
/// A group has no more frames than places can be told apart.
pub(super) const GROUP_ENTRIES_MAX: usize = 1 << 15;

const GUARD_LEN_MIN: usize = 8;
const GUARD: u8 = 0xFF;
const INVERTED: u16 = 1 << 15;
/// Any run of zeros that could fill a sector contains a whole aligned chunk of this many bytes, twice.
const ZERO_CHUNK: usize = 128;

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) payload_len: u32,
    pub(super) payload_crc: u32,
    pub(super) version: u16,
    pub(super) place: u16,
    pub(super) inverted: Inverted,
    pub(super) sequence: u64,
    pub(super) chain: Chain,
}

/// How a payload is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inverted {
    No,
    Yes,
}

impl Header {
    /// The header in `bytes`, when it is one.
    pub(super) fn parse(bytes: &[u8; HEADER_LEN]) -> Option<Self> {
        let payload_len = u32_at(bytes, 4);
        // Most of what is searched for headers is zero, and the length never is.
        if payload_len == 0 || u32_at(bytes, 0) != crc32c::crc32c(&bytes[4..]) {
            return None;
        }
        let place = u16::from_le_bytes([bytes[14], bytes[15]]);
        Some(Self {
            payload_len,
            payload_crc: u32_at(bytes, 8),
            version: u16::from_le_bytes([bytes[12], bytes[13]]),
            place: place & !INVERTED,
            inverted: if place & INVERTED == 0 { Inverted::No } else { Inverted::Yes },
            sequence: u64::from_le_bytes(array(bytes, 16)),
            chain: array(bytes, 24),
        })
    }

    fn render(&self) -> [u8; HEADER_LEN] {
        let place = self.place | if self.inverted == Inverted::Yes { INVERTED } else { 0 };
        let mut bytes = [0; HEADER_LEN];
        bytes[4..8].copy_from_slice(&self.payload_len.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.payload_crc.to_le_bytes());
        bytes[12..14].copy_from_slice(&self.version.to_le_bytes());
        bytes[14..16].copy_from_slice(&place.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[24..40].copy_from_slice(&self.chain);
        let crc = crc32c::crc32c(&bytes[4..]);
        bytes[..4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The bytes of the whole frame.
    pub(super) fn frame_len(&self) -> u64 {
        frame_len(u64::from(self.payload_len))
    }

    /// [`Header::frame_len`], to ask memory for.
    pub(super) fn frame_bytes(&self) -> usize {
        usize::try_from(self.frame_len()).unwrap_or(usize::MAX)
    }

    /// The sequence of the first entry of the group that this frame was written with.
    pub(super) fn group_first(&self) -> u64 {
        self.sequence.saturating_sub(u64::from(self.place))
    }

    /// The part of `frame` that is the payload, as it is stored.
    pub(super) fn stored_payload<'a>(&self, frame: &'a [u8]) -> &'a [u8] {
        &frame[HEADER_LEN..HEADER_LEN + self.payload_len as usize]
    }

    /// Whether the payload and the guard in `frame` are as they were written.
    pub(super) fn fits(&self, frame: &[u8]) -> Result<(), Misfit> {
        let payload = self.stored_payload(frame);
        if crc32c::crc32c(payload) != self.payload_crc {
            return Err(Misfit::Payload);
        }
        let guard = &frame[HEADER_LEN + payload.len()..];
        if guard.iter().any(|byte| *byte != GUARD) { Err(Misfit::Guard) } else { Ok(()) }
    }

    /// The chain behind this frame, given its payload as it is stored.
    pub(super) fn chain_next(&self, payload: &[u8]) -> Chain {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.chain);
        hasher.update(&self.sequence.to_le_bytes());
        hasher.update(&self.payload_len.to_le_bytes());
        hasher.update(payload);
        array(hasher.finalize().as_bytes(), 0)
    }
}

/// What of a frame is not as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    Payload,
    Guard,
}

/// The bytes of a frame around a payload of `payload_len` bytes.
pub(super) fn frame_len(payload_len: u64) -> u64 {
    (HEADER_LEN as u64 + payload_len + GUARD_LEN_MIN as u64).next_multiple_of(ALIGNMENT as u64)
}

/// Makes room for a header at the end of `buffer`; the payload is to be appended next.
pub(super) fn begin(buffer: &mut Vec<u8>) -> usize {
    let start = buffer.len();
    buffer.resize(start + HEADER_LEN, 0);
    start
}

/// Completes the frame that begins at `start` and whose payload ends `buffer`. Gives the chain behind it, or the length
/// of a payload that is too long to be framed.
pub(super) fn seal(
    buffer: &mut Vec<u8>,
    start: usize,
    sequence: u64,
    place: usize,
    chain: Chain,
    version: Version,
) -> Result<Chain, usize> {
    let payload = &mut buffer[start + HEADER_LEN..];
    let payload_len = u32::try_from(payload.len()).map_err(|_| payload.len())?;
    assert!(payload_len > 0, "no entry is encoded as nothing");
    let inverted = invert_if_needed(payload);
    let place = u16::try_from(place).ok().filter(|place| place & INVERTED == 0);
    let header = Header {
        payload_len,
        payload_crc: crc32c::crc32c(payload),
        version: version as u16,
        place: place.expect("a group has at most 32,768 entries"),
        inverted,
        sequence,
        chain,
    };
    let chain = header.chain_next(payload);
    buffer[start..start + HEADER_LEN].copy_from_slice(&header.render());
    buffer.resize(start + header.frame_bytes(), GUARD);
    Ok(chain)
}

/// Turns a stored payload into what was encoded.
pub(super) fn plain_payload(header: &Header, stored: &mut [u8]) {
    if header.inverted == Inverted::Yes {
        invert(stored);
    }
}

fn invert_if_needed(payload: &mut [u8]) -> Inverted {
    let is_zero = |chunk: &[u8]| chunk.iter().all(|byte| *byte == 0);
    if !payload.chunks_exact(ZERO_CHUNK).any(is_zero) {
        return Inverted::No;
    }
    // Text never holds 0xFF, and numbers hold it only a few times in a row: no run of zeros comes from this.
    invert(payload);
    Inverted::Yes
}

fn invert(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = !*byte;
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

/// The `N` bytes from `at` on, which are there.
pub(super) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(payload: &[u8]) -> Vec<u8> {
        let mut buffer = vec![1, 2, 3, 4, 5, 6, 7, 8];
        let start = begin(&mut buffer);
        buffer.extend_from_slice(payload);
        seal(&mut buffer, start, 7, 3, GENESIS, Version::One).unwrap();
        buffer.split_off(start)
    }

    fn unframed(frame: &[u8]) -> Option<Vec<u8>> {
        let header = Header::parse(frame.first_chunk()?)?;
        if header.frame_len() != frame.len() as u64 {
            return None;
        }
        header.fits(frame).ok()?;
        let mut payload = header.stored_payload(frame).to_vec();
        plain_payload(&header, &mut payload);
        Some(payload)
    }

    #[test]
    fn gives_back_every_length_of_payload() {
        for len in 1..2_000 {
            let payload: Vec<u8> = (0..len).map(|i| u8::try_from(i % 255).unwrap()).collect();
            let frame = framed(&payload);
            assert_eq!(frame.len() % ALIGNMENT, 0);
            assert!(frame.len() >= FRAME_LEN_MIN);
            assert_eq!(unframed(&frame).as_deref(), Some(&payload[..]), "{len}");
        }
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let frame = framed(b"some payload that is not too short");
        for at in 0..frame.len() {
            for change in 1..=255 {
                let mut changed = frame.clone();
                changed[at] ^= change;
                assert_eq!(unframed(&changed), None, "byte {at} changed by {change}");
            }
        }
    }

    #[test]
    fn never_fills_a_sector_with_zeros() {
        for (zeros, lead) in [(511, 0), (512, 1), (1_024, 100), (5_000, 0), (5_000, 127), (479, 3), (480, 3)] {
            let mut payload = vec![b'x'; lead];
            payload.resize(lead + zeros, 0);
            let frame = framed(&payload);
            assert_eq!(unframed(&frame).as_deref(), Some(&payload[..]));
            let run = frame.split(|byte| *byte != 0).map(<[u8]>::len).max().unwrap();
            assert!(run < 512 - HEADER_LEN, "{zeros} zeros behind {lead}: {run} in a row");
        }
    }

    #[test]
    fn the_chain_depends_on_everything_before() {
        let chain = |sequence, payload: &[u8], before| {
            let mut buffer = Vec::new();
            begin(&mut buffer);
            buffer.extend_from_slice(payload);
            seal(&mut buffer, 0, sequence, 0, before, Version::One).unwrap()
        };
        let first = chain(1, b"a", GENESIS);
        assert_eq!(first, chain(1, b"a", GENESIS));
        assert_ne!(first, chain(2, b"a", GENESIS));
        assert_ne!(first, chain(1, b"b", GENESIS));
        assert_ne!(chain(2, b"c", first), chain(2, b"c", GENESIS));
    }
}
