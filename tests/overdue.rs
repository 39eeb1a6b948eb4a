//! A restart with many live orders, a tenth of them with a timer that ran out while nobody was there: how soon the real
//! binary is ready, that each of those timers fires once, what reads cost meanwhile, and how much memory it takes.
//!
//! `OVERDUE_ORDERS` says how many orders (default 20,000), `OVERDUE_SECONDS` how long it is watched (default 3). With a
//! number of orders given, the bounds on the time of reads hold as well: that is for a release build on a quiet
//! machine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use actix::System;
use chrono::DateTime;
use hdrhistogram::Histogram;
use packhorse::Engine;
use packhorse::actors::{Clock, Request};
use packhorse::config::Settings;
use packhorse::domain::catalogue::ProductDetails;
use packhorse::domain::ids::{CategoryId, ProductId};
use packhorse::domain::inventory::{LineRequest, OrderRequest};
use packhorse::domain::money::Money;
use packhorse::domain::order::{After, Contact};
use packhorse::domain::origin::Origin;
use packhorse::domain::text::{CategoryName, ProductName};
use packhorse::domain::time::Timestamp;

use support::served::{API, Served, done, packhorse};
use support::try_send;

/// How long an order stays in each stage.
const STAGES: &[(&str, &str)] = &[
    ("PACKHORSE_STAGES__PENDING__AFTER", "1h"),
    ("PACKHORSE_STAGES__PROCESSING__AFTER", "1h"),
    ("PACKHORSE_STAGES__SHIPPED__AFTER", "1h"),
];
const PRODUCTS: u64 = 100;
const BULK: u64 = 10_000;
const READERS: u64 = 4;

const READY_MAX: Duration = Duration::from_secs(15);
const FIRED_MAX: Duration = Duration::from_mins(1);
const READ_P99_MAX: Duration = Duration::from_millis(100);
const MEMORY_KB_MAX: u64 = 2_000_000;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

fn now() -> Timestamp {
    Timestamp(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap())
}

/// A clock that is set by hand.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }

    fn passed(&self) -> Duration {
        Duration::ZERO
    }
}

/// Makes a data directory of `orders` pending orders: the first tenth is two hours old, the others are new.
fn fill(directory: &Path, orders: u64) {
    let mut settings = Settings::default();
    directory.clone_into(&mut settings.general.data_dir);
    settings.stages.pending_after = After::Manual;
    let clock = Arc::new(SetClock(AtomicI64::new(now().minus(Duration::from_hours(2)).0)));
    System::new().block_on(async {
        let engine = Engine::open_at(&settings, clock.clone()).await.unwrap();
        let me = || Request::of(Origin::Client);
        engine.create_category(me(), CategoryName::parse("Things").unwrap()).await.unwrap();
        for product in 1..=PRODUCTS {
            let details = ProductDetails {
                name: ProductName::parse(&format!("Thing {product}")).unwrap(),
                description: "".into(),
                price: Money::from_minor(29_999).unwrap(),
                expiry_date: None,
                category: CategoryId(1),
                archived: false,
            };
            engine.create_product(me(), details, 1_000_000).await.unwrap();
        }
        let place = async |from: u64, to: u64| {
            for first in (from..to).step_by(usize::try_from(BULK).unwrap()) {
                let rows = (first..to.min(first + BULK)).map(order).collect();
                engine.place(me(), rows).await.unwrap();
            }
        };
        place(0, orders / 10).await;
        clock.0.store(now().0, Ordering::Relaxed);
        place(orders / 10, orders).await;
        engine.close().await;
    });
}

fn order(number: u64) -> OrderRequest {
    let name = format!("Customer {number}");
    let contact = Contact::new(&name, &format!("c{number}@example.com"), "+880 1234567", "123 Main St, Dhaka").unwrap();
    let line = |product: u64| LineRequest { product: ProductId(product % PRODUCTS + 1), quantity: 1 };
    OrderRequest { contact, lines: [line(number), line(number + 7)].into_iter().collect() }
}

/// What readers met: how long an answer took that was one, in microseconds, and how often it was "not ready".
struct Reads {
    latency: Histogram<u64>,
    not_ready: u64,
}

/// Reads orders, lists, histories and products, one after the other, until it is told to end.
fn read(server: SocketAddr, seed: u64, orders: u64, is_over: &AtomicBool) -> Reads {
    let mut reads = Reads { latency: Histogram::new(3).unwrap(), not_ready: 0 };
    let mut state = seed;
    while !is_over.load(Ordering::Relaxed) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let id = (state >> 33) % orders + 1;
        let path = match state >> 61 {
            0..=2 => format!("{API}/orders/{id}/"),
            3 => format!("{API}/orders/{id}/history/"),
            4 => format!("{API}/orders/?limit=20"),
            5 => format!("{API}/orders/?status=processing&limit=20"),
            6 => format!("{API}/orders/delayed/?limit=20"),
            _ => format!("{API}/products/{}/", id % PRODUCTS + 1),
        };
        let begun = Instant::now();
        let reply = try_send(server, "GET", &path, &[], b"").unwrap().expect_one_of(&[200, 503]);
        if reply.status == 200 {
            reads.latency.record(u64::try_from(begun.elapsed().as_micros()).unwrap()).unwrap();
        } else {
            reads.not_ready += 1;
        }
        thread::sleep(Duration::from_millis(1));
    }
    reads
}

