//! A check of many orders that have lived their whole life: how long it takes, and how much memory. `CHECK_ORDERS` says how
//! many (default 5,000).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use support::process::{Process, Starting, binary, serve};
use support::send;
use support::served::done;

/// Every stage ends at once.
const QUICK: &[(&str, &str)] = &[
    ("PACKHORSE_STAGES__PENDING__AFTER", "0s"),
    ("PACKHORSE_STAGES__PROCESSING__AFTER", "0s"),
    ("PACKHORSE_STAGES__SHIPPED__AFTER", "0s"),
];
/// How long a check may take, a million orders or not.
const TIME_MAX: Duration = Duration::from_secs(30);
/// How much memory it may take, in bytes.
const MEMORY_MAX: u64 = 1_000_000_000;

fn overview(server: &Process) -> String {
    String::from_utf8(send(server.address, "GET", "/api/overview/", &[], b"").expect(200).body).unwrap()
}

/// Fills `data` with about `orders` orders that were delivered.
fn live(data: &Path, orders: u64) {
    let server = Starting::spawn(serve(data, QUICK)).ready().unwrap();
    server.stock_up(2_000_000);
    let mut load = Command::new(binary());
    load.args([
        "load",
        "--bulk",
        "500",
        "--orders",
        &orders.to_string(),
        "--url",
        &format!("http://{}", server.address),
    ]);
    done(&load.output().unwrap());
    let begun = Instant::now();
    while !overview(&server).contains(r#""pending":0,"processing":0,"shipped":0,"delivered""#) {
        assert!(begun.elapsed() < Duration::from_mins(5), "{}", overview(&server));
        thread::sleep(Duration::from_millis(100));
    }
    assert!(server.stop("-TERM").status.success());
}

/// The most memory that `process` ever held, in bytes; `None` when it is gone.
fn memory_peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024)
}

#[test]
fn a_check_takes_time_and_memory_in_proportion() {
    let orders = std::env::var("CHECK_ORDERS").map_or(5_000, |orders| orders.parse().unwrap());
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("data");
    live(&data, orders);
    let begun = Instant::now();
    let mut check = Command::new(binary());
    check.args(["check", "--data-dir"]).arg(&data).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut check = check.spawn().unwrap();
    let mut memory = 0;
    while check.try_wait().unwrap().is_none() {
        memory = memory.max(memory_peak(check.id()).unwrap_or(0));
        thread::sleep(Duration::from_millis(5));
    }
    let took = begun.elapsed();
    let mut said = String::new();
    check.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    println!("{orders} orders: {took:?}, {} MB\n{said}", memory / 1_000_000);
    assert!(said.contains("orders open: 0\n") && said.contains("verdict: sound\n"), "{said}");
    assert!(took <= TIME_MAX && memory <= MEMORY_MAX, "{took:?}, {memory} bytes");
}
