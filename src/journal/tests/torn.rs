//! A write that was interrupted never stops a start, and takes nothing along that was acknowledged.

use std::sync::Arc;

use proptest::prelude::*;

use super::build::{Built, Place};
use super::samples;
use crate::domain::entry::Entry;
use crate::journal::{FileJournal, Journal, Options, Tail};

const SECTOR: usize = 512;
const SIZE: u64 = 16_384;

/// A journal whose last group was being written when the power failed.
struct Interrupted {
    built: Built,
    place: Place,
}

impl Interrupted {
    /// `lead` bytes of text come first, to shift the last group against the sectors.
    fn new(lead: usize, last: &[Arc<Entry>]) -> Self {
        let built = Built::new(SIZE, &[vec![samples::long('a', lead + 1)], last.to_vec()]);
        let place = Place::new(&[&built]);
        Self { built, place }
    }

    fn group(&self) -> std::ops::Range<usize> {
        self.built.groups[1].clone()
    }

    /// The starts of the sectors that the last group lies in.
    fn sectors(&self) -> Vec<usize> {
        (self.group().start / SECTOR * SECTOR..self.group().end).step_by(SECTOR).collect()
    }

    /// What is on disk when just those sectors were written that `is_written` says.
    fn with_sectors(&self, is_written: impl Fn(usize) -> bool) -> Vec<u8> {
        let mut bytes = self.built.bytes.clone();
        for (index, start) in self.sectors().into_iter().enumerate() {
            if !is_written(index) {
                bytes[start.max(self.group().start)..start + SECTOR].fill(0);
            }
        }
        bytes
    }

    /// Puts `bytes` on disk and checks that what is read is everything up to some entry of the last group.
    fn check(&self, bytes: &[u8], case: &str) -> Tail {
        self.place.put(&self.built, bytes);
        let tail = self.place.tail().unwrap_or_else(|error| panic!("{case}: {error}"));
        let end = tail.end();
        assert!((1..=self.built.sequence_last()).contains(&end.sequence), "{case}: {tail:?}");
        let sound = self.built.frames[usize::try_from(end.sequence).unwrap() - 1].end;
        assert_eq!(end.position.unwrap().offset, sound as u64, "{case}");
        assert_eq!(bytes[..sound], self.built.bytes[..sound], "{case}");
        let content_end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        match tail {
            Tail::Clean(_) => assert_eq!(content_end, sound, "{case}"),
            Tail::Torn { dropped_bytes, .. } => assert_eq!(dropped_bytes, (content_end - sound) as u64, "{case}"),
        }
        tail
    }

    /// Checks every set of sectors that may have been written.
    fn check_every_set(&self, name: &str) {
        let sectors = u32::try_from(self.sectors().len()).unwrap();
        for set in 0..1_u32 << sectors {
            let tail =
                self.check(&self.with_sectors(|index| set & (1 << index) != 0), &format!("{name}, sectors {set:b}"));
            let is_whole = tail.end().sequence == self.built.sequence_last();
            assert!(set + 1 != 1 << sectors || is_whole, "{name}: all was written, and all is there");
        }
    }
}

fn small(count: usize) -> Vec<Arc<Entry>> {
    samples::all().into_iter().cycle().skip(5).take(count).collect()
}

#[test]
fn any_set_of_written_sectors_is_a_torn_write() {
    for lead in (0..SECTOR + 16).step_by(8) {
        let check =
            |name, last: &[Arc<Entry>]| Interrupted::new(lead, last).check_every_set(&format!("{name}, {lead}"));
        check("one small entry", &small(1));
        check("many small entries", &small(12));
        check("a long entry", &[samples::long('x', 1_900)]);
        check("a long entry of zeros", &[samples::long('\0', 1_900)]);
        check("entries of zeros that end near a sector's end", &[samples::long('\0', 400), samples::long('\0', 900)]);
        check("short, long, short", &[&small(2)[..], &[samples::long('x', 1_000)], &small(2)].concat());
    }
}

#[test]
fn a_write_cut_at_any_byte_is_a_torn_write() {
    for lead in (0..SECTOR).step_by(104) {
        let last = [&small(3)[..], &[samples::long('x', 700)], &small(2)].concat();
        let interrupted = Interrupted::new(lead, &last);
        // The one byte that is missed could also be one that changed.
        let ends: Vec<_> = interrupted.built.frames.iter().map(|frame| frame.end - 1).collect();
        for cut in interrupted.group().filter(|cut| !ends.contains(cut)) {
            let mut bytes = interrupted.built.bytes.clone();
            bytes[cut..].fill(0);
            interrupted.check(&bytes, &format!("{lead}, cut at {cut}"));
        }
    }
}

#[test]
fn the_writer_clears_what_was_torn_and_goes_on() {
    let options = Options { segment_bytes: SIZE, ..Options::default() };
    let last = [&small(2)[..], &[samples::long('x', 1_000)], &small(2)].concat();
    for set in 0..32 {
        let interrupted = Interrupted::new(300, &last);
        let bytes = interrupted.with_sectors(|index| set & (1 << index) != 0);
        let tail = interrupted.check(&bytes, "torn");
        let (journal, mut durables) = FileJournal::open(interrupted.place.path(), &options, &tail).unwrap();
        let reread = interrupted.place.tail().unwrap();
        assert_eq!(reread, Tail::Clean(*tail.end()), "sectors {set:b}");
        journal.submit(samples::long('z', 50)).unwrap();
        journal.close();
        assert_eq!(durables.blocking_recv().unwrap()[0].sequence, tail.end().sequence + 1);
        assert!(
            matches!(interrupted.place.tail().unwrap(), Tail::Clean(end) if end.sequence == tail.end().sequence + 1)
        );
    }
}

/// Clearing a torn group is itself a write that can be interrupted.
#[test]
fn clearing_can_be_interrupted_too() {
    let last = [&small(2)[..], &[samples::long('x', 1_200)], &small(2)].concat();
    let interrupted = Interrupted::new(200, &last);
    let sectors = u32::try_from(interrupted.sectors().len()).unwrap();
    for written in 0..1_u32 << sectors {
        let torn = interrupted.with_sectors(|index| written & (1 << index) != 0);
        let from = usize::try_from(interrupted.check(&torn, "torn").end().position.unwrap().offset).unwrap();
        for cleared in 0..1_u32 << sectors {
            let mut bytes = torn.clone();
            for (index, start) in interrupted.sectors().into_iter().enumerate() {
                if cleared & (1 << index) != 0 && start + SECTOR > from {
                    bytes[start.max(from)..start + SECTOR].fill(0);
                }
            }
            interrupted.check(&bytes, &format!("written {written:b}, cleared {cleared:b}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_group_may_be_torn_anyhow(
        lead in 0..1_000_usize,
        entries in prop::collection::vec((prop::sample::select(vec!['\0', '\u{1}', 'x', 'ÿ']), 0..1_500_usize), 1..5),
        written in prop::collection::vec(any::<bool>(), 32),
    ) {
        let last: Vec<_> = entries.into_iter().map(|(c, len)| samples::long(c, len)).collect();
        let interrupted = Interrupted::new(lead, &last);
        interrupted.check(&interrupted.with_sectors(|index| written[index]), "random");
    }
}
