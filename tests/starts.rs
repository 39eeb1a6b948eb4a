//! Starts that are refused, and what a directory is after them: as it was. Clocks that are wrong beyond the calendar, journals
//! of others, files that are none of ours.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use support::process::{MANUAL, Process, binary};
use tempfile::TempDir;

/// Every file below `directory`, but for the lock: its content, or where it leads.
fn content(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut content = BTreeMap::new();
    let mut ahead = vec![directory.to_owned()];
    while let Some(next) = ahead.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                ahead.push(entry.path());
            } else if kind.is_file() && entry.file_name() != "LOCK" {
                content.insert(entry.path(), fs::read(entry.path()).unwrap());
            }
        }
    }
    content
}

/// A data directory with a product and `orders` orders, stopped well.
fn worked(directory: &Path, orders: usize) {
    let server = Process::start(directory, MANUAL);
    server.stock_up(1_000);
    for nth in 0..orders {
        let body = support::process::order(&format!("Customer {nth}"), 1);
        server.call("POST", "/orders/", &body).expect(201);
    }
    assert!(server.stop("-TERM").status.success());
}

/// The command line `args`, on `directory`, with nothing of the test's own settings but small segments.
fn command(args: &[&str], directory: &Path) -> Command {
    let mut command = Command::new(binary());
    command.args(args).arg("--data-dir").arg(directory).envs(MANUAL.iter().copied()).stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A library that makes the wall clock wrong by `CLOCK_BY` seconds in what it is loaded into. The C compiler is the one that
/// building the crate needs as well.
fn wrong_clock() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let library = home.path().join("clock.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/clock.c");
    let built = Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
    assert!(built.unwrap().success(), "the library compiles");
    (home, library)
}

#[test]
fn a_clock_beyond_the_calendar_refuses_every_command_and_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (directory, new) = (home.path().join("data"), home.path().join("new"));
    worked(&directory, 3);
    let catalogue = home.path().join("catalogue.csv");
    fs::write(&catalogue, "category,name,price,stock\nThings,Kettle,1.00,1\n").unwrap();
    let before = content(&directory);
    let (_built, library) = wrong_clock();
    let backup = home.path().join("backup.tar");
    let (catalogue, to) = (catalogue.to_str().unwrap(), backup.to_str().unwrap());
    for years in [-70_i64, 8_000] {
        for args in [
            &["serve", "--listen", "127.0.0.1:0"][..],
            &["import", catalogue],
            &["user", "add", "ann", "--role", "viewer"],
            &["key", "add", "shop", "--role", "viewer"],
            &["backup", "--to", to],
            &["check"],
        ] {
            for directory in [&directory, &new] {
                let mut command = command(args, directory);
                command.env("LD_PRELOAD", &library).env("CLOCK_BY", (years * 365 * 86_400).to_string());
                let output = command.output().unwrap();
                let case = format!("{years} years, {args:?}: {}", said(&output));
                assert_eq!(output.status.code(), Some(1), "{case}");
                assert!(case.contains("the clock of this machine shows"), "{case}");
                assert!(!case.contains("panicked"), "{case}");
            }
        }
    }
    assert_eq!(content(&directory).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert!(content(&directory) == before && !new.exists() && !backup.exists());
    assert!(Process::start(&directory, MANUAL).stop("-TERM").status.success());
}
