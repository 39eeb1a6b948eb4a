//! What stands in the journal: payloads of entries, and whole segments with their frames.
//!
//! Valid ones are those of the frozen files in `data/journal`, which the real encoders wrote. Checksums would keep
//! nearly everything that chance makes from the decoders, so that most inputs get right ones again.

use std::collections::HashMap;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use packhorse::domain::catalogue::{ProductDetails, Revision};
use packhorse::domain::ids::{CategoryId, ProductId};
use packhorse::domain::money::Money;
use packhorse::domain::text::Name;
use packhorse::journal::format::{decode_entry, decode_order, encode_entry, encode_order};
use packhorse::journal::{Position, Reader, Revisions, read_at};

use super::harness::{Decoder, memory};
use super::mutate::{Chance, mutate};

const PAGE: usize = 4096;
const HEADER: usize = 40;
/// Words of the encoding: tags, and a text with its length.
const WORDS: &[&[u8]] = &[&[0], &[1], &[2], &[3], &[4], &[5], &[251, 255, 255], b"\x05Phone", b"\xc3\xa4", b"\xff\xfe"];

/// The products that the lines of the frozen entries name.
pub(crate) struct Shelf(HashMap<(u64, u32), Arc<Revision>>);

impl Shelf {
    pub(crate) fn new() -> Self {
        let products = [(1, 1, 29_999), (1, 2, 24_999), (2, 1, 99_999), (3, 7, 0)];
        Self(products.map(|(product, number, price)| ((product, number), revision(product, number, price))).into())
    }
}

fn revision(product: u64, number: u32, price: u64) -> Arc<Revision> {
    let details = ProductDetails {
        name: Name::parse("Phone").unwrap(),
        description: "".into(),
        price: Money::from_minor(price).unwrap(),
        expiry_date: None,
        category: CategoryId(4),
        archived: false,
    };
    let category_name = Name::parse("Electronics").unwrap();
    Arc::new(Revision { product: ProductId(product), number, details, category_name })
}

impl Revisions for Shelf {
    fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>> {
        self.0.get(&(product.0, number)).cloned()
    }
}

/// The frozen segments, one for each version.
fn segments() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/journal");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// The frames of `segment`, as far as their lengths lead.
fn frames(segment: &[u8]) -> Vec<Range<usize>> {
    let mut frames = Vec::new();
    let mut at = PAGE;
    while at + HEADER <= segment.len() && u32_at(segment, at + 4) > 0 {
        let end = (at + HEADER + u32_at(segment, at + 4) + 8).next_multiple_of(8);
        if end > segment.len() {
            break;
        }
        frames.push(at..end);
        at = end;
    }
    frames
}

fn payload(frame: &[u8]) -> &[u8] {
    &frame[HEADER..HEADER + u32_at(frame, 4)]
}

/// Gives the first page and every frame the checksums, and each frame the running hash, that it should have.
fn seal(segment: &mut [u8]) {
    if segment.len() < PAGE {
        return;
    }
    let crc = crc32c::crc32c(&segment[..48]);
    segment[48..52].copy_from_slice(&crc.to_le_bytes());
    let mut chain: [u8; 16] = segment[32..48].try_into().unwrap();
    for range in frames(segment) {
        let frame = &mut segment[range];
        frame[24..40].copy_from_slice(&chain);
        let crc = crc32c::crc32c(payload(frame));
        frame[8..12].copy_from_slice(&crc.to_le_bytes());
        let mut hasher = blake3::Hasher::new();
        hasher.update(&chain).update(&frame[16..24]).update(&frame[4..8]).update(payload(frame));
        chain.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        let crc = crc32c::crc32c(&frame[4..40]);
        frame[..4].copy_from_slice(&crc.to_le_bytes());
    }
}

/// `segment` with the payload of one frame replaced.
fn with_payload(segment: &[u8], nth: usize, payload: &[u8]) -> Vec<u8> {
    let mut out = segment[..PAGE].to_vec();
    for (i, range) in frames(segment).into_iter().enumerate() {
        let frame = &segment[range];
        if i != nth {
            out.extend_from_slice(frame);
            continue;
        }
        let start = out.len();
        out.extend_from_slice(&frame[..HEADER]);
        out.extend_from_slice(payload);
        out.resize((out.len() + 8).next_multiple_of(8), 0xFF);
        out[start + 4..start + 8].copy_from_slice(&u32::try_from(payload.len()).unwrap().to_le_bytes());
    }
    out.resize(out.len().max(segment.len()).next_multiple_of(PAGE), 0);
    let size = out.len() as u64;
    out[16..24].copy_from_slice(&size.to_le_bytes());
    out
}

