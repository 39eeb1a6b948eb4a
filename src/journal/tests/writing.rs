//! The journal on disk: segments, restarts, failures.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use smallvec::smallvec;

use super::samples;
use crate::domain::entry::Entry;
use crate::domain::origin::Origin;
use crate::journal::{Durable, Durables, FileJournal, Journal, Options, Poison, Reader, Refused, Tail};

fn small() -> Options {
    Options { segment_bytes: 8_192, ..Options::default() }
}

fn open(directory: &Path, options: &Options) -> (FileJournal, Durables) {
    let tail = Reader::open(directory, None).unwrap().into_tail().unwrap();
    FileJournal::open(directory, options, &tail).unwrap()
}

/// Writes `entries` and gives what came out.
fn write(directory: &Path, options: &Options, entries: &[Arc<Entry>]) -> Vec<Durable> {
    let (journal, mut durables) = open(directory, options);
    for entry in entries {
        journal.submit(Arc::clone(entry)).unwrap();
    }
    journal.close();
    assert_eq!(journal.poisoned(), None);
    std::iter::from_fn(|| durables.blocking_recv()).flatten().collect()
}

fn read(directory: &Path) -> (Vec<Arc<Entry>>, Tail) {
    let shelf = samples::shelf();
    let mut reader = Reader::open(directory, None).unwrap();
    let entries = std::iter::from_fn(|| reader.next(&shelf).unwrap()).map(|record| record.entry).collect();
    (entries, reader.into_tail().unwrap())
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn goes_through_segments_and_restarts_without_a_seam() {
    let directory = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    let mut chain = None;
    for round in 0..6 {
        let entries = [samples::all(), vec![samples::long('x', 700 * round), samples::long('\0', 10)]].concat();
        let records = write(directory.path(), &small(), &entries);
        assert_eq!(records.len(), entries.len());
        all.extend(entries);
        assert_eq!(records.last().unwrap().sequence, all.len() as u64);
        chain = Some(records.last().unwrap().chain);
    }
    let (entries, tail) = read(directory.path());
    assert_eq!(entries, all);
    assert_eq!(Some(tail.end().chain), chain);
    let files = names(directory.path());
    assert!(files.len() > 2 && files.iter().all(|name| name.len() == 24), "{files:?}");
}

#[test]
fn an_entry_larger_than_a_segment_gets_a_larger_one() {
    let directory = tempfile::tempdir().unwrap();
    let entries =
        [samples::long('a', 10), samples::long('x', 50_000), samples::long('b', 3_800), samples::long('c', 10)];
    write(directory.path(), &small(), &entries);
    assert_eq!(read(directory.path()).0, entries);
    let sizes: Vec<_> =
        names(directory.path()).iter().map(|name| fs::metadata(directory.path().join(name)).unwrap().len()).collect();
    assert_eq!(sizes, [8_192, 57_344, 8_192]);
}

#[test]
fn groups_are_bounded_by_entries_and_by_bytes() {
    let check = |options: Options, entries: Vec<Arc<Entry>>, groups_min: u64| {
        let directory = tempfile::tempdir().unwrap();
        let (journal, mut durables) = open(directory.path(), &options);
        for entry in &entries {
            journal.submit(Arc::clone(entry)).unwrap();
        }
        journal.close();
        let mut count = 0;
        while let Some(group) = durables.blocking_recv() {
            assert!(group.len() <= options.group_entries_max);
            count += group.len();
        }
        assert_eq!(count, entries.len());
        let stats = journal.stats();
        assert!(stats.groups >= groups_min && stats.entries == entries.len() as u64, "{stats:?}");
        assert!(stats.bytes > 0 && stats.commit_micros_mean > 0 && stats.commit_micros_last > 0);
    };
    let many = vec![samples::long('x', 100); 12];
    check(Options { group_entries_max: 4, ..small() }, many.clone(), 3);
    check(Options { group_bytes_max: 200, ..small() }, many.clone(), 6);
    check(Options { segment_bytes: 1 << 20, ..Options::default() }, many, 1);
}

#[test]
fn what_a_killed_process_had_prepared_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("prepared-7.tmp"), "half a segment").unwrap();
    write(directory.path(), &small(), &[samples::long('x', 10)]);
    assert_eq!(names(directory.path()), ["00000000000000000001.seg"]);
}

#[test]
fn a_commit_that_takes_too_long_poisons() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, mut durables) = open(directory.path(), &Options { stall_max: Duration::ZERO, ..small() });
    journal.submit(samples::long('x', 10)).unwrap();
    assert!(durables.blocking_recv().is_none(), "nothing is acknowledged");
    assert!(matches!(journal.poisoned(), Some(Poison::Stalled { .. })));
    assert_eq!(journal.watermark(), 0);
    assert_eq!(journal.submit(samples::long('x', 10)), Err(Refused::Poisoned));
    journal.close();
}

#[test]
fn a_panic_of_the_thread_poisons() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, mut durables) = open(directory.path(), &small());
    journal.submit(Arc::new(samples::entry(1, Origin::Client, smallvec![]))).unwrap();
    assert!(durables.blocking_recv().is_none());
    assert_eq!(journal.poisoned(), Some(Poison::Panicked("an entry has at least one event".into())));
    assert_eq!(journal.submit(samples::long('x', 10)), Err(Refused::Poisoned));
    journal.close();
    assert_eq!(read(directory.path()).0.len(), 0);
}

#[test]
fn a_journal_that_cannot_be_written_is_not_opened() {
    let directory = tempfile::tempdir().unwrap();
    let tail = Reader::open(directory.path(), None).unwrap().into_tail().unwrap();
    let missing = directory.path().join("missing");
    let error = FileJournal::open(&missing, &small(), &tail).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot open the journal in {} for writing", missing.display())));
}

#[test]
fn dropped_without_closing_it_still_writes_what_it_took() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, mut durables) = open(directory.path(), &small());
    for entry in samples::all() {
        journal.submit(entry).unwrap();
    }
    drop(journal);
    let count: usize = std::iter::from_fn(|| durables.blocking_recv()).map(|group| group.len()).sum();
    assert_eq!(count, samples::all().len());
}
