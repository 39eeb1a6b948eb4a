//! Placing through the library, without HTTP: durable on real files, with an actor and an armed timer for each order.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod house;

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use packhorse::Engine;
use packhorse::actors::Request;
use packhorse::domain::inventory::OrderRequest;
use packhorse::domain::order::After;
use packhorse::domain::origin::Origin;

use house::{engine, orders, settings, sized};

/// Placements that wait for the disk together.
const TOGETHER: usize = 4;
/// A timer that is armed for every order, and does not fire while measuring.
const LATER: After = After::Span(Duration::from_hours(1));

/// Places `bulk` `times` times, [`TOGETHER`] at once, and says how long that took.
async fn place(engine: &Engine, bulk: &[OrderRequest], times: u64) -> Duration {
    let mut copies: Vec<_> = (0..times).map(|_| bulk.to_vec()).collect();
    let mut waiting = std::collections::VecDeque::with_capacity(TOGETHER);
    let begun = Instant::now();
    while let Some(rows) = copies.pop() {
        if waiting.len() == TOGETHER {
            answered(waiting.pop_front()).await;
        }
        let engine = engine.fulfillment().clone();
        waiting.push_back(actix::spawn(async move {
            engine.place(Request::of(Origin::Client), rows).await.unwrap();
        }));
    }
    while !waiting.is_empty() {
        answered(waiting.pop_front()).await;
    }
    begun.elapsed()
}

async fn answered(placing: Option<tokio::task::JoinHandle<()>>) {
    placing.unwrap().await.unwrap();
}

fn bulks(c: &mut Criterion, name: &str, products: &[u64], demand: impl Fn(u64) -> u64) {
    let mut group = c.benchmark_group(name);
    for products in products.iter().copied() {
        for size in sized(vec![1, 100, 1_000, 10_000], vec![1, 10]) {
            let directory = tempfile::tempdir().unwrap();
            let settings = settings(directory.path(), LATER);
            let system = actix::System::new();
            let engine = system.block_on(engine(&settings, products));
            let bulk = orders(0, size, demand(products));
            group.throughput(Throughput::Elements(size));
            group.bench_function(BenchmarkId::new(format!("{products} products"), format!("{size} orders")), |b| {
                b.iter_custom(|times| system.block_on(place(&engine, &bulk, times)));
            });
            system.block_on(engine.close());
        }
    }
    group.finish();
}

fn main() {
    let mut criterion = house::criterion().sample_size(10).measurement_time(Duration::from_secs(1));
    bulks(&mut criterion, "place, demand spread", &sized(vec![1, 100, 10_000], vec![2]), |products| products);
    bulks(&mut criterion, "place, all demand on one", &sized(vec![100], vec![2]), |_| 1);
    criterion.final_summary();
}
