//! A crash at each call that changes or syncs a file, of a process that starts, commits, writes checkpoints, begins
//! segments and stops: killed before it, halfway through it, or after it; or the call fails with an I/O error.

use std::path::Path;
use std::time::Duration;

use super::cases::{Cases, Prng};
use super::kills::{assert_sound, compare};
use super::shim::{Happens, Shim};
use super::witness::{PIECES, Told, Witness};
use crate::support::process::{MANUAL, Process, Starting, order, serve};

/// The number of the error for a failed disk.
const EIO: i32 = 5;
/// How soon a process that met one has to end.
const STOP_MAX: Duration = Duration::from_secs(10);
/// Checkpoints come while the script runs.
const QUICK: &[(&str, &str)] =
    &[("PACKHORSE_CHECKPOINT__INTERVAL", "100ms"), ("PACKHORSE_RETENTION__ENDED_ORDERS_IN_MEMORY", "0s")];

#[test]
fn nothing_acknowledged_is_lost_by_a_kill_at_any_call() {
    let test = "nothing_acknowledged_is_lost_by_a_kill_at_any_call";
    let cases = Cases { test, variable: "CRASH_KILL_POINTS", default: 8, each: 1 };
    let calls = count_calls();
    cases.run(|prng, nth| {
        let at = point(prng, nth, cases.count(), calls);
        let what = [Happens::KilledBefore, Happens::KilledHalfway, Happens::KilledAfter][prng.index(3)];
        strike(prng, at, what);
    });
}

#[test]
fn a_failing_disk_stops_the_process_and_loses_nothing() {
    let test = "a_failing_disk_stops_the_process_and_loses_nothing";
    let cases = Cases { test, variable: "CRASH_EIO_POINTS", default: 8, each: 1 };
    let calls = count_calls();
    cases.run(|prng, nth| {
        let at = point(prng, nth, cases.count(), calls);
        strike(prng, at, Happens::Fails(EIO));
    });
}

/// How many calls the script makes, about.
fn count_calls() -> u64 {
    let home = tempfile::tempdir().unwrap();
    let (shim, witness) = (Shim::new(), Witness::default());
    let mut command = serve(home.path(), &[MANUAL, QUICK].concat());
    shim.watch(&mut command, home.path());
    let server = Starting::spawn(command).ready().unwrap();
    script(&witness, &server, &shim);
    assert_eq!(server.stop("-TERM").status.code(), Some(0));
    let calls = shim.hit().unwrap().parse().unwrap();
    assert!(calls > 100, "{calls} calls");
    calls
}

/// All calls one after the other where the count allows it, otherwise any; the first ones rather than the last ones.
fn point(prng: &mut Prng, nth: u64, count: u64, calls: u64) -> u64 {
    if count >= calls {
        return 1 + nth % calls;
    }
    let end = if prng.chance(50) { 60 } else { calls };
    1 + prng.below(end)
}

fn strike(prng: &mut Prng, at: u64, what: Happens) {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data");
    std::fs::create_dir(&directory).unwrap();
    let (shim, witness) = (Shim::new(), Witness::default());
    let mut command = serve(&directory, &[MANUAL, QUICK].concat());
    shim.strike(&mut command, &directory, at, what);
    let started = Starting::spawn(command).ready();
    let is_ready = started.is_ok();
    let ended = match started {
        Ok(mut server) => {
            let stocked = script(&witness, &server, &shim);
            // What fails without being part of the journal may be survived.
            let is_over = is_journal(&shim) || what != Happens::Fails(EIO);
            let max = if is_over && shim.hit().is_some() { STOP_MAX } else { Duration::ZERO };
            let ended = server.process.wait_at_most(max);
            let ended = ended.unwrap_or_else(|| {
                assert!(!is_journal(&shim), "it goes on after {:?}:\n{}", shim.hit(), server.process.log());
                server.stop("-TERM")
            });
            if !stocked {
                assert!(ended.was_killed() || is_journal(&shim), "the catalogue was refused: {}", ended.log);
            }
            ended
        }
        Err(ended) => ended,
    };
    let Some(hit) = shim.hit() else {
        // This time there were fewer calls.
        assert!(is_ready && ended.status.success(), "{}", ended.log);
        return;
    };
    match what {
        Happens::Fails(_) if is_journal(&shim) || !is_ready => {
            assert_eq!(ended.status.code(), Some(1), "{hit}: {}", ended.log);
            assert_tells(&ended.log, &directory, &hit);
        }
        Happens::Fails(_) => {}
        Happens::KilledBefore | Happens::KilledHalfway | Happens::KilledAfter => {
            assert!(ended.was_killed(), "{hit}: {}\n{}", ended.status, ended.log);
        }
    }
    let server = Process::start(&directory, MANUAL);
    let has_product = server.call("GET", "/products/1/", "").status == 200;
    server.kill();
    if has_product {
        compare(&witness, prng, &directory);
    } else {
        assert!(witness.is_empty(), "{hit}: the product is lost");
    }
    assert_sound(&directory);
}

/// Makes a product and orders, enough of them for several checkpoints and for a second segment. Ends early when the
/// server does; nothing may be acknowledged that was asked for after a file of the journal had failed. Answers whether
/// the product was acknowledged.
fn script(witness: &Witness, server: &Process, shim: &Shim) -> bool {
    if !server.try_stock_up(PIECES) {
        return false;
    }
    for round in 0..24_u64 {
        let failed = is_journal(shim);
        let told = if round.is_multiple_of(3) {
            let far = "far away ".repeat(300);
            let row = |row: u32| order(&format!("row {round}.{row}"), 1).replacen("Here", &far, 1);
            let rows: Vec<_> = (0..60).map(row).collect();
            witness.ask(server.address, "/orders/bulk/", &format!("[{}]", rows.join(",")))
        } else {
            witness.place(server.address, 1)
        };
        match told {
            Told::Done(_) => assert!(!failed, "acknowledged after {:?}", shim.hit()),
            Told::Rejected => panic!("no rule forbids what the script orders"),
            Told::Refused(_) | Told::Nothing => break,
        }
        if round > 12 {
            for step in ["processing", "shipped", "delivered"] {
                let path = format!("/orders/{round}/transition/");
                witness.ask(server.address, &path, &format!(r#"{{"to": "{step}"}}"#));
            }
        }
        std::thread::sleep(Duration::from_millis(30));
    }
    true
}

/// Whether what was hit is a file that acknowledged entries are in, or that they cannot be found without. The next
/// segment is none of them until it has its name.
fn is_journal(shim: &Shim) -> bool {
    shim.hit().is_some_and(|hit| hit.contains(".seg") || hit.ends_with("/journal"))
}

/// The message names the file and says what to do.
fn assert_tells(log: &str, directory: &Path, hit: &str) {
    let last = log.lines().rev().take(3).collect::<Vec<_>>().join("\n");
    assert!(last.contains(directory.to_str().unwrap()), "{hit}: no file is named:\n{log}");
    let remedy = ["start again", "do it again"].iter().any(|remedy| last.contains(remedy));
    assert!(remedy, "{hit}: no remedy is told:\n{log}");
}
