//! The journal in memory: the same promises without a disk, for tests and simulation.
//!
//! It is a task on the thread that opened it, so that time is the runtime's and can be paused. Entries are encoded and
//! hashed as on disk: what could not be written fails here too. "Durable" means durable until the process ends; a
//! restart is simulated by opening another one with the [`MemoryJournal::records`] of this one.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::domain::entry::Entry;

use super::damage::ReadError;
use super::frame::GENESIS;
use super::group::Group;
use super::interface::{Durable, Durables, Journal, Poison, Position, Refused, Revisions, Stats};
use super::segment::PAGE_LEN;
use super::state::{Committed, State};

/// The bounds of a journal in memory, and how fast it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryOptions {
    /// How many submitted entries may wait. Default: 4,096.
    pub queue_max: usize,
    /// How many entries one commit takes up. Default: 1,024.
    pub group_entries_max: usize,
    /// How many committed groups may wait for the follower. Default: 16.
    pub durables_max: usize,
    /// How long a commit takes. Default: no time at all.
    pub commit_delay: Duration,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self { queue_max: 4_096, group_entries_max: 1_024, durables_max: 16, commit_delay: Duration::ZERO }
    }
}

/// A journal in memory.
#[derive(Debug)]
pub struct MemoryJournal {
    shared: Arc<Shared>,
    queue_max: usize,
}

#[derive(Debug)]
struct Shared {
    state: State,
    content: Mutex<Content>,
    /// Told of every change to the content and the state.
    changed: Notify,
}

#[derive(Debug)]
struct Content {
    queue: VecDeque<Arc<Entry>>,
    records: Vec<Durable>,
    closed: bool,
}

impl MemoryJournal {
    /// Opens a journal that already has `records`, which are not delivered again, and starts its task.
    ///
    /// # Panics
    /// Outside of a `LocalSet` or an actix `System`: the task needs one.
    #[must_use]
    pub fn open(options: MemoryOptions, records: Vec<Durable>) -> (Self, Durables) {
        let (sequence, chain) = records.last().map_or((0, GENESIS), |record| (record.sequence, record.chain));
        let shared = Arc::new(Shared {
            state: State::new(sequence, Duration::MAX),
            content: Mutex::new(Content { queue: VecDeque::new(), records, closed: false }),
            changed: Notify::new(),
        });
        let (durables, follower) = mpsc::channel(options.durables_max.max(1));
        let group = Group::new(sequence, chain, options.group_entries_max, usize::MAX / 8);
        spawn_local(run(Arc::clone(&shared), group, options, durables));
        (Self { shared, queue_max: options.queue_max.max(1) }, follower)
    }

    /// Everything that is durable, in order.
    #[must_use]
    pub fn records(&self) -> Vec<Durable> {
        self.shared.content.lock().records.clone()
    }

    /// Poisons the journal. A commit under way fails: none of its entries becomes durable.
    pub fn fail(&self, poison: Poison) {
        self.shared.state.poison(poison);
        self.shared.changed.notify_one();
    }
}

impl Journal for MemoryJournal {
    fn submit(&self, entry: Arc<Entry>) -> Result<(), Refused> {
        if self.poisoned().is_some() {
            return Err(Refused::Poisoned);
        }
        let mut content = self.shared.content.lock();
        if content.closed {
            return Err(Refused::Closed);
        }
        if content.queue.len() >= self.queue_max {
            return Err(Refused::Full);
        }
        content.queue.push_back(entry);
        self.shared.changed.notify_one();
        Ok(())
    }

    fn watermark(&self) -> u64 {
        self.shared.state.watermark()
    }

    fn poisoned(&self) -> Option<Poison> {
        self.shared.state.poisoned()
    }

    fn queue_len(&self) -> usize {
        self.shared.content.lock().queue.len()
    }

    fn stats(&self) -> Stats {
        self.shared.state.stats()
    }

