//! What every journal promises, asked of each kind.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::task::{LocalSet, spawn_blocking};
use tokio::time::{sleep, timeout};

use super::samples;
use crate::journal::{
    Durable, Durables, FileJournal, GENESIS, Journal, MemoryJournal, MemoryOptions, Options, Poison, Position, Reader,
    Refused,
};

/// More than any wait in here takes.
const LONG: Duration = Duration::from_secs(20);

#[derive(Clone, Copy)]
struct Bounds {
    queue: usize,
    group: usize,
    durables: usize,
}

const WIDE: Bounds = Bounds { queue: 1_000, group: 100, durables: 100 };
const NARROW: Bounds = Bounds { queue: 2, group: 1, durables: 1 };

/// A kind of journal, with the place that it leaves its entries in.
trait Kind {
    fn open(&mut self, bounds: Bounds) -> (Arc<dyn Journal>, Durables);
}

struct OnDisk(TempDir);

impl Kind for OnDisk {
    fn open(&mut self, bounds: Bounds) -> (Arc<dyn Journal>, Durables) {
        let defaults = Options::default();
        let options = Options {
            queue_max: bounds.queue,
            group_entries_max: bounds.group,
            durables_max: bounds.durables,
            segment_bytes: 8_192,
            ..defaults
        };
        let tail = Reader::open(self.0.path(), None).unwrap().into_tail().unwrap();
        let (journal, durables) = FileJournal::open(self.0.path(), &options, &tail).unwrap();
        (Arc::new(journal), durables)
    }
}

#[derive(Default)]
struct InMemory(Option<Arc<MemoryJournal>>);

impl Kind for InMemory {
    fn open(&mut self, bounds: Bounds) -> (Arc<dyn Journal>, Durables) {
        let options = MemoryOptions {
            queue_max: bounds.queue,
            group_entries_max: bounds.group,
            durables_max: bounds.durables,
            ..MemoryOptions::default()
        };
        let disk = self.0.take().map(|journal| journal.disk()).unwrap_or_default();
        let (journal, durables) = MemoryJournal::open(options, disk).unwrap();
        let journal = Arc::new(journal);
        self.0 = Some(Arc::clone(&journal));
        (journal, durables)
    }
}

macro_rules! contract {
    ($($promise:ident),* $(,)?) => {
        mod on_disk {
            $(#[tokio::test]
            async fn $promise() {
                let kind = super::OnDisk(tempfile::tempdir().unwrap());
                super::LocalSet::new().run_until(super::$promise(kind)).await;
            })*
        }
        mod in_memory {
            $(#[tokio::test]
            async fn $promise() {
                super::LocalSet::new().run_until(super::$promise(super::InMemory::default())).await;
            })*
        }
    };
}

contract!(
    delivers_everything_once_and_in_order,
    has_what_it_delivered,
    delivers_what_it_took_before_it_was_closed,
    goes_on_where_it_was_closed,
    refuses_when_too_much_waits,
    is_poisoned_when_nobody_follows,
    waits_without_work,
);

async fn receive(durables: &mut Durables, count: usize) -> Vec<Durable> {
    let mut records = Vec::new();
    while records.len() < count {
        records.extend(timeout(LONG, durables.recv()).await.unwrap().expect("the journal goes on"));
    }
    records
}

/// Closes `journal` as one should: not on the thread of the follower.
async fn close(journal: &Arc<dyn Journal>, durables: &mut Durables) -> Vec<Durable> {
    let closing = Arc::clone(journal);
    let closed = spawn_blocking(move || closing.close());
    let mut records = Vec::new();
    while let Some(group) = timeout(LONG, durables.recv()).await.unwrap() {
        records.extend(group);
    }
    closed.await.unwrap();
    records
}

async fn delivers_everything_once_and_in_order(mut kind: impl Kind) {
    let (journal, mut durables) = kind.open(WIDE);
    assert_eq!(journal.watermark(), 0);
    let entries: Vec<_> = samples::all().into_iter().cycle().take(300).collect();
    for entry in &entries {
        journal.submit(Arc::clone(entry)).unwrap();
    }
    let records = receive(&mut durables, entries.len()).await;
    assert_eq!(journal.watermark(), 300);
    assert_eq!(journal.queue_len(), 0);
    assert_eq!(journal.stats().entries, 300);
    for ((record, entry), sequence) in records.iter().zip(&entries).zip(1..) {
        assert_eq!(record.sequence, sequence);
        assert!(Arc::ptr_eq(&record.entry, entry), "the entry itself is handed on, and not a copy");
    }
    assert!(records.is_sorted_by(|a, b| a.position < b.position));
}

