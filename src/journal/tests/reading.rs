//! Reading: all of it, or from a checkpoint on.

use std::sync::Arc;

use super::build::{Built, Place};
use super::samples;
use crate::domain::entry::Entry;
use crate::journal::{Chain, Checkpoint, Durable, GENESIS, ReadError, Reader, Tail, read_at};

/// Three segments, the last one without entries, and all entries in them.
fn journal() -> (Place, Vec<Arc<Entry>>, Built) {
    let all = samples::all();
    let first = Built::new(8192, &[all[..3].to_vec(), all[3..8].to_vec()]);
    let second = Built::behind(16_384, first.sequence_last(), first.chain_end, &[all[8..].to_vec()]);
    let third = Built::behind(8192, second.sequence_last(), second.chain_end, &[]);
    (Place::new(&[&first, &second, &third]), all, third)
}

fn read(place: &Place, from: Option<Checkpoint>) -> Result<(Vec<Durable>, Tail), ReadError> {
    let shelf = samples::shelf();
    let mut reader = Reader::open(place.path(), from)?;
    let mut records = Vec::new();
    while let Some(record) = reader.next(&shelf)? {
        assert_eq!((reader.sequence(), reader.chain()), (record.sequence, record.chain));
        records.push(record);
    }
    assert_eq!(reader.progress().bytes_read, reader.progress().bytes_total);
    Ok((records, reader.into_tail()?))
}

#[test]
fn gives_every_entry_in_order() {
    let (place, all, third) = journal();
    let (records, tail) = read(&place, None).unwrap();
    assert_eq!(records.iter().map(|record| &record.entry).collect::<Vec<_>>(), all.iter().collect::<Vec<_>>());
    assert!(records.iter().zip(1..).all(|(record, sequence)| record.sequence == sequence));
    let Tail::Clean(end) = tail else { panic!("{tail:?}") };
    assert_eq!((end.sequence, end.chain), (all.len() as u64, third.chain_end));
    assert_eq!(end.position.unwrap().segment_first, third.header.first);
    assert_eq!(place.tail().unwrap(), tail, "also when nothing is decoded");
}

#[test]
fn an_empty_directory_is_an_empty_journal() {
    let place = Place::new(&[]);
    let (records, tail) = read(&place, None).unwrap();
    assert_eq!((records.len(), tail.end().sequence, tail.end().chain), (0, 0, GENESIS));
    assert_eq!(tail.end().position, None);
}

#[test]
fn begins_behind_any_checkpoint() {
    let (place, _, _) = journal();
    let (all, tail) = read(&place, None).unwrap();
    for checkpoint in &all {
        let from = Checkpoint { sequence: checkpoint.sequence, chain: checkpoint.chain };
        let (records, tail_from) = read(&place, Some(from)).unwrap();
        assert_eq!(tail_from, tail);
        let rest = &all[usize::try_from(checkpoint.sequence).unwrap()..];
        assert_eq!(
            records.iter().map(|r| r.sequence).collect::<Vec<_>>(),
            rest.iter().map(|r| r.sequence).collect::<Vec<_>>()
        );
        assert!(records.iter().zip(rest).all(|(a, b)| a.entry == b.entry && a.position == b.position));
    }
    assert_eq!(read(&place, Some(Checkpoint::EMPTY)).unwrap().0.len(), all.len());
}

#[test]
fn refuses_a_checkpoint_that_does_not_fit() {
    let (place, all, _) = journal();
    let check = |sequence, chain: Chain, text: &str| {
        let error = read(&place, Some(Checkpoint { sequence, chain })).unwrap_err();
        assert!(error.to_string().contains(text), "{sequence}: {error}");
    };
    let last = all.len() as u64;
    for sequence in 1..=last {
        check(sequence, [1; 16], &format!("checkpoint after entry {sequence} belongs to another journal"));
    }
    check(
        last + 3,
        [1; 16],
        &format!("ends with entry {last}, but the checkpoint was taken after entry {}: 3", last + 3),
    );
    check(u64::MAX, [1; 16], "entries are missing from the end of the journal");
    let empty = Place::new(&[]);
    let error = read(&empty, Some(Checkpoint { sequence: 4, chain: [1; 16] })).unwrap_err();
    assert!(matches!(error, ReadError::BehindCheckpoint { journal: 0, checkpoint: 4 }));
}

#[test]
fn reads_a_single_record_again() {
    let (place, _, _) = journal();
    let shelf = samples::shelf();
    for record in read(&place, None).unwrap().0 {
        let again = read_at(place.path(), record.position, &shelf).unwrap();
        assert_eq!((again.sequence, again.chain, &again.entry), (record.sequence, record.chain, &record.entry));
        let mut beside = record.position;
        beside.offset += 8;
        assert!(read_at(place.path(), beside, &shelf).is_err());
        beside.offset = u64::MAX - 8;
        assert!(read_at(place.path(), beside, &shelf).is_err());
    }
}

#[test]
fn an_entry_that_means_nothing_is_damage_with_its_reason() {
    let (place, _, _) = journal();
    let mut reader = Reader::open(place.path(), None).unwrap();
    let nothing = samples::Shelf::default();
    let error = loop {
        match reader.next(&nothing) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("lines without products were understood"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.contains("where entry 7 is expected"), "{error}");
    assert!(error.contains("a line names revision 2 of product 1, which does not exist"), "{error}");
}

#[test]
fn an_entry_of_a_version_that_is_not_known_was_written_by_a_newer_program() {
    let built = Built::new(8_192, &[samples::all()[..3].to_vec()]);
    let place = Place::new(&[&built]);
    let frame = built.frames[1].clone();
    let mut bytes = built.bytes.clone();
    bytes[frame.start + 12..frame.start + 14].copy_from_slice(&99_u16.to_le_bytes());
    let crc = crc32c::crc32c(&bytes[frame.start + 4..frame.start + 40]);
    bytes[frame.start..frame.start + 4].copy_from_slice(&crc.to_le_bytes());
    place.put(&built, &bytes);
    let mut reader = Reader::open(place.path(), None).unwrap();
    let shelf = samples::shelf();
    assert_eq!(reader.next(&shelf).unwrap().unwrap().sequence, 1);
    let error = reader.next(&shelf).unwrap_err().to_string();
    let file = place.file(&built).display().to_string();
    assert!(error.contains("written by a newer Packhorse") && error.contains(&file), "{error}");
    assert!(error.contains("version 99") && error.contains("not damaged") && !error.contains("backup"), "{error}");
}
