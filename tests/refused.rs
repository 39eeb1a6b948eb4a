//! What commands say of a data directory that they refuse: which file it is about, and what helps.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use support::process::{binary, ended_within};

/// Runs `packhorse` with `line`, `--data-dir data` behind it, and `stdin`.
fn packhorse(line: &str, data: &Path, stdin: &[u8]) -> Output {
    let mut command = Command::new(binary());
    command.args(line.split(' ')).arg("--data-dir").arg(data).env("PACKHORSE_JOURNAL__SEGMENT_BYTES", "1 MiB");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin).ok();
    child.wait_with_output().unwrap()
}

/// What it said, and that it was refused.
#[track_caller]
fn refused(line: &str, data: &Path) -> String {
    let output = packhorse(line, data, b"correct horse battery\n");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{line}: {said}");
    said
}

const EVERY_READER: [&str; 5] = [
    "check",
    "serve --listen 127.0.0.1:0",
    "user list",
    "user add bob --role viewer",
    "export --format csv --what orders",
];

/// A data directory in `place` with one user, and the first segment of its journal.
fn made(place: &Path) -> (PathBuf, PathBuf) {
    let data = place.join("data");
    let added = packhorse("user add ann --role admin", &data, b"correct horse battery\n");
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let segment = data.join("journal/00000000000000000001.seg");
    (data, segment)
}

#[track_caller]
fn holds(said: &str, texts: &[&str]) {
    for text in texts {
        assert!(said.contains(text), "{text:?} is missing in: {said}");
    }
}

#[test]
fn a_damaged_journal_is_named_with_what_helps() {
    let place = tempfile::tempdir().unwrap();
    let (data, segment) = made(place.path());
    let whole = fs::read(&segment).unwrap();
    let stray = data.join("journal/1.seg");
    fs::copy(&segment, &stray).unwrap();
    for line in EVERY_READER {
        holds(&refused(line, &data), &["journal/1.seg", "move it out of the directory"]);
    }
    fs::remove_file(&stray).unwrap();
    for at in [9, 4_100] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&segment, bytes).unwrap();
        for line in EVERY_READER {
            holds(&refused(line, &data), &["0001.seg", "restore the journal from a backup"]);
        }
    }
    fs::write(&segment, "").unwrap();
    for line in EVERY_READER {
        let said = refused(line, &data);
        holds(&said, &["0001.seg", "the file is empty", "restore the journal from a backup"]);
        assert!(!said.contains("4096"), "{said}");
    }
}

#[test]
fn a_store_that_is_no_directory_is_called_what_it_is() {
    let place = tempfile::tempdir().unwrap();
    let (data, _) = made(place.path());
    fs::write(data.join("store"), "a file").unwrap();
    let said = refused("check", &data);
    holds(&said, &["store", "there is a file where the store's directory should be"]);
    assert!(!said.contains("TMPDIR"), "{said}");
    fs::remove_file(data.join("store")).unwrap();
    std::os::unix::fs::symlink(place.path().join("volume"), data.join("store")).unwrap();
    for line in ["check", "serve --listen 127.0.0.1:0"] {
        let said = refused(line, &data);
        holds(&said, &["store", "a link to something that is not there", "is a volume not mounted?"]);
    }
}

#[test]
fn a_format_that_is_missing_is_put_back_and_no_new_directory_begun() {
    let place = tempfile::tempdir().unwrap();
    let (data, _) = made(place.path());
    fs::remove_file(data.join("FORMAT")).unwrap();
    for line in EVERY_READER {
        let said = refused(line, &data);
        holds(&said, &["has lost its file", "data/FORMAT", "a line with the number 1"]);
        assert!(!said.contains("Name an empty or a new directory"), "{said}");
    }
    fs::write(data.join("FORMAT"), "garbage").unwrap();
    for line in EVERY_READER {
        holds(&refused(line, &data), &["data/FORMAT", "garbage", "a line with the number 1"]);
    }
    fs::write(data.join("FORMAT"), "1\n").unwrap();
    assert!(packhorse("check", &data, b"").status.success(), "what was said helps");
}

#[test]
fn a_data_directory_that_is_none_is_named_with_what_helps() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    for line in EVERY_READER {
        for path in [file.clone(), file.join("data")] {
            let said = refused(line, &path);
            holds(&said, &["is not a directory", "name a directory"]);
            assert!(!said.contains("see to the disk"), "{said}");
        }
    }
}

