//! A disk that is too small for a restore, an import or a check: each says so before it writes anything, with what is
//! free and what it takes, leaves nothing behind, and works once there is room.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use super::cases::skipped;
use super::flips::{copy_all, is_segment};
use super::lost::files;
use super::mount::{Kind, Mount};
use crate::support::process::{MANUAL, Process, binary, check, ended_within, serve};

const DISK: u64 = 16 << 20;
const SEGMENT: u64 = 1 << 20;

fn packhorse(arguments: &[&str], directories: &[&Path]) -> Output {
    let mut command = Command::new(binary());
    command.args(arguments).args(directories).env("PACKHORSE_JOURNAL__SEGMENT_BYTES", "1 MiB").output().unwrap()
}

/// What a command said that was refused for want of room, of which `bytes` were free at most.
#[track_caller]
fn refused(output: &Output, bytes: u64, rest: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let free =
        said.split_once("No space left on device: ").and_then(|(_, rest)| rest.split_once(" bytes are free, and "));
    let (free, behind) = free.unwrap_or_else(|| panic!("it says what is free: {said}"));
    assert!(free.parse::<u64>().unwrap() <= bytes, "{said}");
    for text in rest {
        assert!(behind.contains(text), "{text}: {said}");
    }
}

#[track_caller]
fn done(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A small disk, which a file `ballast` can fill.
pub(super) struct Small {
    mount: Mount,
}

impl Small {
    pub(super) fn new(test: &str, bytes: u64) -> Option<Self> {
        match Mount::new(Kind::Memory, bytes) {
            Ok(mount) => Some(Self { mount }),
            Err(why) => {
                skipped(test, &format!("it mounts a small file system, which takes root ({why})"));
                None
            }
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.mount.path().join(name)
    }

    pub(super) fn fill(&self, left: u64) {
        super::full::fill(&self.path("ballast"), left);
    }

    pub(super) fn make_room(&self) {
        fs::remove_file(self.path("ballast")).unwrap();
    }

    /// What is on it, but for locks.
    fn holds(&self) -> Vec<PathBuf> {
        files(&self.mount.path()).into_iter().filter(|path| !path.ends_with("ballast")).collect()
    }
}

/// A data directory with a store, which was closed well.
fn data(home: &Path) -> PathBuf {
    let directory = home.join("data");
    let server = Process::start(&directory, MANUAL);
    server.stock_up(10);
    assert_eq!(server.stop("-TERM").status.code(), Some(0));
    directory
}

#[test]
fn a_restore_without_room_is_refused_before_it_writes() {
    let Some(disk) = Small::new("a_restore_without_room_is_refused_before_it_writes", DISK) else { return };
    let home = tempfile::tempdir().unwrap();
    let (directory, backup) = (data(home.path()), home.path().join("b.tar"));
    done(&packhorse(&["backup", "--data-dir"], &[&directory, Path::new("--to"), &backup]));
    let to = disk.path("restored");
    let restore = || packhorse(&["restore", "--from"], &[&backup, Path::new("--data-dir"), &to]);
    disk.fill(SEGMENT - 64 * 1024);
    let remedy = "make room, or name a data directory on another disk";
    refused(&restore(), SEGMENT, &[&format!("the journal takes {SEGMENT}"), "Nothing was restored", remedy]);
    assert_eq!(disk.holds(), Vec::<PathBuf>::new());
    disk.make_room();
    done(&restore());
    // What an interrupted restore left is not what there is no room for.
    fs::rename(to.join("FORMAT"), to.join("RESTORING")).unwrap();
    disk.fill(64 * 1024);
    done(&restore());
    assert_eq!(disk.holds().iter().filter(|path| is_segment(path)).count(), 1);
}

#[test]
fn an_import_without_room_begins_no_journal() {
    let Some(disk) = Small::new("an_import_without_room_begins_no_journal", DISK) else { return };
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("catalogue.csv");
    fs::write(&file, "category,name,price,stock\nTea,Assam,4.50,120\n").unwrap();
    let import = || packhorse(&["import", "--data-dir"], &[&disk.path("data"), &file]);
    // A segment wants a quarter of itself beside it.
    disk.fill(SEGMENT);
    let takes = format!("a segment takes {}", SEGMENT + SEGMENT / 4);
    refused(&import(), SEGMENT, &[&takes, "make room, then do it again"]);
    assert_eq!(disk.holds(), Vec::<PathBuf>::new());
    disk.make_room();
    done(&import());
}

#[test]
fn a_command_that_finds_no_room_for_a_segment_says_so_and_ends() {
    let Some(disk) = Small::new("a_command_that_finds_no_room_for_a_segment_says_so_and_ends", DISK) else { return };
    let home = tempfile::tempdir().unwrap();
    let (file, data) = (home.path().join("catalogue.csv"), disk.path("data"));
    let row = |number| format!("Tea,Assam {number},4.50,120,{}\n", "long ".repeat(100));
    // More than a segment of 1 MiB has room for.
    let rows: String = (0..3_000).map(row).collect();
    fs::write(&file, format!("category,name,price,stock,description\n{rows}")).unwrap();
    let small = home.path().join("small.csv");
    fs::write(&small, "category,name,price,stock\nTea,Ceylon,4.50,120\n").unwrap();
    done(&packhorse(&["import", "--data-dir"], &[&data, &small]));
    disk.fill(256 * 1024);
    let mut import = Command::new(binary());
    import.args(["import", "--data-dir"]).args([&data, &file]).env("PACKHORSE_JOURNAL__SEGMENT_BYTES", "1 MiB");
    // It does not wait for room, with the directory locked.
    let ended = ended_within(Duration::from_secs(30), &mut import);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("nothing was changed: the disk is full"), "{said}");
    disk.make_room();
    let report = check(&data);
    assert!(String::from_utf8_lossy(&report.stdout).contains("products: 1\n"), "{report:?}");
    done(&packhorse(&["import", "--data-dir"], &[&data, &file]));
}

#[test]
fn a_check_without_room_for_a_copy_of_the_store_is_refused_before_it_copies() {
    let Some(disk) = Small::new("a_check_without_room_for_a_copy_of_the_store_is_refused_before_it_copies", DISK)
    else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    copy_all(&data(home.path()), &disk.mount.path());
    let before = disk.holds();
    disk.fill(0);
    let check = || packhorse(&["check", "--data-dir"], &[&disk.mount.path()]);
    let store: u64 = files(&disk.path("store")).iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(store > 0, "there is something to copy");
    let takes = format!("a copy of the store takes {store}");
    refused(&check(), 0, &[&takes, "name another directory in TMPDIR"]);
    assert_eq!(disk.holds(), before);
    disk.make_room();
    done(&check());
}

#[test]
fn a_start_without_a_byte_of_room_for_the_store_says_what_helps() {
    let Some(disk) = Small::new("a_start_without_a_byte_of_room_for_the_store_says_what_helps", DISK) else { return };
    let data = data(&disk.mount.path());
    // One that is there may need nothing.
    fs::remove_dir_all(data.join("store")).unwrap();
    disk.fill(0);
    let output = ended_within(Duration::from_secs(30), &mut serve(&data, MANUAL));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("No space left on device") && said.contains("make room on its disk"), "{said}");
    disk.make_room();
    assert!(Process::start(&data, MANUAL).stop("-TERM").status.success());
}