/// Entries, by their payloads. What is read is written and read again the same.
pub(crate) fn entries() {
    let shelf = Shelf::new();
    let mut corpus = Vec::new();
    for segment in segments() {
        corpus.extend(frames(&segment).into_iter().map(|range| payload(&segment[range]).to_vec()));
    }
    let others = corpus.clone();
    let mut check = |input: &[u8]| match decode_entry(input, &shelf) {
        Ok(entry) => {
            let mut bytes = Vec::new();
            encode_entry(&entry, &mut bytes);
            assert_eq!(decode_entry(&bytes, &shelf).unwrap(), entry, "what is written is read again");
        }
        Err(error) => assert!(error.to_string().len() > 10, "an error says what is wrong"),
    };
    let mut mutate = |chance: &mut Chance, base: &[u8]| {
        let mut bytes = base.to_vec();
        mutate(chance, &mut bytes, WORDS, &others);
        bytes
    };
    Decoder { name: "entries", corpus, count: 20_000, mutate: &mut mutate, check: &mut check }.run();
}

/// Orders, as packs in the store hold them.
pub(crate) fn orders() {
    let shelf = Shelf::new();
    let mut corpus = Vec::new();
    for segment in segments() {
        for range in frames(&segment) {
            let Ok(entry) = decode_entry(payload(&segment[range]), &shelf) else { continue };
            for event in &entry.events {
                if let packhorse::domain::entry::Event::Placed(order) = event {
                    let mut bytes = Vec::new();
                    encode_order(order, &mut bytes);
                    corpus.push(bytes);
                }
            }
        }
    }
    let others = corpus.clone();
    let mut check = |input: &[u8]| match decode_order(input, &shelf) {
        Ok(order) => {
            let mut bytes = Vec::new();
            encode_order(&order, &mut bytes);
            assert_eq!(decode_order(&bytes, &shelf).unwrap(), order, "what is written is read again");
        }
        Err(error) => assert!(error.to_string().len() > 10, "an error says what is wrong"),
    };
    let mut mutate = |chance: &mut Chance, base: &[u8]| {
        let mut bytes = base.to_vec();
        mutate(chance, &mut bytes, WORDS, &others);
        bytes
    };
    Decoder { name: "orders", corpus, count: 20_000, mutate: &mut mutate, check: &mut check }.run();
}

/// Whole segments: first page, frames, the end.
pub(crate) fn segment_files() {
    let shelf = Shelf::new();
    let directory = tempfile::tempdir_in(memory()).unwrap();
    let corpus = segments();
    let others = corpus.clone();
    let file = directory.path().join(format!("{:020}.seg", 1));
    let mut check = |input: &[u8]| {
        fs::write(&file, input).unwrap();
        let mut reader = match Reader::open(directory.path(), None) {
            Ok(reader) => reader,
            Err(error) => return assert!(error.to_string().len() > 10, "an error says what is wrong"),
        };
        let mut first = None;
        loop {
            match reader.next(&shelf) {
                Ok(Some(durable)) => drop(first.get_or_insert(durable)),
                Ok(None) => break,
                Err(error) => return assert!(error.to_string().len() > 10, "an error says what is wrong"),
            }
        }
        reader.into_tail().ok();
        if let Some(first) = first {
            let position = Position { segment_first: 1, offset: PAGE as u64 };
            assert_eq!(read_at(directory.path(), position, &shelf).unwrap().entry, first.entry);
        }
    };
    let mut mutate = |chance: &mut Chance, base: &[u8]| {
        let count = frames(base).len();
        let mut bytes = if chance.one_in(2) {
            let nth = chance.below(count);
            let mut payload = payload(&base[frames(base)[nth].clone()]).to_vec();
            mutate(chance, &mut payload, WORDS, &[]);
            with_payload(base, nth, &payload)
        } else {
            // In place, so that what lies behind stays where it is; sometimes of any length.
            let used = frames(base).last().unwrap().end;
            let mut bytes = base.to_vec();
            for _ in 0..=chance.below(8) {
                let at = if chance.one_in(4) { chance.below(64) } else { PAGE + chance.below(used - PAGE) };
                bytes[at] = u8::try_from(chance.below(256)).unwrap();
            }
            if chance.one_in(8) {
                mutate(chance, &mut bytes, WORDS, &others);
            }
            bytes
        };
        if !chance.one_in(3) {
            seal(&mut bytes);
        }
        bytes
    };
    Decoder { name: "segment_files", corpus, count: 4_000, mutate: &mut mutate, check: &mut check }.run();
}