/// The output of a command goes to a disk that is full.
fn into_full(line: &str, data: Option<&Path>) -> (Option<i32>, String) {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(binary());
    command.args(line.split(' '));
    if let Some(data) = data {
        command.arg("--data-dir").arg(data);
    }
    let output = command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn an_output_that_cannot_be_written_is_called_so_and_what_was_done_before_it_too() {
    let place = tempfile::tempdir().unwrap();
    let (data, _) = made(place.path());
    let backup = place.path().join("b.tar");
    let line = format!("backup --to {}", backup.display());
    let of_a_directory =
        ["user list", "key list", "check", "key add shop --role viewer", &line].map(|it| (it, Some(&*data)));
    let of_none = ["config", "config --example", "completions bash", "--help", "--version"].map(|it| (it, None));
    for (line, data) in of_a_directory.into_iter().chain(of_none) {
        let (code, said) = into_full(line, data);
        assert_eq!(code, Some(1), "{line}: {said}");
        if !line.starts_with("--") {
            holds(&said, &["cannot write to the standard output: No space left on device"]);
        }
    }
    let (_, said) = into_full("user disable nobody", Some(&data));
    assert!(!said.contains("standard output"), "{said}");
    fs::remove_file(&backup).unwrap();
    let (_, said) = into_full(&line, Some(&data));
    holds(&said, &["the backup", "b.tar", "is made and whole"]);
    let checked = Command::new(binary()).args(["check", "--from"]).arg(&backup).output().unwrap();
    assert!(checked.status.success());
}

#[test]
fn what_is_printed_of_a_change_is_what_is_kept() {
    let place = tempfile::tempdir().unwrap();
    let (data, _) = made(place.path());
    let changed = packhorse("user role ann admin", &data, b"");
    assert!(changed.status.success());
    let added = packhorse("user add bob --role viewer", &data, b"correct horse battery\n");
    let said = String::from_utf8(added.stdout).unwrap();
    let (_, when) = said.trim().rsplit_once(' ').unwrap();
    let list = String::from_utf8(packhorse("user list", &data, b"").stdout).unwrap();
    assert!(list.contains(when), "{said}{list}");
}

#[test]
fn a_password_that_is_none_is_called_a_password() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let add = |password: &[u8]| {
        let output = packhorse("user add ann --role admin", &data, password);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    holds(&add(b"correct \xff horse\n"), &["the password", "UTF-8"]);
    holds(&add(&vec![b'x'; 2 << 20]), &["the password", "too long"]);
    assert!(!data.exists());
}

#[test]
fn an_archive_that_was_packed_again_is_a_backup_and_a_compressed_one_is_called_so() {
    let place = tempfile::tempdir().unwrap();
    let (data, _) = made(place.path());
    let at = |name: &str| place.path().join(name);
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run(Command::new(binary()).args(["backup", "--data-dir"]).arg(&data).arg("--to").arg(at("b.tar")));
    fs::create_dir(at("unpacked")).unwrap();
    run(Command::new("tar").arg("xf").arg(at("b.tar")).arg("-C").arg(at("unpacked")));
    run(Command::new("tar").arg("cf").arg(at("again.tar")).arg("-C").arg(at("unpacked")).arg("."));
    run(Command::new(binary()).args(["check", "--from"]).arg(at("again.tar")));
    run(Command::new(binary()).args(["restore", "--from"]).arg(at("again.tar")).arg("--data-dir").arg(at("new")));
    for (name, magic) in
        [("b.tgz", &[0x1F, 0x8B, 8][..]), ("b.zst", &[0x28, 0xB5, 0x2F, 0xFD]), ("b.xz", b"\xFD7zXZ\0")]
    {
        let mut file = File::create(at(name)).unwrap();
        file.write_all(magic).unwrap();
        file.write_all(&[0x5A; 4_096]).unwrap();
        let output = Command::new(binary()).args(["check", "--from"]).arg(at(name)).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        holds(&said, &[name, "it is compressed", "unpack it first"]);
    }
}

#[test]
fn a_moment_before_the_first_entry_is_answered_with_the_time_of_that() {
    let place = tempfile::tempdir().unwrap();
    let (data, _) = made(place.path());
    let backup = place.path().join("b.tar");
    let made =
        Command::new(binary()).args(["backup", "--data-dir"]).arg(&data).arg("--to").arg(&backup).output().unwrap();
    assert!(made.status.success());
    let mut restore = Command::new(binary());
    restore.args(["restore", "--until", "2001-01-01T00:00:00Z", "--from"]).arg(&backup);
    let output = restore.arg("--data-dir").arg(place.path().join("new")).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let list = String::from_utf8(packhorse("user list", &data, b"").stdout).unwrap();
    let when = list.split_whitespace().find(|word| word.starts_with("20") && word.ends_with('Z')).unwrap();
    holds(&said, &["its first one, entry 1, was decided at", when]);
}

#[test]
fn a_check_that_can_have_no_thread_says_so_at_once() {
    let place = tempfile::tempdir().unwrap();
    let (data, _) = made(place.path());
    let mut command = Command::new(binary());
    command.args(["check", "--data-dir"]).arg(&data).env("RUST_MIN_STACK", "999999999999999");
    let output = ended_within(Duration::from_secs(20), command.stdin(Stdio::null()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    holds(&said, &["limits of this process", "RUST_MIN_STACK"]);
}
