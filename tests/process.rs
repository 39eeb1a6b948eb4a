//! The real binary, with real kills: what was acknowledged over HTTP is there after the next start, as it was.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use support::{Json, Reply, send};

const API: &str = "/api/inventory";
const MANUAL: &[(&str, &str)] = &[
    ("PACKHORSE_STAGES__PENDING__AFTER", "manual"),
    ("PACKHORSE_STAGES__PROCESSING__AFTER", "manual"),
    ("PACKHORSE_STAGES__SHIPPED__AFTER", "manual"),
    ("PACKHORSE_CHECKPOINT__INTERVAL", "200ms"),
    ("PACKHORSE_JOURNAL__SEGMENT_BYTES", "1 MiB"),
];

/// A server process. It is killed when this is dropped.
struct Process {
    child: Child,
    address: SocketAddr,
}

fn command(directory: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_packhorse"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(directory);
    command.envs(settings.iter().copied()).env("RUST_LOG", "packhorse=info");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

impl Process {
    /// Starts and waits until it is ready.
    fn start(directory: &Path, settings: &[(&str, &str)]) -> Self {
        let mut child = command(directory, settings).spawn().unwrap();
        let (ready, address) = mpsc::channel();
        let log = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || {
            let mut listening = None;
            let mut said = String::new();
            for line in log.lines().map_while(Result::ok) {
                let found = line.split_once("\"address\":\"").and_then(|(_, rest)| rest.split('"').next());
                listening = listening.or_else(|| found.map(|found| found.parse::<SocketAddr>().unwrap()));
                if line.contains("\"message\":\"ready\"") {
                    ready.send(Ok(listening.unwrap())).ok();
                }
                writeln!(said, "{line}").unwrap();
            }
            ready.send(Err(said)).ok();
        });
        let address = address.recv_timeout(Duration::from_mins(1)).expect("the server says something");
        Self { child, address: address.unwrap_or_else(|log| panic!("the server ended instead of being ready:\n{log}")) }
    }

    fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        send(self.address, method, &format!("{API}{path}"), &[], body.as_bytes())
    }

    fn get(&self, path: &str) -> Json {
        self.call("GET", path, "").expect(200).json()
    }

    fn stock_up(&self, pieces: u32) {
        self.call("POST", "/categories/", r#"{"name": "Things"}"#).expect(201);
        let product = format!(r#"{{"name": "Phone", "price": "299.99", "stock": {pieces}, "category_id": 1}}"#);
        self.call("POST", "/products/", &product).expect(201);
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn order(name: &str, quantity: u32) -> String {
    format!(
        r#"{{"customer_name": "{name}", "customer_email": "a@example.com", "customer_phone": "1", "delivery_address": "Here", "items": [{{"product_id": 1, "quantity": {quantity}}}]}}"#
    )
}

fn check(directory: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_packhorse"));
    command.args(["check", "--data-dir"]).arg(directory).output().unwrap()
}

/// What a client was told of each order, the latest last.
type Acknowledged = Mutex<BTreeMap<u64, Json>>;

/// Places, moves and cancels orders until the server is gone, and notes what was acknowledged.
fn load(address: SocketAddr, client: usize, gone: &AtomicBool, acknowledged: &Acknowledged) {
    let tell = |path: &str, body: &str| -> Option<Json> {
        // A connection that breaks is the kill; what was under way was not acknowledged.
        let reply = support::try_send(address, "POST", &format!("{API}{path}"), &[], body.as_bytes()).ok()?;
        Some(reply.expect_one_of(&[200, 201]).json())
    };
    let mut round = 0;
    while !gone.load(Ordering::Relaxed) {
        round += 1;
        let body = order(&format!("client {client}"), 1 + round % 3);
        let placed = match round % 4 {
            0 => tell("/orders/bulk/", &format!("[{body}, {body}, {body}]")),
            _ => tell("/orders/", &body).map(|order| Json::List(vec![order])),
        };
        let Some(placed) = placed else { return };
        for order in placed.rows() {
            note(acknowledged, order);
            let id = order.get("id").unwrap().number();
            let moved = match (id + u64::from(round)) % 3 {
                0 => tell(&format!("/orders/{id}/cancel/"), r#"{"reason": "changed my mind"}"#),
                1 => tell(&format!("/orders/{id}/transition/"), r#"{"to": "processing"}"#),
                _ => continue,
            };
            let Some(moved) = moved else { return };
            note(acknowledged, &moved);
        }
    }
}

fn note(acknowledged: &Acknowledged, order: &Json) {
    acknowledged.lock().unwrap().insert(order.get("id").unwrap().number(), order.clone());
}

/// An order may have gone on in a request that was under way at the kill; otherwise it is exactly as acknowledged.
fn assert_there(server: &Process, acknowledged: &BTreeMap<u64, Json>) {
    for (id, told) in acknowledged {
        let found = server.get(&format!("/orders/{id}/"));
        if found != *told {
            assert_eq!(told.get("status").unwrap().text(), "pending", "order {id} is as it was acknowledged");
            let history = server.get(&format!("/orders/{id}/history/"));
            assert_eq!(history.rows().len(), 2, "order {id} took the one step that was under way");
            assert_eq!(history.rows()[1].get("who").unwrap().text(), "client");
        }
        for field in ["id", "customer_name", "created_at", "total_price", "items"] {
            assert_eq!(found.get(field), told.get(field), "order {id}, {field}");
        }
    }
}

fn assert_stock_agrees(server: &Process, pieces: u64) -> u64 {
    let (mut held, mut orders, mut cursor) = (0, 0, String::new());
    loop {
        let reply = server.call("GET", &format!("/orders/?limit=1000{cursor}"), "").expect(200);
        for order in reply.json().rows() {
            orders += 1;
            if order.get("status").unwrap().text() != "cancelled" {
                held += order.get("items").unwrap().rows()[0].get("quantity").unwrap().number();
            }
        }
        let Some(link) = reply.header("link") else { break };
        let next = link.split_once("cursor=").unwrap().1;
        cursor = format!("&cursor={}", next.split(['&', '>']).next().unwrap());
    }
    let product = server.get("/products/1/");
    assert_eq!(product.get("on_hand").unwrap().number(), pieces);
    assert_eq!(product.get("reserved").unwrap().number(), held, "what is reserved is what open orders hold");
    orders
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let acknowledged = Arc::new(Acknowledged::default());
    let pieces = 1_000_000;
    let mut server = Process::start(directory.path(), MANUAL);
    server.stock_up(pieces);
    for round in 0..6_u64 {
        let gone = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..4)
            .map(|client| {
                let (address, gone, acknowledged) = (server.address, gone.clone(), acknowledged.clone());
                thread::spawn(move || load(address, client, &gone, &acknowledged))
            })
            .collect();
        thread::sleep(Duration::from_millis(250 + 130 * round));
        server.kill();
        gone.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().unwrap();
        }
        match round {
            2 => fs::remove_dir_all(directory.path().join("store")).unwrap(),
            4 => fs::write(directory.path().join("store/db"), "no store at all").unwrap(),
            _ => {}
        }
        server = Process::start(directory.path(), MANUAL);
        let acknowledged = acknowledged.lock().unwrap();
        assert_there(&server, &acknowledged);
        let orders = assert_stock_agrees(&server, pieces.into());
        assert!(orders >= acknowledged.len() as u64);
        let next = server.call("POST", "/orders/", &order("next", 1)).expect(201).json();
        assert_eq!(next.get("id").unwrap().number(), orders + 1, "ids go on without reuse");
    }
    assert!(acknowledged.lock().unwrap().len() > 100, "the load was a load");
    server.kill();
    let report = check(directory.path());
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stderr));
    assert!(String::from_utf8_lossy(&report.stdout).contains("verdict: sound"));
}

#[test]
fn timers_that_ran_out_while_it_was_dead_fire_once() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [("PACKHORSE_STAGES__PENDING__AFTER", "700ms"), ("PACKHORSE_STAGES__PROCESSING__AFTER", "manual")];
    let server = Process::start(directory.path(), &settings);
    server.stock_up(10);
    for name in ["one", "two", "three"] {
        server.call("POST", "/orders/", &order(name, 1)).expect(201);
    }
    server.kill();
    thread::sleep(Duration::from_millis(800));
    for _ in 0..2 {
        let server = Process::start(directory.path(), &settings);
        for id in 1..=3 {
            let history = server.get(&format!("/orders/{id}/history/"));
            let steps: Vec<_> = history.rows().iter().map(|row| row.get("new_status").unwrap().text()).collect();
            assert_eq!(steps, ["pending", "processing"], "order {id}");
            assert_eq!(history.rows()[1].get("who").unwrap().text(), "timer");
        }
        server.kill();
    }
}

