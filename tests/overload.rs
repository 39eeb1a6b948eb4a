//! More is asked than can be done: what is let in is answered soon, the rest is told at once to come again, and nothing
//! stays behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(not(debug_assertions))]
#[path = "support/memory.rs"]
mod memory;
#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use support::{Reply, Running, send};

const ORDERS: &str = "/api/inventory/orders/";
const BUSY: &str = r#"{"detail":"Too much is waiting already; try again later."}"#;

fn order() -> String {
    r#"{"customer_name":"Ann","customer_email":"ann@example.com","customer_phone":"1","delivery_address":"x","items":[{"product_id":1,"quantity":1}]}"#.into()
}

fn stock_up(address: SocketAddr) {
    let post = |path: &str, body: &str| {
        send(address, "POST", &format!("/api/inventory/{path}"), &[], body.as_bytes()).expect(201);
    };
    post("categories/", r#"{"name":"Things"}"#);
    post("products/", r#"{"name":"Thing","price":"2.50","stock":2000000000,"category_id":1}"#);
}

/// Opens `count` connections, sends the same request over all of them at once, and reads every answer.
fn all_at_once(address: SocketAddr, count: usize, body: &str) -> Vec<Reply> {
    let head = "Host: localhost\r\nConnection: close\r\nContent-Type: application/json";
    let request = format!("POST {ORDERS} HTTP/1.1\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let mut streams: Vec<_> = (0..count).map(|_| TcpStream::connect(address).unwrap()).collect();
    for stream in &mut streams {
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
    }
    let read = |mut stream: TcpStream| {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        support::parse(&answer).expect("every request is answered")
    };
    streams.into_iter().map(read).collect()
}

/// Places until some were refused; answers with how many were placed.
fn until_refused(server: &Running) -> usize {
    let deadline = Instant::now() + Duration::from_mins(1);
    let mut placed = 0;
    loop {
        let mut refused = 0;
        for reply in all_at_once(server.address, 200, &order()) {
            match reply.status {
                201 => placed += 1,
                503 => {
                    assert_eq!((reply.header("retry-after"), reply.text()), (Some("1"), BUSY));
                    refused += 1;
                }
                other => panic!("{other}: {}", reply.text()),
            }
        }
        if refused > 0 {
            return placed;
        }
        assert!(Instant::now() < deadline, "200 requests at once never filled the queue");
    }
}

/// What was placed is there, nothing else is, and the next one is placed again.
fn is_whole(server: &Running, placed: usize) {
    let product = server.get("/api/inventory/products/1/").expect(200).json();
    assert_eq!(product.get("reserved").unwrap().number(), placed as u64);
    server.post(ORDERS, &order()).expect(201);
}

#[test]
fn a_full_queue_of_the_journal_is_told_over_the_wire() {
    let server = Running::with(|settings| {
        settings.journal.queue = 16;
        settings.journal.group_entries = 1;
    });
    stock_up(server.address);
    let placed = until_refused(&server);
    is_whole(&server, placed);
}

#[test]
fn more_placements_at_once_than_may_be_are_told_over_the_wire() {
    let server = Running::with(|settings| settings.limits.placements = 4);
    stock_up(server.address);
    let placed = until_refused(&server);
    is_whole(&server, placed);
}

#[test]
fn repetitions_and_reads_go_on_while_nothing_more_is_let_in() {
    let server = Running::with(|settings| settings.limits.placements = 2);
    stock_up(server.address);
    let keyed = || server.send("POST", ORDERS, &[("Idempotency-Key", "k1")], &order());
    keyed().expect(201);
    let over = AtomicBool::new(false);
    let refused = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let busy =
                    all_at_once(server.address, 100, &order()).iter().filter(|reply| reply.status == 503).count();
                refused.fetch_add(busy as u64, Ordering::Relaxed);
            }
        });
        let deadline = Instant::now() + Duration::from_mins(1);
        let mut rounds = 0;
        while (rounds < 50 || refused.load(Ordering::Relaxed) < 50) && Instant::now() < deadline {
            let again = keyed();
            assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")), "{}", again.text());
            server.get("/api/inventory/orders/1/").expect(200);
            rounds += 1;
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(refused.into_inner() >= 50, "others were refused meanwhile");
}

/// Figures of a slow build say nothing.
#[cfg(not(debug_assertions))]
mod ten_times {
    use std::fs;
    use std::process::Command;
    use std::sync::{Arc, mpsc};

    use actix_web::HttpServer;
    use packhorse::access::{AccessGuard, Options};
    use packhorse::actors::Load;
    use packhorse::api;
    use packhorse::app::SystemClock;
    use packhorse::config::Settings;
    use packhorse::journal::MemoryOptions;
    use packhorse::web::{ApiOptions, AppState};
    use tokio::sync::oneshot;

    use super::support::Json;
    use super::*;

    /// A disk that takes 2 ms to sync, and 4 entries to a sync: so slow that ten times as much can be offered and
    /// refused on two cores that the load shares with the server.
    const DISK: MemoryOptions = MemoryOptions {
        queue_max: 8_192,
        group_entries_max: 4,
        durables_max: 16,
        commit_delay: Duration::from_millis(2),
        stall_max: Duration::from_secs(10),
    };

    /// Runs `test` against the real API over the real actors over a slow disk.
    fn against_a_slow_disk(test: impl FnOnce(SocketAddr)) {
        let (started, address) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = thread::spawn(move || {
            actix::System::new().block_on(async move {
                let Settings { limits, http, .. } = Settings::default();
                let placing = Load { placements: limits.placements, orders: limits.orders };
                let app = AppState::new(ApiOptions {
                    limits,
                    zone: chrono_tz::UTC,
                    body_timeout: http.body_timeout,
                    clock: Arc::new(SystemClock),
                    low_stock: 10,
                    settings: Vec::new(),
                });
                let guard = AccessGuard::new(Options::default(), None, Arc::new(SystemClock));
                let engine = memory::engine(DISK, placing, 2).await;
                guard.open(engine.clone());
                app.open(engine);
                let server = HttpServer::new(move || api::app(app.clone(), guard.clone()))
                    .workers(http.workers)
                    .disable_signals();
                let server = server.bind("127.0.0.1:0").unwrap();
                started.send(server.addrs()[0]).unwrap();
                let server = server.run();
                let handle = server.handle();
                let task = actix::spawn(server);
                stopped.await.ok();
                handle.stop(false).await;
                task.await.unwrap().unwrap();
            });
        });
        test(address.recv().unwrap());
        drop(stop);
        server.join().unwrap();
    }

    /// What `packhorse load` says of one run.
    struct Figures(Json);

    impl Figures {
        fn of(address: SocketAddr, flags: &[&str]) -> Self {
            let mut command = Command::new(env!("CARGO_BIN_EXE_packhorse"));
            command.args(["load", "--json", "--url", &format!("http://{address}")]).args(flags);
            let output = command.output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            println!("{}: {text}", flags.join(" "));
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Self(Json::parse(&text))
        }

        fn number(&self, path: &[&str]) -> u64 {
            path.iter().fold(&self.0, |json, name| json.get(name).unwrap()).number()
        }

        fn p99(&self) -> u64 {
            self.number(&["latency_us", "p99"])
        }

        fn refused(&self) -> u64 {
            self.0.get("refused").unwrap().get("503").map_or(0, Json::number)
        }
    }

    fn resident() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    #[test]
    fn at_ten_times_the_sustainable_rate_what_is_let_in_is_served_as_ever() {
        against_a_slow_disk(|address| {
            stock_up(address);
            let closed = ["--connections", "256", "--orders", "5000"];
            Figures::of(address, &closed);
            let normal = Figures::of(address, &closed);
            assert_eq!(normal.refused(), 0, "256 connections that wait for their answers are no overload");
            let sustainable = normal.number(&["orders_per_second"]);
            let before = resident();

            let (rate, orders) = (sustainable * 10, sustainable * 10 * 8);
            let [rate, orders] = [rate, orders].map(|number| number.to_string());
            let over = Figures::of(address, &["--connections", "1024", "--rate", &rate, "--orders", &orders]);
            let grown = resident().saturating_sub(before);
            let ended = Instant::now();
            let after = Figures::of(address, &closed);

            let offered = over.number(&["requests_per_second"]);
            assert!(offered >= sustainable * 9, "only {offered} of {rate} a second were offered: the load is too slow");
            let goodput = over.number(&["orders_per_second"]);
            assert!(goodput * 10 >= sustainable * 9, "goodput {goodput} of {sustainable}");
            assert!(over.p99() <= 3 * normal.p99(), "p99 {} us, normally {} us", over.p99(), normal.p99());
            assert_eq!(over.number(&["ok"]) + over.refused(), over.number(&["requests"]), "all the others are a 503");
            let refusal = over.number(&["refused_latency_us", "p50"]);
            assert!(refusal < 5_000, "a refusal takes {refusal} us");
            assert!(grown < 256, "memory grew by {grown} MiB");

            assert_eq!(after.refused(), 0, "nobody is refused any more");
            assert!(after.p99() <= 2 * normal.p99(), "p99 {} us afterwards, before {} us", after.p99(), normal.p99());
            let slowest = Duration::from_micros(after.number(&["duration_us"]));
            println!("memory grew by {grown} MiB; served as ever {:?} after", ended.elapsed().saturating_sub(slowest));
        });
    }
}
