//! A full disk, at many fill levels: reads go on, writes are refused with a text that says why, nothing acknowledged is
//! lost, and service returns without hand work once there is room.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::cases::{Cases, Prng, skipped};
use super::kills::{assert_sound, compare};
use super::mount::{Kind, Mount};
use super::room::Small;
use super::shim::Shim;
use super::witness::{PIECES, Told, Witness};
use crate::support::Reply;
use crate::support::process::{MANUAL, Process, Starting, binary, order, serve};

const TEST: &str = "a_full_disk_stops_nothing_but_writes";
/// Room for a handful of segments and a store.
const DISK: u64 = 64 << 20;
/// So much is left free at most: more than a segment needs.
const LEFT_MAX: u64 = 3 << 20;
/// How soon service has to be back.
const BACK_MAX: Duration = Duration::from_secs(10);

#[test]
fn a_full_disk_stops_nothing_but_writes() {
    let cases = Cases { test: TEST, variable: "CRASH_FILL_LEVELS", default: 3, each: 1 };
    if let Err(why) = Mount::new(Kind::Memory, DISK) {
        return skipped(TEST, &format!("it mounts a small file system, which takes root ({why})"));
    }
    cases.run(|prng, _| {
        let left = prng.below(LEFT_MAX);
        fill_up(prng, left);
    });
}