#[test]
fn a_thousand_clients_ask_for_the_last_unit_and_one_gets_it() {
    let directory = tempfile::tempdir().unwrap();
    let server = Process::start(directory.path(), MANUAL);
    server.stock_up(1);
    let address = server.address;
    let barrier = Arc::new(Barrier::new(1_000));
    let clients: Vec<_> = (0..1_000)
        .map(|client| {
            let barrier = barrier.clone();
            let body = order(&format!("client {client}"), 1);
            let ask = move || {
                barrier.wait();
                send(address, "POST", &format!("{API}/orders/"), &[], body.as_bytes())
            };
            thread::Builder::new().stack_size(256 << 10).spawn(ask).unwrap()
        })
        .collect();
    let mut answers: BTreeMap<(u16, String), usize> = BTreeMap::new();
    for client in clients {
        let reply = client.join().unwrap();
        let text = if reply.status == 201 { "the order".to_owned() } else { reply.text().to_owned() };
        *answers.entry((reply.status, text)).or_default() += 1;
    }
    let sold_out = (400, r#"["Insufficient stock for product Phone."]"#.to_owned());
    assert_eq!(answers, BTreeMap::from([((201, "the order".to_owned()), 1), (sold_out, 999)]));
    let product = server.get("/products/1/");
    assert_eq!(product.get("stock").unwrap().number(), 0);
    assert_eq!(product.get("reserved").unwrap().number(), 1);
    assert_eq!(server.get("/orders/").rows().len(), 1);
}

#[test]
fn a_bulk_of_a_hundred_thousand_is_placed_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let server = Process::start(directory.path(), MANUAL);
    server.stock_up(100_000);
    let row = order("bulk", 1);
    let body = |last: &str| format!("[{}{last}]", format!("{row},").repeat(99_999));

    let begun = Instant::now();
    let refused = server.call("POST", "/orders/bulk/", &body(&order("too much", 2))).expect(400);
    assert_eq!(refused.text(), r#"["Insufficient stock for Phone"]"#);
    assert_eq!(refused.header("packhorse-row"), Some("99999"));
    assert_eq!(server.get("/orders/").rows().len(), 0, "nothing is left");
    assert_eq!(server.get("/products/1/").get("reserved").unwrap().number(), 0);
    let malformed = server.call("POST", "/orders/bulk/", &body(r#"{"customer_name": "nothing else"}"#)).expect(400);
    assert_eq!(malformed.json().rows().len(), 100_000, "each row has its errors");
    assert_eq!(server.get("/orders/").rows().len(), 0);

    let placed = server.call("POST", "/orders/bulk/", &body(&row)).expect(201);
    assert!(begun.elapsed() < Duration::from_mins(1), "three bulks took {:?}", begun.elapsed());
    let ids = placed.ids();
    assert_eq!((ids.len(), ids[0], ids[99_999]), (100_000, 1, 100_000));
    assert_eq!(server.get("/products/1/").get("stock").unwrap().number(), 0);
    server.kill();
    let server = Process::start(directory.path(), MANUAL);
    assert_eq!(server.get("/orders/100000/").get("status").unwrap().text(), "pending");
    assert_eq!(server.get("/products/1/").get("reserved").unwrap().number(), 100_000);
}

#[test]
fn the_watchdog_flags_orders_in_each_open_stage() {
    let directory = tempfile::tempdir().unwrap();
    let stale = [
        ("PACKHORSE_STAGES__PENDING__STALE_AFTER", "300ms"),
        ("PACKHORSE_STAGES__PROCESSING__STALE_AFTER", "300ms"),
        ("PACKHORSE_STAGES__SHIPPED__STALE_AFTER", "300ms"),
        ("PACKHORSE_WATCHDOG__INTERVAL", "50ms"),
    ];
    let server = Process::start(directory.path(), &[MANUAL, &stale].concat());
    server.stock_up(10);
    server.call("POST", "/orders/", &order("slow", 1)).expect(201);
    for to in ["processing", "dispatched", "delivered"] {
        let before = (server.get("/orders/1/"), server.get("/orders/1/history/"));
        assert_eq!(before.0.get("is_delayed"), Some(&Json::Bool(false)));
        assert_eq!(server.get("/orders/delayed/").rows().len(), 0);
        thread::sleep(Duration::from_millis(500));
        let flagged = server.get("/orders/1/");
        assert_eq!(flagged.get("is_delayed"), Some(&Json::Bool(true)), "before {to}");
        assert_ne!(flagged.get("delayed_since"), Some(&Json::Null));
        for field in ["status", "updated_at", "last_transition_time"] {
            assert_eq!(flagged.get(field), before.0.get(field), "the flag touches nothing");
        }
        assert_eq!(server.get("/orders/1/history/"), before.1);
        assert_eq!(server.get("/orders/delayed/").rows(), std::slice::from_ref(&flagged));
        assert_eq!(server.get("/orders/?status=delayed").rows().len(), 1);
        server.call("POST", "/orders/1/transition/", &format!(r#"{{"to": "{to}"}}"#)).expect(200);
    }
    assert_eq!(server.get("/orders/delayed/").rows().len(), 0);
}

#[test]
fn a_signal_stops_it_gracefully_and_the_directory_is_free_again() {
    let directory = tempfile::tempdir().unwrap();
    for signal in ["-TERM", "-INT"] {
        let mut server = Process::start(directory.path(), MANUAL);
        let second = command(directory.path(), MANUAL).output().unwrap();
        assert_eq!(second.status.code(), Some(3), "the directory is in use");
        let said = String::from_utf8_lossy(&second.stderr).into_owned();
        assert!(said.contains(directory.path().to_str().unwrap()), "{said}");
        assert_eq!(check(directory.path()).status.code(), Some(3));
        server.signal(signal);
        assert_eq!(server.child.wait().unwrap().code(), Some(0));
        let report = check(directory.path());
        assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stderr));
    }
}

#[test]
fn a_wrong_setting_stops_the_start_and_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let check = |setting: (&str, &str), named: &[&str]| {
        let start = command(directory.path(), &[setting]).output().unwrap();
        assert_eq!(start.status.code(), Some(2), "{setting:?}");
        let said = String::from_utf8_lossy(&start.stderr).into_owned();
        assert!(named.iter().all(|name| said.contains(name)), "{said}");
    };
    check(("PACKHORSE_STAGES__PENDING__AFTER", "soon"), &["PACKHORSE_STAGES__PENDING__AFTER", "soon", "manual"]);
    check(("PACKHORSE_NONSENSE", "1"), &["PACKHORSE_NONSENSE"]);
    check(("PACKHORSE_TIME_ZONE", "Mars/Olympus"), &["PACKHORSE_TIME_ZONE", "Mars/Olympus"]);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was begun");
}

#[test]
fn an_imported_catalogue_can_be_ordered_from() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let file = directory.path().join("catalogue.csv");
    fs::write(&file, "category,name,price,stock\nTea,Assam,4.50,7\nTea,Ceylon,3,2\nCups,Mug,12.00,1\n").unwrap();
    let import = |file: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_packhorse"));
        command.args(["import", "--data-dir"]).arg(&data).arg(file).output().unwrap()
    };
    let imported = import(&file);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    fs::write(&file, "category,name,price,stock\nTea,Assam,4.50,7\nTea,,3,2\n").unwrap();
    let refused = import(&file);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("name") && said.contains('3'), "the row and the column are named: {said}");
    let server = Process::start(&data, MANUAL);
    let products = server.get("/products/");
    let stock: Vec<_> = products.rows().iter().map(|row| row.get("stock").unwrap().number()).collect();
    assert_eq!(stock, [7, 2, 1]);
    server.call("POST", "/orders/", &order("Ann", 7)).expect(201);
    let rows = server.get("/products/1/movements/");
    let causes: Vec<_> = rows.rows().iter().map(|row| row.get("cause").unwrap().text()).collect();
    assert_eq!(causes, ["reserved", "received"]);
}

