//! A disk that takes long to make a segment, and is quick otherwise: that is no broken journal. Who asks meanwhile is
//! told to try again. And one that takes long to sync the store: that is no broken store, and nobody waits but the
//! checkpoint.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::cases::Prng;
use super::kills::{assert_sound, compare};
use super::shim::Shim;
use super::witness::{PIECES, Told, Witness};
use crate::support::process::{MANUAL, Starting, order, serve};

/// How long a segment of 1 MiB takes to make; longer than a commit may.
const MAKING: &str = "2500";
const STALL_MAX: (&str, &str) = ("PACKHORSE_JOURNAL__STALL_MAX", "1s");
const PATIENCE: Duration = Duration::from_mins(2);

#[test]
fn a_segment_that_takes_longer_to_make_than_a_commit_may_stops_nothing() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data");
    fs::create_dir(&directory).unwrap();
    let shim = Shim::new();
    let mut command = serve(&directory, &[MANUAL, &[STALL_MAX]].concat());
    shim.watch(&mut command, &directory);
    command.env("SHIM_SLOW", MAKING);
    let server = Starting::spawn(command).ready().expect("it starts");
    server.stock_up(PIECES);

    let witness = Witness::default();
    let is_over = AtomicBool::new(false);
    let address = server.address;
    let told = |told: Told| match told {
        Told::Done(_) => {}
        Told::Refused(reply) => {
            assert_eq!(reply.status, 503, "{}", reply.text());
            thread::sleep(Duration::from_millis(20));
        }
        Told::Rejected => panic!("rejected"),
        Told::Nothing => panic!("no answer: the server is gone"),
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                told(witness.place(address, 1));
            }
        });
        let begun = Instant::now();
        let mut round = 0;
        while segments(&directory) < 4 && begun.elapsed() < PATIENCE {
            round += 1;
            let row = |nth| order(&format!("{} {round} {nth}", "Ann".repeat(18)), 1);
            let rows: Vec<_> = (0..400).map(row).collect();
            told(witness.ask(address, "/orders/bulk/", &format!("[{}]", rows.join(","))));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(segments(&directory) >= 4, "it went on to further segments");
    let ended = server.stop("-TERM");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    compare(&witness, &mut Prng::new(1), &directory);
    assert_sound(&directory);
}

/// Longer than it was once waited for a flush before the store counted as broken.
const FLUSHING: Duration = Duration::from_secs(32);
/// Longer than it was once waited for the store to be closed.
const STOPPING: Duration = Duration::from_secs(7);

#[test]
fn a_flush_that_takes_longer_than_half_a_minute_is_waited_for_also_at_the_stop() {
    let home = tempfile::tempdir().unwrap();
    let (directory, held) = (home.path().join("data"), home.path().join("held"));
    fs::create_dir(&directory).unwrap();
    let shim = Shim::new();
    let mut command = serve(&directory, MANUAL);
    shim.watch(&mut command, &directory);
    command.env("SHIM_HELD", &held);
    let mut server = Starting::spawn(command).ready().expect("it starts");
    server.stock_up(PIECES);
    fs::write(&held, "").unwrap();
    let witness = Witness::default();
    let begun = Instant::now();
    while begun.elapsed() < FLUSHING {
        assert!(matches!(witness.place(server.address, 1), Told::Done(_)), "placing does not wait for the store");
        thread::sleep(Duration::from_millis(200));
    }
    server.process.signal("-TERM");
    let ended = server.process.wait_at_most(STOPPING);
    assert!(ended.is_none(), "it said that it had stopped though its checkpoint was under way: {ended:?}");
    fs::remove_file(&held).unwrap();
    let ended = server.process.wait();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    assert!(ended.log.contains("the disk is slow"), "the log says what is waited for: {}", ended.log);
    for wrong in ["the checkpoint failed", "no checkpoint was written", "not closed well", "\"level\":\"ERROR\""] {
        assert!(!ended.log.contains(wrong), "{wrong}: {}", ended.log);
    }
    for file in ["REBUILD", "IN_USE"] {
        assert!(!directory.join("store").join(file).exists(), "store/{file} is left");
    }
    compare(&witness, &mut Prng::new(1), &directory);
    assert_sound(&directory);
}

#[test]
fn a_signal_ends_a_start_at_once_whatever_the_disk_does() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data");
    // The store takes for ever to be made.
    let held = home.path().join("held");
    fs::create_dir(&directory).unwrap();
    fs::write(&held, "").unwrap();
    let shim = Shim::new();
    for signal in ["-TERM", "-INT"] {
        let mut command = serve(&directory, MANUAL);
        shim.watch(&mut command, &directory);
        command.env("SHIM_HELD", &held);
        let mut starting = Starting::spawn(command);
        while !starting.log().contains("starting; until it is ready") {
            thread::sleep(Duration::from_millis(10));
        }
        thread::sleep(Duration::from_secs(2));
        assert!(!starting.log().contains("\"ready\""), "{signal}: the store is waited for: {}", starting.log());
        starting.signal(signal);
        let ended = starting.wait_at_most(Duration::from_secs(5)).unwrap_or_else(|| panic!("{signal} ends it"));
        assert_eq!(ended.status.code(), Some(0), "{signal}: {}", ended.log);
    }
}

fn segments(directory: &Path) -> usize {
    let files = fs::read_dir(directory.join("journal")).unwrap();
    files.filter(|file| file.as_ref().is_ok_and(|file| file.path().extension().is_some_and(|end| end == "seg"))).count()
}