    fn read_at(&self, position: Position, _revisions: &dyn Revisions) -> Result<Durable, ReadError> {
        let content = self.shared.content.lock();
        let index = content.records.binary_search_by_key(&position, |record| record.position);
        let missing = |_| io::Error::new(io::ErrorKind::NotFound, format!("no record begins at {position:?}"));
        index.map(|index| content.records[index].clone()).map_err(missing).map_err(ReadError::io("memory".as_ref()))
    }

    fn close(&self) {
        self.shared.content.lock().closed = true;
        self.shared.changed.notify_one();
    }
}

impl Drop for MemoryJournal {
    fn drop(&mut self) {
        self.close();
    }
}

/// The task: group after group, until the journal is closed and empty, or poisoned.
async fn run(shared: Arc<Shared>, mut group: Group, options: MemoryOptions, durables: mpsc::Sender<Vec<Durable>>) {
    let mut offset = {
        let content = shared.content.lock();
        // Positions only have to differ and to grow.
        content.records.last().map_or(PAGE_LEN, |record| record.position.offset + 1)
    };
    while shared.state.poisoned().is_none() {
        let (waiting, closed) = take(&shared, options.group_entries_max.max(1));
        if waiting.is_empty() {
            if closed {
                return;
            }
            shared.changed.notified().await;
            continue;
        }
        if !options.commit_delay.is_zero() {
            sleep(options.commit_delay).await;
        }
        if shared.state.poisoned().is_some() {
            return;
        }
        let bytes = match fill(&mut group, &waiting, offset) {
            Ok(bytes) => bytes,
            Err(poison) => return shared.state.poison(poison),
        };
        offset += bytes as u64;
        let records = group.take();
        shared.content.lock().records.extend_from_slice(&records);
        let (sequence, entries, took) = (group.sequence(), records.len(), options.commit_delay);
        shared.state.committed(Committed { sequence, entries, bytes, took });
        if durables.send(records).await.is_err() {
            return shared.state.poison(Poison::FollowerGone);
        }
    }
}

fn take(shared: &Shared, max: usize) -> (Vec<Arc<Entry>>, bool) {
    let mut content = shared.content.lock();
    let len = content.queue.len().min(max);
    (content.queue.drain(..len).collect(), content.closed)
}

fn fill(group: &mut Group, entries: &[Arc<Entry>], offset: u64) -> Result<usize, Poison> {
    for entry in entries {
        group.push(entry, Position { segment_first: 1, offset }, u64::MAX)?;
    }
    Ok(group.bytes().len())
}

#[cfg(test)]
mod tests {
    use tokio::task::LocalSet;
    use tokio::time::Instant;

    use super::*;
    use crate::journal::tests::samples;

    #[tokio::test]
    async fn a_commit_takes_as_long_as_it_is_told() {
        LocalSet::new()
            .run_until(async {
                let commit_delay = Duration::from_millis(20);
                let (journal, mut durables) =
                    MemoryJournal::open(MemoryOptions { commit_delay, ..MemoryOptions::default() }, Vec::new());
                let begun = Instant::now();
                journal.submit(samples::long('x', 1)).unwrap();
                durables.recv().await.unwrap();
                assert!(begun.elapsed() >= commit_delay);
            })
            .await;
    }

    #[tokio::test]
    async fn told_to_fail_it_acknowledges_nothing_more() {
        LocalSet::new()
            .run_until(async {
                let (journal, mut durables) = MemoryJournal::open(MemoryOptions::default(), Vec::new());
                journal.submit(samples::long('x', 1)).unwrap();
                durables.recv().await.unwrap();
                journal.submit(samples::long('y', 1)).unwrap();
                journal.fail(Poison::Failed { operation: "syncing", reason: "told to".into() });
                assert!(durables.recv().await.is_none());
                assert_eq!((journal.watermark(), journal.records().len()), (1, 1));
                assert_eq!(journal.submit(samples::long('z', 1)), Err(Refused::Poisoned));
            })
            .await;
    }
}