/// The README's tour, line by line, against `serve --demo`.
#[test]
fn the_tour_of_the_readme_works_as_printed() {
    let readme = include_str!("../README.md");
    let tour = readme.split_once("<!-- tour:begin -->").unwrap().1.split_once("<!-- tour:end -->").unwrap().0;
    let lines: Vec<_> = tour.lines().filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(lines.len(), 7);
    let directory = tempfile::tempdir().unwrap();
    let mut demo = command(directory.path(), &[]);
    let mut child = demo.arg("--demo").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let address =
        said.find_map(|line| line.split_once("http://")?.1.split(['/', '.', ' ']).next().map(|_| line.clone()));
    let address = address.unwrap();
    let address: String = address
        .split_once("http://")
        .unwrap()
        .1
        .chars()
        .take_while(|c| c.is_ascii_digit() || ".:".contains(*c))
        .collect();
    let server = Process { child, address: address.trim_end_matches('.').parse().unwrap() };

    let run = |line: &str| {
        let (path, body) = curl(line);
        let method = if body.is_empty() { "GET" } else { "POST" };
        let reply = send(server.address, method, &path, &[], body.as_bytes());
        assert!(reply.status < 300, "{line}: {}", reply.text());
        reply.json()
    };
    let products = run(lines[0]);
    let first: Vec<_> = products.rows().iter().map(|row| row.get("name").unwrap().text()).collect();
    assert_eq!(first, ["Phone", "Laptop"]);
    let placed = run(lines[1]);
    assert_eq!(placed.get("id").unwrap().number(), 1);
    let details = placed.get("items").unwrap().rows()[0].get("product_details").unwrap();
    assert_eq!(details.get("stock").unwrap().number(), 8, "8 of 10 stay available");
    assert_eq!(run(lines[2]).rows().len(), 2);
    assert_eq!(server.get("/products/2/").get("stock").unwrap().number(), 4);
    assert_eq!(run(lines[3]).get("status").unwrap().text(), "cancelled");
    assert_eq!(server.get("/products/2/").get("stock").unwrap().number(), 5, "the laptop is available again");
    let begun = Instant::now();
    while run(lines[4]).get("status").unwrap().text() != "delivered" {
        assert!(begun.elapsed() < Duration::from_secs(20), "delivered about 15 s after it was placed");
        thread::sleep(Duration::from_millis(200));
    }
    let history = run(lines[5]);
    let steps: Vec<_> = history.rows().iter().map(|row| row.get("new_status").unwrap().text()).collect();
    assert_eq!(steps, ["pending", "processing", "shipped", "delivered"]);
    assert_eq!(run(lines[6]).rows().len(), 0);
}

/// The path and the body of a line with curl, as the README writes them.
fn curl(line: &str) -> (String, String) {
    let url = line.split_once("http://127.0.0.1:8080").unwrap().1;
    let path = url.split([' ', '\'']).next().unwrap().to_owned();
    let body = line.split_once(" -d '").map_or("", |(_, rest)| rest.strip_suffix('\'').unwrap());
    (path, body.to_owned())
}
