//! Cutting a journal at each of its entries, and reading one that somebody writes.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::build::{Built, Place};
use super::samples;
use crate::domain::entry::Entry;
use crate::domain::time::Timestamp;
use crate::journal::{
    Cut, Extent, FileJournal, GENESIS, Journal, Options, ReadError, Reader, Refused, Restoring, Until,
};

/// An entry decided at `at` that takes about `len` bytes.
fn at(at: i64, len: usize) -> Arc<Entry> {
    let mut entry = (*samples::long('x', len)).clone();
    entry.at = Timestamp(at);
    Arc::new(entry)
}

/// Three segments with six groups of eleven entries, one of them stored inverted. The clock was set back before the
/// eighth.
fn journal() -> Vec<Built> {
    let times = [10, 20, 30, 40, 50, 60, 70, 35, 45, 55, 80];
    let entries: Vec<_> = times.iter().map(|time| at(*time, 300)).collect();
    let zeros = {
        let mut entry = (*samples::long('\0', 900)).clone();
        entry.at = Timestamp(30);
        Arc::new(entry)
    };
    let first =
        Built::new(8_192, &[vec![entries[0].clone()], vec![entries[1].clone(), zeros], vec![entries[3].clone()]]);
    let second = Built::behind(12_288, 4, first.chain_end, &[entries[4..7].to_vec()]);
    let third = Built::behind(8_192, 7, second.chain_end, &[entries[7..8].to_vec(), entries[8..].to_vec()]);
    vec![first, second, third]
}

fn place() -> (Vec<Built>, Place) {
    let built = journal();
    let place = Place::new(&built.iter().collect::<Vec<_>>());
    (built, place)
}

fn cut(place: &Place, until: Until) -> Cut {
    Cut::find(Reader::open(place.path(), None).unwrap(), until, |_| {}).unwrap()
}

#[test]
fn a_cut_at_each_entry_is_the_journal_as_it_was_then() {
    let (built, place) = place();
    for sequence in 1..=11 {
        let cut = cut(&place, Until::Sequence(sequence));
        assert_eq!(cut.sequence, sequence);
        let directory = tempfile::tempdir().unwrap();
        let mut done = 0;
        cut.write(directory.path(), |bytes| done = bytes).unwrap();
        assert_eq!(done, cut.bytes());
        let mut files = 0;
        for segment in built.iter().filter(|built| built.header.first <= sequence) {
            let kept = usize::try_from(sequence - segment.header.first + 1).unwrap().min(segment.frames.len());
            let mut expected = segment.bytes.clone();
            expected[segment.frames[kept - 1].end..].fill(0);
            let file = directory.path().join(place.file(segment).file_name().unwrap());
            assert!(fs::read(&file).unwrap() == expected, "entry {sequence}, {}", file.display());
            files += 1;
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), files, "entry {sequence}");
        let tail = Reader::open(directory.path(), None).unwrap().into_tail().unwrap();
        assert_eq!((tail.end().sequence, tail.end().chain), (sequence, cut.chain));
    }
}

#[test]
fn a_moment_takes_in_the_last_entry_that_is_not_later() {
    let (_, place) = place();
    let check = |micros, sequence| {
        let cut = cut(&place, Until::Instant(Timestamp(micros)));
        assert_eq!(cut.sequence, sequence, "at {micros}");
    };
    check(9, 0);
    check(10, 1);
    check(29, 2);
    check(30, 3);
    // The clock was set back from 70 to 35: the later one of two places counts.
    check(34, 3);
    check(35, 8);
    check(50, 9);
    check(70, 10);
    check(80, 11);
    check(i64::MAX, 11);
}

#[test]
fn a_cut_behind_the_end_or_before_the_beginning_is_all_or_nothing() {
    let (_, place) = place();
    let all = cut(&place, Until::End);
    assert_eq!(all, cut(&place, Until::Sequence(12)));
    assert_eq!((all.sequence, all.at, all.segments.len()), (11, Some(Timestamp(80)), 3));
    let nothing = cut(&place, Until::Sequence(0));
    assert_eq!((nothing.sequence, nothing.chain, nothing.at, nothing.segments), (0, GENESIS, None, vec![]));
    let empty = tempfile::tempdir().unwrap();
    let reader = Reader::open_live(empty.path()).unwrap();
    assert_eq!(Cut::find(reader, Until::End, |_| {}).unwrap().sequence, 0);
}

#[test]
fn segments_without_their_zeros_and_within_one_file_read_as_the_whole_ones_do() {
    let (_, place) = place();
    let whole = cut(&place, Until::End);
    let mut archive = b"something before".to_vec();
    let mut extents = Vec::new();
    let path = place.path().join("archive");
    for segment in &whole.segments {
        let bytes = fs::read(&segment.extent.path).unwrap();
        let len = segment.extent.len;
        extents.push(Extent { path: path.clone(), offset: archive.len() as u64, len });
        archive.extend_from_slice(&bytes[..usize::try_from(len).unwrap()]);
        archive.extend_from_slice(b"something between");
    }
    fs::write(&path, &archive).unwrap();
    extents.reverse();
    let read = Cut::find(Reader::open_extents(extents.clone()).unwrap(), Until::End, |_| {}).unwrap();
    assert_eq!((read.sequence, read.chain, read.at), (whole.sequence, whole.chain, whole.at));

    // Without the one in the middle, the others do not follow from each other.
    extents.remove(1);
    let error = Cut::find(Reader::open_extents(extents).unwrap(), Until::End, |_| {}).unwrap_err();
    assert!(matches!(error, ReadError::Damage(_)), "{error}");
}

