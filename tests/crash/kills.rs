//! Random kills: a process under load is killed at any moment, also while it starts and while it stops.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::cases::{Cases, Prng};
use super::witness::{PIECES, Witness};
use crate::support::process::{MANUAL, Process, Starting, check, serve};

/// How many kills one data directory sees.
const LIFE: u64 = 10;
const CLIENTS: u64 = 4;

/// Timers, checkpoints and segments all come within the time that a process has.
pub(crate) const RESTLESS: &[(&str, &str)] = &[
    ("PACKHORSE_STAGES__PENDING__AFTER", "200ms"),
    ("PACKHORSE_STAGES__PROCESSING__AFTER", "100ms"),
    ("PACKHORSE_STAGES__SHIPPED__AFTER", "100ms"),
    ("PACKHORSE_CHECKPOINT__INTERVAL", "100ms"),
    ("PACKHORSE_RETENTION__ENDED_ORDERS_IN_MEMORY", "300ms"),
    ("PACKHORSE_JOURNAL__SEGMENT_BYTES", "1 MiB"),
];

#[test]
fn nothing_acknowledged_is_lost_by_a_kill() {
    let cases =
        Cases { test: "nothing_acknowledged_is_lost_by_a_kill", variable: "CRASH_KILLS", default: LIFE, each: LIFE };
    let kills = cases.count();
    cases.run(|prng, life| live(prng, LIFE.min(kills - life * LIFE)));
}

fn live(prng: &mut Prng, kills: u64) {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data");
    let witness = Witness::default();
    let mut stocked = false;
    for _ in 0..kills {
        match prng.below(4) {
            0 => Starting::spawn(serve(&directory, RESTLESS)).kill_after(micros(prng, 60_000)),
            shutdown => {
                if stocked {
                    compare(&witness, prng, &directory);
                }
                let server = Process::start(&directory, RESTLESS);
                if !stocked {
                    server.stock_up(PIECES);
                    stocked = true;
                }
                let (busy, stopping) = (micros(prng, 700_000), micros(prng, 40_000));
                offer_load(&witness, &server, || {
                    thread::sleep(busy);
                    if shutdown == 1 {
                        server.process.signal("-TERM");
                        thread::sleep(stopping);
                    }
                    server.process.signal("-KILL");
                });
            }
        }
        hurt_store(prng, &directory);
    }
    if stocked {
        compare(&witness, prng, &directory);
    }
    assert_sound(&directory);
}

/// Compares with a process in which nothing moves by itself.
pub(crate) fn compare(witness: &Witness, prng: &mut Prng, directory: &Path) {
    let server = Process::start(directory, MANUAL);
    witness.compare(&server, prng);
    server.kill();
}

/// Lets clients place orders until `crash` is done.
pub(crate) fn offer_load(witness: &Witness, server: &Process, crash: impl FnOnce()) {
    let gone = AtomicBool::new(false);
    let address = server.address;
    thread::scope(|scope| {
        scope.spawn(|| witness.load(address, CLIENTS, &gone, &|_| {}));
        crash();
        gone.store(true, Ordering::Relaxed);
    });
}

pub(crate) fn assert_sound(directory: &Path) {
    let report = check(directory);
    let (said, complained) = (String::from_utf8_lossy(&report.stdout), String::from_utf8_lossy(&report.stderr));
    assert!(report.status.success() && said.contains("verdict: sound"), "{said}\n{complained}");
}

/// Now and then the store, which the journal can make again, is not there or is nonsense.
fn hurt_store(prng: &mut Prng, directory: &Path) {
    let store = directory.join("store");
    match prng.below(20) {
        0 => drop(fs::remove_dir_all(store)),
        1 => drop(fs::write(store.join("db"), "no store at all")),
        _ => {}
    }
}

fn micros(prng: &mut Prng, end: u64) -> Duration {
    Duration::from_micros(prng.below(end))
}
