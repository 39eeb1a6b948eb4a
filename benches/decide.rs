//! The pure core: deciding a placement, taking it over, and one step of an order's timer. No disk, no actors.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod house;

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use packhorse::decide::entry_for_order;
use packhorse::domain::entry::{Entry, Event};
use packhorse::domain::inventory::{Inventory, OrderRequest};
use packhorse::domain::order::OrderCommand;
use packhorse::domain::origin::Origin;
use packhorse::journal::{Durable, GENESIS, Position};
use packhorse::view::{NoArchive, View};

use house::{NOW, decided, inventory, openings, orders, placement, sized};

fn durable(sequence: u64, entry: Arc<Entry>) -> Durable {
    Durable { sequence, chain: GENESIS, position: Position { segment_first: 1, offset: 4096 }, entry }
}

/// A view with `products` products, behind entry 1.
fn view(products: u64) -> View {
    let view = View::new(Arc::new(NoArchive), 1_000);
    let events = Inventory::default().decide_import(openings(products)).unwrap();
    view.apply(&[durable(1, house::entry(events))]).unwrap();
    view
}

/// Takes over `times` placements of `requests`, each with ids of its own, and says how long that alone took.
fn apply_to_view(inventory: &Inventory, requests: &[OrderRequest], products: u64, times: u64) -> Duration {
    let (mut inventory, view) = (inventory.clone(), view(products));
    let mut took = Duration::ZERO;
    for sequence in 2..times + 2 {
        let (entry, _) = placement(&inventory, requests.to_vec());
        entry.events.iter().for_each(|event| inventory.apply_event(event, &mut ()));
        let batch = [durable(sequence, entry)];
        let begun = Instant::now();
        let changed = view.apply(&batch);
        took += begun.elapsed();
        drop(changed);
        // Otherwise the rows of the ledger would pile up, which they do not while checkpoints are written.
        drop(view.take_changes());
        view.changes_written();
    }
    took
}

fn place(c: &mut Criterion) {
    let mut group = c.benchmark_group("place");
    for products in sized(vec![1, 100, 10_000], vec![2]) {
        let inventory = inventory(products);
        for rows in sized(vec![1, 100, 1_000], vec![3]) {
            group.throughput(Throughput::Elements(rows));
            let case = format!("{rows} rows, {products} products");
            let requests = orders(0, rows, products);
            group.bench_function(BenchmarkId::new("decide", &case), |b| {
                b.iter_batched(|| requests.clone(), |rows| decided(&inventory, rows), BatchSize::SmallInput);
            });
            let (entry, _) = placement(&inventory, requests.clone());
            group.bench_function(BenchmarkId::new("apply to the inventory", &case), |b| {
                let mut state = inventory.clone();
                b.iter_batched(
                    || (),
                    |()| entry.events.iter().for_each(|event: &Event| state.apply_event(event, &mut ())),
                    BatchSize::NumIterations(100),
                );
            });
            group.bench_function(BenchmarkId::new("apply to the view", &case), |b| {
                b.iter_custom(|times| apply_to_view(&inventory, &requests, products, times));
            });
        }
    }
    group.finish();
}

fn timer(c: &mut Criterion) {
    let inventory = inventory(2);
    let (_, placed) = placement(&inventory, orders(0, 1, 2));
    let order = &*placed[0];
    let mut group = c.benchmark_group("order");
    group.throughput(Throughput::Elements(1));
    group.bench_function("timer fired", |b| {
        b.iter(|| entry_for_order(order, OrderCommand::TimerFired { version: 1 }, NOW, &Origin::Timer).unwrap());
    });
    group.finish();
}

fn main() {
    let mut criterion = house::criterion();
    place(&mut criterion);
    timer(&mut criterion);
    criterion.final_summary();
}
