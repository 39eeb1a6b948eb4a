//! Starting: from the journal alone, and from a checkpoint. Every order is live, so that each gets its actor and timer.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod house;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use packhorse::actors::Request;
use packhorse::config::Settings;
use packhorse::domain::order::After;
use packhorse::domain::origin::Origin;

use house::{engine, orders, settings, sized};

/// Orders in one placement while the data is made.
const BULK: u64 = 10_000;
const PRODUCTS: u64 = 100;

/// Fills the data directory of `settings` with live orders; it ends with a checkpoint.
fn fill(settings: &Settings, count: u64) {
    actix::System::new().block_on(async {
        let engine = engine(settings, PRODUCTS).await;
        for first in (0..count).step_by(usize::try_from(BULK).unwrap()) {
            let rows = orders(first, BULK.min(count - first), PRODUCTS);
            engine.place(Request::of(Origin::Client), rows).await.unwrap();
        }
        engine.close().await;
    });
}

/// How long a start takes until commands are taken.
fn start(settings: &Settings, count: u64) -> Duration {
    actix::System::new().block_on(async {
        let begun = Instant::now();
        let engine = engine(settings, PRODUCTS).await;
        let took = begun.elapsed();
        assert_eq!(engine.view().counts().values().sum::<u64>(), count, "every order is there again");
        engine.close().await;
        took
    })
}

/// Removes the store, so that the journal is all there is.
fn forget(directory: &Path) {
    fs::remove_dir_all(directory.join("data").join("store")).unwrap();
}

fn recovery(c: &mut Criterion) {
    let mut group = c.benchmark_group("start");
    for count in sized(vec![100_000, 1_000_000], vec![100]) {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path(), After::Manual);
        fill(&settings, count);
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::new("from a checkpoint", format!("{count} orders")), |b| {
            b.iter_custom(|times| (0..times).map(|_| start(&settings, count)).sum());
        });
        group.bench_function(BenchmarkId::new("from the journal alone", format!("{count} orders")), |b| {
            b.iter_custom(|times| {
                let once = || {
                    forget(directory.path());
                    start(&settings, count)
                };
                (0..times).map(|_| once()).sum()
            });
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = house::criterion().sample_size(10);
    recovery(&mut criterion);
    criterion.final_summary();
}
