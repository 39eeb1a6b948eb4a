//! A server that runs finds out by itself that old segments of its journal are damaged or gone, and the documented
//! backup script keeps the last good backups meanwhile.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use support::process::{MANUAL, Process, Starting, binary, order, serve};
use support::send;

/// How soon damage has to be told: the whole journal is read every second.
const TOLD_WITHIN: Duration = Duration::from_secs(30);

/// A server on `directory` that reads its journal all the time, with orders in more than two segments of 1 MiB.
fn served(directory: &Path) -> Process {
    let often = [("PACKHORSE_JOURNAL__VERIFY_BYTES_PER_SECOND", "1 GiB"), ("PACKHORSE_JOURNAL__VERIFY_PAUSE", "1s")];
    let server = Starting::spawn(serve(directory, &[MANUAL, &often[..]].concat())).ready().unwrap();
    server.stock_up(100_000);
    let bulk = format!("[{}]", vec![order(&"x".repeat(100), 1); 500].join(","));
    while segments(directory).len() < 3 {
        server.call("POST", "/orders/bulk/", &bulk).expect(201);
    }
    server
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    let mut segments: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "seg")).collect();
    segments.sort();
    segments
}

/// Waits until the overview says so of the journal.
#[track_caller]
fn wait_until(server: &Process, what: &str) {
    let begun = Instant::now();
    loop {
        let overview = send(server.address, "GET", "/api/overview/", &[], b"").expect(200);
        let text = String::from_utf8(overview.body).unwrap();
        if text.contains(what) {
            return;
        }
        assert!(begun.elapsed() < TOLD_WITHIN, "{what} in {text}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn readyz(server: &Process) -> String {
    String::from_utf8(send(server.address, "GET", "/readyz", &[], b"").expect(200).body).unwrap()
}

#[test]
fn a_flipped_bit_in_an_old_segment_is_told_while_the_server_runs() {
    let directory = tempfile::tempdir().unwrap();
    let server = served(directory.path());
    wait_until(&server, r#""journal_damaged":false,"journal_sound_at":"2"#);
    assert_eq!(readyz(&server), r#"{"status":"ready","journal":"sound"}"#);
    let first = segments(directory.path()).remove(0);
    let file = OpenOptions::new().read(true).write(true).open(&first).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, 300_000).unwrap();
    let flip = |byte: u8| file.write_all_at(&[byte], 300_000).unwrap();
    flip(byte[0] ^ 4);
    wait_until(&server, r#""journal_damaged":true"#);
    assert_eq!(readyz(&server), r#"{"status":"ready","journal":"damaged"}"#);
    server.call("POST", "/orders/", &order("Ann", 1)).expect(201);
    flip(byte[0]);
    wait_until(&server, r#""journal_damaged":false"#);
    let log = server.stop("-TERM").log;
    let name = first.file_name().unwrap().to_str().unwrap();
    assert!(log.lines().any(|line| line.contains("ERROR") && line.contains(name)), "{log}");
}

#[test]
fn a_segment_that_goes_missing_is_told_while_the_server_runs() {
    for missing in [0, 1, 2] {
        let directory = tempfile::tempdir().unwrap();
        let server = served(directory.path());
        fs::remove_file(&segments(directory.path())[missing]).unwrap();
        wait_until(&server, r#""journal_damaged":true"#);
        let log = server.stop("-TERM").log;
        assert!(log.lines().any(|line| line.contains("ERROR") && line.contains("journal")), "{log}");
    }
}

#[test]
fn a_segment_that_cannot_be_read_is_told_while_the_server_runs() {
    let directory = tempfile::tempdir().unwrap();
    let server = served(directory.path());
    wait_until(&server, r#""journal_damaged":false,"journal_sound_at":"2"#);
    let first = segments(directory.path()).remove(0);
    fs::rename(&first, directory.path().join("aside")).unwrap();
    // A directory opens, and cannot be read.
    fs::create_dir(&first).unwrap();
    wait_until(&server, r#""journal_damaged":true"#);
    assert_eq!(readyz(&server), r#"{"status":"ready","journal":"damaged"}"#);
    let log = server.stop("-TERM").log;
    let name = first.file_name().unwrap().to_str().unwrap();
    assert!(log.lines().any(|line| line.contains("ERROR") && line.contains(name)), "{log}");
}

#[test]
fn a_journal_is_unverified_until_all_of_it_was_read() {
    let directory = tempfile::tempdir().unwrap();
    assert!(served(directory.path()).stop("-TERM").status.success());
    let slowly = [("PACKHORSE_JOURNAL__VERIFY_BYTES_PER_SECOND", "64 KiB")];
    let server = Starting::spawn(serve(directory.path(), &[MANUAL, &slowly[..]].concat())).ready().unwrap();
    assert_eq!(readyz(&server), r#"{"status":"ready","journal":"unverified"}"#);
}

// The backup script of docs/backup.md.

/// The first shell script of the page, as people copy it.
fn documented_script() -> String {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/backup.md")).unwrap();
    let script = page.split_once("```sh\n#!/bin/sh\n").expect("the page holds the script").1;
    script.split_once("```").unwrap().0.to_owned()
}

/// The backups of `directory`, without the one that was just made.
fn backups(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = entries.filter(|name| name.starts_with("old-")).collect();
    names.sort();
    names
}

#[test]
fn the_documented_backup_script_deletes_nothing_when_the_backup_fails_and_keeps_the_newest() {
    let temporary = tempfile::tempdir().unwrap();
    let (data, kept) = (temporary.path().join("data"), temporary.path().join("backups"));
    let server = Starting::spawn(serve(&data, MANUAL)).ready().unwrap();
    server.stock_up(5);
    assert!(server.stop("-TERM").status.success());
    fs::create_dir(&kept).unwrap();
    for days in 31..=45 {
        let file = File::create(kept.join(format!("old-{days}.tar"))).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_hours(24 * days)).unwrap();
    }
    let script = temporary.path().join("packhorse-backup");
    fs::write(&script, documented_script()).unwrap();
    let path = format!("{}:{}", binary().parent().unwrap().display(), std::env::var("PATH").unwrap());
    let run = || {
        let mut command = Command::new("sh");
        command.arg(&script).arg(&data).arg(&kept).env("PATH", &path).output().unwrap()
    };
    let segment = segments(&data).remove(0);
    let sound = fs::read(&segment).unwrap();
    let mut damaged = sound.clone();
    damaged[4_160] ^= 1;
    fs::write(&segment, damaged).unwrap();
    assert!(!run().status.success());
    assert_eq!(backups(&kept).len(), 15, "while backups fail, the old ones stay");
    fs::write(&segment, sound).unwrap();
    let made = run();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let newest: Vec<_> = (31..=36).map(|days| format!("old-{days}.tar")).collect();
    assert_eq!(backups(&kept), newest, "with the new one there are seven");
}