#[test]
fn what_is_read_beside_the_writer_is_everything_acknowledged_before() {
    const ENTRIES: u64 = 3_000;
    let directory = tempfile::tempdir().unwrap();
    let tail = Reader::open(directory.path(), None).unwrap().into_tail().unwrap();
    let options = Options { segment_bytes: 256 << 10, ..Options::default() };
    let (journal, mut durables) = FileJournal::open(directory.path(), &options, &tail).unwrap();
    let chains = thread::spawn(move || {
        let mut chains = vec![GENESIS];
        while let Some(batch) = durables.blocking_recv() {
            chains.extend(batch.iter().map(|durable| durable.chain));
        }
        chains
    });
    let journal = Arc::new(journal);
    let is_over = Arc::new(AtomicBool::new(false));
    let writer = {
        let (journal, is_over) = (journal.clone(), is_over.clone());
        thread::spawn(move || {
            for number in 0..ENTRIES {
                // Of all lengths, also of several pages, so that a reader meets entries half written.
                let length = usize::try_from(number * 7_919 % 20_011).unwrap();
                while journal.submit(at(1, length)) == Err(Refused::Full) {
                    thread::yield_now();
                }
            }
            journal.close();
            is_over.store(true, Ordering::Release);
        })
    };
    let mut found = Vec::new();
    while !is_over.load(Ordering::Acquire) {
        let acknowledged = journal.watermark();
        let cut = Cut::find(Reader::open_live(directory.path()).unwrap(), Until::End, |_| {}).unwrap();
        assert!(cut.sequence >= acknowledged, "{acknowledged} were acknowledged, {} found", cut.sequence);
        found.push((cut.sequence, cut.chain));
    }
    writer.join().unwrap();
    let chains = chains.join().unwrap();
    assert_eq!(chains.len() as u64, ENTRIES + 1);
    for (sequence, chain) in &found {
        assert_eq!(chains[usize::try_from(*sequence).unwrap()], *chain, "entry {sequence}");
    }
    assert!(found.iter().any(|(sequence, _)| (1..ENTRIES).contains(sequence)), "it was read while it was written");
}

#[test]
fn a_group_that_is_only_partly_to_be_seen_yet_is_read_when_it_is_whole() {
    let (built, place) = place();
    let last = &built[2];
    // As a reader may see it that is overtaken by the writer: the next group is there, this one is not.
    let mut bytes = last.bytes.clone();
    bytes[last.groups[0].clone()].fill(0);
    place.put(last, &bytes);
    assert!(matches!(place.tail(), Err(ReadError::Damage(_))));
    let read = thread::scope(|scope| {
        let reader = Reader::open_live(place.path()).unwrap();
        let read = scope.spawn(|| Cut::find(reader, Until::End, |_| {}).unwrap());
        thread::sleep(Duration::from_millis(50));
        place.put(last, &last.bytes);
        read.join().unwrap()
    });
    assert_eq!((read.sequence, read.chain), (11, last.chain_end));
}

#[test]
fn damage_in_a_live_journal_is_damage_all_the_same() {
    let (built, place) = place();
    let mut bytes = built[2].bytes.clone();
    bytes[built[2].frames[0].start + 60] ^= 1;
    place.put(&built[2], &bytes);
    let read = Cut::find(Reader::open_live(place.path()).unwrap(), Until::End, |_| {});
    assert!(matches!(read, Err(ReadError::Damage(_))), "{read:?}");
}

#[test]
fn a_directory_is_no_data_directory_before_its_restore_is_finished() {
    use crate::journal::{DataDirectory, DirectoryError};
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("data");
    let (_, place) = place();
    let half = || {
        let restoring = Restoring::begin(&path).unwrap();
        cut(&place, Until::End).write(&restoring.journal(), |_| {}).unwrap();
        restoring
    };
    // As a process leaves it that is killed; its lock goes with it.
    let killed = half();
    let snapshot = temporary.path().join("killed");
    fs::create_dir_all(snapshot.join("journal")).unwrap();
    fs::copy(path.join("RESTORING"), snapshot.join("RESTORING")).unwrap();
    fs::write(snapshot.join("journal/x.seg"), "half").unwrap();
    assert!(matches!(Restoring::begin(&path), Err(DirectoryError::InUse { .. })));
    drop(killed);
    assert!(!path.join("journal").exists() && !path.join("RESTORING").exists(), "what was not finished is gone");
    for opened in [DataDirectory::open(&snapshot, 8_192), DataDirectory::open_existing(&snapshot)] {
        assert!(matches!(opened, Err(DirectoryError::RestoreUnfinished { .. })), "{opened:?}");
    }
    fs::write(snapshot.join("notes.txt"), "").unwrap();
    let in_the_way = Restoring::begin(&snapshot).unwrap_err().to_string();
    assert!(in_the_way.contains("notes.txt"), "{in_the_way}");
    fs::remove_file(snapshot.join("notes.txt")).unwrap();
    let again = Restoring::begin(&snapshot).unwrap();
    assert_eq!(fs::read_dir(again.journal()).unwrap().count(), 0);
    drop(again);

    half().finish().unwrap();
    let opened = DataDirectory::open_existing(&path).unwrap();
    assert_eq!(Reader::open(&opened.journal(), None).unwrap().into_tail().unwrap().end().sequence, 11);
    assert!(matches!(Restoring::refuse_content(&path), Err(DirectoryError::NotEmpty { .. })));
    let foreign = temporary.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("holiday.jpg"), "").unwrap();
    assert!(matches!(Restoring::begin(&foreign), Err(DirectoryError::NotEmpty { .. })));
    assert_eq!(fs::read_dir(&foreign).unwrap().count(), 1);
}
