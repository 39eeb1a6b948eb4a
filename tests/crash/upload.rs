//! The disk becomes full while a file of orders is placed by the console: what its page calls placed is there once, the
//! page says which rows are not and why, and once there is room the same file places these and no other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::cases::{Cases, Prng, skipped};
use super::full::fill;
use super::kills::assert_sound;
use super::mount::{Kind, Mount};
use super::witness::PIECES;
use crate::support::process::{MANUAL, Process};
use crate::support::{Reply, send};

const TEST: &str = "a_file_of_orders_is_finished_after_a_full_disk";
/// Room for a handful of segments and a store.
const DISK: u64 = 64 << 20;
/// So much is left free at most: one more segment of 1 MiB, for a segment wants a quarter of itself beside it.
const LEFT_MAX: u64 = 2 << 20;
/// Orders in the file: 4 MB of entries, which the segment in use, the one that is ready and one more do not hold.
const ROWS: usize = 1_500;
/// How long a run, or the disk's recovery, may take.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn a_file_of_orders_is_finished_after_a_full_disk() {
    let cases = Cases { test: TEST, variable: "CRASH_FULL_UPLOADS", default: 3, each: 1 };
    if let Err(why) = Mount::new(Kind::Ext4, DISK) {
        return skipped(TEST, &format!("it mounts ext4 on a loop device, which takes root ({why})"));
    }
    cases.run(|prng, _| upload(prng));
}

fn upload(prng: &mut Prng) {
    let mount = Mount::new(Kind::Ext4, DISK).unwrap();
    let (directory, ballast) = (mount.path().join("data"), mount.path().join("ballast"));
    let mut server = Process::start(&directory, MANUAL);
    server.stock_up(PIECES);
    let file = file();
    let mut path = tried(&server, &file);
    fill(&ballast, prng.below(LEFT_MAX));
    run(&server, &path);
    let page = ended(&server, &path);
    assert!(page.contains("It ended early: The disk is full"), "{page}");
    let first = outcomes(&server, &path);
    let placed: BTreeMap<_, _> = first.iter().filter_map(|(row, text)| Some((row, order_of(text)?))).collect();
    assert!(!placed.is_empty() && placed.len() < ROWS, "it was full in the middle: {} were placed", placed.len());
    for (row, text) in first.iter().filter(|(row, _)| !placed.contains_key(row)) {
        assert!(text.starts_with("Not placed: The disk is full"), "{row}: {text}");
    }
    let open = grouped(ROWS - placed.len());
    assert!(
        page.contains(&format!("{open} orders were <a")) && page.contains(&format!("Not placed {open}<")),
        "{page}"
    );
    assert_placed(&server, &placed);

    match prng.below(3) {
        // On the page of the run that ended.
        0 => fs::remove_file(&ballast).unwrap(),
        1 => {
            fs::remove_file(&ballast).unwrap();
            path = tried(&server, &file);
        }
        // Whoever supervises it started it again, and it knows no page any more.
        _ => {
            server.kill();
            fs::remove_file(&ballast).unwrap();
            server = Process::start(&directory, MANUAL);
            path = tried(&server, &file);
        }
    }
    let begun = Instant::now();
    loop {
        run(&server, &path);
        if !ended(&server, &path).contains("It ended early") {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "service is back soon:\n{}", server.process.log());
        thread::sleep(Duration::from_millis(100));
    }
    let last = outcomes(&server, &path);
    let now: BTreeMap<_, _> = last.iter().filter_map(|(row, text)| Some((row, order_of(text)?))).collect();
    assert_eq!(now.len(), ROWS, "every row was placed: {last:?}");
    assert!(placed.iter().all(|(row, id)| now[row] == *id), "what was placed is still what it was");
    assert_placed(&server, &now);
    assert_eq!(server.get("/products/1/").get("reserved").unwrap().number(), ROWS as u64);
    assert_eq!(server.stop("-TERM").status.code(), Some(0));
    // A store that the disk refused to write to is marked, and made anew by a start.
    let again = Process::start(&directory, MANUAL);
    assert_placed(&again, &now);
    assert_eq!(again.stop("-TERM").status.code(), Some(0));
    assert_sound(&directory);
}

