//! A journal that has a witness: what is missing is missed, with the store or without it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::samples;
use crate::journal::{DataDirectory, DirectoryError, FileJournal, Journal, Options, ReadError, Reader, Restoring};

const SIZE: u64 = 8_192;

/// A data directory whose journal has several segments, closed.
fn made() -> (TempDir, PathBuf, Vec<PathBuf>) {
    let home = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open(&home.path().join("data"), SIZE).unwrap();
    write(&directory.journal(), 30);
    let segments = segments(&directory.journal());
    assert!(segments.len() > 3, "{segments:?}");
    (home, directory.path().to_owned(), segments)
}

fn write(journal: &Path, entries: usize) {
    let tail = Reader::open(journal, None).unwrap().into_tail().unwrap();
    let options = Options { segment_bytes: SIZE, keeps_witness: true, ..Options::default() };
    let (journal, mut durables) = FileJournal::open(journal, &options, &tail).unwrap();
    for _ in 0..entries {
        journal.submit(Arc::clone(&samples::long('x', 1_000))).unwrap();
    }
    journal.close();
    while durables.blocking_recv().is_some() {}
}

fn segments(journal: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(journal).unwrap().map(|file| file.unwrap().path());
    let mut segments: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "seg")).collect();
    segments.sort();
    segments
}

fn read(data: &Path) -> Result<u64, ReadError> {
    Ok(Reader::open(&data.join("journal"), None)?.into_tail()?.end().sequence)
}

#[test]
fn each_segment_that_is_missing_is_missed_and_named() {
    for (nth, gone) in made().2.iter().enumerate() {
        let (_home, data, segments) = made();
        let gone = data.join("journal").join(gone.file_name().unwrap());
        fs::remove_file(&gone).unwrap();
        for error in [read(&data).unwrap_err(), Reader::open_live(&data.join("journal")).unwrap_err()] {
            let text = error.to_string();
            assert!(text.contains(gone.to_str().unwrap()) && text.contains("backup"), "{text}");
            assert_eq!(error.is_shorter(), nth + 1 == segments.len(), "{text}");
        }
    }
}

#[test]
fn all_segments_that_are_missing_are_missed_with_the_witness_and_without() {
    let (_home, data, segments) = made();
    for segment in segments {
        fs::remove_file(segment).unwrap();
    }
    assert!(matches!(read(&data), Err(ReadError::SegmentsMissing { count: 4.., is_end: true, .. })));
    fs::remove_file(data.join("WITNESS")).unwrap();
    for opened in [DataDirectory::open(&data, SIZE), DataDirectory::open_existing(&data)] {
        assert!(matches!(opened, Err(DirectoryError::JournalMissing { .. })), "{opened:?}");
    }
    assert_eq!(fs::read_dir(data.join("journal")).unwrap().count(), 0, "nothing was made");
}

#[test]
fn a_last_segment_that_holds_less_than_it_did_is_missed() {
    let (_home, data, segments) = made();
    let before = fs::read(segments.last().unwrap()).unwrap();
    let mut bytes = before;
    bytes[4_096..].fill(0);
    fs::write(segments.last().unwrap(), bytes).unwrap();
    let error = read(&data).unwrap_err();
    assert!(matches!(error, ReadError::EndMissing { entry: 30, .. }) && error.is_shorter(), "{error}");
}

#[test]
fn what_is_shorter_can_be_accepted_and_gone_on_with() {
    let (_home, data, segments) = made();
    fs::remove_file(segments.last().unwrap()).unwrap();
    DataDirectory::accept_shorter(&data, SIZE).unwrap();
    let left = read(&data).unwrap();
    assert!(left > 0 && left < 30, "{left}");
    write(&data.join("journal"), 10);
    assert_eq!(read(&data).unwrap(), left + 10);
    for segment in self::segments(&data.join("journal")) {
        fs::remove_file(segment).unwrap();
    }
    DataDirectory::accept_shorter(&data, SIZE).unwrap();
    assert_eq!(read(&data).unwrap(), 0);
    DataDirectory::open(&data, SIZE).unwrap();
}

#[test]
fn a_directory_without_a_witness_opens_and_gets_one_when_it_is_written_to() {
    let (_home, data, segments) = made();
    fs::remove_file(data.join("WITNESS")).unwrap();
    assert_eq!(read(&data).unwrap(), 30);
    write(&data.join("journal"), 0);
    fs::remove_file(segments.last().unwrap()).unwrap();
    assert!(matches!(read(&data), Err(ReadError::SegmentsMissing { .. })));
}

#[test]
fn a_damaged_witness_keeps_nobody_from_reading() {
    let (_home, data, _) = made();
    fs::write(data.join("WITNESS"), "Packhorse journal witness 1\nentry 9").unwrap();
    assert_eq!(read(&data).unwrap(), 30);
}

#[test]
fn what_is_restored_has_a_witness() {
    let (home, data, segments) = made();
    let restoring = Restoring::begin(&home.path().join("restored")).unwrap();
    for segment in &segments {
        fs::copy(segment, restoring.journal().join(segment.file_name().unwrap())).unwrap();
    }
    restoring.finish().unwrap();
    let restored = home.path().join("restored");
    assert_eq!(read(&restored).unwrap(), read(&data).unwrap());
    fs::remove_file(restored.join("journal").join(segments.last().unwrap().file_name().unwrap())).unwrap();
    assert!(matches!(read(&restored), Err(ReadError::SegmentsMissing { .. })));
}

#[test]
fn a_journal_that_is_moved_while_it_is_written_stops_and_touches_no_other() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let held = DataDirectory::open(&data, SIZE).unwrap();
    let tail = Reader::open(&held.journal(), None).unwrap().into_tail().unwrap();
    let options = Options { segment_bytes: SIZE, keeps_witness: true, ..Options::default() };
    let (journal, mut durables) = FileJournal::open(&held.journal(), &options, &tail).unwrap();
    let moved = home.path().join("moved");
    fs::rename(&data, &moved).unwrap();
    let other = DataDirectory::open(&data, SIZE).unwrap();
    let before = fs::read(data.join("WITNESS")).unwrap();
    let accepted = (0..1_000).take_while(|_| {
        std::thread::sleep(std::time::Duration::from_millis(1));
        journal.submit(Arc::clone(&samples::long('x', 1_000))).is_ok()
    });
    assert!(accepted.count() < 1_000, "it stops when it needs another segment");
    let why = journal.poisoned().expect("it says why").to_string();
    assert!(why.contains("moved, removed or replaced"), "{why}");
    journal.close();
    let mut acknowledged = 0;
    while let Some(durables) = durables.blocking_recv() {
        acknowledged += durables.len() as u64;
    }
    assert_eq!(read(&moved).unwrap(), acknowledged, "what was acknowledged is where it was moved to");
    drop(other);
    assert_eq!(fs::read(data.join("WITNESS")).unwrap(), before);
    assert_eq!((segments(&data.join("journal")).len(), read(&data).unwrap()), (1, 0), "nothing of it is here");
}
