//! An engine in memory: the real actors, a journal that forgets, orders that stay in their stage.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use packhorse::actors::{self, CheckpointError, Checkpoints, Clock, Fulfillment, Load, Parts};
use packhorse::domain::order::{After, Policy, StageTimes};
use packhorse::domain::time::Timestamp;
use packhorse::journal::{MemoryDisk, MemoryJournal, MemoryOptions};
use packhorse::view::{Changes, NoArchive, View};

struct NoCheckpoints;

impl Checkpoints for NoCheckpoints {
    fn write(&mut self, _: &View, _: &Changes) -> Result<(), CheckpointError> {
        Ok(())
    }
}

struct Wall;

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp(i64::try_from(since.as_micros()).unwrap())
    }

    fn passed(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
    }
}

/// Starts an engine inside the running actix System, its order actors on `threads` threads.
pub(crate) async fn engine(journal: MemoryOptions, placing: Load, threads: usize) -> Fulfillment {
    let (journal, durables) = MemoryJournal::open(journal, MemoryDisk::default()).unwrap();
    let parts = Parts {
        view: Arc::new(View::new(Arc::new(NoArchive), 1_000_000)),
        journal: Arc::new(journal),
        durables,
        checkpoints: Box::new(NoCheckpoints),
        clock: Arc::new(Wall),
    };
    let settings = actors::Settings {
        policy: Policy::uniform(StageTimes { after: After::Manual, stale_after: Duration::from_hours(1) }),
        zone: chrono_tz::UTC,
        threads,
        mailbox: 16_384,
        placing,
        watchdog_interval: Duration::from_hours(1),
        checkpoint_interval: Duration::from_hours(1),
        checkpoint_changes: 100_000_000,
        ended_orders_in_memory: Duration::from_hours(1),
        keys_kept: Duration::from_hours(1),
    };
    actors::start(parts, &settings).await
}
