//! What was acknowledged and changed since is found, and named to the byte.

use std::fs;
use std::sync::Arc;

use super::build::{Built, Place};
use super::samples;
use crate::domain::entry::Entry;
use crate::journal::{ReadError, Tail};

fn groups() -> Vec<Vec<Arc<Entry>>> {
    let all = samples::all();
    vec![all[..2].to_vec(), all[2..9].to_vec(), vec![samples::long('x', 700)], all[9..11].to_vec()]
}

/// Changes every byte of the content of `changed`, one at a time.
fn every_changed_byte_is_found(segments: &[&Built], changed: &Built) {
    let place = Place::new(segments);
    let mut bytes = changed.bytes.clone();
    for at in 0..changed.content_end() {
        let expected =
            changed.frame_around(at).map_or((0, changed.header.first), |(sequence, start)| (start, sequence));
        // One bit, another one than in the byte before; all bits; and whatever makes it zero.
        for change in [1 << (at % 8), 0xFF, bytes[at]].into_iter().filter(|change| *change != 0) {
            bytes[at] ^= change;
            place.put(changed, &bytes);
            let (file, offset, sequence) = place.damage();
            assert_eq!((file, offset), (place.file(changed), expected.0 as u64), "byte {at} ^ {change:#04x}");
            assert_eq!(sequence, expected.1, "byte {at} ^ {change:#04x}");
            bytes[at] ^= change;
        }
    }
}

#[test]
fn a_changed_byte_in_the_last_segment_is_found() {
    let built = Built::new(8192, &groups());
    every_changed_byte_is_found(&[&built], &built);
}

/// Zeros in an entry are no sectors that were never written.
#[test]
fn a_changed_byte_beside_zeros_is_found() {
    let built = Built::new(8192, &[groups()[0].clone(), vec![samples::long('\0', 1_500)]]);
    every_changed_byte_is_found(&[&built], &built);
}

#[test]
fn a_changed_byte_in_an_earlier_segment_is_found() {
    let first = Built::new(8192, &groups());
    let second = Built::behind(8192, first.sequence_last(), first.chain_end, &groups()[..1]);
    every_changed_byte_is_found(&[&first, &second], &first);
}

#[test]
fn a_changed_byte_behind_an_empty_segment_is_found() {
    let first = Built::new(8192, &groups()[..2]);
    let second = Built::behind(8192, first.sequence_last(), first.chain_end, &[]);
    every_changed_byte_is_found(&[&first, &second], &first);
    every_changed_byte_is_found(&[&first, &second], &second);
}

#[test]
fn a_changed_byte_in_unused_space_loses_no_entry() {
    let built = Built::new(8192, &groups());
    let place = Place::new(&[&built]);
    let mut bytes = built.bytes.clone();
    for at in built.content_end()..bytes.len() {
        for change in [0x01, 0x80, 0xFF] {
            bytes[at] ^= change;
            place.put(&built, &bytes);
            match place.tail() {
                Ok(tail @ Tail::Torn { .. }) => assert_eq!(tail.end().sequence, built.sequence_last()),
                Err(ReadError::Damage(damage)) => {
                    assert_eq!(damage.sequence_expected, built.sequence_last() + 1);
                }
                other => panic!("byte {at}: {other:?}"),
            }
            bytes[at] ^= change;
        }
    }
}

#[test]
fn a_file_cut_at_any_byte_is_found() {
    let first = Built::new(8192, &groups()[..2]);
    let second = Built::behind(8192, first.sequence_last(), first.chain_end, &groups());
    let place = Place::new(&[&first, &second]);
    for built in [&second, &first] {
        for len in (0..built.bytes.len()).rev() {
            place.put(built, &built.bytes[..len]);
            assert_eq!(place.damage(), (place.file(built), 0, built.header.first), "cut to {len} bytes");
        }
        place.put(built, &built.bytes);
        place.tail().unwrap();
    }
    place.put(&second, &[&second.bytes[..], &[0]].concat());
    assert_eq!(place.damage().0, place.file(&second));
}

#[test]
fn a_missing_segment_is_found() {
    let first = Built::new(8192, &groups()[..2]);
    let second = Built::behind(8192, first.sequence_last(), first.chain_end, &groups()[..1]);
    let third = Built::behind(8192, second.sequence_last(), second.chain_end, &[]);
    let check = |missing: &Built, next: &Built| {
        let place = Place::new(&[&first, &second, &third]);
        fs::remove_file(place.file(missing)).unwrap();
        assert_eq!(place.damage(), (place.file(next), 0, missing.header.first));
    };
    check(&first, &second);
    check(&second, &third);
}

#[test]
fn a_segment_of_another_journal_is_found() {
    let first = Built::new(8192, &groups()[..1]);
    let foreign = Built::behind(8192, first.sequence_last(), [7; 16], &groups()[1..]);
    let place = Place::new(&[&first, &foreign]);
    assert_eq!(place.damage(), (place.file(&foreign), 0, foreign.header.first));
}

#[test]
fn an_entry_of_another_journal_is_found() {
    let built = Built::new(8192, &groups());
    let other = Built::new(8192, &[vec![samples::long('y', 3)], groups()[1..].concat()]);
    let frame = built.frames[1].start;
    let mut bytes = built.bytes.clone();
    let foreign = &other.bytes[other.frames[1].start..other.content_end()];
    bytes[frame..].fill(0);
    bytes[frame..frame + foreign.len()].copy_from_slice(foreign);
    let place = Place::new(&[&built]);
    place.put(&built, &bytes);
    assert_eq!(place.damage(), (place.file(&built), frame as u64, 2));
}

#[test]
fn a_renamed_or_copied_segment_is_found() {
    let built = Built::new(8192, &groups());
    let place = Place::new(&[&built]);
    fs::rename(place.file(&built), place.path().join("00000000000000000002.seg")).unwrap();
    assert_eq!(place.damage().0, place.path().join("00000000000000000002.seg"));
    fs::rename(place.path().join("00000000000000000002.seg"), place.path().join("2.seg")).unwrap();
    assert_eq!(place.damage().0, place.path().join("2.seg"));
}

/// A sector that an earlier group wrote and that reads as zeros is no torn write: a later group was written since.
#[test]
fn a_lost_sector_of_a_synced_group_is_found() {
    let long = vec![samples::long('x', 2_000)];
    let built = Built::new(16_384, &[groups()[0].clone(), long.clone(), groups()[0].clone(), long]);
    let place = Place::new(&[&built]);
    for sector in (0..built.groups[2].start).step_by(512).filter(|at| *at + 512 > built.groups[0].start) {
        let mut bytes = built.bytes.clone();
        bytes[sector..sector + 512].fill(0);
        if sector + 512 > built.groups[2].start {
            continue;
        }
        place.put(&built, &bytes);
        let (_, offset, sequence) = place.damage();
        let (expected, start) = (sector..sector + 512).find_map(|at| built.frame_around(at)).unwrap();
        assert_eq!((offset, sequence), (start as u64, expected), "sector at {sector}");
    }
}
