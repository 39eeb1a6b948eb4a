//! Random kills: a process under load is killed at any moment, also while it starts and while it stops.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::cases::{Cases, Dice};
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
    cases.run(|dice, life| live(dice, LIFE.min(kills - life * LIFE)));
}

fn live(dice: &mut Dice, kills: u64) {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data");
    let witness = Witness::default();
    let mut stocked = false;
    for _ in 0..kills {
        match dice.below(4) {
            0 => Starting::spawn(serve(&directory, RESTLESS)).kill_after(micros(dice, 60_000)),
            shutdown => {
                if stocked {
                    compare(&witness, dice, &directory);
                }
                let server = Process::start(&directory, RESTLESS);
                if !stocked {
                    server.stock_up(PIECES);
                    stocked = true;
                }
                let (busy, stopping) = (micros(dice, 700_000), micros(dice, 40_000));
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
        hurt_store(dice, &directory);
    }
    if stocked {
        compare(&witness, dice, &directory);
    }
    assert_sound(&directory);
}

/// Compares with a process in which nothing moves by itself.
pub(crate) fn compare(witness: &Witness, dice: &mut Dice, directory: &Path) {
    let server = Process::start(directory, MANUAL);
    witness.compare(&server, dice);
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
fn hurt_store(dice: &mut Dice, directory: &Path) {
    let store = directory.join("store");
    match dice.below(20) {
        0 => drop(fs::remove_dir_all(store)),
        1 => drop(fs::write(store.join("db"), "no store at all")),
        _ => {}
    }
}

fn micros(dice: &mut Dice, end: u64) -> Duration {
    Duration::from_micros(dice.below(end))
}
