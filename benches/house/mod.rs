//! What the benches share: a catalogue, orders, engines on directories of their own, and the smoke mode.

#![expect(dead_code, reason = "each bench needs a part of it")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use packhorse::Engine;
use packhorse::actors::Request;
use packhorse::config::Settings;
use packhorse::decide::{Context, Decided, Decision, Place, State};
use packhorse::domain::access::Access;
use packhorse::domain::catalogue::ProductDetails;
use packhorse::domain::entry::{Entry, Events};
use packhorse::domain::ids::{CategoryId, ProductId};
use packhorse::domain::inventory::{Inventory, LineRequest, Opening, OrderRequest};
use packhorse::domain::money::Money;
use packhorse::domain::order::{After, Contact, Order};
use packhorse::domain::origin::Origin;
use packhorse::domain::stock::ON_HAND_MAX;
use packhorse::domain::text::Name;
use packhorse::domain::time::Timestamp;

/// When everything happens in benches of pure code.
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

/// Whether only a quick look was asked for, that everything still runs: `cargo bench -- --test`.
pub(crate) fn is_smoke() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

/// `full`, or `tiny` in the smoke mode.
pub(crate) fn sized<T>(full: T, tiny: T) -> T {
    if is_smoke() { tiny } else { full }
}

/// Criterion with times that suit benches of many cases on a small machine.
pub(crate) fn criterion() -> Criterion {
    let times = Criterion::default().warm_up_time(Duration::from_millis(500));
    times.measurement_time(Duration::from_secs(3)).sample_size(20).configure_from_args()
}

/// A category and `products` products, each with as much stock as there can be.
pub(crate) fn openings(products: u64) -> Vec<Opening> {
    let mut openings = vec![Opening::Category(Name::parse("Things").unwrap())];
    openings.extend((1..=products).map(|product| {
        let details = ProductDetails {
            name: Name::parse(&format!("Thing {product}")).unwrap(),
            description: "A thing among things".into(),
            price: Money::from_minor(product % 1_000 + 1).unwrap(),
            expiry_date: None,
            category: CategoryId(1),
            archived: false,
        };
        Opening::Product(details, ON_HAND_MAX)
    }));
    openings
}

/// `count` orders of two lines (one, where there is one product), over `products` products in turn from the `first`.
pub(crate) fn orders(first: u64, count: u64, products: u64) -> Vec<OrderRequest> {
    let order = |nth: u64| {
        let email = format!("customer{nth}@example.com");
        let contact = Contact::new(&format!("Customer {nth}"), &email, "1234567890", "123 Main Street").unwrap();
        let product = |line: u64| ProductId((nth * 2 + line) % products + 1);
        let line = |line| LineRequest { product: product(line), quantity: 1 };
        OrderRequest { contact, lines: (0..products.min(2)).map(line).collect() }
    };
    (first..first + count).map(order).collect()
}

/// An inventory with `products` products.
pub(crate) fn inventory(products: u64) -> Inventory {
    let mut inventory = Inventory::default();
    for event in inventory.decide_import(openings(products)).unwrap() {
        inventory.apply_event(&event, &mut ());
    }
    inventory
}

/// The entry that places `rows`.
pub(crate) fn placement(inventory: &Inventory, rows: Vec<OrderRequest>) -> (Arc<Entry>, Vec<Arc<Order>>) {
    let Decided { events, outcome } = decided(inventory, rows);
    (entry(events), outcome)
}

/// What becomes of `rows`.
pub(crate) fn decided(inventory: &Inventory, rows: Vec<OrderRequest>) -> Decided<Vec<Arc<Order>>> {
    let context = Context { now: NOW, zone: chrono_tz::UTC, who: &Origin::Client };
    Place(rows).decide(State { inventory, access: &Access::default() }, context).unwrap()
}

/// The entry of `events`.
pub(crate) fn entry(events: Events) -> Arc<Entry> {
    Arc::new(Entry { at: NOW, who: Origin::Client, key: None, events })
}

/// Settings for `directory`, every stage ending `after`.
pub(crate) fn settings(directory: &Path, after: After) -> Settings {
    let mut settings = Settings::default();
    settings.general.data_dir = directory.join("data");
    settings.stages.pending_after = after;
    settings.stages.processing_after = after;
    settings.stages.shipped_after = after;
    settings
}

/// An engine on `settings` with `products` products.
pub(crate) async fn engine(settings: &Settings, products: u64) -> Engine {
    let engine = Engine::open(settings).await.unwrap();
    if engine.view().products().is_empty() {
        engine.import(Request::of(Origin::Cli), openings(products)).await.unwrap();
    }
    engine
}
