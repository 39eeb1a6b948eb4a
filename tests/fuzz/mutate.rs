//! Chance from a seed, and what it does to bytes that were valid: flips, cuts, copies, splices, and numbers at the
//! edge.

/// Numbers at which something may break, as they stand in a text.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1",
    "00",
    "1e9",
    "1E400",
    "-1e-400",
    "0.001",
    "255",
    "256",
    "65536",
    "2147483647",
    "2147483648",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1152921504606846976",
    "99999999999999999999999999999999999999",
    "NaN",
    "Infinity",
];
/// Lengths that lie, among them 2^60.
const LENGTHS: &[u64] =
    &[0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 1 << 16, 1 << 30, 1 << 31, u32::MAX as u64, 1 << 60, u64::MAX];
/// Bytes with a meaning somewhere.
const BYTES: &[u8] = b"\0\x01\x7f\x80\xbf\xc0\xe2\xed\xf8\xfe\xff\"'\\{}[],:;=%&?#/+- \t\r\n.0";
/// Nothing grows beyond this.
const LENGTH_MAX: usize = 1 << 17;

/// Chance: `SplitMix64`.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { usize::try_from(self.next() % end as u64).unwrap() }
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// A range within `length`, mostly a short one.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let start = self.below(length + 1);
        let most = if self.one_in(4) { length } else { 16 };
        (start, (start + self.below(most + 1)).min(length))
    }
}

/// `bytes` after one to six changes. `words` mean something to the decoder, `others` are whole inputs to splice with.
pub(crate) fn mutate(chance: &mut Chance, bytes: &mut Vec<u8>, words: &[&[u8]], others: &[Vec<u8>]) {
    for _ in 0..=chance.below(6) {
        change(chance, bytes, words, others);
        bytes.truncate(LENGTH_MAX);
    }
}

fn change(chance: &mut Chance, bytes: &mut Vec<u8>, words: &[&[u8]], others: &[Vec<u8>]) {
    let (start, end) = chance.range(bytes.len());
    match chance.below(12) {
        0 if start < bytes.len() => bytes[start] ^= 1 << chance.below(8),
        1 if start < bytes.len() => bytes[start] = BYTES[chance.below(BYTES.len())],
        2 => drop(bytes.drain(start..end)),
        3 => bytes.truncate(start),
        4 => {
            let copy = bytes[start..end].to_vec();
            let at = chance.below(bytes.len() + 1);
            bytes.splice(at..at, copy);
        }
        5 => {
            // Deep nesting, long texts, many rows.
            let times = 1 << chance.below(13);
            let copy = bytes[start..end.min(start + 64)].repeat(times);
            bytes.splice(start..start, copy);
        }
        6 if !words.is_empty() => {
            let word = chance.pick(words).to_vec();
            bytes.splice(start..if chance.one_in(2) { start } else { end }, word);
        }
        7 => number(chance, bytes, start),
        8 => length(chance, bytes, start),
        9 if !others.is_empty() => {
            let other = &others[chance.below(others.len())];
            let (from, to) = chance.range(other.len());
            bytes.splice(start..end, other[from..to].to_vec());
        }
        10 => {
            let byte = BYTES[chance.below(BYTES.len())];
            bytes.splice(start..start, std::iter::repeat_n(byte, 1 << chance.below(12)).collect::<Vec<_>>());
        }
        _ => {
            let byte = u8::try_from(chance.below(256)).unwrap();
            bytes.insert(start, byte);
        }
    }
}

/// Puts a number at the edge in the place of the digits at or behind `start`.
fn number(chance: &mut Chance, bytes: &mut Vec<u8>, start: usize) {
    let Some(from) = bytes[start..].iter().position(u8::is_ascii_digit).map(|at| start + at) else { return };
    let to = bytes[from..].iter().position(|byte| !byte.is_ascii_digit()).map_or(bytes.len(), |at| from + at);
    bytes.splice(from..to, chance.pick(NUMBERS).bytes());
}

/// Writes a length that lies over what stands at `start`, in one of the ways in which lengths are stored.
fn length(chance: &mut Chance, bytes: &mut Vec<u8>, start: usize) {
    let value = LENGTHS[chance.below(LENGTHS.len())];
    let [a, b, c, d, ..] = value.to_le_bytes();
    let stored = match chance.below(6) {
        // As bincode writes integers of 2, 4 and 8 bytes.
        0 => vec![251, a, b],
        1 => vec![252, a, b, c, d],
        2 => [&[253], &value.to_le_bytes()[..]].concat(),
        3 => vec![a, b, c, d],
        4 => value.to_le_bytes().to_vec(),
        _ => value.to_be_bytes().to_vec(),
    };
    let end = if chance.one_in(3) { start } else { (start + stored.len()).min(bytes.len()) };
    bytes.splice(start..end, stored);
}
