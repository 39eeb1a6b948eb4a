//! A window on a file: reads at any place, in large pieces, with one buffer.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// How much is read at once when less is asked for, in bytes.
const WINDOW: usize = 1 << 20;

/// A file, or a part of one, of which one piece is in memory.
#[derive(Debug)]
pub(super) struct Window {
    file: File,
    /// Where in the file it begins.
    base: u64,
    /// How many bytes are there; those behind them, up to `len`, are zero.
    there: u64,
    len: u64,
    buffer: Vec<u8>,
    buffer_at: u64,
}

impl Window {
    /// A window on the first `len` bytes of `file`, which has as many.
    pub(super) fn new(file: File, len: u64) -> Self {
        Self::within(file, 0, len, len)
    }

    /// A window on `len` bytes: the `there` bytes of `file` from `base` on, and zeros behind them.
    pub(super) fn within(file: File, base: u64, there: u64, len: u64) -> Self {
        Self { file, base, there, len, buffer: Vec::new(), buffer_at: 0 }
    }

    /// Reads anew from now on: somebody else may be writing.
    pub(super) fn refresh(&mut self) {
        self.buffer.clear();
    }

    /// The `len` bytes from `offset` on, which must lie within the file.
    pub(super) fn get(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        let missing = || io::Error::new(io::ErrorKind::UnexpectedEof, "the file is shorter than it was made");
        let end = offset.checked_add(len as u64).filter(|end| *end <= self.len).ok_or_else(missing)?;
        if offset < self.buffer_at || end > self.buffer_at + self.buffer.len() as u64 {
            self.fill(offset, len)?;
        }
        let start = usize::try_from(offset - self.buffer_at).expect("the buffer is in memory");
        Ok(&self.buffer[start..start + len])
    }

    fn fill(&mut self, offset: u64, len: usize) -> io::Result<()> {
        let left = usize::try_from(self.len - offset).unwrap_or(usize::MAX);
        self.buffer.resize(len.max(WINDOW).min(left), 0);
        self.buffer_at = offset;
        let there = usize::try_from(self.there.saturating_sub(offset)).unwrap_or(usize::MAX).min(self.buffer.len());
        let (stored, left_out) = self.buffer.split_at_mut(there);
        left_out.fill(0);
        let filled = self.file.read_exact_at(stored, self.base + offset);
        if filled.is_err() {
            self.buffer.clear();
        }
        filled
    }

    /// The offset behind the last byte that is not zero, from `offset` on; `None` when all are.
    pub(super) fn end_of_content(&mut self, offset: u64) -> io::Result<Option<u64>> {
        let mut end = None;
        let mut at = offset;
        // What is not there is zero, and need not be looked at.
        let len_there = self.len.min(self.there);
        while at < len_there {
            let len = usize::try_from(len_there - at).unwrap_or(WINDOW).min(WINDOW);
            let piece = self.get(at, len)?;
            if let Some(last) = last_set(piece) {
                end = Some(at + last as u64 + 1);
            }
            at += len as u64;
        }
        Ok(end)
    }
}

/// The index of the last byte that is not zero. Long runs of zeros are the usual case.
fn last_set(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 4096;
    let blocks = bytes.chunks(BLOCK).enumerate().rev();
    blocks.filter(|(_, block)| !is_zero(block)).find_map(|(index, block)| {
        let last = block.iter().rposition(|byte| *byte != 0)?;
        Some(index * BLOCK + last)
    })
}

/// Whether all of `bytes` are zero. Looks at every byte, which is what a processor does many at a time.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |all, byte| all | byte) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_last_byte_that_is_set() {
        for len in [0, 1, 511, 4096, 4097, 10_000] {
            let mut bytes = vec![0; len];
            assert_eq!(last_set(&bytes), None);
            for at in (0..len).step_by(97).chain(len.checked_sub(1)) {
                bytes.fill(0);
                bytes[at / 2] = 1;
                bytes[at] = 1;
                assert_eq!(last_set(&bytes), Some(at));
            }
        }
    }

    #[test]
    fn shows_any_piece_of_a_file_and_nothing_behind_it() {
        let content: Vec<u8> = (0..3 * WINDOW).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&content, 0).unwrap();
        let mut window = Window::new(file, content.len() as u64);
        for (offset, len) in [(0, 10), (5, WINDOW), (2 * WINDOW - 3, 7), (1, 3 * WINDOW - 1), (3 * WINDOW, 0)] {
            assert_eq!(window.get(offset as u64, len).unwrap(), &content[offset..offset + len]);
        }
        assert!(window.get(3 * WINDOW as u64 - 1, 2).is_err());
        assert!(window.get(u64::MAX, 2).is_err());
    }

    #[test]
    fn shows_a_part_of_a_file_and_zeros_behind_it() {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(b"..abcdef..", 0).unwrap();
        let mut window = Window::within(file, 2, 6, 10);
        assert_eq!(window.get(0, 10).unwrap(), b"abcdef\0\0\0\0");
        assert_eq!(window.get(7, 3).unwrap(), [0; 3]);
        window.refresh();
        assert_eq!(window.get(5, 2).unwrap(), b"f\0");
        assert!(window.get(9, 2).is_err());
        assert_eq!(window.end_of_content(0).unwrap(), Some(6));
    }

    #[test]
    fn sees_what_was_written_behind_its_back_once_it_is_refreshed() {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(b"old", 0).unwrap();
        let mut window = Window::new(file.try_clone().unwrap(), 3);
        assert_eq!(window.get(0, 3).unwrap(), b"old");
        file.write_all_at(b"new", 0).unwrap();
        assert_eq!(window.get(0, 3).unwrap(), b"old");
        window.refresh();
        assert_eq!(window.get(0, 3).unwrap(), b"new");
    }
}