/// There are these orders, each of its row, and no other.
fn assert_placed(server: &Process, placed: &BTreeMap<&String, u64>) {
    let found = server.orders();
    let name = |order: &crate::support::Json| order.get("customer_name").unwrap().text().to_owned();
    let names: BTreeMap<_, _> = found.iter().map(|it| (it.get("id").unwrap().number(), name(it))).collect();
    for (row, id) in placed {
        assert_eq!(names.get(id), Some(*row), "order {id} was acknowledged");
    }
    assert_eq!(found.len(), placed.len(), "no row has two orders, and none that was called not placed has one");
}

fn file() -> String {
    let mut file = String::from("customer_name,customer_email,customer_phone,delivery_address,product_id\n");
    let far = "far away ".repeat(300);
    for row in 0..ROWS {
        writeln!(file, "Cust{row:04},a@example.com,1,{far},1").unwrap();
    }
    file
}

/// Tries the file out; answers with the path of its page.
fn tried(server: &Process, file: &str) -> String {
    let (cookie, csrf) = begun(server);
    let headers = [("Content-Type", "application/octet-stream"), ("X-Csrf-Token", &*csrf), ("Cookie", &*cookie)];
    goes_to(&send(server.address, "POST", "/admin/upload/?name=orders.csv", &headers, file.as_bytes()))
}

/// Begins to place what can be placed.
fn run(server: &Process, path: &str) {
    let (cookie, csrf) = begun(server);
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", &*cookie)];
    goes_to(&send(server.address, "POST", &format!("{path}run/"), &headers, format!("csrf={csrf}").as_bytes()));
}

/// The page when the run is over.
fn ended(server: &Process, path: &str) -> String {
    let since = Instant::now();
    loop {
        let page = page(server, path);
        if page.contains("data-phase=\"over\"") {
            return page;
        }
        assert!(since.elapsed() < PATIENCE, "a run ends: {page}\n{}", server.process.log());
        thread::sleep(Duration::from_millis(20));
    }
}

/// What became of each row, by its customer, from all pages.
fn outcomes(server: &Process, path: &str) -> BTreeMap<String, String> {
    let (mut rows, mut from) = (BTreeMap::new(), Some(0));
    while let Some(at) = from {
        let page = page(server, &format!("{path}?from={at}"));
        for row in page.split("<tr class").skip(1) {
            let cell = |label: &str| words(row.split_once(&format!("data-label=\"{label}\"")).unwrap().1);
            assert!(rows.insert(cell("Customer"), cell("Outcome")).is_none(), "a row is shown once: {row}");
        }
        from = page.contains("rel=\"next\"").then(|| at + 100);
    }
    let names: BTreeSet<_> = (0..ROWS).map(|row| format!("Cust{row:04}")).collect();
    assert!(rows.keys().eq(names.iter()), "every row is shown: {rows:?}");
    rows
}

/// The words of a cell that begins with the end of its tag.
fn words(cell: &str) -> String {
    let cell = cell.split_once('>').unwrap().1.split("</td>").next().unwrap();
    let mut is_tag = false;
    let outside = cell.chars().filter(|char| {
        is_tag = (is_tag || *char == '<') && !(is_tag && *char == '>');
        !is_tag && *char != '>'
    });
    outside.collect()
}

fn order_of(outcome: &str) -> Option<u64> {
    ["Placed as order ", "Already placed as order "].iter().find_map(|start| outcome.strip_prefix(start)?.parse().ok())
}

/// A number as the pages write it.
fn grouped(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}

fn page(server: &Process, path: &str) -> String {
    send(server.address, "GET", path, &[], b"").expect(200).text().to_owned()
}

/// A cookie, and its token against forgery.
fn begun(server: &Process) -> (String, String) {
    let reply = send(server.address, "GET", "/admin/upload/", &[], b"").expect(200);
    let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let csrf = reply.text().split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    (cookie, csrf)
}

#[track_caller]
fn goes_to(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location").unwrap().to_owned()
}
