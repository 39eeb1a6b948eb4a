//! The journal on real files: entries made durable one by one and in groups, beside one bare `fdatasync`.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod house;

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput};
use packhorse::domain::entry::Entry;
use packhorse::journal::{DataDirectory, Durables, FileJournal, Journal, Options, Reader};

use house::{inventory, orders, placement, sized};

/// Bytes that the bare sync makes durable: about an entry of one order.
const ENTRY_BYTES: usize = 256;
/// Room for the bare sync, written before so that a sync changes no metadata.
const FILE_BYTES: usize = 16 << 20;

fn bare(c: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let file = OpenOptions::new().create_new(true).write(true).open(directory.path().join("bare")).unwrap();
    let bytes = sized(FILE_BYTES, 64 << 10);
    file.write_all_at(&vec![0; bytes], 0).unwrap();
    file.sync_all().unwrap();
    let mut group = c.benchmark_group("bare file");
    group.throughput(Throughput::Elements(1));
    group.bench_function("write and fdatasync", |b| {
        let mut at = 0;
        b.iter(|| {
            file.write_all_at(&[1; ENTRY_BYTES], at as u64).unwrap();
            file.sync_data().unwrap();
            at = (at + ENTRY_BYTES) % (bytes - ENTRY_BYTES);
        });
    });
    group.finish();
}

/// Hands over `entries` and waits until the last of them is durable.
fn append(journal: &FileJournal, durables: &mut Durables, entries: &[Arc<Entry>]) {
    for entry in entries {
        journal.submit(entry.clone()).unwrap();
    }
    let mut left = entries.len();
    while left > 0 {
        left -= durables.blocking_recv().unwrap().len();
    }
}

fn groups(c: &mut Criterion) {
    let mut group = c.benchmark_group("journal");
    let inventory = inventory(2);
    for size in sized(vec![1, 10, 100, 1_000], vec![1, 10]) {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDirectory::open(&directory.path().join("data"), 64 << 20).unwrap();
        let tail = Reader::open(&data.journal(), None).unwrap().into_tail().unwrap();
        let (journal, mut durables) = FileJournal::open(&data.journal(), &Options::default(), &tail).unwrap();
        let entries: Vec<_> = (0..size).map(|nth| placement(&inventory, orders(nth, 1, 2)).0).collect();
        group.throughput(Throughput::Elements(size));
        group.bench_function(BenchmarkId::new("append and wait", format!("{size} entries")), |b| {
            b.iter(|| append(&journal, &mut durables, &entries));
        });
        let stats = journal.stats();
        let groups = stats.groups.max(1);
        println!("    {} entries in {groups} commits of {} us", stats.entries, stats.commit_micros_mean);
        journal.close();
    }
    group.finish();
}

fn main() {
    let mut criterion = house::criterion();
    bare(&mut criterion);
    groups(&mut criterion);
    criterion.final_summary();
}