/// The most memory that a process ever had, in kB.
fn memory_kb(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// How often each timer fired, by the journal: for each order, and when the last one did.
fn fired(directory: &Path, orders: u64) -> (Vec<u8>, String) {
    let arguments: [&dyn AsRef<std::ffi::OsStr>; 7] =
        [&"export", &"--data-dir", &directory, &"--format", &"csv", &"--what", &"history"];
    // None of these texts holds a comma or a quote.
    let rows = done(&packhorse(&arguments)).replace('"', "");
    let mut fired = vec![0_u8; usize::try_from(orders).unwrap() + 1];
    let mut last = String::new();
    for row in rows.lines().filter(|row| row.contains(",timer,")) {
        let cells: Vec<_> = row.split(',').collect();
        assert_eq!(cells[1..3], ["pending", "processing"], "{row}");
        fired[cells[0].parse::<usize>().unwrap()] += 1;
        last = last.max(cells[3].to_owned());
    }
    (fired, last)
}

fn assert_each_overdue_timer_fired_once(directory: &Path, orders: u64) -> String {
    let (fired, last) = fired(directory, orders);
    for (order, times) in fired.iter().enumerate().skip(1) {
        let is_overdue = order as u64 <= orders / 10;
        assert_eq!(*times, u8::from(is_overdue), "order {order}");
    }
    last
}

#[test]
fn a_restart_with_overdue_timers_fires_each_once_and_keeps_answering() {
    let (orders, seconds) = (number("OVERDUE_ORDERS", 20_000), number("OVERDUE_SECONDS", 3));
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let begun = Instant::now();
    fill(&data, orders);
    println!("{orders} orders were placed in {:.1?}", begun.elapsed());

    let started_at = now();
    let begun = Instant::now();
    let server = Served::start(&data, STAGES);
    let ready = begun.elapsed();
    let is_over = AtomicBool::new(false);
    let mut latency = Histogram::<u64>::new(3).unwrap();
    let mut not_ready = 0;
    let last = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|seed| {
                let (address, is_over) = (server.address, &is_over);
                scope.spawn(move || read(address, seed, orders, is_over))
            })
            .collect();
        // The journal is read beside it: one more reader of the disk, and of the processors.
        let last = assert_each_overdue_timer_fired_once(&data, orders);
        thread::sleep(Duration::from_secs(seconds).saturating_sub(begun.elapsed()));
        is_over.store(true, Ordering::Relaxed);
        for reader in readers {
            let reads = reader.join().unwrap();
            latency.add(&reads.latency).unwrap();
            not_ready += reads.not_ready;
        }
        last
    });
    let processing = server.get("/orders/?status=processing&limit=1");
    assert_eq!(processing.rows()[0].get("id").unwrap().number(), orders / 10);
    let last = DateTime::parse_from_rfc3339(&last).unwrap();
    let fired_after = Timestamp(last.timestamp_micros()).since(started_at);
    let quantile = |quantile| Duration::from_micros(latency.value_at_quantile(quantile));
    let p99 = quantile(0.99);
    let memory = memory_kb(server.child.id());
    println!(
        "ready after {ready:.1?}; {} timers fired once each, the last one {fired_after:.1?} after the start; {} reads: \
         p50 {:.1?}, p99 {p99:.1?}, max {:.1?}; memory at most {} MB",
        orders / 10,
        latency.len(),
        quantile(0.5),
        quantile(1.0),
        memory / 1_000,
    );
    assert!(ready <= READY_MAX, "ready after {ready:?}");
    assert!(fired_after <= FIRED_MAX, "the last timer fired after {fired_after:?}");
    assert!(memory <= MEMORY_KB_MAX, "{memory} kB");
    assert!(latency.len() > 100, "there were reads");
    assert_eq!(not_ready, 0, "a server that is ready stays so");
    if std::env::var_os("OVERDUE_ORDERS").is_some() {
        assert!(p99 < READ_P99_MAX, "p99 {p99:?}");
    }

    // Killed and started once more, from the journal alone: what fired does not fire again.
    drop(server);
    fs::remove_dir_all(data.join("store")).unwrap();
    let begun = Instant::now();
    let server = Served::start(&data, STAGES);
    let ready = begun.elapsed();
    let memory = memory_kb(server.child.id());
    println!("from the journal alone: ready after {ready:.1?}; memory at most {} MB by then", memory / 1_000);
    assert_each_overdue_timer_fired_once(&data, orders);
    let history = server.get("/orders/1/history/");
    assert_eq!(history.rows().len(), 2, "{history}");
    server.stop();
}
