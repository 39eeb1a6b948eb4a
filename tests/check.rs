//! A check of many orders that have lived their whole life: how long it takes, and how much memory. `CHECK_ORDERS` says
//! how many (default 5,000).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::fs;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use support::process::{Process, Starting, binary, check, serve};
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

/// What a check has in `data` under a name of its own.
/// What is in `directory`, with its size and when it was written.
fn listing(directory: &Path) -> Vec<(PathBuf, u64, SystemTime)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let data = entry.metadata().unwrap();
        if data.is_dir() {
            found.extend(listing(&entry.path()));
        }
        found.push((entry.path(), data.len(), data.modified().unwrap()));
    }
    found.sort();
    found
}

/// Runs `act` while nothing can be written into `directory`: root, whom permissions do not bind, mounts it read-only
/// over itself; others take their permission away.
fn read_only<T>(directory: &Path, act: impl FnOnce() -> T) -> T {
    let run = |command: &mut Command| assert!(command.status().unwrap().success(), "{command:?}");
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        run(Command::new("mount").arg("--bind").args([directory, directory]));
        run(Command::new("mount").args(["-o", "remount,bind,ro"]).arg(directory));
    } else {
        run(Command::new("chmod").args(["-R", "a-w"]).arg(directory));
    }
    assert!(fs::write(directory.join("new"), "").is_err(), "nothing can be written");
    let result = catch_unwind(AssertUnwindSafe(act));
    if is_root {
        run(Command::new("umount").arg("-l").arg(directory));
    } else {
        run(Command::new("chmod").args(["-R", "u+w"]).arg(directory));
    }
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

#[test]
fn a_check_of_a_directory_that_can_only_be_read_works_and_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("data");
    live(&data, 500);
    for has_lock in [true, false] {
        if !has_lock {
            fs::remove_file(data.join("LOCK")).unwrap();
        }
        let before = listing(&data);
        let checked = read_only(&data, || check(&data));
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(checked.status.success(), "{said}{}", String::from_utf8_lossy(&checked.stderr));
        assert!(said.contains("verdict: sound"), "{said}");
        assert!(!said.contains("checkpoint at: none"), "the store was looked at: {said}");
        assert_eq!(listing(&data), before);
    }
    // A server that runs on it elsewhere is still in the way.
    let server = Process::start(&data, QUICK);
    let refused = read_only(&data, || check(&data));
    assert_eq!(refused.status.code(), Some(3), "{}", String::from_utf8_lossy(&refused.stderr));
    server.kill();
}

fn links(data: &Path) -> usize {
    let names = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with(".packhorse-check-")).count()
}

/// Starts a check, and ends it with `signal` while its links are there. `None` when it was faster.
fn interrupted(data: &Path, signal: Signal) -> Option<ExitStatus> {
    let mut check = Command::new(binary());
    check.args(["check", "--data-dir"]).arg(data).stdout(Stdio::null()).stderr(Stdio::null());
    let mut check = check.spawn().unwrap();
    while links(data) == 0 {
        if check.try_wait().unwrap().is_some() {
            return None;
        }
    }
    kill_process(Pid::from_child(&check), signal).unwrap();
    Some(check.wait().unwrap())
}

#[test]
fn a_check_that_is_interrupted_while_it_opens_the_store_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    live(&data, 500);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let ends: Vec<_> = (0..50).filter_map(|_| interrupted(&data, signal)).take(5).collect();
        assert!(!ends.is_empty(), "no check was met while it had links");
        assert!(ends.iter().any(|end| end.code() == Some(code)), "{ends:?}");
        assert_eq!(links(&data), 0, "{signal:?}");
    }
    assert!((0..50).any(|_| interrupted(&data, Signal::KILL).is_some()), "no check was met while it had links");
    done(&support::process::check(&data));
    assert_eq!(links(&data), 0, "the next check removes what a killed one left");
}