/// A key is revoked in an incident, and that must not wait for room.
#[test]
fn users_and_keys_are_changed_on_a_disk_without_a_byte_of_room() {
    let Some(disk) = Small::new("users_and_keys_are_changed_on_a_disk_without_a_byte_of_room", DISK) else { return };
    let directory = disk.path("data");
    let changed = |args: &[&str]| {
        let mut command = Command::new(binary());
        let output =
            command.args(args).arg("--data-dir").arg(&directory).envs(MANUAL.iter().copied()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    changed(&["key", "add", "owner", "--role", "admin"]);
    changed(&["key", "add", "shop", "--role", "viewer"]);
    disk.fill(0);
    changed(&["key", "revoke", "2"]);
    assert!(changed(&["key", "list"]).contains("revoked"));
    disk.make_room();
    changed(&["key", "add", "other", "--role", "viewer"]);
    assert_sound(&directory);
}

/// Room is there when the next segment is begun, and gone before it is made: nobody who was let in waits until there is
/// room.
#[test]
fn a_disk_that_fills_up_while_a_segment_is_made_keeps_nobody_waiting() {
    let Some(disk) = Small::new("a_disk_that_fills_up_while_a_segment_is_made_keeps_nobody_waiting", DISK) else {
        return;
    };
    let directory = disk.path("data");
    fs::create_dir(&directory).unwrap();
    let shim = Shim::new();
    // A segment is synced in two pieces, and the disk is slow with each.
    let settings = [MANUAL, &[("PACKHORSE_JOURNAL__SEGMENT_BYTES", "8 MiB")]].concat();
    let mut command = serve(&directory, &settings);
    shim.watch(&mut command, &directory);
    command.env("SHIM_SLOW", "2000");
    let server = Starting::spawn(command).ready().expect("it starts");
    server.stock_up(PIECES);

    let witness = Witness::default();
    let far = "far away ".repeat(300);
    let bulk = |round: u32| {
        let row = |nth| order(&format!("Ann {round} {nth}"), 1).replace("Here", &far);
        format!("[{}]", (0..100).map(row).collect::<Vec<_>>().join(","))
    };
    let (mut refused, mut is_filled) = (0, false);
    for round in 0.. {
        let begun = Instant::now();
        match witness.ask(server.address, "/orders/bulk/", &bulk(round)) {
            Told::Done(_) => {}
            Told::Refused(reply) => refused += u32::from(reply.status == 507),
            Told::Rejected | Told::Nothing => panic!("round {round}: no answer"),
        }
        assert!(begun.elapsed() < BACK_MAX, "round {round} was kept for {:?}", begun.elapsed());
        if refused == 3 {
            break;
        }
        if !is_filled && is_being_made(&directory) {
            disk.fill(0);
            is_filled = true;
        }
        thread::sleep(Duration::from_millis(5));
    }
    disk.make_room();
    let begun = Instant::now();
    while !matches!(witness.place(server.address, 1), Told::Done(_)) {
        assert!(begun.elapsed() < BACK_MAX, "service is back soon:\n{}", server.process.log());
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(server.stop("-TERM").status.code(), Some(0));
    compare(&witness, &mut Prng::new(1), &directory);
    assert_sound(&directory);
}

/// Whether the next segment is being made.
fn is_being_made(directory: &Path) -> bool {
    let files = fs::read_dir(directory.join("journal")).unwrap();
    files.filter_map(Result::ok).any(|file| file.file_name().to_string_lossy().starts_with("prepared-"))
}

fn fill_up(prng: &mut Prng, left: u64) {
    let mount = Mount::new(Kind::Memory, DISK).unwrap();
    let (directory, ballast) = (mount.path().join("data"), mount.path().join("ballast"));
    let witness = Witness::default();
    let mut server = Process::start(&directory, MANUAL);
    server.stock_up(PIECES);
    // Sometimes in the middle of a checkpoint, or of making a segment.
    let before = Duration::from_millis(prng.below(600));
    load_until_refused(&witness, &server, || {
        thread::sleep(before);
        fill(&ballast, left);
    });
    let log = server.process.log();
    assert!(log.contains("the disk is full"), "the log says so:\n{log}");
    if prng.chance(30) {
        // Whoever supervises it starts it again, on a disk that is still full.
        server.kill();
        match Starting::spawn(serve(&directory, MANUAL)).ready() {
            Ok(started) => assert_reads(&started),
            Err(ended) => assert!(ended.log.contains("No space left on device"), "{}\n{}", ended.status, ended.log),
        }
        fs::remove_file(&ballast).unwrap();
        server = Process::start(&directory, MANUAL);
    } else {
        fs::remove_file(&ballast).unwrap();
    }
    let begun = Instant::now();
    while !matches!(witness.place(server.address, 1), Told::Done(_)) {
        assert!(begun.elapsed() < BACK_MAX, "service is back soon:\n{}", server.process.log());
        thread::sleep(Duration::from_millis(50));
    }
    witness.compare(&server, prng);
    let ended = server.stop("-TERM");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    assert!(!ended.log.contains("no checkpoint was written"), "checkpoints are written again:\n{}", ended.log);
    // A store that the disk refused to write to is marked, and the next start makes it anew: until then it is unsound.
    if !ended.log.contains("opened again") {
        assert_sound(&directory);
    }
    compare(&witness, prng, &directory);
    assert_sound(&directory);
}

/// Fills the disk with `ballast` until only `left` bytes are free.
pub(crate) fn fill(ballast: &Path, left: u64) {
    let mut file = File::create(ballast).unwrap();
    let block = vec![1; 4096];
    let mut filled = 0;
    while file.write_all(&block).is_ok() {
        filled += block.len() as u64;
    }
    file.set_len(filled.saturating_sub(left)).unwrap();
}

/// Offers load until `fill` has filled the disk and some requests were refused for it; reads are answered meanwhile.
fn load_until_refused(witness: &Witness, server: &Process, fill: impl FnOnce()) {
    const ENOUGH: u64 = 30;
    let (gone, refused) = (AtomicBool::new(false), AtomicU64::new(0));
    let count = |reply: Reply| {
        assert_says_full(&reply);
        refused.fetch_add(1, Ordering::Relaxed);
    };
    let address = server.address;
    let begun = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| witness.load(address, 4, &gone, &count));
        fill();
        while refused.load(Ordering::Relaxed) < ENOUGH && begun.elapsed() < Duration::from_secs(30) {
            assert_reads(server);
            thread::sleep(Duration::from_millis(10));
        }
        gone.store(true, Ordering::Relaxed);
    });
    assert!(refused.load(Ordering::Relaxed) >= ENOUGH, "the disk was filled:\n{}", server.process.log());
    assert_reads(server);
}

fn assert_says_full(reply: &Reply) {
    let told = reply.json();
    let detail = told.get("detail").unwrap().text();
    assert_eq!(reply.status, 507, "{detail}");
    assert!(detail.contains("disk is full"), "{detail}");
    assert!(reply.header("retry-after").is_some(), "{detail}");
}

fn assert_reads(server: &Process) {
    server.get("/products/1/");
    server.get("/products/1/movements/?limit=5");
    server.get("/orders/?limit=5");
}
