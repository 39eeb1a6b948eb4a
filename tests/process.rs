//! The real binary: starts and stops, timers over a kill, crowds, large bulks, and the README's tour. What kills do to
//! what was acknowledged is in `crash.rs`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use support::process::{API, MANUAL, Process, binary, check, order, serve};
use support::{Json, exchange, send, try_send};

#[test]
fn a_log_that_nobody_reads_or_that_finds_no_room_ends_nothing() {
    let directory = tempfile::tempdir().unwrap();
    // Nobody reads: what follows is said to a closed pipe.
    let mut child = serve(directory.path(), MANUAL).process_group(0).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    let mut address = None;
    while !line.contains("\"message\":\"ready\"") {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "it is ready before it ends");
        let found = line.split_once("\"address\":\"").and_then(|(_, rest)| rest.split('"').next());
        address = address.or_else(|| found.map(|found| found.parse::<SocketAddr>().unwrap()));
    }
    drop(log);
    ends_well(Process::adopt(child, address.unwrap()));
    // No room: not even the first line is written.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new(binary());
    command.args(["serve", "--listen", &address.to_string(), "--data-dir"]).arg(directory.path());
    command.envs(MANUAL.iter().copied()).stdout(Stdio::null());
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut child = command.stderr(full).process_group(0).spawn().unwrap();
    let begun = Instant::now();
    while !try_send(address, "GET", "/readyz", &[], b"").is_ok_and(|reply| reply.status == 200) {
        assert!(child.try_wait().unwrap().is_none(), "it ended instead of being ready");
        assert!(begun.elapsed() < Duration::from_mins(1), "it is not ready within a minute");
        thread::sleep(Duration::from_millis(20));
    }
    ends_well(Process::adopt(child, address));
}

/// `server` is told to read its certificate again, answers, and stops when it is told to: some of which it logs.
fn ends_well(mut server: Process) {
    server.process.signal("-HUP");
    thread::sleep(Duration::from_millis(200));
    assert_eq!(server.call("GET", "/orders/", "").status, 200);
    server.process.signal("-TERM");
    assert_eq!(server.process.wait().status.code(), Some(0));
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
        let server = Process::start(directory.path(), MANUAL);
        let second = serve(directory.path(), MANUAL).output().unwrap();
        assert_eq!(second.status.code(), Some(3), "the directory is in use");
        let said = String::from_utf8_lossy(&second.stderr).into_owned();
        assert!(said.contains(directory.path().to_str().unwrap()), "{said}");
        assert_eq!(check(directory.path()).status.code(), Some(3));
        assert_eq!(server.stop(signal).status.code(), Some(0));
        let report = check(directory.path());
        assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stderr));
    }
}

