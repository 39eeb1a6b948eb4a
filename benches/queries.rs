//! Reading: a page of the newest orders, a page in the middle, one order, and searches that look at every order.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

mod house;

use criterion::{BenchmarkId, Criterion, Throughput};
use packhorse::Engine;
use packhorse::actors::Request;
use packhorse::domain::ids::OrderId;
use packhorse::domain::order::{After, Status};
use packhorse::domain::origin::Origin;
use packhorse::view::{OrderFilter, OrderQuery, Place, SortKey, Term};

use house::{engine, orders, settings, sized};

/// Orders in one placement while the data is made.
const BULK: u64 = 10_000;
const PRODUCTS: u64 = 100;
const PAGE: usize = 100;

async fn filled(directory: &std::path::Path, count: u64) -> Engine {
    let engine = engine(&settings(directory, After::Manual), PRODUCTS).await;
    for first in (0..count).step_by(usize::try_from(BULK).unwrap()) {
        let rows = orders(first, BULK.min(count - first), PRODUCTS);
        engine.place(Request::of(Origin::Client), rows).await.unwrap();
    }
    engine
}

/// A search for `terms`.
fn search(terms: &[&str]) -> OrderQuery {
    let terms = terms.iter().map(|term| Term::new(term)).collect();
    OrderQuery { filter: OrderFilter { terms, ..OrderFilter::default() }, limit: PAGE, ..OrderQuery::default() }
}

fn queries(c: &mut Criterion) {
    let mut group = c.benchmark_group("queries");
    for count in sized(vec![10_000, 100_000, 1_000_000], vec![500]) {
        let directory = tempfile::tempdir().unwrap();
        let system = actix::System::new();
        let engine = system.block_on(filled(directory.path(), count));
        let pending = OrderFilter { status: Some(Status::Pending.into()), ..OrderFilter::default() };
        let newest = OrderQuery { limit: PAGE, ..OrderQuery::default() };
        // Found at once, but fewer than a page: the search goes on to the oldest order.
        let last = format!("customer{}@example.com", count - 1);
        let middle = Place { key: SortKey::Id, id: OrderId(count / 2) };
        let cases = [
            ("newest page", newest.clone(), PAGE),
            ("page in the middle", OrderQuery { after: Some(middle), ..newest.clone() }, PAGE),
            ("newest pending", OrderQuery { filter: pending, ..newest }, PAGE),
            ("search, newest customer", search(&[last.as_str()]), 1),
            ("search, no match", search(&["nobody"]), 0),
        ];
        for (name, query, found) in cases {
            let looked_at = if name.starts_with("search") { count } else { PAGE as u64 };
            assert_eq!(engine.view().orders(&query).unwrap().items.len(), found, "{name}");
            group.throughput(Throughput::Elements(looked_at));
            group.bench_function(BenchmarkId::new(name, format!("{count} orders")), |b| {
                b.iter(|| engine.view().orders(&query).unwrap());
            });
        }
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("one order", format!("{count} orders")), |b| {
            b.iter(|| engine.order(OrderId(count / 2)).unwrap().unwrap());
        });
        system.block_on(engine.close());
    }
    group.finish();
}

fn main() {
    let mut criterion = house::criterion();
    queries(&mut criterion);
    criterion.final_summary();
}