async fn has_what_it_delivered(mut kind: impl Kind) {
    let (journal, mut durables) = kind.open(WIDE);
    let shelf = samples::shelf();
    for entry in samples::all() {
        journal.submit(entry).unwrap();
    }
    for record in receive(&mut durables, samples::all().len()).await {
        assert!(record.sequence <= journal.watermark());
        let again = journal.read_at(record.position, &shelf).unwrap();
        assert_eq!((again.sequence, again.chain, again.entry), (record.sequence, record.chain, record.entry));
    }
    assert!(journal.read_at(Position { segment_first: 1, offset: 4_097 }, &shelf).is_err());
}

async fn delivers_what_it_took_before_it_was_closed(mut kind: impl Kind) {
    let (journal, mut durables) = kind.open(Bounds { durables: 1, ..WIDE });
    for entry in samples::all().into_iter().cycle().take(500) {
        journal.submit(entry).unwrap();
    }
    assert_eq!(close(&journal, &mut durables).await.len(), 500);
    assert_eq!(journal.poisoned(), None);
    assert_eq!(journal.submit(samples::long('x', 1)), Err(Refused::Closed));
    journal.close();
    assert_eq!(journal.watermark(), 500);
}

async fn goes_on_where_it_was_closed(mut kind: impl Kind) {
    let mut chains = vec![GENESIS];
    for round in 0..3 {
        let (journal, mut durables) = kind.open(WIDE);
        assert_eq!(journal.watermark(), round * 17);
        for entry in samples::all() {
            journal.submit(entry).unwrap();
        }
        let records = close(&journal, &mut durables).await;
        assert_eq!(records.len(), 17);
        assert!(records.iter().zip(round * 17 + 1..).all(|(record, sequence)| record.sequence == sequence));
        chains.extend(records.iter().map(|record| record.chain));
    }
    chains.sort_unstable();
    chains.dedup();
    assert_eq!(chains.len(), 52, "every entry has a running hash of its own");
}

async fn refuses_when_too_much_waits(mut kind: impl Kind) {
    let (journal, mut durables) = kind.open(NARROW);
    let mut taken = 0;
    // Nobody follows: what waits for the follower fills up, then the queue does.
    let refused = loop {
        match journal.submit(samples::long('x', 10)) {
            Ok(()) => taken += 1,
            Err(refused) => break refused,
        }
        sleep(Duration::from_millis(5)).await;
        assert!(taken < 100, "the queue never fills");
    };
    assert_eq!(refused, Refused::Full);
    assert_eq!(journal.queue_len(), 2);
    let records = receive(&mut durables, taken).await;
    assert_eq!(records.len(), taken, "what was taken is delivered, what was refused is not");
    journal.submit(samples::long('x', 10)).unwrap();
    assert_eq!(receive(&mut durables, 1).await[0].sequence, taken as u64 + 1);
}

async fn is_poisoned_when_nobody_follows(mut kind: impl Kind) {
    let (journal, durables) = kind.open(WIDE);
    drop(durables);
    journal.submit(samples::long('x', 10)).unwrap();
    let poisoned = async {
        while journal.poisoned().is_none() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(LONG, poisoned).await.unwrap();
    assert_eq!(journal.poisoned(), Some(Poison::FollowerGone));
    assert_eq!(journal.submit(samples::long('x', 10)), Err(Refused::Poisoned));
    journal.close();
}

async fn waits_without_work(mut kind: impl Kind) {
    let (journal, mut durables) = kind.open(WIDE);
    assert!(timeout(Duration::from_millis(30), durables.recv()).await.is_err());
    journal.submit(samples::long('x', 10)).unwrap();
    assert_eq!(receive(&mut durables, 1).await.len(), 1);
    assert!(timeout(Duration::from_millis(30), durables.recv()).await.is_err());
    assert!(close(&journal, &mut durables).await.is_empty());
}
