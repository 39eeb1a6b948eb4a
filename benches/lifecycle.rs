//! Orders all the way from placed to delivered: four entries each, every stage ended by its timer.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod house;

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use packhorse::Engine;
use packhorse::actors::Request;
use packhorse::domain::order::{After, Status};
use packhorse::domain::origin::Origin;

use house::{engine, orders, settings, sized};

/// How often it is looked whether everything was delivered.
const LOOK_EVERY: Duration = Duration::from_micros(200);

/// Orders that were delivered.
fn delivered(engine: &Engine) -> u64 {
    engine.view().counts()[Status::Delivered]
}

/// Places `size` orders and waits until they are delivered, `times` times.
async fn live(engine: &Engine, size: u64, times: u64) -> Duration {
    let mut took = Duration::ZERO;
    for _ in 0..times {
        let rows = orders(0, size, 100);
        let wanted = delivered(engine) + size;
        let begun = Instant::now();
        engine.place(Request::of(Origin::Client), rows).await.unwrap();
        while delivered(engine) < wanted {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        took += begun.elapsed();
    }
    took
}

fn lifecycle(c: &mut Criterion) {
    let mut group = c.benchmark_group("lifecycle");
    for after in [Duration::ZERO, Duration::from_millis(1)] {
        for size in sized(vec![1, 1_000], vec![5]) {
            let directory = tempfile::tempdir().unwrap();
            let settings = settings(directory.path(), After::Span(after));
            let system = actix::System::new();
            let engine = system.block_on(engine(&settings, 100));
            group.throughput(Throughput::Elements(size));
            group.bench_function(BenchmarkId::new(format!("stages of {after:?}"), format!("{size} orders")), |b| {
                b.iter_custom(|times| system.block_on(live(&engine, size, times)));
            });
            system.block_on(engine.close());
        }
    }
    group.finish();
}

fn main() {
    let mut criterion = house::criterion().sample_size(10);
    lifecycle(&mut criterion);
    criterion.final_summary();
}