#[test]
fn a_wrong_setting_stops_the_start_and_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let check = |setting: (&str, &str), named: &[&str]| {
        let start = serve(directory.path(), &[setting]).output().unwrap();
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
    let (server, _) = demo(directory.path());

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

/// Starts `serve --demo` on `directory`: the server, and what it says before the first line of the tour.
fn demo(directory: &Path) -> (Process, String) {
    let mut demo = serve(directory, &[]);
    let mut child = demo.arg("--demo").process_group(0).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let said: Vec<_> = said.take_while(|line| !line.starts_with("# ")).collect();
    let said = said.join("\n");
    let address =
        said.lines().next().unwrap().strip_prefix("Packhorse serves http://").expect("the first line names it");
    (Process::adopt(child, address.parse().unwrap()), said)
}

#[test]
fn a_demo_has_an_admin_and_its_api_is_open_until_somebody_else_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let (server, said) = demo(directory.path());
    let password = said.lines().find_map(|line| line.trim().strip_prefix("password")).unwrap().trim();
    assert_eq!(password.len(), 24, "{said}");
    let get = |server: &Process, path: &str, headers: &[(&str, &str)]| send(server.address, "GET", path, headers, b"");
    let (api, console) = ("/api/inventory/orders/", "/admin/");
    get(&server, api, &[]).expect(200);
    get(&server, api, &[("X-Api-Key", "ph_wrong")]).expect(401);
    let elsewhere = format!("GET {api} HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n");
    exchange(server.address, elsewhere.as_bytes()).expect(403);
    get(&server, console, &[]).expect(303);

    let form = get(&server, "/admin/sign-in/", &[]).expect(200);
    let cookie = form.header("set-cookie").unwrap().split(';').next().unwrap();
    let csrf = form.text().split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
    let fields = format!("csrf={csrf}&name=demo&password={password}&next=%2Fadmin%2F");
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", cookie)];
    let signed_in = send(server.address, "POST", "/admin/sign-in/", &headers, fields.as_bytes()).expect(303);
    let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap();
    get(&server, console, &[("Cookie", cookie)]).expect(200);

    server.stop("-TERM");
    let (server, said) = demo(directory.path());
    assert!(!said.contains(password) && said.contains("packhorse user passwd demo"), "{said}");
    get(&server, api, &[]).expect(200);
    let made = send(server.address, "POST", "/api/access/keys/", &[], br#"{"name": "shop", "role": "viewer"}"#);
    let made = made.expect(201).json();
    get(&server, api, &[]).expect(401);
    get(&server, api, &[("X-Api-Key", made.get("secret").unwrap().text())]).expect(200);
    server.stop("-TERM");
    let (server, said) = demo(directory.path());
    assert!(said.contains("The API asks for a key"), "{said}");
    get(&server, api, &[]).expect(401);
}

/// A demo that listens and may not be ready yet, and what it logs from then on.
fn demo_begun(directory: &Path, settings: &[(&str, &str)]) -> (Process, impl Iterator<Item = String>) {
    let mut demo = serve(directory, settings);
    let mut child = demo.arg("--demo").process_group(0).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let starting = lines.find(|line| line.contains("\"listen\":\"")).unwrap();
    let address = starting.split("\"listen\":\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    (Process::adopt(child, address), lines)
}

#[test]
fn a_demo_is_never_seen_without_its_catalogue_or_with_an_open_console() {
    let directory = tempfile::tempdir().unwrap();
    let (server, lines) = demo_begun(directory.path(), &[]);
    let first = |path: &str| {
        let begun = Instant::now();
        loop {
            let reply = send(server.address, "GET", path, &[], b"");
            if reply.status != 503 {
                return reply;
            }
            assert!(begun.elapsed() < Duration::from_mins(1));
        }
    };
    // The API is open in a demo; the console asks for the admin that the demo made.
    let (products, console) = thread::scope(|scope| {
        let products = scope.spawn(|| first("/api/inventory/products/").expect(200));
        let console = scope.spawn(|| first("/admin/").expect(303));
        (products.join().unwrap(), console.join().unwrap())
    });
    assert!(products.json().rows().len() > 100, "{}", products.text());
    assert_eq!(console.header("location"), Some("/admin/sign-in/?next=%2Fadmin%2F"));
    server.kill();
    drop(lines);
}

#[test]
fn a_demo_answers_nothing_before_its_catalogue_and_its_admin_are_there() {
    let directory = tempfile::tempdir().unwrap();
    let (server, lines) = demo_begun(directory.path(), &[("PACKHORSE_ACCESS", "required")]);
    let address = server.address;
    let get = |path: &str| send(address, "GET", path, &[], b"");
    let begun = Instant::now();
    while get("/readyz").status != 200 {
        // What is asked later has a later answer: only one that was not 503 before it was ready is wrong.
        let early = [get("/admin/").status, get("/api/inventory/products/").status];
        let is_ready = get("/readyz").status == 200;
        assert!(is_ready || early == [503, 503], "{early:?}");
        assert!(begun.elapsed() < Duration::from_mins(1));
    }
    get("/admin/").expect(303);
    get("/api/inventory/products/").expect(401);
    let log: Vec<_> = lines.take_while(|line| !line.contains("\"message\":\"ready\"")).collect();
    assert!(!log.iter().any(|line| line.contains("nobody is let in")), "the demo's admin is: {log:?}");
    server.kill();
    let users = Command::new(env!("CARGO_BIN_EXE_packhorse"))
        .args(["user", "list", "--data-dir"])
        .arg(directory.path())
        .output();
    assert!(String::from_utf8(users.unwrap().stdout).unwrap().contains("demo  admin  enabled"));
}

#[test]
fn what_a_demo_left_is_closed_without_it() {
    let directory = tempfile::tempdir().unwrap();
    demo(directory.path()).0.stop("-TERM");
    let server = Process::start(directory.path(), MANUAL);
    send(server.address, "GET", "/api/inventory/orders/", &[], b"").expect(401);
}

/// The path and the body of a line with curl, as the README writes them.
fn curl(line: &str) -> (String, String) {
    let url = line.split_once("http://127.0.0.1:8080").unwrap().1;
    let path = url.split([' ', '\'']).next().unwrap().to_owned();
    let body = line.split_once(" -d '").map_or("", |(_, rest)| rest.strip_suffix('\'').unwrap());
    (path, body.to_owned())
}

#[test]
fn a_signal_to_read_the_certificate_again_is_waited_for_from_the_first_moment() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("packhorse.toml");
    // Reading it takes a moment, and nothing comes of it: the handler is there before it is read.
    let long = "# a line that says nothing and takes its time all the same\n".repeat(15_000);
    fs::write(&config, format!("{long}[nonsense]\n")).unwrap();
    let mut command = serve(&directory.path().join("data"), MANUAL);
    let mut child = command.arg("--config").arg(&config).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut is_caught = false;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:")).map(str::trim);
        // SIGHUP is number 1, which is the lowest bit.
        is_caught |= caught.is_some_and(|digits| u64::from_str_radix(digits, 16).unwrap() & 1 == 1);
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert!(is_caught, "SIGHUP would have ended it while it read its settings");
}

#[test]
fn a_second_signal_ends_the_wait_for_requests_that_do_not_come_to_an_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Process::start(directory.path(), MANUAL);
    server.stock_up(10);
    server.call("POST", "/orders/", &order("one", 1)).expect(201);
    let mut slow = TcpStream::connect(server.address).unwrap();
    let head = "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    write!(slow, "POST {API}/orders/ HTTP/1.1\r\n{head}").unwrap();
    thread::sleep(Duration::from_millis(300));
    server.process.signal("-TERM");
    let waits = server.process.wait_at_most(Duration::from_secs(1));
    assert!(waits.is_none(), "the first one lets requests end: {waits:?}");
    server.process.signal("-TERM");
    let ended = server.process.wait_at_most(Duration::from_secs(15)).expect("the second one does not");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    assert!(ended.log.contains("\"stopped\""), "{}", ended.log);
    let report = check(directory.path());
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stdout));
}

#[test]
fn a_demo_whose_password_nobody_could_read_says_how_to_have_another() {
    let directory = tempfile::tempdir().unwrap();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = serve(directory.path(), &[]).arg("--demo").stdout(full).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write to the standard output"), "{said}");
    assert!(said.contains("packhorse user passwd demo"), "{said}");
    assert!(said.contains("\"stopped\""), "it stops as it does otherwise: {said}");
}
