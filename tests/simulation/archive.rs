//! Orders that left memory, and a store that fails just when one of them changes: who takes durable entries over does
//! not read the store, and a start that cannot read it makes it anew.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::System;
use chrono_tz::Tz;
use packhorse::actors::Readiness;
use packhorse::app::MemoryEngine;
use packhorse::config::Settings;
use packhorse::domain::ids::OrderId;
use packhorse::domain::order::After;
use packhorse::domain::time::Timestamp;
use packhorse::journal::{MemoryDisk, MemoryOptions};
use packhorse::store::{Batch, Direction, Failure, Kv, MemoryKv, Range, StoreError, Table, Visit};
use tokio::time::{sleep, timeout};

use super::clock::Clocks;
use super::time::{House, client, stock_up};

/// A store of which only some more packs of orders can be read.
struct Failing {
    kv: MemoryKv,
    left: AtomicU64,
}

impl Failing {
    fn over(kv: MemoryKv) -> Arc<Self> {
        Arc::new(Self { kv, left: AtomicU64::new(u64::MAX) })
    }
}

impl Kv for Failing {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let less = |left: u64| left.checked_sub(1);
        if table == Table::Orders && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_err() {
            self.kv.fail(Failure::Everything);
        }
        self.kv.get(table, key)
    }

    fn apply(&self, table: Table, batch: Batch) -> Result<(), StoreError> {
        self.kv.apply(table, batch)
    }

    fn scan(&self, table: Table, range: &Range, direction: Direction, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        self.kv.scan(table, range, direction, visit)
    }

    fn clear(&self, table: Table) -> Result<(), StoreError> {
        self.kv.clear(table)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.kv.flush()
    }
}

/// Runs `test` over an engine whose ended orders leave memory with the next checkpoint. It is killed then, and its disk
/// is what remains.
fn run(disk: MemoryDisk, kv: Arc<dyn Kv>, test: impl AsyncFnOnce(&House)) -> MemoryDisk {
    let system = System::with_tokio_rt(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime needs only memory")
    });
    let mut settings = Settings::default();
    for after in
        [&mut settings.stages.pending_after, &mut settings.stages.processing_after, &mut settings.stages.shipped_after]
    {
        *after = After::Manual;
    }
    settings.retention.ended_orders_in_memory = Duration::ZERO;
    settings.checkpoint.interval = Duration::from_secs(1);
    system.block_on(async {
        let clocks = Arc::new(Clocks::go_on(Duration::ZERO, Timestamp(1_800_000_000_000_000)));
        let engine = MemoryEngine::open(&settings, MemoryOptions::default(), disk, kv, clocks.clone()).await;
        let house = House { engine: engine.expect("it starts"), clocks };
        test(&house).await;
        house.engine.journal().disk()
    })
}

/// Makes order 1, ends it, and waits until it has left memory.
async fn an_order_comes_and_goes(house: &House) {
    stock_up(&house.engine, Timestamp(1_800_000_000_000_000), Tz::UTC).await;
    let id = house.place().await;
    house.engine.cancel(client(), id, "no more".into()).await.expect("it is pending");
    sleep(Duration::from_secs(3)).await;
    assert_eq!(house.engine.view().orders_in_memory(), 0);
}

#[test]
fn a_store_that_fails_after_an_order_was_called_back_keeps_nobody_from_taking_its_change_over() {
    let kv = Failing::over(MemoryKv::default());
    run(MemoryDisk::default(), kv.clone(), async |house| {
        an_order_comes_and_goes(house).await;
        // The order is called back once. Whoever reads the store again finds it failing.
        kv.left.store(1, Ordering::Relaxed);
        let answer = timeout(Duration::from_mins(1), house.engine.archive(client(), OrderId(1))).await;
        let answer = answer.expect("an answer comes");
        answer.expect("what was decided is taken over without the store");
        assert_eq!(house.engine.readiness(), Readiness::Ready);
        assert!(house.order(OrderId(1)).archived);
        assert_eq!(house.place().await, OrderId(2), "and the engine goes on");
    });
}

#[test]
fn a_start_that_cannot_read_an_order_back_makes_the_store_anew() {
    let kv = Arc::new(MemoryKv::default());
    let disk = run(MemoryDisk::default(), kv.clone(), async |house| {
        an_order_comes_and_goes(house).await;
        house.engine.archive(client(), OrderId(1)).await.expect("it ended");
    });
    let mut packs = Vec::new();
    let mut note = |key: &[u8], _: &[u8]| {
        packs.push(key.to_vec());
        Ok(ControlFlow::Continue(()))
    };
    kv.scan(Table::Orders, &Range::all(), Direction::Forward, &mut note).expect("memory can be read");
    assert!(!packs.is_empty(), "a checkpoint wrote the order");
    for pack in packs {
        kv.damage(Table::Orders, &pack, |bytes| bytes[0] ^= 0xff);
    }
    run(disk, kv, async |house| assert!(house.order(OrderId(1)).archived));
}
