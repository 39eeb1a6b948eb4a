//! The journal in memory: the same promises on a disk that forgets, for tests and simulation.
//!
//! It is a task on the thread that opened it, so that time is the runtime's and can be paused. Entries are encoded,
//! hashed and read back as on a real disk: what could not be written or read fails here too. A restart is simulated by
//! opening another one with the [`MemoryDisk`] of this one, after a power cut with what that left of it. A sync can be
//! made slow, and made to fail, as real ones are and do.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::domain::entry::Entry;

use super::damage::ReadError;
use super::disk::MemoryDisk;
use super::group::Group;
use super::interface::{Durable, Durables, Journal, Poison, Position, Refused, Revisions, Stats};
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
    /// How long a sync takes. Default: no time at all.
    pub commit_delay: Duration,
    /// A sync that takes longer poisons the journal. Default: 10 s.
    pub stall_max: Duration,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self {
            queue_max: 4_096,
            group_entries_max: 1_024,
            durables_max: 16,
            commit_delay: Duration::ZERO,
            stall_max: Duration::from_secs(10),
        }
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
    disk: MemoryDisk,
    /// What became durable since it was opened.
    delivered: Vec<Durable>,
    commit_delay: Duration,
    sync_fails: bool,
    closed: bool,
}

impl MemoryJournal {
    /// Opens the journal on `disk`, whose entries are not delivered again, and starts its task. What an interrupted
    /// write left behind the last whole entry is dropped.
    ///
    /// # Errors
    /// When what was synced is damaged.
    ///
    /// # Panics
    /// Outside of a `LocalSet` or an actix `System`: the task needs one.
    pub fn open(options: MemoryOptions, mut disk: MemoryDisk) -> Result<(Self, Durables), ReadError> {
        let (sequence, chain) = disk.settle()?;
        let content = Content {
            queue: VecDeque::new(),
            disk,
            delivered: Vec::new(),
            commit_delay: options.commit_delay,
            sync_fails: false,
            closed: false,
        };
        let shared = Arc::new(Shared {
            state: State::new(sequence, Duration::MAX),
            content: Mutex::new(content),
            changed: Notify::new(),
        });
        let (durables, follower) = mpsc::channel(options.durables_max.max(1));
        let group = Group::new(sequence, chain, options.group_entries_max, usize::MAX / 8);
        spawn_local(run(Arc::clone(&shared), group, options, durables));
        Ok((Self { shared, queue_max: options.queue_max.max(1) }, follower))
    }

    /// The disk as it is now: what was synced, and what is being written.
    #[must_use]
    pub fn disk(&self) -> MemoryDisk {
        self.shared.content.lock().disk.clone()
    }

    /// What became durable since it was opened, but for the first `skip` entries of that.
    #[must_use]
    pub fn delivered(&self, skip: usize) -> Vec<Durable> {
        self.shared.content.lock().delivered.get(skip..).unwrap_or_default().to_vec()
    }

    /// From now on a sync takes this long.
    pub fn slow_down(&self, commit_delay: Duration) {
        self.shared.content.lock().commit_delay = commit_delay;
    }

    /// The next sync fails, after its write went well. That poisons the journal.
    pub fn fail_next_sync(&self) {
        self.shared.content.lock().sync_fails = true;
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

    fn read_at(&self, position: Position, revisions: &dyn Revisions) -> Result<Durable, ReadError> {
        self.shared.content.lock().disk.read_at(position, revisions)
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
    while shared.state.poisoned().is_none() {
        let (waiting, closed) = take(&shared, options.group_entries_max.max(1));
        if waiting.is_empty() {
            if closed {
                return;
            }
            shared.changed.notified().await;
            continue;
        }
        let (entries, delay) = {
            let mut content = shared.content.lock();
            if let Err(poison) = content.write(&mut group, &waiting) {
                return shared.state.poison(poison);
            }
            (group.len(), content.commit_delay)
        };
        if !delay.is_zero() {
            sleep(delay.min(options.stall_max)).await;
        }
        if delay > options.stall_max {
            return shared.state.poison(Poison::Stalled { took: options.stall_max, max: options.stall_max });
        }
        if shared.state.poisoned().is_some() {
            return;
        }
        let bytes = group.bytes().len();
        let records = group.take();
        if let Err(poison) = shared.content.lock().sync(&records) {
            return shared.state.poison(poison);
        }
        shared.state.committed(Committed { sequence: group.sequence(), entries, bytes, took: delay });
        if durables.send(records).await.is_err() {
            return shared.state.poison(Poison::FollowerGone);
        }
    }
}

impl Content {
    /// Writes `entries` as one group, which nothing promises to be there yet.
    fn write(&mut self, group: &mut Group, entries: &[Arc<Entry>]) -> Result<(), Poison> {
        let start = self.disk.end();
        for entry in entries {
            group.push(entry, start, u64::MAX)?;
        }
        self.disk.write(group.bytes());
        Ok(())
    }

    fn sync(&mut self, records: &[Durable]) -> Result<(), Poison> {
        if self.sync_fails {
            return Err(Poison::Failed { operation: "syncing the journal", reason: "told to".into() });
        }
        self.disk.sync();
        self.delivered.extend_from_slice(records);
        Ok(())
    }
}

fn take(shared: &Shared, max: usize) -> (Vec<Arc<Entry>>, bool) {
    let mut content = shared.content.lock();
    let len = content.queue.len().min(max);
    (content.queue.drain(..len).collect(), content.closed)
}

#[cfg(test)]
mod tests {
    use tokio::task::LocalSet;
    use tokio::time::Instant;

    use super::*;
    use crate::journal::tests::samples;

    fn open(options: MemoryOptions) -> (MemoryJournal, Durables) {
        MemoryJournal::open(options, MemoryDisk::default()).unwrap()
    }

    #[tokio::test]
    async fn a_commit_takes_as_long_as_it_is_told() {
        LocalSet::new()
            .run_until(async {
                let commit_delay = Duration::from_millis(20);
                let (journal, mut durables) = open(MemoryOptions { commit_delay, ..MemoryOptions::default() });
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
                let (journal, mut durables) = open(MemoryOptions::default());
                journal.submit(samples::long('x', 1)).unwrap();
                durables.recv().await.unwrap();
                journal.submit(samples::long('y', 1)).unwrap();
                journal.fail(Poison::Failed { operation: "syncing", reason: "told to".into() });
                assert!(durables.recv().await.is_none());
                assert_eq!((journal.watermark(), journal.delivered(0).len()), (1, 1));
                assert_eq!(journal.submit(samples::long('z', 1)), Err(Refused::Poisoned));
            })
            .await;
    }

    #[tokio::test]
    async fn a_sync_that_fails_or_takes_too_long_acknowledges_nothing_and_leaves_the_write() {
        LocalSet::new()
            .run_until(async {
                let options = MemoryOptions { stall_max: Duration::from_millis(5), ..MemoryOptions::default() };
                for stalls in [true, false] {
                    let (journal, mut durables) = open(options);
                    if stalls {
                        journal.slow_down(Duration::from_millis(6));
                    } else {
                        journal.fail_next_sync();
                    }
                    journal.submit(samples::long('x', 1)).unwrap();
                    assert!(durables.recv().await.is_none());
                    assert_eq!(matches!(journal.poisoned(), Some(Poison::Stalled { .. })), stalls);
                    assert_eq!((journal.watermark(), journal.delivered(0).len()), (0, 0));
                    assert!(journal.disk().unsynced() > 0);
                }
            })
            .await;
    }
}
