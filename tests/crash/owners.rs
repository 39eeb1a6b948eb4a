//! Files that belong to somebody else, or may not be changed by anybody: what is said names the file, and what helps
//! helps.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use super::cases::skipped;
use crate::support::process::{MANUAL, Process, binary, ended_within, serve};

/// Somebody who is not root.
const SOMEBODY: &str = "4242";

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[track_caller]
fn run(program: &str, arguments: &[&str]) {
    assert!(Command::new(program).args(arguments).status().unwrap().success(), "{program} {arguments:?}");
}

/// What a command said that failed.
#[track_caller]
fn refused(output: &Output, texts: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for text in texts {
        assert!(said.contains(text), "{text:?} is missing in: {said}");
    }
}

#[test]
fn a_file_that_nobody_may_change_is_named_with_what_helps() {
    const TEST: &str = "a_file_that_nobody_may_change_is_named_with_what_helps";
    let home = tempfile::tempdir().unwrap();
    let probe = home.path().join("probe");
    fs::write(&probe, "").unwrap();
    let chattr = |what: &str, path: &Path| {
        Command::new("chattr").arg(what).arg(path).output().is_ok_and(|output| output.status.success())
    };
    if !chattr("+a", &probe) {
        return skipped(TEST, "it takes root, and a file system that knows attributes of files");
    }
    assert!(chattr("-a", &probe));
    let data = home.path().join("data");
    let server = Process::start(&data, MANUAL);
    server.stock_up(9);
    assert!(server.stop("-TERM").status.success());
    for (what, name) in [
        ("a", "journal/00000000000000000001.seg"),
        ("i", "journal/00000000000000000001.seg"),
        ("i", "LOCK"),
        ("i", "WITNESS"),
        ("i", "store/db"),
    ] {
        let file = data.join(name);
        assert!(chattr(&format!("+{what}"), &file));
        let output = ended_within(Duration::from_secs(30), &mut serve(&data, MANUAL));
        assert!(chattr(&format!("-{what}"), &file));
        refused(&output, &["Operation not permitted", name, "lsattr"]);
    }
    assert!(Process::start(&data, MANUAL).stop("-TERM").status.success());
}

#[test]
fn what_is_said_of_owners_leads_to_a_start() {
    const TEST: &str = "what_is_said_of_owners_leads_to_a_start";
    if !is_root() {
        return skipped(TEST, "it gives files to another user, which takes root");
    }
    // Somebody has to get at both.
    let home = tempfile::tempdir_in("/var/tmp").unwrap();
    let (data, program) = (home.path().join("data"), home.path().join("packhorse"));
    fs::copy(binary(), &program).unwrap();
    run("chmod", &["755", &home.path().to_string_lossy(), &program.to_string_lossy()]);
    let server = Process::start(&data, MANUAL);
    server.stock_up(9);
    assert!(server.stop("-TERM").status.success());
    // As a copy by root leaves it: most of it is somebody's, and one file is root's.
    let path = data.to_string_lossy();
    run("chown", &["-R", SOMEBODY, &path]);
    run("chown", &["0", &data.join("journal/00000000000000000001.seg").to_string_lossy()]);
    let list = |somebody: bool, line: &str| {
        let mut command = if somebody { Command::new("setpriv") } else { Command::new(&program) };
        if somebody {
            command.args(["--reuid", SOMEBODY, "--regid", SOMEBODY, "--clear-groups"]).arg(&program);
        }
        command.args(line.split(' ')).arg("--data-dir").arg(&data);
        ended_within(Duration::from_secs(30), &mut command)
    };
    let change = "key add shop --role admin";
    for line in ["serve --listen 127.0.0.1:0", change] {
        refused(&list(false, line), &[&format!("sudo -u '#{SOMEBODY}'"), &format!("chown -R {SOMEBODY} {path}")]);
    }
    for line in ["serve --listen 127.0.0.1:0", "check", change] {
        refused(
            &list(true, line),
            &["0001.seg", "Permission denied", "give it to the user who runs the command (chown)"],
        );
    }
    run("chown", &["-R", SOMEBODY, &path]);
    assert!(list(true, change).status.success() && list(true, "check").status.success());
}
